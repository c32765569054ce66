"""What happened in Moodle, in a cmi5 course, in Open edX or in a work system counts where somebody
said what it counts as.
"""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from analytics.deps import AnalyticsDeps
from core.clock import format_instant
from core.database import make_engine
from lrs.vocabulary import EARNED, VERBS
from tests.support.learners import PROGRAMME, Person, count, report, values
from tests.support.other_systems import (
    ADL,
    ASSIGNMENT,
    PROBLEM,
    QUIZ,
    TICKETS,
    UNIT,
    elsewhere,
    map_,
    moodle_answer,
    retention,
)
from tests.support.store import Caller


def test_answers_in_a_quiz_of_moodle_count_from_when_somebody_says_so_until_it_is_undone(
    one: Caller, deps: AnalyticsDeps
) -> None:
    person = Person()
    one.post([*person.said, moodle_answer(person, 1, True, 7), moodle_answer(person, 2, False, 7)])
    count(deps)
    assert retention(one) == (0, 0), "a quiz may be anything"
    number = map_(one, QUIZ, "check", competency=f"{PROGRAMME}/competencies/c")
    count(deps)
    assert retention(one) == (1, 2)
    one.post(
        [
            moodle_answer(person, 3, True, 8),
            moodle_answer(person, 1, False, 8),
            moodle_answer(person, 4, True, 8, "https://moodle.example/other"),
        ]
    )
    count(deps)
    assert retention(one) == (2, 3), "first answers alone, and of this quiz alone"
    weak = report(one, "heat_map", programme=PROGRAMME)
    assert "competencies/c" in json.dumps(weak) or weak["rows"]
    listed = one.get("/api/v1/activity-mappings").json["mappings"]
    assert [(m["activity"], m["counts_as"], m["undone_at"]) for m in listed] == [
        (QUIZ, "check", None)
    ]
    assert one.send("DELETE", f"/api/v1/activity-mappings/{number}").status_code == 204
    count(deps)
    assert retention(one) == (0, 0)
    assert one.send("DELETE", f"/api/v1/activity-mappings/{number}").status_code == 404


def test_a_voided_answer_of_another_system_counts_no_longer(
    one: Caller, deps: AnalyticsDeps
) -> None:
    person = Person()
    answer = moodle_answer(person, 1, True, 7)
    map_(one, QUIZ, "check")
    one.post([*person.said, answer])
    count(deps)
    assert retention(one) == (1, 1)
    voiding = {
        "actor": person.agent,
        "verb": {"id": VERBS["voided"].id},
        "object": {"objectType": "StatementRef", "id": answer["id"]},
    }
    one.post(voiding)
    count(deps)
    assert retention(one) == (0, 0)


def test_a_certification_that_comes_after_them_finds_the_answers(
    one: Caller, deps: AnalyticsDeps
) -> None:
    person = Person()
    map_(one, QUIZ, "check")
    one.post([moodle_answer(person, 1, True, 7), moodle_answer(person, 2, True, -3)])
    count(deps)
    one.post(person.said)
    count(deps)
    assert retention(one) == (1, 1), "what was before the certification is not kept since"


def test_of_two_certifications_an_answer_counts_for_the_one_that_began_last(
    one: Caller, deps: AnalyticsDeps
) -> None:
    first = Person(certified_days_ago=200, name="twice")
    again = Person(certified_days_ago=20, name="twice")
    map_(one, QUIZ, "check")
    one.post(
        [*first.said, moodle_answer(first, 1, True, 187)]
    )  # 187 days after the first, 7 after the second
    count(deps)
    assert retention(one, "6m") == (1, 1)
    one.post(again.said)
    count(deps)
    assert retention(one, "6m") == (0, 0)
    assert retention(one, "1w") == (1, 1)


def test_the_same_person_under_another_account_counts_once_it_is_said_that_they_are_one(
    one: Caller, deps: AnalyticsDeps
) -> None:
    person, account = Person(), {"account": {"homePage": "https://moodle.example", "name": "5"}}
    map_(one, QUIZ, "check")
    one.post([*person.said, {**moodle_answer(person, 1, True, 7), "actor": account}])
    count(deps)
    assert retention(one) == (0, 0)
    merge = one.send(
        "POST",
        "/api/v1/person-merges",
        data=json.dumps({"alias": account, "agent": person.agent, "reason": "one person"}),
    )
    count(deps)
    assert retention(one) == (1, 1)
    one.send("DELETE", f"/api/v1/person-merges/{merge.json['merge']}")
    count(deps)
    assert retention(one) == (0, 0)


