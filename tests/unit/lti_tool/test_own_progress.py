"""What a learner sees of the own progress."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from carryover.sample_programme import sample_document
from lti_tool.checks import remediation_schedule
from lti_tool.checks.attempts_store import GivenAnswer, MemoryState
from lti_tool.home import own_progress
from lti_tool.home.own_progress import CompetencyLine
from lti_tool.programmes import programmes
from lti_tool.programmes.programmes import Programme
from lti_tool.tables.checks import AttemptKind

CERTIFIED = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAYS_AND_ANSWERS = st.lists(st.tuples(st.integers(0, 200), st.booleans()), max_size=8)


def sample() -> Programme:
    return programmes.parse_programme({**sample_document(), "version": 1})


def answer(
    day: float, item: str, right: bool, kind: AttemptKind = AttemptKind.CHECK
) -> GivenAnswer:
    """Each day has a quiz of its own."""
    interval = "1w" if kind == AttemptKind.CHECK else ""
    at = CERTIFIED + timedelta(days=day)
    return GivenAnswer(uuid.UUID(int=int(day)), kind, interval, item, right, at)


def lines(*answers: GivenAnswer, day: float = 60) -> list[CompetencyLine]:
    now = CERTIFIED + timedelta(days=day)
    return own_progress.list_competencies(sample(), CERTIFIED, answers, [], now)


def test_a_competency_that_no_check_asked_about_has_no_line() -> None:
    first = sample().items[0].key
    assert lines() == []
    assert lines(answer(3, first, True, AttemptKind.PRACTICE)) == []
    assert len(lines(answer(7, first, True))) == 1


def test_what_came_to_mind_holds_and_what_did_not_fades() -> None:
    first = sample().items[0].key
    [held] = lines(*(answer(day, first, True) for day in (1, 7, 30)))
    assert (held.right, held.asked, held.fades) == (1, 1, False)
    assert held.of_ten is not None and held.of_ten >= 8
    [lapsed] = lines(answer(1, first, True), answer(7, first, True), answer(30, first, False))
    assert lapsed.fades
    assert lapsed.of_ten is None, "an estimate beside an answer that was just not right"
    [long_ago] = lines(answer(1, first, True), day=180)
    assert long_ago.fades, "half a year after one question"


def test_a_refresher_that_went_right_brings_it_back() -> None:
    first = sample().items[0].key
    [line] = lines(
        answer(30, first, False), answer(33, first, True, AttemptKind.REMEDIATION), day=34
    )
    assert (line.right, line.asked, line.label) == (0, 1, "1 week"), "of the last check"
    assert not line.fades


def test_when_questions_come_again_is_said_as_long_as_it_lies_ahead() -> None:
    programme, now = sample(), CERTIFIED + timedelta(days=31)
    item = programme.items[0]
    state = MemoryState(item.competency, {}, now + timedelta(days=2))
    given = [answer(30, item.key, False)]
    [line] = own_progress.list_competencies(programme, CERTIFIED, given, [state], now)
    assert line.again_at == state.due_at
    later = now + timedelta(days=3)
    [line] = own_progress.list_competencies(programme, CERTIFIED, given, [state], later)
    assert line.again_at is None


@given(DAYS_AND_ANSWERS, st.integers(201, 400))
def test_every_curve_lies_within_its_drawing_and_goes_on_from_left_to_right(
    quizzes: list[tuple[int, bool]], today: int
) -> None:
    dated = sorted((CERTIFIED + timedelta(days=day), right) for day, right in quizzes)
    spans = remediation_schedule.trace_memory(CERTIFIED, dated)
    curve = own_progress.draw_curve(spans, CERTIFIED + timedelta(days=today))
    points = [
        tuple(map(float, pair.split(",")))
        for text in (curve.line, curve.ahead)
        for pair in text.split()
    ]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    for x, y in [*points, *curve.dots, curve.today]:
        assert 0 <= x <= own_progress.WIDTH
        assert 0 <= y <= own_progress.HEIGHT
    assert len(curve.dots) == len(quizzes) + 1


@given(DAYS_AND_ANSWERS, st.integers(201, 400))
def test_what_is_recalled_only_falls_until_the_next_question(
    quizzes: list[tuple[int, bool]], today: int
) -> None:
    dated = sorted((CERTIFIED + timedelta(days=day), right) for day, right in quizzes)
    last = remediation_schedule.trace_memory(CERTIFIED, dated)[-1]
    over_time = [last.recall_at(last.since + timedelta(days=day)) for day in range(today)]
    assert over_time == sorted(over_time, reverse=True)
    assert over_time[0] == 1


def test_a_week_counts_with_one_answer_by_the_calendar_of_the_programme() -> None:
    zone = ZoneInfo("Asia/Tokyo")
    sunday_night = datetime(2026, 3, 8, 15, 30, tzinfo=UTC)  # Monday in Tokyo
    given = [
        GivenAnswer(uuid.uuid4(), AttemptKind.CHECK, "1d", "a", False, at)
        for at in (CERTIFIED, sunday_night)
    ]
    rhythm = own_progress.find_rhythm(given, CERTIFIED, datetime(2026, 3, 18, tzinfo=UTC), zone)
    assert rhythm.weeks == [True, True, False]
    assert rhythm.active == 2
    later = own_progress.find_rhythm(given, CERTIFIED, datetime(2026, 9, 1, tzinfo=UTC), zone)
    assert later.weeks == [False] * own_progress.WEEKS_SHOWN, "a quarter, not all of it"
