"""Weekly figures: charted and monitored for alarms. There are two of each: live ones by calendar
week, for those who may see individual people, and for everybody the published ones, by the week in
which rows of packets were published (analytics.publishing.weeks)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from analytics.definitions import CountQuery, groups


@dataclass(frozen=True)
class WeeklySeries:
    """A share by week, of which more is better. ``numerator`` and ``denominator`` name columns
    in the rows of ``count``, which are live; ``metric`` is the one whose published rows are summed
    up, of all its parts together, or of ``part``; ``alarm_text`` is the text of an alarm."""

    label: str
    count: CountQuery
    numerator: str
    denominator: str
    alarm_text: str
    metric: str
    part: str | None = None
    learners: str = "learners"  # the column that counts the people in the share
    owner: str = "training manager"


WEEKLY_SERIES: Mapping[str, WeeklySeries] = {
    "checks_done": WeeklySeries(
        "Checks done within a week of being due",
        groups.select_checks_by_week,
        "done",
        "due",
        "Fewer checks are done than before",
        "retention_response",
    ),
    "answers_right": WeeklySeries(
        "Answers right, by the week of the check",
        groups.select_checks_by_week,
        "right",
        "asked",
        "Fewer answers are right than before",
        "retention_observed",
        learners="answerers",
    ),
    "used": WeeklySeries(
        "Verified use within 90 days, by the week in which they ended",
        groups.select_transfer_by_week,
        "used",
        "certified",
        "Fewer people use what they learned than before",
        "transfer_rate",
        part="",
    ),
}


def week_start(week: int) -> date:
    """The Monday on which a numbered week begins."""
    return groups.week_begin(week).date()
