"""When checks and the acts of the transfer protocol are due: on working days of the person, in the
person's time zone. The days of the checks are in ``lrs.vocabulary.intervals``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta

from lrs.vocabulary import REPLY_KINDS, ActivityKind, Interval
from lti_tool.programmes.working_time import WorkingTime

# Act → days after the certification by which it is due.
PROTOCOL_DAYS: Mapping[ActivityKind, int] = {
    ActivityKind.EXERCISE: 4,
    ActivityKind.PLAN: 7,
    ActivityKind.EXERCISE_REVIEW: 7,
    ActivityKind.CASE_STUDY: 23,
    ActivityKind.FEEDBACK: 30,
}
FOLLOW_UP, FOLLOW_UP_DAYS = ActivityKind.FOLLOW_UP, 90
ASSESSMENT, ASSESSMENT_DAYS = (
    ActivityKind.BEHAVIOUR_ASSESSMENT,
    90,
)  # three months after the certification


def act_due_at(certified_at: datetime, days: int, when: WorkingTime) -> datetime:
    """Return the end of the first working day that is at least ``days`` days after the
    certification.
    """
    return when.end_of(when.workday_from(when.day_of(certified_at + timedelta(days=days))))


def review_due_at(kind: ActivityKind, due_at: datetime, handed_at: datetime) -> datetime:
    """Return when the review of a submission is due: on the protocol's day, but never before
    the reviewer has had the time that the protocol allows after submission (three days for an
    exercise, seven for a case study)."""
    return max(
        due_at, handed_at + timedelta(days=PROTOCOL_DAYS[REPLY_KINDS[kind]] - PROTOCOL_DAYS[kind])
    )


def check_due_at(certified_at: datetime, interval: Interval, when: WorkingTime) -> datetime:
    """Return when a check is due: on the first working day after the interval's number of days,
    otherwise on the last working day inside its window.

    If the window contains no working day at all, it is due on the nominal day: a due time is
    never outside the window, since answers are counted by window.
    """
    first, closes = check_window(certified_at, interval)
    wanted = when.day_of(certified_at + timedelta(days=interval.due_days))
    later = when.at(when.workday_from(wanted))
    if first <= later < closes:
        return later
    day = wanted
    while when.at(day) > first:
        if when.works_on(day) and when.at(day) < closes:
            return when.at(day)
        day -= timedelta(days=1)
    return certified_at + timedelta(days=interval.due_days)


def check_opens_at(certified_at: datetime, interval: Interval, when: WorkingTime) -> datetime:
    """Return when a check opens: at the start of its due day, but never before its window."""
    return max(
        check_window(certified_at, interval)[0],
        when.at(when.day_of(check_due_at(certified_at, interval, when)), time(0)),
    )


def check_window(certified_at: datetime, interval: Interval) -> tuple[datetime, datetime]:
    """Return the half-open window [from, to) in which an answer counts for an interval, in
    elapsed time.
    """
    return certified_at + timedelta(days=interval.opens_days), certified_at + timedelta(
        days=interval.closes_days
    )
