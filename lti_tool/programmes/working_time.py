"""Due times on a person's working days, in the person's time zone. Pure functions; correct
across daylight saving changes, since they use wall-clock time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lrs.vocabulary import Interval
from lti_tool.programmes.programmes import Calendar

DUE_TIME = time(9)  # by then, the working day has begun nearly everywhere
END_OF_DAY = time(23, 59, 59)
MAX_SEARCH_DAYS = 366  # a calendar without a working day in a year is invalid


@dataclass(frozen=True)
class WorkingTime:
    """A person's working time: time zone, ISO weekdays, days off."""

    zone: ZoneInfo
    weekdays: frozenset[int]
    days_off: frozenset[date]

    def works_on(self, day: date) -> bool:
        """Whether it is a working day."""
        return day.isoweekday() in self.weekdays and day not in self.days_off

    def day_of(self, instant: datetime) -> date:
        """Return the person's local date at an instant."""
        return instant.astimezone(self.zone).date()

    def at(self, day: date, hour: time = DUE_TIME) -> datetime:
        """Convert a local wall-clock time to UTC. A time inside a DST gap is shifted forward by
        the length of the gap (PEP 495, fold 0).
        """
        return datetime.combine(day, hour, self.zone).astimezone(UTC)

    def end_of(self, day: date) -> datetime:
        """Return the last second of a local day."""
        return self.at(day, END_OF_DAY)

    def workday_from(self, day: date) -> date:
        """Return the first working day on or after ``day``, or ``day`` itself if there is none
        within a year.
        """
        return next(
            (
                item
                for item in (day + timedelta(days=n) for n in range(MAX_SEARCH_DAYS))
                if self.works_on(item)
            ),
            day,
        )


def resolve_working_time(
    time_zone: str, working_days: Sequence[int], calendar: Calendar
) -> WorkingTime:
    """Resolve the person's own time zone and working days, falling back to the programme's. The
    programme's days off apply to everybody.
    """
    return WorkingTime(
        ZoneInfo(time_zone or calendar.time_zone),
        frozenset(working_days or calendar.working_days),
        frozenset(calendar.holidays),
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
