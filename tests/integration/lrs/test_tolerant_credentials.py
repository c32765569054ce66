"""Strict is every credential's default; a tolerant one, and a tolerant import, take what the rules
allow for. Tokens for one launch keep to it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.errors import NotFound
from core.settings import Settings
from lrs import operator_api
from lrs.actions import credential_cache, launch_tokens
from lrs.actions.deps import StoreDeps
from lrs.store.import_runs import ImportRun
from lrs.xapi.tolerance import TOLERATED
from tests.support.store import Caller, body

Make = Callable[..., dict[str, Any]]
UNGRADED = {"score": {"min": 0, "max": 0, "raw": 0}}
COURSE = "https://example.org/course"
LEARNER, OTHER = ({"mbox": f"mailto:{name}@example.org"} for name in ("learner", "other"))
STATE = "/xapi/activities/state"


def caller(one: Caller, **wanted: Any) -> Caller:
    """A credential made by the API."""
    made = one.send("POST", "/api/v1/credentials", json={"scopes": ["all"], **wanted})
    assert made.status_code == 201, made.text
    return Caller(one.client, made.json["key"], made.json["secret"])


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_a_credential_is_strict_unless_it_says_otherwise(
    one: Caller, statement: Make, version: str
) -> None:
    strict, tolerant = caller(one), caller(one, reading="tolerant")
    strict.version = tolerant.version = version
    batch = [statement(), statement(result=UNGRADED)]
    for _ in range(2):  # the first request of a credential takes another way than those that follow
        assert strict.post(batch).status_code == 400
    first, second = (body(tolerant.post(batch)) for _ in range(2))
    stored = one.get("/xapi/statements", statementId=first[1]).json
    assert stored["result"] == {"score": {"raw": 0}}
    assert stored["context"]["extensions"][TOLERATED] == [
        {"rule": "score", "path": "$.result.score", "sent": UNGRADED["score"]}
    ]
    assert "context" not in body(one.get("/xapi/statements", statementId=second[0]))
    shown = one.get("/api/v1/credentials").json["credentials"]
    assert [one_["reading"] for one_ in shown] == ["strict", "strict", "tolerant"]


def test_a_statement_that_is_sent_again_is_the_same(one: Caller, statement: Make) -> None:
    tolerant = caller(one, reading="tolerant")
    sent = statement(id=str(uuid.uuid4()), result=UNGRADED)
    for _ in range(3):
        assert tolerant.post(sent).status_code == 200
    assert tolerant.put(sent["id"], sent).status_code == 204


def test_a_tolerant_import_takes_more_and_lists_what_is_left(
    one: Caller, lrs_settings: Settings, statement: Make, tmp_path: Path
) -> None:
    file = tmp_path / "tracking.ndjson"
    lines = [
        statement(),
        statement(object={"id": "https://example.org/q", "objectType": "GroupActivity"}),
        statement(object={"objectType": "Activity"}),
        statement(result=UNGRADED),
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    told: list[tuple[int, str, str]] = []

    def take(tolerant: bool) -> ImportRun:
        told.clear()
        with operator_api.open_tenant(lrs_settings, "") as desk:
            return desk.import_file(
                file, lambda *line: told.append(line), lambda *_: None, tolerant
            )

    one.get("/xapi/about")
    strict = take(tolerant=False)
    assert (strict.stored, strict.refused) == (1, 3)
    tolerant = take(tolerant=True)
    assert (tolerant.stored, tolerant.refused) == (3, 1)
    assert [(line, path) for line, path, _ in told] == [(3, "$.object.id")]


def launch(one: Caller, **more: Any) -> tuple[Caller, str]:
    """A token for a launch, and its registration."""
    wanted = {"actor": LEARNER, "activity": COURSE, **more}
    made = one.send("POST", "/api/v1/launch-tokens", json=wanted)
    assert made.status_code == 201, made.text
    return Caller(one.client, made.json["key"], made.json["secret"]), made.json["registration"]


def of(statement: Make, registration: str, **more: Any) -> dict[str, Any]:
    """A statement of a launch."""
    context = {"registration": registration, **more.pop("context", {})}
    return statement(
        **{"actor": LEARNER, "object": {"id": f"{COURSE}/slide/3"}, "context": context, **more}
    )


def test_a_launch_writes_what_is_its_own(one: Caller, statement: Make) -> None:
    token, registration = launch(one)
    part = {"contextActivities": {"grouping": [{"id": COURSE}]}}
    assert token.post(of(statement, registration)).status_code == 200
    assert token.post(of(statement, registration, object={"id": COURSE})).status_code == 200
    elsewhere = of(statement, registration, object={"id": "https://cdn.example/q1"}, context=part)
    assert token.post(elsewhere).status_code == 200
    refused = {
        "$.actor": of(statement, registration, actor=OTHER),
        "$.object": of(statement, registration, object={"id": "https://example.org/coursework"}),
        "$.context.registration": of(statement, str(uuid.uuid4())),
        "$.verb": of(
            statement,
            registration,
            verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
            object={"objectType": "StatementRef", "id": str(uuid.uuid4())},
        ),
    }
    for path, sent in refused.items():
        for _ in range(2):
            answer = token.post([of(statement, registration), sent])
            assert answer.status_code == 403 and f"Statement 1, {path}" in answer.text, answer.text
    assert len(one.get("/xapi/statements").json["statements"]) == 3


def test_a_launch_reads_nothing_of_anybody_else(one: Caller, statement: Make) -> None:
    token, registration = launch(one)
    own, foreign = str(uuid.uuid4()), str(uuid.uuid4())
    sent = [
        of(statement, registration, id=own),
        of(statement, registration, id=foreign, actor=OTHER),
        statement(actor=LEARNER),
        # what a mentor says about the learner
        of(statement, registration, actor=OTHER, object={"objectType": "Agent", **LEARNER}),
    ]
    assert one.post(sent).status_code == 200
    assert [s["id"] for s in token.get("/xapi/statements").json["statements"]] == [own]
    assert token.get("/xapi/statements", statementId=own).status_code == 200
    absent = str(uuid.uuid4())
    missing = token.get("/xapi/statements", statementId=absent)
    hidden = token.get("/xapi/statements", statementId=foreign)
    assert hidden.status_code == missing.status_code == 404
    assert hidden.text.replace(foreign, absent) == missing.text, "no oracle"
    asked = {"agent": json.dumps(OTHER)}
    assert token.get("/xapi/statements", **asked).status_code == 403
    assert token.get("/xapi/agents", **asked).status_code == 403
    assert token.get("/xapi/statements", registration=str(uuid.uuid4())).status_code == 403
    place = {"activityId": COURSE, "agent": json.dumps(LEARNER), "registration": registration}
    written = token.send("PUT", STATE, {**place, "stateId": "s"}, data=b"3")
    assert written.status_code == 204
    for wrong in (
        {"agent": json.dumps(OTHER)},
        {"activityId": "https://example.org/other"},
        {"registration": str(uuid.uuid4())},
    ):
        for method, more in (("GET", {}), ("PUT", {"stateId": "s"}), ("DELETE", {})):
            answer = token.send(method, STATE, {**place, **more, **wrong}, data=b"3")
            assert answer.status_code == 403, (method, wrong)
    profile = {"activityId": COURSE, "profileId": "p"}
    assert token.send("PUT", "/xapi/activities/profile", profile, data=b"{}").status_code == 403
    assert token.get("/xapi/activities/profile", activityId=COURSE).status_code == 200
    assert token.get("/xapi/agents/profile", **asked).status_code == 403
    assert token.get("/xapi/agents/profile", agent=json.dumps(LEARNER)).status_code == 200
    for path in ("/api/v1/metrics", "/api/v1/credentials"):
        assert token.get(path).status_code in (403, 404), path


def test_a_launch_ends_and_its_token_makes_none(
    one: Caller, deps: StoreDeps, statement: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"actor": LEARNER, "activity": COURSE}
    for wrong, path in (
        ({"seconds": 5}, "$.seconds"),
        ({"activity": "course"}, "$.activity"),
        ({"registration": "1"}, "$.registration"),
        ({"actor": {"name": "x"}}, "$.actor"),
        ({"actor": {"objectType": "Group", "member": [LEARNER]}}, "$.actor"),
    ):
        answer = one.send("POST", "/api/v1/launch-tokens", json={**wanted, **wrong})
        assert answer.status_code == 400 and answer.json["error"]["where"]["path"] == path, (
            answer.text
        )
    chosen = str(uuid.uuid4())
    token, registration = launch(one, registration=chosen.upper())
    assert registration == chosen
    assert token.send("POST", "/api/v1/launch-tokens", json=wanted).status_code == 403
    assert token.post(of(statement, registration)).status_code == 200
    assert launch_tokens.remove_ended_tokens(deps, 1) == 0
    monkeypatch.setattr(credential_cache, "CACHE_SECONDS", 0.0)
    ended, its_registration = launch(one)
    with deps.unit_of_work(1) as connection:
        connection.execute(
            text("UPDATE lrs.credential SET ends_at = now() - interval '31 days' WHERE key = :key"),
            {"key": ended.key},
        )
    assert ended.post(of(statement, its_registration)).status_code == 401
    assert launch_tokens.remove_ended_tokens(deps, 1) == 1


def test_the_record_says_which_credential_asked_for_the_launch(
    one: Caller, statement: Make
) -> None:
    token, registration = launch(one)
    (written,) = body(token.post(of(statement, registration)))
    (own,) = body(one.post(statement()))
    first, second = (
        one.get("/xapi/statements", statementId=found).json["authority"] for found in (written, own)
    )
    assert first == second
    shown = one.get("/api/v1/credentials").json["credentials"]
    assert token.key not in {listed["key"] for listed in shown}, "no list of a thousand launches"


@pytest.mark.parametrize("name", ["a\0", "\ud800"])
def test_an_identifier_that_cannot_be_kept_makes_no_token_and_blocks_no_erasure(
    one: Caller, statement: Make, name: str
) -> None:
    actor = {"account": {"homePage": "https://lms.example", "name": name}}
    wanted = json.dumps({"actor": actor, "activity": COURSE})
    made = one.send("POST", "/api/v1/launch-tokens", data=wanted)
    assert made.status_code == 400, made.text
    one.post(statement(actor=OTHER))
    launch(one)
    erased = one.send("POST", "/api/v1/erasures", json={"agent": OTHER, "dry_run": False})
    assert erased.status_code == 200 and erased.json["statements"] == 1


def test_a_set_of_states_is_that_of_the_launch(one: Caller) -> None:
    token, registration = launch(one)
    other = str(uuid.uuid4())
    own = {"activityId": COURSE, "agent": json.dumps(LEARNER)}
    for held, name in ((registration, "mine"), (other, "theirs")):
        one.send("PUT", STATE, {**own, "registration": held, "stateId": name}, data=b"1")
    assert token.get(STATE, **own).json == ["mine"]
    assert token.send("DELETE", STATE, own).status_code == 204
    assert one.get(STATE, **own).json == ["theirs"]


def test_a_list_holds_what_a_launch_may_read_one_by_one(one: Caller, statement: Make) -> None:
    token, registration = launch(one)
    own = of(statement, registration, id=str(uuid.uuid4()))
    neighbour = of(statement, registration, object={"id": f"{COURSE}0"})
    pointing = of(
        statement, str(uuid.uuid4()), object={"objectType": "StatementRef", "id": own["id"]}
    )
    assert one.post([own, neighbour, pointing, *(of(statement, registration) for _ in range(3))])
    listed, address = [], "/xapi/statements?limit=2"
    while address:
        page = body(token.get(address))
        listed += [found["id"] for found in page["statements"]]
        address = page["more"]
    assert len(listed) == len(set(listed)) == 4 and own["id"] in listed
    for found in listed:
        assert token.get("/xapi/statements", statementId=found).status_code == 200


def test_a_token_ends_with_the_key_that_asked_for_it_and_is_not_rotated(
    one: Caller, lrs_settings: Settings, statement: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credential_cache, "CACHE_SECONDS", 0.0)
    lms = caller(one, scopes=["launch-tokens"])
    token, registration = launch(lms)
    assert token.post(of(statement, registration)).status_code == 200
    with operator_api.open_tenant(lrs_settings, "") as desk, pytest.raises(NotFound):
        desk.rotate_credential(token.key, 60)
    assert token.post(of(statement, registration)).status_code == 200
    assert one.send("DELETE", f"/api/v1/credentials/{lms.key}").status_code == 204
    assert token.post(of(statement, registration)).status_code == 401
