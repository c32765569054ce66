"""From the statements of an episode to its facts: windows, first answers, who counts, what cannot
be counted.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.facts import derive_facts
from analytics.facts.statement_view import StatementView, decode_statement
from analytics.store.fact_rows import FactRows
from lrs.vocabulary import ACTIVITY_TYPES, BASE, EXTENSIONS, INTERVALS, VERBS, find_interval
from lrs.xapi import datatypes

EPISODE = uuid.UUID(int=1, version=4)
CERTIFIED = datetime(2026, 1, 1, 9, tzinfo=UTC)
LEARNER = {"account": {"homePage": "https://h.example", "name": "learner"}}
PROGRAMME = f"{BASE}programmes/p"
DAY = timedelta(days=1)


def said(
    ord_: int,
    verb: str,
    at: datetime,
    obj: str,
    extensions: dict[str, Any] | None = None,
    **parts: Any,
) -> StatementView:
    value = {
        "actor": LEARNER,
        "verb": {"id": VERBS[verb].id if verb in VERBS else verb},
        "object": {"id": obj},
        "timestamp": at.isoformat(),
        "context": {
            "registration": str(EPISODE),
            "contextActivities": {
                "grouping": [{"id": PROGRAMME, "definition": {"type": ACTIVITY_TYPES["programme"]}}]
            },
            "extensions": {EXTENSIONS[name]: given for name, given in (extensions or {}).items()},
        },
        **parts,
    }
    return decode_statement(ord_, json.dumps(value).encode(), at)


def certified(ord_: int = 1) -> StatementView:
    return said(ord_, "certified", CERTIFIED, f"{PROGRAMME}/certification")


def answered(
    ord_: int, days: float, success: bool, item: str = "i1", kind: str | None = "check"
) -> StatementView:
    extensions = {"kind": kind} if kind else {}
    return said(
        ord_, "answered", CERTIFIED + days * DAY, item, extensions, result={"success": success}
    )


def test_an_answer_belongs_to_the_window_of_the_time_that_really_passed() -> None:
    facts = derive_facts(EPISODE, [certified(), answered(2, 7, True), answered(3, 31, False, "i2")])
    assert [(row.interval, row.item, row.success) for row in facts.recalls] == [
        ("1w", "i1", True),
        ("1m", "i2", False),
    ]
    assert facts.recalls[0].seconds_since_anchor == 7 * 86_400
    assert facts.episodes[0].anchor == CERTIFIED
    assert facts.episodes[0].programme == PROGRAMME


def test_only_the_first_answer_to_an_item_measures() -> None:
    facts = derive_facts(EPISODE, [certified(), answered(3, 7.2, True), answered(2, 7.1, False)])
    assert [row.success for row in facts.recalls] == [False]


@pytest.mark.parametrize("kind", ["reinforcement", "remediation"])
def test_what_is_no_check_does_not_measure_and_is_no_fault(kind: str) -> None:
    facts = derive_facts(EPISODE, [certified(), answered(2, 7, True, kind=kind)])
    assert facts.recalls == []
    assert facts.uncountable == []


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (answered(2, 7, True, kind=None), "kind"),
        (answered(2, 7, True, kind="exam"), "kind"),
        (answered(2, 0.1, True), "window"),
        (said(2, "answered", CERTIFIED + 7 * DAY, "i", {"kind": "check"}), "whether it was right"),
        (said(2, "scheduled", CERTIFIED, "c", {"due_date": "soon"}), "due_date"),
        *[
            (said(2, "applied", CERTIFIED + DAY, "t", {"evidence_grade": grade}), "evidence grade")
            for grade in (0, 5, "1", True, 1.5)
        ],
        (
            said(2, "scheduled", CERTIFIED, "c", {"due_date": "0001-01-01T00:00:00+14:00"}),
            "due_date",
        ),
        (answered(2, 7, True, "i" * 3_000), "names no item"),
        (said(2, "applied", CERTIFIED - DAY, "t"), "before the certification"),
        (
            said(
                2,
                "answered",
                CERTIFIED + 7 * DAY,
                "i",
                {"kind": "check"},
                actor={"mbox": "mailto:other@example.org"},
            ),
            "not the learner",
        ),
    ],
)
def test_what_cannot_be_counted_is_named_with_its_reason(
    broken: StatementView, reason: str
) -> None:
    facts = derive_facts(EPISODE, [certified(), broken])
    assert [row.ord for row in facts.uncountable] == [2]
    assert reason in facts.uncountable[0].reason
    assert facts.episodes


def test_without_a_certification_nothing_is_measured() -> None:
    facts = derive_facts(EPISODE, [answered(2, 7, True)])
    assert facts.episodes == []
    assert facts.recalls == []
    assert facts.uncountable == [], "it is told by its number alone"


def test_a_use_keeps_its_evidence_grade_and_is_self_reported_without_one() -> None:
    later = CERTIFIED + 10 * DAY
    uses = [
        said(2, "applied", later, "t1", {"evidence_grade": 3}),
        said(3, "applied", later, "t2"),
        said(4, "applied", later, "t3", {"evidence_grade": 4}),
    ]
    assert [row.evidence_grade for row in derive_facts(EPISODE, [certified(), *uses]).uses] == [
        3,
        1,
        4,
    ]


def test_a_scheduled_check_is_done_when_it_was_passed_or_failed() -> None:
    due = CERTIFIED + 7 * DAY
    statements = [
        certified(),
        said(2, "scheduled", CERTIFIED, "c1", {"due_date": due.isoformat()}),
        said(3, "scheduled", CERTIFIED, "c2", {"due_date": due.isoformat()}),
        said(4, "failed", due + DAY, "c1"),
    ]
    assert [
        (row.activity, row.done_at) for row in derive_facts(EPISODE, statements).activities
    ] == [("c1", due + DAY), ("c2", None)]


def test_the_audience_comes_from_registered() -> None:
    facts = derive_facts(
        EPISODE,
        [certified(), said(2, "registered", CERTIFIED, PROGRAMME, {"team": "North", "wave": "1"})],
    )
    assert (facts.episodes[0].team, facts.episodes[0].wave, facts.episodes[0].site) == (
        "North",
        "1",
        None,
    )


def test_other_words_for_the_same_verb_count() -> None:
    earned = said(1, "http://id.tincanapi.com/verb/earned", CERTIFIED, PROGRAMME)
    assert derive_facts(EPISODE, [earned, answered(2, 7, True)]).recalls


def everything() -> list[StatementView]:
    due = (CERTIFIED + 7 * DAY).isoformat()
    return [
        certified(),
        said(2, "registered", CERTIFIED, PROGRAMME, {"team": "North"}),
        said(3, "registered", CERTIFIED, PROGRAMME, {"team": "South"}),
        said(4, "scheduled", CERTIFIED, "c1", {"due_date": due}),
        *[answered(5 + n, 7 + n / 10, n % 3 > 0, f"i{n % 4}") for n in range(8)],
        said(20, "passed", CERTIFIED + 8 * DAY, "c1"),
        said(21, "applied", CERTIFIED + 9 * DAY, "t1"),
        answered(22, 400, True, "i9"),
    ]


@given(st.permutations(everything()))
def test_the_order_in_which_statements_came_makes_no_difference(
    statements: list[StatementView],
) -> None:
    def comparable(facts: FactRows) -> list[str]:
        return [
            repr(sorted(map(repr, rows)))
            for rows in (
                facts.episodes,
                facts.recalls,
                facts.uses,
                facts.activities,
                facts.uncountable,
            )
        ]

    assert comparable(derive_facts(EPISODE, statements)) == comparable(
        derive_facts(EPISODE, everything())
    )


@given(st.integers(0, 400 * 86_400))
def test_every_moment_belongs_to_at_most_one_window(seconds: int) -> None:
    holding = [
        one.key
        for one in INTERVALS
        if one.opens_days * 86_400 <= seconds < one.closes_days * 86_400
    ]
    found = find_interval(seconds)
    assert holding == ([found.key] if found else [])


def test_each_check_is_due_inside_its_window() -> None:
    for one in INTERVALS:
        assert one.opens_days < one.due_days < one.closes_days


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T10:00:00.123456789Z",
        "2026-11-23t10:00:00z",
        "2026-11-23T12:00:00+02",
        "2026-11-23 10:00:00Z",
        "2026-06-30T23:59:60Z",
    ],
)
def test_every_timestamp_that_the_door_takes_can_be_read(text: str) -> None:
    datatypes.require_timestamp(text, "$.timestamp")
    value = {"actor": LEARNER, "verb": {"id": "v:v"}, "object": {"id": "o:o"}, "timestamp": text}
    assert decode_statement(1, json.dumps(value).encode(), CERTIFIED).timestamp.year == 2026


def test_what_falls_due_in_a_pause_or_after_leaving_was_never_due() -> None:
    def scheduled(ord_: int, name: str, days: int) -> StatementView:
        at = (CERTIFIED + timedelta(days=days)).isoformat()
        return said(ord_, "scheduled", CERTIFIED, f"https://o.example/{name}", {"due_date": at})

    pause = [
        said(
            10,
            "suspended",
            CERTIFIED + timedelta(days=5),
            PROGRAMME,
            {"until": (CERTIFIED + timedelta(days=20)).isoformat()},
        ),
        said(11, "resumed", CERTIFIED + timedelta(days=10), PROGRAMME),
        said(12, "unregistered", CERTIFIED + timedelta(days=40), PROGRAMME),
    ]
    due = [
        scheduled(2, "before", 4),
        scheduled(3, "within", 7),
        scheduled(4, "after", 12),
        scheduled(5, "done", 8),
        scheduled(6, "gone", 60),
    ]
    done = said(7, "passed", CERTIFIED + timedelta(days=9), "https://o.example/done")
    facts = derive_facts(EPISODE, [certified(), *due, done, *pause])
    assert {row.activity.rsplit("/", 1)[1] for row in facts.activities} == {"before", "after"}
    assert facts.uncountable == []
    back = said(13, "registered", CERTIFIED + timedelta(days=55), PROGRAMME)
    again = derive_facts(
        EPISODE, [certified(), *due, done, *pause, scheduled(8, "while away", 50), back]
    )
    assert {row.activity.rsplit("/", 1)[1] for row in again.activities} == {
        "before",
        "after",
        "gone",
    }, "who came back is due again"
    assert again.episodes[0].left_at is None
