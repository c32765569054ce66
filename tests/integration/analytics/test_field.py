"""What strangers' systems sent, and whom it hurt: each case names its source."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from analytics import operator_api
from analytics.deps import AnalyticsDeps
from analytics.facts import derive_facts, standalone_facts
from core.errors import FatalError
from lrs.store import change_queue
from lrs.vocabulary import EXTENSIONS
from tests.support.learners import PROGRAMME, Person, count, report, values
from tests.support.other_systems import QUIZ, map_, moodle_answer, retention
from tests.support.store import Caller

RECORDED = (
    Path(__file__).parents[2] / "captures" / "moodle-logstore-xapi-5.0.1" / "statements.ndjson"
)
MOODLE = "http://127.0.0.1:8100"  # the recorded site
AN_EVENT = {
    "actor": {"mbox": "mailto:p@example.org"},
    "verb": {"id": "http://e.org/v"},
    "object": {"id": "http://e.org/a"},
}
# xAPI-Data.md of 1.0.3 ("simplest statement") and xAPI-About.md: the standard's own examples.
UUIDS_OF_THE_STANDARD = (
    "12345678-1234-5678-1234-567812345678",
    "2a41c918-b88b-4220-20a5-a4c32391a240",
)


def set_aside(deps: AnalyticsDeps) -> list[str]:
    with deps.unit_of_work(change_queue.list_tenant_ids(deps.engine)[0]) as connection:
        return list(
            connection.execute(
                text("SELECT reason FROM analytics.uncountable ORDER BY ord")
            ).scalars()
        )


def with_result(statement: dict[str, Any], raw_json: str) -> str:
    return json.dumps({**statement, "result": 0}).replace('"result": 0', f'"result": {raw_json}')


@pytest.mark.parametrize(
    "result",
    [
        '{"score":{"raw":1e309}}',
        '{"score":{"raw":-1e999999999}}',
        '{"extensions":{"http://e.org/x":' + "9" * 4_500 + "}}",
        '{"duration":"PT1e9S"}',
    ],
    ids=["beyond a double", "far beyond", "thousands of digits", "no duration"],
)
def test_learners_are_counted_although_somebody_sent_a_number_that_nothing_holds(
    one: Caller, deps: AnalyticsDeps, result: str
) -> None:
    """A valid JSON number is a statement like any other (record store F1: one of them stopped the
    counting of a whole organisation).
    """
    answer = one.post(with_result(AN_EVENT, result))
    assert answer.status_code in (200, 400)
    hurt = Person()
    with_it = one.post(with_result(moodle_answer(hurt, 1, True, 7), result))
    one.post([*Person().said, *hurt.said])
    count(deps)
    assert values(one, "transfer_rate", programme=PROGRAMME)[""]["denominator"] == 2
    assert with_it.status_code in (200, 400)
    assert one.get("/health/ready").status_code in (200, 404)


def test_an_answer_without_success_in_a_mapped_quiz_costs_its_learner_nothing(
    one: Caller, deps: AnalyticsDeps
) -> None:
    """Moodle's plugin gives every statement a registration of its own, and short answers no
    success.
    """
    people = [Person() for _ in range(6)]
    for person in people:
        one.post([*person.said, moodle_answer(person, 1, True, 7)])
    number = map_(one, QUIZ, "check")
    count(deps)
    assert retention(one) == (6, 6)
    short = moodle_answer(people[0], 2, True, 7)
    short["context"]["registration"] = str(uuid.uuid4())
    del short["result"]["success"]
    one.post(short)
    count(deps)
    assert retention(one) == (6, 6)
    assert any("does not say whether it was right" in reason for reason in set_aside(deps))
    assert any(
        "does not say whether it was right" in json.dumps(row)
        for row in report(one, "quality", programme=PROGRAMME)["rows"]
    )
    one.send("DELETE", f"/api/v1/activity-mappings/{number}")
    count(deps)
    assert values(one, "transfer_rate", programme=PROGRAMME)[""]["denominator"] == 6, (
        "undoing a mapping takes all of it back"
    )


def test_a_fault_of_our_own_costs_one_statement_and_no_episode(
    one: Caller, deps: AnalyticsDeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of another system breaks the code that counts, or the database: the person's own
    record stays.
    """
    person, other = Person(), Person()
    number = map_(one, QUIZ, "check")
    good, bad = moodle_answer(person, 1, True, 7), moodle_answer(person, 2, True, 7)
    one.post([*person.said, *other.said, good, bad])
    make = derive_facts

    def breaking(
        registration: uuid.UUID, statements: Any, same: Any, mappings: Any, without: Any
    ) -> Any:
        facts = make(registration, statements, same, mappings, without)
        if any(row.item.endswith("id=2") for row in facts.recalls):
            raise KeyError("a forgotten key")
        return facts

    monkeypatch.setattr("analytics.jobs.counting.derive_facts", breaking)
    count(deps)
    assert retention(one) == (1, 1)
    assert values(one, "transfer_rate", programme=PROGRAMME)[""]["denominator"] == 2
    assert any("cannot be counted (KeyError)" in reason for reason in set_aside(deps))
    look = operator_api.doctor_checks(deps.settings)["figures"]
    with pytest.raises(FatalError, match=r"^1 statements .*\(KeyError 1\): a fault of Carryover"):
        look()
    doubtful = report(one, "quality", programme=PROGRAMME)["rows"]
    assert [row["remedy"] for row in doubtful if "KeyError" in row["what"]] == [
        "A fault of Carryover: tell whoever operates it."
    ], "the data are not to blame"
    monkeypatch.undo()
    one.send("DELETE", f"/api/v1/activity-mappings/{number}")
    map_(one, QUIZ, "check")
    count(deps)
    assert retention(one) == (2, 2), "once the fault is mended, it counts"
    assert look() == "no statement is set aside because of an error in counting"


