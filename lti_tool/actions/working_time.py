"""Due times on a person's working days, in the person's time zone. Pure; survives changes of the clock, since it counts wall time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lrs.vocabulary import Interval
from lti_tool.actions.programmes import Calendar

DUE_AT = time(9)  # when a working day has begun nearly everywhere
DAY_ENDS = time(23, 59, 59)
SEARCHED_DAYS = 366  # a year without a single working day is no calendar


@dataclass(frozen=True)
class WorkingTime:
    """Whose time it is: zone, ISO weekdays, days off."""

    zone: ZoneInfo
    weekdays: frozenset[int]
    days_off: frozenset[date]

    def works_on(self, day: date) -> bool:
        """Whether it is a working day."""
        return day.isoweekday() in self.weekdays and day not in self.days_off

    def day_of(self, instant: datetime) -> date:
        """The person's date at an instant."""
        return instant.astimezone(self.zone).date()

    def at(self, day: date, hour: time = DUE_AT) -> datetime:
        """The instant of a wall-clock time, in UTC. A time that the clock skips is that long after the skip (PEP 495, fold 0)."""
        return datetime.combine(day, hour, self.zone).astimezone(UTC)

    def end_of(self, day: date) -> datetime:
        """The last second of a day there."""
        return self.at(day, DAY_ENDS)

    def workday_from(self, day: date) -> date:
        """The first working day on or after ``day``; ``day`` itself where there is none within a year."""
        return next((one for one in (day + timedelta(days=n) for n in range(SEARCHED_DAYS)) if self.works_on(one)), day)


def of(time_zone: str, working_days: Sequence[int], calendar: Calendar) -> WorkingTime:
    """The person's own zone and working days; where they have none, the programme's. The programme's days off hold for all."""
    return WorkingTime(ZoneInfo(time_zone or calendar.time_zone), frozenset(working_days or calendar.working_days), frozenset(calendar.holidays))


def due(certified_at: datetime, interval: Interval, when: WorkingTime) -> datetime:
    """When a check is due: on the first working day that many days after the certification, else on the last one inside its window.

    Where the window holds no working day at all, on the day itself: a window is never left, since answers are counted by it.
    """
    first, closes = window(certified_at, interval)
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


def opens(certified_at: datetime, interval: Interval, when: WorkingTime) -> datetime:
    """When a check can be taken: from the beginning of the day on which it is due, never before its window."""
    return max(window(certified_at, interval)[0], when.at(when.day_of(due(certified_at, interval, when)), time(0)))


def window(certified_at: datetime, interval: Interval) -> tuple[datetime, datetime]:
    """[from, to) in which an answer counts for an interval, by the time that really passes."""
    return certified_at + timedelta(days=interval.opens_days), certified_at + timedelta(days=interval.closes_days)
