"""Our acts as statements: what we write, the record store takes; the same act is always the same
statement.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from adapters import xapi_statements
from adapters.xapi_statements import Act, ProgrammeRef, Statement
from lrs.vocabulary import EXTENSIONS, VERBS, ActivityKind, AnswerKind, Relation
from lrs.xapi import datatypes
from lrs.xapi.statement_parser import Authority, StatementParser

AT = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
AUTHORITY = b'{"account":{"homePage":"https://h.example","name":"k"}}'


def act(name: str = "a", revision: int = 1) -> Act:
    programme = ProgrammeRef("p", "A programme", "3")
    return Act(
        uuid.UUID(int=1),
        "1",
        name,
        uuid.UUID(int=2),
        uuid.UUID(int=3, version=4),
        programme,
        AT,
        {"team": "North"},
        revision,
    )


SEEN = xapi_statements.RubricAssessment(4, [("x", "c", 4), ("y", "c", 2)], 3)


def every_kind() -> list[Statement]:
    item = xapi_statements.ItemDefinition(
        "i",
        "Why?",
        "choice",
        ["a"],
        {"choices": [("a", "So"), ("b", "Not so")]},
        "c",
        "A competency",
    )
    check = xapi_statements.Quiz(AnswerKind.CHECK, "1w", "1 week")
    plan = uuid.UUID(int=9, version=4)
    return [
        xapi_statements.registered_statement(act()),
        xapi_statements.certified_statement(act()),
        xapi_statements.check_scheduled_statement(act(), check, due_at=AT),
        xapi_statements.attempted_statement(act(), check),
        xapi_statements.answered_statement(
            act(),
            check,
            item=item,
            response=xapi_statements.ItemResponse("b", False, timedelta(seconds=71.239)),
        ),
        xapi_statements.quiz_finished_statement(
            act(), check, right=4, asked=5, passed=True, took=timedelta(0)
        ),
        xapi_statements.quiz_finished_statement(
            act("b"), check, right=1, asked=5, passed=False, took=None
        ),
        xapi_statements.committed_statement(
            act(), plan=plan, task="t", task_title="A task", due_at=AT
        ),
        xapi_statements.applied_statement(
            act(), plan=plan, task="t", task_title="A task", evidence_grade=1
        ),
        xapi_statements.suspended_statement(act(), AT),
        xapi_statements.resumed_statement(act()),
        xapi_statements.unregistered_statement(act()),
        xapi_statements.task_mapped_statement(
            act(), task="t", task_title="A task", competency="c", competency_title="A competency"
        ),
        xapi_statements.plan_revised_statement(
            act(), plan=plan, task="t", task_title="A task", due_at=AT
        ),
        xapi_statements.submitted_statement(act(), ActivityKind.CASE_STUDY),
        xapi_statements.reviewed_statement(
            act(), ActivityKind.EXERCISE_REVIEW, reviewer=uuid.UUID(int=4), relation=Relation.MENTOR
        ),
        xapi_statements.confirmed_statement(
            act(),
            plan=plan,
            task="t",
            task_title="A task",
            evidence_grade=3,
            by=uuid.UUID(int=4),
            relation=Relation.MANAGER,
        ),
        xapi_statements.no_opportunity_statement(act()),
        xapi_statements.meeting_scheduled_statement(
            act("m"), group=uuid.UUID(int=5), number=1, at=AT
        ),
        xapi_statements.meeting_held_statement(act(), group=uuid.UUID(int=5), number=1),
        xapi_statements.attended_statement(act(), group=uuid.UUID(int=5), number=1),
        xapi_statements.action_closed_statement(act(), action=uuid.UUID(int=6)),
        xapi_statements.commented_statement(
            act(), item="i", stem="Why?", competency="c", competency_title="A competency"
        ),
        xapi_statements.logged_in_statement(act()),
        xapi_statements.report_viewed_statement(act(), "figures"),
        xapi_statements.nudge_received_statement(act(), nudge=7, kind="due"),
        xapi_statements.nudge_opened_statement(act(), nudge=7, kind="due"),
        xapi_statements.assessed_statement(
            act(),
            SEEN,
            titles={"c": "A competency"},
            by=uuid.UUID(int=4),
            relation=Relation.PEER,
            method="recording",
            planned=False,
        ),
        xapi_statements.follow_up_statement(
            act(), still_used=True, by=uuid.UUID(int=4), relation=Relation.MANAGER
        ),
    ]


def test_the_record_store_takes_every_statement_we_write() -> None:
    body = b"[" + b",".join(one.payload for one in every_kind()) + b"]"
    incoming = StatementParser(family_2_0=False).statements(body, Authority.from_json(AUTHORITY))
    assert [one.id for one in incoming] == [one.id for one in every_kind()]


def test_each_says_its_verb_its_episode_and_its_audience() -> None:
    verbs = []
    for one in every_kind():
        value = json.loads(one.payload)
        verbs.append(value["verb"]["id"])
        assert value["context"]["registration"] == str(uuid.UUID(int=3, version=4))
        assert value["context"]["extensions"][EXTENSIONS["team"]] == "North"
        assert value["context"]["extensions"][EXTENSIONS["programme_version"]] == "3"
        assert "name" not in value["actor"]
    assert set(verbs) == {verb.id for name, verb in VERBS.items() if name != "voided"}


def test_the_same_act_is_the_same_statement_and_a_correction_is_another() -> None:
    assert xapi_statements.certified_statement(act()) == xapi_statements.certified_statement(act())
    assert (
        xapi_statements.certified_statement(act()).id
        != xapi_statements.registered_statement(act()).id
    )
    assert (
        xapi_statements.certified_statement(act()).id
        != xapi_statements.certified_statement(act(revision=2)).id
    )


def test_an_assessment_carries_its_levels_their_mean_and_who_looked() -> None:
    value = json.loads(next(one.payload for one in every_kind() if b"/assessed" in one.payload))
    assert value["result"]["score"] == {"scaled": (3 - 1) / (4 - 1), "raw": 3, "min": 1, "max": 4}
    assert value["result"]["success"] is False
    (told,) = value["result"]["extensions"].values()
    assert told == [
        {"criterion": "x", "competency": "c", "level": 4, "reached": True},
        {"criterion": "y", "competency": "c", "level": 2, "reached": False},
    ]
    assert value["context"]["instructor"]["account"]["name"] == str(uuid.UUID(int=4))
    assert {
        value["context"]["extensions"][EXTENSIONS[name]] for name in ("relation", "method")
    } == {"peer", "recording"}


def test_an_answer_carries_choice_result_and_duration() -> None:
    value = json.loads(every_kind()[4].payload)
    assert (value["result"]["success"], value["result"]["response"]) == (False, "b")
    assert value["result"]["duration"] == "PT01M11.24S"
    assert value["object"]["definition"]["correctResponsesPattern"] == ["a"]
    assert value["context"]["contextActivities"]["parent"][0]["id"].endswith("/checks/1w")


@given(st.floats(1 / 60, 300))
def test_the_hours_of_a_training_are_read_as_they_were_said(hours: float) -> None:
    """Whatever the library makes of the duration: beyond a day it writes days."""
    said = json.loads(
        xapi_statements.certified_statement(
            act(), {"": 0.9}, xapi_statements.Training(0.4, hours)
        ).payload
    )
    assert (
        datatypes.parse_duration_seconds(said["result"]["duration"], 300 * 3_600)
        == round(hours * 60) * 60
    )
