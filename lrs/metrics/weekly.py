"""Weekly figures: each is published when its week is over, charted, and monitored for
alarms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from lrs.metrics.definitions import Counting, groups


@dataclass(frozen=True)
class Series:
    """A share by week, of which more is better. ``numerator`` and ``denominator`` name columns
    in the rows of ``count``; ``fell`` is the text of an alarm."""

    label: str
    count: Counting
    numerator: str
    denominator: str
    fell: str
    learners: str = "learners"  # the column that counts the people in the share
    owner: str = "training manager"


SERIES: Mapping[str, Series] = {
    "checks_done": Series("Checks done within a week of being due", groups.weeks_of_checks, "done", "due", "Fewer checks are done than before"),
    "answers_right": Series(
        "Answers right, by the week of the check", groups.weeks_of_checks, "right", "asked", "Fewer answers are right than before", "answerers"
    ),
    "used": Series(
        "Verified use within 90 days, by the week in which they ended",
        groups.weeks_of_transfer,
        "used",
        "certified",
        "Fewer people use what they learned than before",
    ),
}


def day_of(week: int) -> date:
    """The first day (a Thursday) of a week numbered from 1 January 1970."""
    return datetime.fromtimestamp(week * groups.WEEK, UTC).date()
