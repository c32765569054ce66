"""How many minutes a programme asks of people: what mails and calendars say of one task, and what
the whole schedule adds up to. Pure functions.

The minutes are what the pages promise (a check: one question a minute), not measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from lrs.vocabulary import INTERVALS, ActivityKind
from lti_tool.programmes import transfer_schedule
from lti_tool.programmes.due_dates import FOLLOW_UP
from lti_tool.programmes.programmes import Programme

MINUTES_PER_QUESTION = 1
REFRESHER_QUESTIONS, REFRESHER_MINUTES = 3, 2  # two or three questions, done in two minutes
MEETING_MINUTES = 45
WORKSHOP_MINUTES = 60
USE_MINUTES = 1  # to confirm one use at work, or to say that one did not see it
# Act → minutes of whoever does it: the learner, or (reviews, assessment) whoever leads one.
ACT_MINUTES: Mapping[str, int] = {
    ActivityKind.EXERCISE: 30,
    ActivityKind.PLAN: 15,
    ActivityKind.CASE_STUDY: 30,
    ActivityKind.FOLLOW_UP: 2,
    ActivityKind.EXERCISE_REVIEW: 5,
    ActivityKind.FEEDBACK: 5,
    ActivityKind.BEHAVIOUR_ASSESSMENT: 10,
}
LEADER_ACTS = frozenset(
    (ActivityKind.EXERCISE_REVIEW, ActivityKind.FEEDBACK, ActivityKind.BEHAVIOUR_ASSESSMENT)
)
RHYTHM_PERIODS: Mapping[str, timedelta | None] = {
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=30),
    "none": None,
}
# Refreshers rest from two days before a check is due: nothing is trained just before it is
# measured.
QUIET_PERIOD_BEFORE_CHECK = timedelta(days=2)


@dataclass(frozen=True)
class Workload:
    """Minutes that a programme asks within six months, until the last check: of each learner, and
    of whoever leads somebody, for each learner led."""

    learner: int
    leader: int


def estimate_workload(programme: Programme) -> Workload:
    """Add up the schedule of somebody who does everything on its day. What depends on answers
    (refreshers after a lapse) or on a choice (coaching groups, uses reported) is left out."""
    acts = {*transfer_schedule.protocol_for(programme), FOLLOW_UP}
    baseline = sum(item.pool == "baseline" for item in programme.items)
    checks = len(INTERVALS) * programme.questions
    learner = (
        (baseline + checks) * MINUTES_PER_QUESTION
        + count_refreshers(programme) * REFRESHER_MINUTES
        + sum(ACT_MINUTES[act] for act in acts - LEADER_ACTS)
    )
    # The follow-up asks whoever leads the learner, too.
    leader = sum(ACT_MINUTES[act] for act in acts & LEADER_ACTS) + ACT_MINUTES[FOLLOW_UP]
    return Workload(learner, leader)


def count_refreshers(programme: Programme) -> int:
    """How many refreshers the rhythm asks for until the last check is due."""
    step = RHYTHM_PERIODS[programme.rhythm]
    if step is None or not any(item.pool == "practice" for item in programme.items):
        return 0
    due = [timedelta(days=interval.due_days) for interval in INTERVALS]
    count, last = 0, timedelta(0)
    for day in (timedelta(days=n) for n in range(int(INTERVALS[-1].due_days))):
        if day in due:
            last = day  # a check is this week's refresher
        elif day - last >= step and not any(
            at - QUIET_PERIOD_BEFORE_CHECK <= day < at for at in due
        ):
            count, last = count + 1, day
    return count
