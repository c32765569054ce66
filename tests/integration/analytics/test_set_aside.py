"""What cannot be counted is set aside, never stalled; it is listed by reason and counted again. What
looks like one person is offered, never merged silently.
"""

from __future__ import annotations

import copy
import hashlib
import json
import random
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from analytics.deps import AnalyticsDeps
from analytics.jobs import counting
from core.settings import Settings
from lrs import operator_api
from lrs.vocabulary import BASE, EXTENSIONS
from tests.support.learners import PROGRAMME, Person, count, post, send, values
from tests.support.store import Caller, body

OTHER_PROGRAMME = f"{BASE}programmes/other"
METRICS = ("transfer_rate", "retention_observed", "transfer_by_grade")
# Members that a valid statement may have, and that something or other cannot hold: beyond a double,
# beyond a bigint, NUL, half of a pair, deep, long, early, late.
HOSTILE: list[tuple[str, Callable[[dict[str, Any]], None]]] = [
    ("a score beyond a double", lambda s: s.update(result={"score": {"raw": "@1e309"}})),
    ("a number of 4,000 digits", lambda s: _extend(s, "@" + "9" * 4_000)),
    ("NUL in an extension", lambda s: _extend(s, "a\0b", EXTENSIONS["team"])),
    ("NUL in a response", lambda s: s.update(result={"response": "a\0b", "success": True})),
    ("half of a pair", lambda s: _extend(s, "\ud800", EXTENSIONS["site"])),
    ("deep", lambda s: _extend(s, json.loads("[" * 60 + "]" * 60))),
    ("an interval that is a list", lambda s: _extend(s, ["1w"], EXTENSIONS["interval"])),
    ("a grade that is a word", lambda s: _extend(s, "much", EXTENSIONS["evidence_grade"])),
    ("a grade beyond all", lambda s: _extend(s, "@1e400", EXTENSIONS["evidence_grade"])),
    ("long ago", lambda s: s.update(timestamp="0001-01-01T00:00:00Z")),
    ("far ahead", lambda s: s.update(timestamp="9999-12-31T23:59:59.999Z")),
    ("a long activity", lambda s: s["object"].update(id="https://o.example/" + "x" * 3_000)),
    ("for ever", lambda s: s.update(result={"duration": f"P{'9' * 400}Y", "success": True})),
    ("no registration", lambda s: s["context"].pop("registration", None)),
    ("a group", lambda s: s.update(actor={"objectType": "Group", "member": [s["actor"]]})),
    ("about a statement", lambda s: s.update(object=_a_reference())),
]


def _extend(s: dict[str, Any], value: Any, iri: str = "https://e.example/x") -> None:
    s["context"].setdefault("extensions", {})[iri] = value


def _a_reference() -> dict[str, str]:
    return {"objectType": "StatementRef", "id": str(uuid.uuid4())}


def as_json(sent: list[dict[str, Any]]) -> str:
    """Numbers that Python has none of stand behind an @ in the samples."""
    texts = json.dumps(sent)
    for digits in ("1e309", "1e400", "9" * 4_000):
        texts = texts.replace(f'"@{digits}"', digits)
    return texts


def learners(chance: random.Random) -> list[dict[str, Any]]:
    """Eight people with answers and uses, in any order."""
    said: list[dict[str, Any]] = []
    for number in range(8):
        person = Person().check("1w", 7, [True, number % 2 == 0, True])
        said += person.used(20, 1 + number % 3).said
    chance.shuffle(said)
    return said


def hostile(changes: list[int], chance: random.Random) -> list[dict[str, Any]]:
    """A stranger's statements of another programme, each changed in one way."""
    result = []
    for change in changes:
        stranger = Person().check("1w", 7, [True]).used(20, 3)
        sent = copy.deepcopy(chance.choice(stranger.said))
        sent["context"]["contextActivities"]["grouping"] = [{"id": OTHER_PROGRAMME}]
        HOSTILE[change][1](sent)
        result.append(sent)
    return result


