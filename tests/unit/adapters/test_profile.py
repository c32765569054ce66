"""Our statements and our xAPI Profile say the same; the profile is one that the specification's readers can use."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from adapters import xapi
from lrs.vocabulary import ACTIVITY_TYPES, BASE, EXTENSIONS, VERBS, profile
from lrs.xapi.templates import breaks, values_at

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ACT = xapi.Act(uuid.uuid4(), "1", "act", uuid.uuid4(), uuid.uuid4(), xapi.Programme("p", "Programme", "1"), NOW, {"team": "t"})
ITEM = xapi.Item("i", "Stem?", "choice", ["a"], {"choices": [("a", "A"), ("b", "B")]}, "c", "Competency")
CHECK = xapi.Quiz("check", "1w", "One week")
SEEN = xapi.Assessment(4, [("x", "c", 3), ("y", "c", 2)], 3)
BUILT = {
    "registered": xapi.registered(ACT),
    "certified": xapi.certified(ACT),
    "scheduled": xapi.scheduled(ACT, CHECK, due_at=NOW),
    "attempted": xapi.attempted(ACT, CHECK),
    "answered": xapi.answered(ACT, CHECK, item=ITEM, response=xapi.Response("a", True, timedelta(seconds=3))),
    "passed": xapi.finished(ACT, CHECK, right=4, asked=5, passed=True, took=None),
    "failed": xapi.finished(ACT, CHECK, right=1, asked=5, passed=False, took=None),
    "committed": xapi.committed(ACT, plan=uuid.uuid4(), task="t", task_title="Task", due_at=NOW),
    "applied": xapi.applied(ACT, plan=uuid.uuid4(), task="t", task_title="Task", evidence_grade=2),
    "suspended": xapi.suspended(ACT, NOW),
    "resumed": xapi.resumed(ACT),
    "unregistered": xapi.left(ACT),
    "mapped": xapi.mapped(ACT, task="t", task_title="Task", competency="c", competency_title="Competency"),
    "updated": xapi.revised(ACT, plan=uuid.uuid4(), task="t", task_title="Task", due_at=NOW),
    "submitted": xapi.handed_in(ACT, "exercise"),
    "reviewed": xapi.reviewed(ACT, "feedback", reviewer=uuid.uuid4(), relation="manager"),
    "confirmed": xapi.confirmed(ACT, plan=uuid.uuid4(), task="t", task_title="Task", evidence_grade=3, by=uuid.uuid4(), relation="manager"),
    "had-no-opportunity": xapi.had_no_opportunity(ACT),
    "held": xapi.meeting_held(ACT, group=uuid.uuid4(), number=1),
    "attended": xapi.attended(ACT, group=uuid.uuid4(), number=1),
    "closed": xapi.action_closed(ACT, action=uuid.uuid4()),
    "assessed": xapi.assessed(ACT, SEEN, titles={"c": "Competency"}, by=uuid.uuid4(), relation="mentor", method="watching", planned=True),
    "commented": xapi.commented(ACT, item="i", stem="Stem?", competency="c", competency_title="Competency"),
    "logged-in": xapi.logged_in(dataclasses.replace(ACT, episode=None)),
    "viewed": xapi.report_viewed(dataclasses.replace(ACT, episode=None), "figures"),
    "received": xapi.nudge_received(dataclasses.replace(ACT, episode=None), nudge=7, kind="due"),
    "opened": xapi.nudge_opened(dataclasses.replace(ACT, episode=None), nudge=7, kind="due"),
    "responded": xapi.followed_up(ACT, still_used=True, by=uuid.uuid4(), relation="learner"),
}
DOCUMENT = profile.document()
TEMPLATES = DOCUMENT["templates"]


def test_every_verb_we_send_has_a_template_and_every_template_a_statement() -> None:
    assert {template["verb"] for template in TEMPLATES} == {VERBS[name].id for name in BUILT}


@pytest.mark.parametrize("name", BUILT)
def test_what_we_send_breaks_no_template(name: str) -> None:
    assert breaks(json.loads(BUILT[name].payload), TEMPLATES) == []


@pytest.mark.parametrize("act", ["plan", "exercise", "exercise review", "case study", "feedback", "behaviour assessment", "follow-up"])
def test_every_act_of_the_protocol_is_scheduled_as_the_profile_says(act: str) -> None:
    assert breaks(json.loads(xapi.act_scheduled(ACT, act, due_at=NOW).payload), TEMPLATES) == []


def test_a_meeting_is_scheduled_as_the_profile_says() -> None:
    assert breaks(json.loads(xapi.meeting_scheduled(ACT, group=uuid.uuid4(), number=2, at=NOW).payload), TEMPLATES) == []


def test_a_calibration_is_of_no_episode_and_breaks_no_template() -> None:
    value = json.loads(xapi.calibrated(dataclasses.replace(ACT, episode=None), SEEN, case="one", title="Case").payload)
    assert breaks(value, TEMPLATES) == []
    assert "registration" not in value["context"]
    assert value["context"]["instructor"] == value["actor"]
    del value["result"]["extensions"]
    assert "is missing" in breaks(value, TEMPLATES)[0][1]


def test_what_a_template_asks_for_is_missed() -> None:
    answered = json.loads(BUILT["answered"].payload)
    without = copy.deepcopy(answered)
    del without["result"]["success"]
    ((template, reason),) = breaks(without, TEMPLATES)
    assert template == f"{BASE}templates/answered"
    assert reason == "$.result.success is missing"
    applied = json.loads(BUILT["applied"].payload)
    applied["context"]["extensions"][EXTENSIONS["evidence_grade"]] = True
    assert "has none of the values" in breaks(applied, TEMPLATES)[0][1]
    answered["verb"]["id"] = "https://v.example"
    assert breaks(answered, TEMPLATES) == [("", "no template of the profile has this verb and these activity types")]


def test_a_path_of_another_kind_leads_nowhere() -> None:
    value = {"a": [{"b": 1}, {"b": 2}], "x.y": 3}
    assert values_at(value, "$.a[*].b") == [1, 2]
    assert values_at(value, "$.a[1].b") == [2]
    assert values_at(value, "$['x.y']") == [3]
    assert values_at(value, "$..b") == []


def test_the_document_has_what_the_specification_requires() -> None:
    assert DOCUMENT["@context"] == "https://w3id.org/xapi/profiles/context"
    assert DOCUMENT["conformsTo"] == "https://w3id.org/xapi/profiles#1.0"
    assert DOCUMENT["type"] == "Profile"
    (version,) = DOCUMENT["versions"]
    assert version["id"].startswith(DOCUMENT["id"])
    own = [*DOCUMENT["concepts"], *TEMPLATES, *DOCUMENT["patterns"]]
    for each in own:
        assert each["id"].startswith(BASE)
        assert each["inScheme"] == version["id"]
        assert each["prefLabel"]["en"]
        assert each["definition"]["en"]
    assert len({each["id"] for each in own}) == len(own)
    for rule in (rule for template in TEMPLATES for rule in template["rules"]):
        assert rule["presence"] in ("included", "excluded", "recommended")
        assert re.match(r"\$[.\[]", rule["location"])
    for concept in DOCUMENT["concepts"]:
        if concept["type"].endswith("Extension"):
            json.loads(concept["inlineSchema"])


def test_every_word_of_our_own_is_a_concept_and_every_pattern_leads_to_templates() -> None:
    ours = {iri for iri in [*(verb.id for verb in VERBS.values()), *ACTIVITY_TYPES.values(), *EXTENSIONS.values()] if iri.startswith(BASE)}
    assert ours == {concept["id"] for concept in DOCUMENT["concepts"]}
    known = {each["id"] for each in [*TEMPLATES, *DOCUMENT["patterns"]]}
    shapes = ("sequence", "alternates", "optional", "zeroOrMore", "oneOrMore")
    for pattern in DOCUMENT["patterns"]:
        (shape,) = [name for name in shapes if name in pattern]
        named = pattern[shape] if isinstance(pattern[shape], list) else [pattern[shape]]
        assert set(named) <= known
    assert [pattern["id"] for pattern in DOCUMENT["patterns"] if pattern["primary"]] == [f"{BASE}patterns/episode"]