def test_a_unit_of_cmi5_finishes_the_check_that_is_due_although_it_has_a_registration_of_its_own(
    one: Caller, deps: AnalyticsDeps
) -> None:
    person = Person().check("1w", 7, [])
    context = {
        "registration": str(uuid.uuid4()),
        "contextActivities": {
            "category": [{"id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}]
        },
    }
    map_(one, UNIT, "check")
    one.post(
        [
            *person.said,
            elsewhere(person, f"{ADL}/initialized", UNIT, 7, context=context),
            elsewhere(person, f"{ADL}/passed", UNIT, 7, context=context),
        ]
    )
    count(deps)
    done = values(one, "adoption_due", programme=PROGRAMME)["check"]
    assert (done["numerator"], done["denominator"]) == (1, 1)
    quality = report(one, "quality", programme=PROGRAMME)
    assert "no certification with this registration" not in json.dumps(quality), (
        "what counts after all is not told as uncountable"
    )


def test_an_answer_to_a_problem_of_open_edx_is_an_answer(one: Caller, deps: AnalyticsDeps) -> None:
    person = Person()
    map_(one, PROBLEM, "check")
    one.post(
        [
            *person.said,
            elsewhere(
                person,
                "https://w3id.org/xapi/acrossx/verbs/evaluated",
                PROBLEM,
                30,
                result={"success": True, "response": "x"},
            ),
        ]
    )
    count(deps)
    assert retention(one, "1m") == (1, 1)


def test_an_assignment_of_moodle_finishes_the_exercise_that_was_due_first(
    one: Caller, deps: AnalyticsDeps
) -> None:
    person = Person()
    for n in (1, 2):
        due = format_instant(person.certified + timedelta(days=10 * n))
        person.add("scheduled", f"{PROGRAMME}/exercises/{n}", 0, {"due_date": due}, "exercise")
    map_(one, ASSIGNMENT, "exercise")
    one.post(
        [
            *person.said,
            elsewhere(person, "http://activitystrea.ms/schema/1.0/submit", ASSIGNMENT, 9),
        ]
    )
    count(deps)
    done = values(one, "adoption_due", programme=PROGRAMME)["exercise"]
    assert (done["numerator"], done["denominator"]) == (1, 2)


def test_a_ticket_that_was_completed_in_a_work_system_is_a_use_with_the_grade_of_its_source(
    one: Caller, deps: AnalyticsDeps
) -> None:
    person = Person()
    map_(one, TICKETS, "task", evidence_grade=4)
    ticket = elsewhere(person, f"{ADL}/completed", "https://work.example/ticket/12", 20)
    one.post(
        [*person.said, {**ticket, "context": {"contextActivities": {"parent": [{"id": TICKETS}]}}}]
    )
    count(deps)
    by_grade = values(one, "transfer_by_grade", programme=PROGRAMME)
    assert by_grade["4"]["numerator"] == 1


def test_a_ticket_counts_in_two_programmes_and_stands_behind_the_figure_of_each(
    one: Caller, deps: AnalyticsDeps
) -> None:
    person, other = Person(name="both"), Person(name="both")
    elsewhere_ = f"{PROGRAMME}/other"
    for said in other.said:
        said["context"]["contextActivities"]["grouping"][0] = {
            **said["context"]["contextActivities"]["grouping"][0],
            "id": elsewhere_,
        }
    map_(one, TICKETS, "task", evidence_grade=4)
    map_(one, TICKETS, "task", programme=elsewhere_, evidence_grade=1)
    ticket = elsewhere(person, f"{ADL}/completed", "https://work.example/ticket/12", 20)
    one.post(
        [
            *person.said,
            *other.said,
            {**ticket, "context": {"contextActivities": {"parent": [{"id": TICKETS}]}}},
        ]
    )
    count(deps)
    for programme, grade in ((PROGRAMME, "4"), (elsewhere_, "1")):
        assert values(one, "transfer_by_grade", programme=programme)[grade]["numerator"] == 1
        (episode,) = one.get(
            "/api/v1/metrics/transfer_by_grade/evidence", programme=programme
        ).json["episodes"]
        assert ticket["id"] in {said["id"] for said in episode["statements"]}
    assert values(one, "transfer_by_grade", programme=elsewhere_)["4"]["numerator"] == 0


def test_certificates_of_open_edx_begin_an_episode_where_they_carry_a_registration(
    one: Caller, deps: AnalyticsDeps
) -> None:
    person = Person()
    map_(one, QUIZ, "check")
    earned = {**person.said[0], "verb": {"id": EARNED}}
    one.post([earned, moodle_answer(person, 1, True, 7)])
    count(deps)
    assert retention(one) == (1, 1)


def test_a_person_who_is_erased_takes_those_answers_along(one: Caller, deps: AnalyticsDeps) -> None:
    person = Person()
    map_(one, QUIZ, "check")
    one.post([*person.said, moodle_answer(person, 1, True, 7)])
    count(deps)
    assert (
        one.send(
            "POST", "/api/v1/erasures", data=json.dumps({"agent": person.agent, "dry_run": False})
        ).status_code
        == 200
    )
    count(deps)
    assert retention(one) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"counts_as": "anything"}, "$.counts_as"),
        ({"activity": "no iri"}, "$.activity"),
        ({"programme": ""}, "$.programme"),
        ({"competency": "https://c.example", "counts_as": "task"}, "$.competency"),
        ({"evidence_grade": 2}, "$.evidence_grade"),
        ({"evidence_grade": 5, "counts_as": "task"}, "$.evidence_grade"),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused_with_its_place(
    one: Caller, changes: dict[str, Any], path: str
) -> None:
    body = {"activity": QUIZ, "programme": PROGRAMME, "counts_as": "check", **changes}
    answer = one.send("POST", "/api/v1/activity-mappings", data=json.dumps(body))
    assert answer.status_code == 400
    assert answer.json["error"]["where"]["path"] == path


