"""What a learner sees of the own progress, and nobody else does: what holds and what fades by
competency, with the curve of an estimate; and the weeks in which something was answered."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from lti_tool.checks import remediation_schedule
from lti_tool.checks.attempts_store import GivenAnswer, MemoryState
from lti_tool.checks.quiz_attempts import INTERVAL_LABELS
from lti_tool.programmes.programmes import Programme
from lti_tool.tables.checks import AttemptKind

FADES_BELOW = 0.7  # a question of three is expected to be wrong: what a refresher is for
WEEKS_SHOWN = 13  # a quarter
# Of the drawing, in its own units: nothing of it is text, so it can grow with the page.
WIDTH, HEIGHT, MARGIN = 264.0, 48.0, 5.0
TODAY_AT = 0.82  # the share of the width that lies before today
POINTS_A_SPAN = 12  # between two quizzes; more cannot be seen
LOWEST = 0.3  # the lower edge: an estimate hardly goes below it within six months


@dataclass(frozen=True)
class Curve:
    """An estimate over time as the texts of SVG: ``line`` and ``area`` up to today, ``ahead`` from
    then on, dots at the quizzes, and the point of today."""

    line: str
    area: str
    ahead: str
    dots: list[tuple[float, float]]
    today: tuple[float, float]


@dataclass(frozen=True)
class CompetencyLine:
    """What a learner's own answers say of a competency. ``right`` of ``asked`` in the last check
    that asked about it, after ``label``. ``of_ten``: how many questions of ten would be right today
    by the estimate; None where the last quiz on it was not. ``again_at``: when questions on it
    come."""

    title: str
    label: str
    right: int
    asked: int
    of_ten: int | None
    again_at: datetime | None
    curve: Curve

    @property
    def fades(self) -> bool:
        """Whether it needs a refresher."""
        return self.of_ten is None or self.of_ten < FADES_BELOW * 10


def list_competencies(
    programme: Programme,
    certified_at: datetime,
    answers: Sequence[GivenAnswer],
    memory: Sequence[MemoryState],
    now: datetime,
) -> list[CompetencyLine]:
    """A line for each competency that a check has asked about, in the programme's order."""
    competency_of = {item.key: item.competency for item in programme.items}
    due = {state.competency: state.due_at for state in memory if state.due_at > now}
    by_competency: dict[str, list[GivenAnswer]] = {}
    for answer in answers:
        by_competency.setdefault(competency_of.get(answer.item, ""), []).append(answer)
    lines = []
    for competency in programme.competencies:
        given = by_competency.get(competency.key, [])
        if any(answer.kind == AttemptKind.CHECK for answer in given):
            again_at = due.get(competency.key)
            lines.append(_describe(competency.title, given, certified_at, again_at, now))
    return lines


def _describe(
    title: str,
    given: Sequence[GivenAnswer],
    certified_at: datetime,
    again_at: datetime | None,
    now: datetime,
) -> CompetencyLine:
    measured = [answer for answer in given if answer.kind == AttemptKind.CHECK]
    last = [answer.correct for answer in measured if answer.attempt_id == measured[-1].attempt_id]
    quizzes = _judge_quizzes(given)
    spans = remediation_schedule.trace_memory(certified_at, quizzes)
    of_ten = min(9, round(10 * spans[-1].recall_at(now))) if quizzes[-1][1] else None
    return CompetencyLine(
        title=title,
        label=INTERVAL_LABELS.get(measured[-1].interval, measured[-1].interval),
        right=sum(last),
        asked=len(last),
        of_ten=of_ten,
        again_at=again_at,
        curve=draw_curve(spans, now),
    )


def _judge_quizzes(given: Sequence[GivenAnswer]) -> list[tuple[datetime, bool]]:
    """When each quiz asked about a competency for the last time, and whether most was right."""
    by_quiz: dict[uuid.UUID, list[GivenAnswer]] = {}
    for answer in given:
        by_quiz.setdefault(answer.attempt_id, []).append(answer)
    return sorted(
        (answers[-1].answered_at, 2 * sum(one.correct for one in answers) > len(answers))
        for answers in by_quiz.values()
    )


def draw_curve(spans: Sequence[remediation_schedule.Span], now: datetime) -> Curve:
    """Draw an estimate from its first span until today, and a little ahead."""
    begin = spans[0].since
    until_now = max((now - begin).total_seconds(), 1.0)

    def place(at: datetime, recall: float) -> tuple[float, float]:
        inner = WIDTH - 2 * MARGIN
        x = MARGIN + inner * TODAY_AT * (at - begin).total_seconds() / until_now
        share = max(0.0, (recall - LOWEST) / (1 - LOWEST))
        return round(x, 1), round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * share, 1)

    def walk(span: remediation_schedule.Span, since: datetime, until: datetime) -> str:
        steps = (since + (until - since) * n / POINTS_A_SPAN for n in range(POINTS_A_SPAN + 1))
        return " ".join(f"{x},{y}" for x, y in (place(at, span.recall_at(at)) for at in steps))

    ends = [*(span.since for span in spans[1:]), now]
    line = " ".join(walk(span, span.since, end) for span, end in zip(spans, ends, strict=True))
    today = place(now, spans[-1].recall_at(now))
    ahead = now + timedelta(seconds=until_now * (1 - TODAY_AT) / TODAY_AT)
    floor = HEIGHT - MARGIN
    return Curve(
        line=line,
        area=f"{line} {today[0]},{floor} {MARGIN},{floor}",
        ahead=walk(spans[-1], now, ahead),
        dots=[place(span.since, 1.0) for span in spans],
        today=today,
    )


@dataclass(frozen=True)
class Rhythm:
    """Of the last weeks since the certification, the oldest first, whether something was answered
    in each."""

    weeks: list[bool]

    @property
    def active(self) -> int:
        """Weeks with an answer."""
        return sum(self.weeks)


def find_rhythm(
    answers: Sequence[GivenAnswer], certified_at: datetime, now: datetime, zone: ZoneInfo
) -> Rhythm:
    """The rhythm by calendar weeks (Monday to Sunday) in a time zone."""

    def monday(at: datetime) -> date:
        day = at.astimezone(zone).date()
        return day - timedelta(days=day.weekday())

    this, first = monday(now), monday(certified_at)
    shown = min(WEEKS_SHOWN, (this - first).days // 7 + 1)
    begins = [this - timedelta(weeks=n) for n in reversed(range(max(shown, 1)))]
    answered = {monday(answer.answered_at) for answer in answers}
    return Rhythm([begin in answered for begin in begins])