@given(
    changes=st.lists(st.integers(0, len(HOSTILE) - 1), min_size=1, max_size=4),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_mix_with_hostile_statements_is_counted_but_for_those(
    deps: AnalyticsDeps,
    tenant: Callable[..., Caller],
    changes: list[int],
    seed: int,
) -> None:
    """The figures are those of the same learners in a tenant where nobody is hostile."""
    chance = random.Random(seed)
    said = learners(chance)
    mixed, alone = tenant(str(uuid.uuid4())), tenant(str(uuid.uuid4()))
    stream = list(said)
    for sent in hostile(changes, chance):
        stream.insert(chance.randrange(len(stream)), sent)
    while stream:
        size = chance.randint(1, 60)
        batch, stream = stream[:size], stream[size:]
        if mixed.post(as_json(batch)).status_code != 200:  # refused by the store: all but that one
            for sent in batch:
                mixed.post(as_json([sent]))
    assert alone.post(said).status_code == 200
    count(deps)
    for key in METRICS:
        found, expected = (
            {
                part: (value["numerator"], value["denominator"])
                for part, value in values(caller, key, programme=PROGRAMME).items()
            }
            for caller in (mixed, alone)
        )
        assert found == expected, (key, [HOSTILE[change][0] for change in changes])


def numbers(one: Caller) -> dict[str, int]:
    """What no figure wants, by the last word of the reason."""
    return {
        row["reason"].rpartition(" ")[2]: row["statements"]
        for row in body(one.get("/api/v1/set-aside"))["reasons"]
        if not row["mendable"]
    }


def test_what_is_set_aside_is_listed_by_reason_and_counted_again(
    one: Caller, deps: AnalyticsDeps, tenant: Callable[..., Caller]
) -> None:
    early = [Person() for _ in range(3)]
    for person in early:
        person.used(-9, 1)  # before the certification
    post(one, *early)
    count(deps)
    reasons = body(one.get("/api/v1/set-aside"))["reasons"]
    assert [(row["statements"], row["mendable"]) for row in reasons] == [(3, True)]
    reason = reasons[0]["reason"]
    assert "before the certification" in reason
    first = body(one.get("/api/v1/set-aside/statements", reason=reason, limit=2))
    second = body(
        one.get("/api/v1/set-aside/statements", reason=reason, limit=2, after=first["next"])
    )
    listed = [row["id"] for page in (first, second) for row in page["statements"]]
    assert sorted(listed) == sorted(person.said[-1]["id"] for person in early)
    assert second["next"] is None
    again = send(one, "POST", "/api/v1/set-aside/recounts", {"reason": reason})
    assert (again.status_code, again.json) == (202, {"statements": 3})
    count(deps)
    assert body(one.get("/api/v1/set-aside"))["reasons"] == reasons, "nothing was mended"
    nothing = send(one, "POST", "/api/v1/set-aside/recounts", {"reason": "it rains"})
    assert nothing.json == {"statements": 0}
    reader = tenant(scopes=("metrics/read",))
    assert reader.get("/api/v1/set-aside").status_code == 200
    assert reader.get("/api/v1/set-aside/statements", reason=reason).status_code == 403
    refused = send(reader, "POST", "/api/v1/set-aside/recounts", {"reason": reason})
    assert refused.status_code == 403


def test_what_no_figure_wants_is_a_number_that_follows_whatever_happens(
    one: Caller, deps: AnalyticsDeps
) -> None:
    """It leaves no row: most of what another system sends is of no figure."""
    people = [Person() for _ in range(3)]
    uses = [
        person.say("applied", f"{PROGRAMME}/tasks/t", 9, {"evidence_grade": 1}) for person in people
    ]
    homeless = people[0].say("answered", f"{PROGRAMME}/items/1", 9)
    del homeless["context"]["registration"]
    unknown = {**homeless, "id": str(uuid.uuid4()), "verb": {"id": "https://v.example/any"}}
    assert one.post([*uses, homeless, unknown]).status_code == 200
    count(deps)
    assert numbers(one) == {"record": 3, "episode": 1}
    assert numbers(one) == {"record": 3, "episode": 1}, "asked again"
    with deps.unit_of_work(1) as connection:
        rows = connection.execute(text("SELECT count(*) FROM analytics.uncountable")).scalar_one()
    assert rows == 0
    assert one.post(people[0].said).status_code == 200  # the certification comes last
    count(deps)
    assert numbers(one) == {"record": 2, "episode": 1}
    one.post(voider(uses[1]["id"]))
    one.post(voider(people[0].said[0]["id"]))
    count(deps)
    assert numbers(one) == {"record": 2, "episode": 1}, "one is void, one lost its certification"
    counting.reconcile_tenant(deps.unit_of_work, 1)
    count(deps)
    assert numbers(one) == {"record": 2, "episode": 1}
    gone = {"agent": people[2].agent, "dry_run": False}
    assert one.send("POST", "/api/v1/erasures", json=gone).status_code == 200
    count(deps)
    assert numbers(one) == {"record": 1, "episode": 1}


def voider(target: str) -> dict[str, Any]:
    return {
        "actor": {"mbox": "mailto:admin@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
        "object": {"objectType": "StatementRef", "id": target},
    }


def test_a_fault_that_was_mended_is_counted_again(
    one: Caller, deps: AnalyticsDeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Person().used(9, 1)
    with monkeypatch.context() as broken:
        broken.setattr(
            "analytics.facts.episode._add_uses", lambda *_: (_ for _ in ()).throw(KeyError("x"))
        )
        post(one, person)
        count(deps)
    (row,) = body(one.get("/api/v1/set-aside"))["reasons"]
    assert "KeyError" in row["reason"]
    send(one, "POST", "/api/v1/set-aside/recounts", {"reason": row["reason"]})
    count(deps)
    assert body(one.get("/api/v1/set-aside"))["reasons"] == []
    assert values(one, "transfer_by_grade", programme=PROGRAMME)["1"]["numerator"] == 1


class Somebody(Person):
    """A learner by any identifier."""

    def __init__(self, agent: dict[str, Any]) -> None:
        self.identifier = agent
        super().__init__()

    @property
    def agent(self) -> dict[str, Any]:
        return self.identifier


def account(page: str) -> dict[str, Any]:
    return {"account": {"homePage": page, "name": "7"}}


def test_what_looks_like_one_person_is_offered_and_never_merged_silently(
    one: Caller, deps: AnalyticsDeps, lrs_settings: Settings
) -> None:
    mbox = {"mbox": "mailto:one@example.org"}
    hashed = {
        "mbox_sha1sum": hashlib.sha1(b"mailto:one@example.org", usedforsecurity=False).hexdigest()
    }
    with_slash, without = account("https://lms.example/"), account("https://lms.example")
    lone = account("https://other.example/")
    people = [Somebody(agent).used(9, 1) for agent in (mbox, hashed, with_slash, without, lone)]
    post(one, *people)
    count(deps)
    assert body(one.get("/api/v1/person-merges"))["merges"] == [], "nobody was merged"

    def offered() -> list[tuple[str, str]]:
        page = body(one.get("/api/v1/merge-suggestions"))
        assert page["next"] is None
        return [(json.dumps(row["alias"]), json.dumps(row["agent"])) for row in page["suggestions"]]

    assert sorted(offered()) == sorted(
        [
            (json.dumps(hashed), json.dumps(mbox)),
            (json.dumps(with_slash), json.dumps(without)),
        ]
    )
    for _ in range(2):
        apart = send(one, "POST", "/api/v1/person-separations", {"alias": hashed, "agent": mbox})
        assert apart.status_code == 204
    merged = {"alias": with_slash, "agent": without, "reason": "one account"}
    assert send(one, "POST", "/api/v1/person-merges", merged).status_code == 201
    assert offered() == []
    with operator_api.open_tenant(lrs_settings, "") as desk:
        acts = [entry.act for entry in desk.latest_audit_entries(10)]
    assert acts.count("kept two persons apart") == 1


def test_an_account_that_only_helps_is_offered_too(one: Caller, deps: AnalyticsDeps) -> None:
    """It is no learner, but the statements name it."""
    learner = Somebody(account("https://lms.example"))
    helper = learner.say("applied", f"{PROGRAMME}/tasks/t", 3, {"evidence_grade": 1})
    helper["actor"] = account("https://lms.example/")
    helper["verb"] = {"id": "https://v.example/helped"}
    learner.said.append(helper)
    post(one, learner)
    count(deps)
    (row,) = body(one.get("/api/v1/merge-suggestions"))["suggestions"]
    assert row["alias"] == account("https://lms.example/")
    assert row["agent"] == account("https://lms.example")