def test_a_competency_that_the_programme_has_not_is_refused(
    one: Caller, deps: AnalyticsDeps
) -> None:
    body: dict[str, Any] = {"activity": QUIZ, "programme": PROGRAMME, "counts_as": "check"}

    def refused(competency: str, **more: Any) -> bool:
        sent = {**body, "competency": f"{PROGRAMME}/competencies/{competency}", **more}
        answer = one.send("POST", "/api/v1/activity-mappings", data=json.dumps(sent))
        if answer.status_code == 201:
            one.send("DELETE", f"/api/v1/activity-mappings/{answer.json['mapping']}")
            return False
        error = answer.json["error"]
        assert answer.status_code == 400 and error["where"]["path"] == "$.competency"
        assert f"{PROGRAMME}/competencies/c" in error["message"], "it names those that there are"
        return True

    known = [f"{PROGRAMME}/competencies/c"]
    assert refused("nobody", competencies=known) and not refused("c", competencies=known)
    assert not refused("nobody"), "nothing is known of the programme yet"
    person = Person()
    map_(one, QUIZ, "check", competency=known[0])
    one.post([*person.said, moodle_answer(person, 1, True, 7)])
    count(deps)
    body["activity"] = PROBLEM
    assert refused("nobody") and not refused("c")
    assert not refused("new", competencies=[*known, f"{PROGRAMME}/competencies/new"])


def test_an_activity_counts_once_in_a_programme(one: Caller) -> None:
    map_(one, QUIZ, "check")
    body = {"activity": QUIZ, "programme": PROGRAMME, "counts_as": "exercise"}
    assert one.send("POST", "/api/v1/activity-mappings", data=json.dumps(body)).status_code == 409


def test_a_mapping_is_taken_where_more_was_set_aside_than_a_statement_has_parameters(
    one: Caller, deps: AnalyticsDeps
) -> None:
    """PostgreSQL takes 65,535 parameters; a tenant can have set aside more statements."""
    owner = make_engine(deps.settings.migration_url)
    with owner.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO analytics.uncountable (tenant_id, ord, registration, reason) SELECT 1, n, "
                "gen_random_uuid(), 'it was set aside' FROM generate_series(1, 70000) n"
            )
        )
    owner.dispose()
    number = map_(one, QUIZ, "check")
    assert one.send("DELETE", f"/api/v1/activity-mappings/{number}").status_code == 204
