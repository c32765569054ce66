"""Whose facts a published row holds, worked out from the facts of each episode in plain Python: apart
from the SQL and from the catalogue, which are what is tested.

A row sums things (``Told``) of episodes: what kind of thing, of which episode, and which of its
things of that kind. Two rows that hold the same thing add the same number for it.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

_DAY = timedelta(days=1)
_CLOSES = {"1d": 3, "1w": 15, "1m": 60, "3m": 135, "6m": 270}  # days; docs/metrics.md
_LOOKS = (30, 60, 90, 180)  # days after which adoption is looked at
_ANSWER_OF = {"exercise": "exercise review", "case study": "feedback"}
_WORK_OF = {answer: work for work, answer in _ANSWER_OF.items()}


class Told(NamedTuple):
    """One thing that is summed up."""

    what: str
    registration: uuid.UUID
    which: str = ""


@dataclass
class Episode:
    """The facts of an episode by now."""

    row: Any
    checks: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    activities: list[Any] = field(default_factory=list)
    ratings: list[Any] = field(default_factory=list)

    def by_day(self, at: datetime | None, day: int) -> bool:
        """Whether something has happened so many days after the certification."""
        return at is not None and at <= self.row.anchor + day * _DAY

    def within(self, seconds: int | None, day: int) -> bool:
        """The same of what is counted in seconds."""
        return seconds is not None and seconds <= day * 86_400


def load_episodes(connection: Connection, tenant_id: int) -> dict[uuid.UUID, Episode]:
    """The facts of a tenant."""

    def rows(table: str) -> Any:
        query = text(f"SELECT * FROM analytics.{table} WHERE tenant_id = :tenant")  # noqa: S608 - our own names
        return connection.execute(query, {"tenant": tenant_id}).all()

    found = {row.registration: Episode(row) for row in rows("fact_episode")}
    for row in rows("fact_check"):
        found[row.registration].checks[row.interval] = row
    for row in rows("fact_recall"):
        found[row.registration].answers[row.interval].append(row)
    for row in rows("fact_activity"):
        found[row.registration].activities.append(row)
    for row in rows("fact_rating"):
        if row.registration in found and not row.calibration:
            found[row.registration].ratings.append(row)
    return found


def things_of(episode: Episode, metric: str, part: str, day: int) -> frozenset[Told]:
    """What an episode adds to a part of a metric."""
    kind = _KINDS[metric]
    return frozenset(
        Told(what, episode.row.registration, which) for what, which in kind(episode, part, day)
    )


Things = Iterator[tuple[str, str]]


def _answers(e: Episode, part: str, _: int) -> Things:
    for answer in e.answers.get(part, ()):
        yield "answers", f"{part} {answer.item}"


def _answers_to(column: str) -> Callable[[Episode, str, int], Things]:
    def answers_to(e: Episode, part: str, day: int) -> Things:
        for interval, closes in _CLOSES.items():
            for answer in e.answers.get(interval, ()) if closes <= day else ():
                if getattr(answer, column) == part:
                    yield "answers", f"{interval} {answer.item}"

    return answers_to


def _due_checks(e: Episode, part: str, _: int) -> Things:
    if part in e.checks and e.by_day(e.checks[part].due_at, _CLOSES[part]):
        yield "due checks", part


def _bounds(e: Episode, part: str, day: int) -> Things:
    """Over checks that are due, of those who answered: right of asked."""
    for thing in _due_checks(e, part, day):
        yield thing
        yield from _answers(e, part, day)


def _of_form(e: Episode, part: str, day: int) -> Things:
    if "baseline" in e.checks and e.checks["baseline"].asked > 0:
        for thing in _answers(e, part, day):
            yield thing
            yield "day-0 form", ""


def _of_exam(e: Episode, part: str, day: int) -> Things:
    if e.row.exam is not None:
        for thing in _answers(e, part, day):
            yield thing
            yield "exam", ""


def _all(what: str) -> Callable[[Episode, str, int], Things]:
    def everybody(_: Episode, __: str, day: int) -> Things:
        yield what, ""

    return everybody


def _who_could(e: Episode, part: str, day: int) -> Things:
    row = e.row
    idle = e.within(row.no_opportunity_seconds, day) and not e.within(row.used_1_seconds, day)
    if e.within(row.planned_seconds, day) if part == "planned" else not idle:
        yield "uses", ""


def _tasks(e: Episode, _: str, day: int) -> Things:
    if e.within(e.row.planned_seconds, day):
        yield "tasks", ""


def _sustained(e: Episode, part: str, _: int) -> Things:
    early = e.row.used_2_seconds is not None and e.row.used_2_seconds < 60 * 86_400
    if early and (part == "all" or e.row.sustained is not None):
        yield f"sustained, {part}", ""


def _due_activities(e: Episode, day: int) -> Iterator[Any]:
    """What is due by a day, without answers to work of which something is not handed in."""
    for activity in e.activities:
        work = _WORK_OF.get(activity.kind)
        missing = work and any(
            other.kind == work and not e.by_day(other.done_at, day) for other in e.activities
        )
        if e.by_day(activity.due_at, day) and not missing:
            yield activity


def _activities(e: Episode, part: str, day: int) -> Things:
    """By kind, and by the look at which it is counted first."""
    for activity in _due_activities(e, day):
        if part in ("", activity.kind):
            looks = (look for look in _LOOKS if activity in list(_due_activities(e, look)))
            yield "activities", f"{activity.kind} by {next(looks)}"


def _of_kind(kind: str) -> Callable[[Episode, str, int], Things]:
    return lambda episode, _, day: _activities(episode, kind, day)


def _all_answers(e: Episode, _: str, day: int) -> Things:
    for interval, closes in _CLOSES.items():
        if closes <= day:
            yield from _answers(e, interval, day)


def _in_time(what: str, kind: str) -> Callable[[Episode, str, int], Things]:
    def in_time(e: Episode, _: str, day: int) -> Things:
        if any(one.kind == kind and e.by_day(one.due_at, day) for one in e.activities):
            yield what, ""

    return in_time


def _replies(e: Episode, part: str, day: int) -> Things:
    kinds = {one.kind for one in e.activities}
    for one in e.activities:
        answer = _ANSWER_OF.get(one.kind)
        if answer in kinds and part in ("", one.kind) and e.by_day(one.done_at, day - 8):
            yield "replies", one.kind


def _ratings(e: Episode, part: str, day: int) -> Things:
    if any((one.relation or "unknown") == part and e.by_day(one.at, day) for one in e.ratings):
        yield "ratings", part


def _gained(e: Episode, _: str, __: int) -> Things:
    if e.row.exam is not None and e.row.pre_test is not None and e.row.pre_test < 1:
        yield "exam", ""
        yield "test before", ""


def _gained_in_an_hour(e: Episode, part: str, day: int) -> Things:
    if e.row.training_seconds:
        yield from _gained(e, part, day)


_KINDS: Mapping[str, Callable[[Episode, str, int], Things]] = {
    "retention_observed": _answers,
    "retention_response": _due_checks,
    "retention_worst": _bounds,
    "retention_best": _bounds,
    "retention_ratio": _of_form,
    "retention_of_exam": _of_exam,
    "transfer_rate": _all("uses"),
    "transfer_by_grade": _all("uses"),
    "transfer_where": _who_could,
    "no_opportunity": _all("no opportunity"),
    "transfer_intensity": _tasks,
    "scrap_learning": _all("uses by day 60"),
    "time_to_first_use": _all("time to use"),
    "time_to_competency": _all("time to competency"),
    "sustainability": _sustained,
    "adoption_due": _activities,
    "reach": _all("reach"),
    "checks_started": _of_kind("check"),
    "rapid_guesses": _all_answers,
    "feedback_by_day_30": _in_time("feedback in time", "feedback"),
    "reviews_by_day_7": _in_time("reviews in time", "exercise review"),
    "answered_within_a_week": _replies,
    "coaching_attended": _of_kind("meeting"),
    "behaviour": _ratings,
    "competency_right": _answers_to("competency"),
    "question_right": _answers_to("item"),
    "learning_gain": _gained,
    "learning_efficiency": _gained_in_an_hour,
}


def by_what(things: frozenset[Told]) -> dict[str, frozenset[Told]]:
    """Things of each kind."""
    found: dict[str, set[Told]] = defaultdict(set)
    for thing in things:
        found[thing.what].add(thing)
    return {what: frozenset(some) for what, some in found.items()}
