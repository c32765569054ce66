"""Our statements and our xAPI Profile say the same; the profile is one that the specification's
readers can use.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from adapters import xapi_statements
from lrs.vocabulary import (
    ACTIVITY_TYPES,
    BASE,
    EXTENSIONS,
    VERBS,
    ActivityKind,
    AnswerKind,
    Relation,
    profile,
)
from lrs.xapi.statement_templates import find_broken_rules, resolve_json_path

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ACT = xapi_statements.Act(
    uuid.uuid4(),
    "1",
    "act",
    uuid.uuid4(),
    uuid.uuid4(),
    xapi_statements.ProgrammeRef("p", "Programme", "1"),
    NOW,
    {"team": "t"},
)
ITEM = xapi_statements.ItemDefinition(
    "i", "Stem?", "choice", ["a"], {"choices": [("a", "A"), ("b", "B")]}, "c", "Competency"
)
CHECK = xapi_statements.Quiz(AnswerKind.CHECK, "1w", "One week")
SEEN = xapi_statements.RubricAssessment(4, [("x", "c", 3), ("y", "c", 2)], 3)
BUILT = {
    "registered": xapi_statements.registered_statement(ACT),
    "certified": xapi_statements.certified_statement(ACT),
    "scheduled": xapi_statements.check_scheduled_statement(ACT, CHECK, due_at=NOW),
    "attempted": xapi_statements.attempted_statement(ACT, CHECK),
    "answered": xapi_statements.answered_statement(
        ACT,
        CHECK,
        item=ITEM,
        response=xapi_statements.ItemResponse("a", True, timedelta(seconds=3)),
    ),
    "passed": xapi_statements.quiz_finished_statement(
        ACT, CHECK, right=4, asked=5, passed=True, took=None
    ),
    "failed": xapi_statements.quiz_finished_statement(
        ACT, CHECK, right=1, asked=5, passed=False, took=None
    ),
    "committed": xapi_statements.committed_statement(
        ACT, plan=uuid.uuid4(), task="t", task_title="Task", due_at=NOW
    ),
    "applied": xapi_statements.applied_statement(
        ACT, plan=uuid.uuid4(), task="t", task_title="Task", evidence_grade=2
    ),
    "suspended": xapi_statements.suspended_statement(ACT, NOW),
    "resumed": xapi_statements.resumed_statement(ACT),
    "unregistered": xapi_statements.unregistered_statement(ACT),
    "mapped": xapi_statements.task_mapped_statement(
        ACT, task="t", task_title="Task", competency="c", competency_title="Competency"
    ),
    "updated": xapi_statements.plan_revised_statement(
        ACT, plan=uuid.uuid4(), task="t", task_title="Task", due_at=NOW
    ),
    "submitted": xapi_statements.submitted_statement(ACT, ActivityKind.EXERCISE),
    "reviewed": xapi_statements.reviewed_statement(
        ACT, ActivityKind.FEEDBACK, reviewer=uuid.uuid4(), relation=Relation.MANAGER
    ),
    "confirmed": xapi_statements.confirmed_statement(
        ACT,
        plan=uuid.uuid4(),
        task="t",
        task_title="Task",
        evidence_grade=3,
        by=uuid.uuid4(),
        relation=Relation.MANAGER,
    ),
    "had-no-opportunity": xapi_statements.no_opportunity_statement(ACT),
    "held": xapi_statements.meeting_held_statement(ACT, group=uuid.uuid4(), number=1),
    "attended": xapi_statements.attended_statement(ACT, group=uuid.uuid4(), number=1),
    "closed": xapi_statements.action_closed_statement(ACT, action=uuid.uuid4()),
    "assessed": xapi_statements.assessed_statement(
        ACT,
        SEEN,
        titles={"c": "Competency"},
        by=uuid.uuid4(),
        relation=Relation.MENTOR,
        method="watching",
        planned=True,
    ),
    "commented": xapi_statements.commented_statement(
        ACT, item="i", stem="Stem?", competency="c", competency_title="Competency"
    ),
    "logged-in": xapi_statements.logged_in_statement(dataclasses.replace(ACT, episode=None)),
    "viewed": xapi_statements.report_viewed_statement(
        dataclasses.replace(ACT, episode=None), "figures"
    ),
    "received": xapi_statements.nudge_received_statement(
        dataclasses.replace(ACT, episode=None), nudge=7, kind="due"
    ),
    "opened": xapi_statements.nudge_opened_statement(
        dataclasses.replace(ACT, episode=None), nudge=7, kind="due"
    ),
    "responded": xapi_statements.follow_up_statement(
        ACT, still_used=True, by=uuid.uuid4(), relation=Relation.LEARNER
    ),
}
DOCUMENT = profile.build_profile()
TEMPLATES = DOCUMENT["templates"]


def test_every_verb_we_send_has_a_template_and_every_template_a_statement() -> None:
    assert {template["verb"] for template in TEMPLATES} == {VERBS[name].id for name in BUILT}


@pytest.mark.parametrize("name", BUILT)
def test_what_we_send_breaks_no_template(name: str) -> None:
    assert find_broken_rules(json.loads(BUILT[name].payload), TEMPLATES) == []


@pytest.mark.parametrize(
    "act",
    [
        "plan",
        "exercise",
        "exercise review",
        "case study",
        "feedback",
        "behaviour assessment",
        "follow-up",
    ],
)
def test_every_act_of_the_protocol_is_scheduled_as_the_profile_says(act: str) -> None:
    assert (
        find_broken_rules(
            json.loads(
                xapi_statements.act_scheduled_statement(ACT, ActivityKind(act), due_at=NOW).payload
            ),
            TEMPLATES,
        )
        == []
    )


def test_a_meeting_is_scheduled_as_the_profile_says() -> None:
    assert (
        find_broken_rules(
            json.loads(
                xapi_statements.meeting_scheduled_statement(
                    ACT, group=uuid.uuid4(), number=2, at=NOW
                ).payload
            ),
            TEMPLATES,
        )
        == []
    )


def test_a_calibration_is_of_no_episode_and_breaks_no_template() -> None:
    value = json.loads(
        xapi_statements.calibration_statement(
            dataclasses.replace(ACT, episode=None), SEEN, case="one", title="Case"
        ).payload
    )
    assert find_broken_rules(value, TEMPLATES) == []
    assert "registration" not in value["context"]
    assert value["context"]["instructor"] == value["actor"]
    del value["result"]["extensions"]
    assert "is missing" in find_broken_rules(value, TEMPLATES)[0][1]


def test_what_a_template_asks_for_is_missed() -> None:
    answered = json.loads(BUILT["answered"].payload)
    without = copy.deepcopy(answered)
    del without["result"]["success"]
    ((template, reason),) = find_broken_rules(without, TEMPLATES)
    assert template == f"{BASE}templates/answered"
    assert reason == "$.result.success is missing"
    applied = json.loads(BUILT["applied"].payload)
    applied["context"]["extensions"][EXTENSIONS["evidence_grade"]] = True
    assert "has none of the values" in find_broken_rules(applied, TEMPLATES)[0][1]
    answered["verb"]["id"] = "https://v.example"
    assert find_broken_rules(answered, TEMPLATES) == [
        ("", "no template of the profile has this verb and these activity types")
    ]


def test_a_path_of_another_kind_leads_nowhere() -> None:
    value = {"a": [{"b": 1}, {"b": 2}], "x.y": 3}
    assert resolve_json_path(value, "$.a[*].b") == [1, 2]
    assert resolve_json_path(value, "$.a[1].b") == [2]
    assert resolve_json_path(value, "$['x.y']") == [3]
    assert resolve_json_path(value, "$..b") == []


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
    ours = {
        iri
        for iri in [
            *(verb.id for verb in VERBS.values()),
            *ACTIVITY_TYPES.values(),
            *EXTENSIONS.values(),
        ]
        if iri.startswith(BASE)
    }
    assert ours == {concept["id"] for concept in DOCUMENT["concepts"]}
    known = {each["id"] for each in [*TEMPLATES, *DOCUMENT["patterns"]]}
    shapes = ("sequence", "alternates", "optional", "zeroOrMore", "oneOrMore")
    for pattern in DOCUMENT["patterns"]:
        (shape,) = [name for name in shapes if name in pattern]
        named = pattern[shape] if isinstance(pattern[shape], list) else [pattern[shape]]
        assert set(named) <= known
    assert [pattern["id"] for pattern in DOCUMENT["patterns"] if pattern["primary"]] == [
        f"{BASE}patterns/episode"
    ]