def test_an_episode_that_was_set_aside_is_found_when_a_mapping_is_undone(
    one: Caller, deps: AnalyticsDeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Person()
    number = map_(one, QUIZ, "check")
    one.post([*person.said, moodle_answer(person, 1, True, 7)])

    def breaking(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("analytics.jobs.counting.derive_facts", breaking)
    count(deps)
    assert values(one, "transfer_rate", programme=PROGRAMME)[""]["denominator"] == 0
    monkeypatch.undo()
    one.send("DELETE", f"/api/v1/activity-mappings/{number}")
    count(deps)
    assert values(one, "transfer_rate", programme=PROGRAMME)[""]["denominator"] == 1


def test_a_loose_statement_that_breaks_the_counting_is_set_aside_alone(
    one: Caller, deps: AnalyticsDeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(s: Any, same: Any) -> Any:
        if s.object_id == "http://e.org/bad":
            raise TypeError("whatever it is")
        return standalone_facts(s, same)

    monkeypatch.setattr("analytics.jobs.counting.standalone_facts", breaking)
    one.post([{**AN_EVENT, "object": {"id": "http://e.org/bad"}}, AN_EVENT, *Person().said])
    count(deps)
    assert values(one, "transfer_rate", programme=PROGRAMME)[""]["denominator"] == 1
    assert set_aside(deps) == ["it cannot be counted (TypeError)"]


def test_nobody_is_lost_when_a_real_moodle_sends_what_it_recorded(
    one: Caller, deps: AnalyticsDeps
) -> None:
    """The recorded statements of Moodle 4.5.6 with logstore_xapi 5.0.1, replayed: all stored; a
    mapped quiz counts for its people once joined.
    """
    recorded = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]
    answered = datetime.fromisoformat("2026-11-30T00:35:57+00:00")
    days = (datetime.now(answered.tzinfo) - answered).total_seconds() / 86_400 + 7.0
    people = {"4": Person(certified_days_ago=days), "5": Person(certified_days_ago=days)}
    others = [Person() for _ in range(5)]
    one.post([said for person in [*people.values(), *others] for said in person.said])
    assert [
        one.post(recorded[start : start + 50]).status_code for start in range(0, len(recorded), 50)
    ] == [200] * 3
    count(deps)
    before = values(one, "transfer_rate", programme=PROGRAMME)[""]["denominator"]
    assert before == 7
    map_(one, f"{MOODLE}/mod/quiz/view.php?id=1", "check")
    map_(one, f"{MOODLE}/mod/quiz/view.php?id=18", "check")
    count(deps)
    assert retention(one) == (0, 0), "nobody has said yet who these people are"
    for name, person in people.items():
        alias = {"account": {"homePage": MOODLE, "name": name}}
        body = {"alias": alias, "agent": person.agent, "reason": "looked up in the list"}
        assert one.send("POST", "/api/v1/person-merges", data=json.dumps(body)).status_code == 201
    count(deps)
    # By hand from the recording: of quiz 1, four of five say success for each (2 and 0 right), of
    # quiz 18 four of six (2 and 0 right).
    assert retention(one) == (4, 16)
    assert values(one, "transfer_rate", programme=PROGRAMME)[""]["denominator"] == before
    assert change_queue.measure_backlog(deps.engine) == (0, None)


@pytest.mark.parametrize("given", UUIDS_OF_THE_STANDARD)
def test_courseware_may_use_the_uuids_that_the_standard_prints(one: Caller, given: str) -> None:
    statement = {**AN_EVENT, "id": given, "context": {"registration": given}}
    assert one.post(statement).status_code == 200
    assert one.get("/xapi/statements", statementId=given).json["id"] == given
    assert len(one.get("/xapi/statements", registration=given).json["statements"]) == 1
    refers = {**AN_EVENT, "object": {"objectType": "StatementRef", "id": given}}
    assert one.post(refers).status_code == 200
    assert one.put(given, statement).status_code in (200, 204)
    assert one.post({**AN_EVENT, "id": given[:-1] + "g"}).status_code == 400


@pytest.mark.parametrize(
    "content_type", ["text/plain;charset=UTF-8", None, "application/octet-stream", "text/xml"]
)
def test_a_storyline_course_resumes_and_records_by_the_alternate_syntax(
    one: Caller, content_type: str | None
) -> None:
    """Articulate Storyline posts its form as text/plain (Learning Locker's issues 699, 998, 1042);
    XDomainRequest sends no Content-Type at all.
    """
    agent = json.dumps({"mbox": "mailto:p@example.org"})
    place = {
        **one.headers(),
        "activityId": "https://example.org/a",
        "agent": agent,
        "stateId": "resume",
    }

    def call(method: str, path: str, form: dict[str, str]) -> Any:
        return one.client.post(
            f"{path}?method={method}", data=urlencode(form), content_type=content_type
        )

    put = call(
        "PUT",
        "/xapi/activities/state",
        {**place, "Content-Type": "text/plain", "content": "2|slide3"},
    )
    assert put.status_code == 204, put.text
    assert call("GET", "/xapi/activities/state", place).text == "2|slide3"
    statement = {
        **one.headers(),
        "Content-Type": "application/json",
        "content": json.dumps(AN_EVENT),
    }
    assert call("POST", "/xapi/statements", statement).status_code == 200
    real = one.client.post(
        "/xapi/statements?method=PUT",
        data=json.dumps(AN_EVENT),
        content_type=content_type,
        headers=one.headers(),
    )
    assert real.status_code == 400, "a body that is no form is not taken for one"


def test_an_exam_is_read_from_its_points_where_a_system_scales_it_its_own_way(
    one: Caller, deps: AnalyticsDeps
) -> None:
    """Moodle's plugin: 60 of 100 points is scaled 0.2."""
    person = Person()
    person.said[0]["result"] = {"score": {"raw": 60, "min": 0, "max": 100, "scaled": 0.2}}
    one.post(person.said)
    count(deps)
    with deps.unit_of_work(change_queue.list_tenant_ids(deps.engine)[0]) as connection:
        assert connection.execute(
            text("SELECT exam FROM analytics.fact_episode")
        ).scalar_one() == pytest.approx(0.6)


@pytest.mark.parametrize("did_it", [True, False])
def test_what_fell_due_in_a_pause_is_out_of_the_figures_done_or_not(
    one: Caller, deps: AnalyticsDeps, did_it: bool
) -> None:
    """A denominator that asks for the outcome can only go up (the audit's pausedone 1/1, pausenot
    0/0).
    """
    person = Person()
    due = {"due_date": (person.certified + timedelta(days=10)).isoformat()}
    plan = f"{PROGRAMME}/plan"
    person.said += [
        person.say("scheduled", plan, 0.1, due, kind="plan"),
        person.say(
            "suspended",
            PROGRAMME,
            5,
            {"until": (person.certified + timedelta(days=20)).isoformat()},
        ),
    ]
    if did_it:
        person.said.append(person.say("committed", plan, 12, kind="plan"))
    one.post(person.said)
    count(deps)
    found = values(one, "adoption_due", programme=PROGRAMME).get("plan")
    assert found is None or (found["numerator"], found["denominator"]) == (0, 0)
    assert EXTENSIONS["due_date"]
