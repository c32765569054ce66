"""A person's working time. Pure functions; correct across daylight saving changes, since they use
wall-clock time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from lti_tool.programmes import public_holidays
from lti_tool.programmes.programmes import Calendar, SiteHolidays

DUE_TIME = time(9)  # by then, the working day has begun nearly everywhere
END_OF_DAY = time(23, 59, 59)
MAX_SEARCH_DAYS = 366  # a calendar without a working day in a year is invalid


@dataclass(frozen=True)
class WorkingTime:
    """A person's working time: time zone, ISO weekdays, days off, public holidays."""

    zone: ZoneInfo
    weekdays: frozenset[int]
    days_off: frozenset[date]
    public: SiteHolidays | None = None

    def is_day_off(self, day: date) -> bool:
        """Whether it is a day off of the programme or a public holiday where the person works."""
        return day in self.days_off or (
            self.public is not None
            and public_holidays.is_holiday(self.public.country, self.public.region, day)
        )

    def works_on(self, day: date) -> bool:
        """Whether it is a working day."""
        return day.isoweekday() in self.weekdays and not self.is_day_off(day)

    def day_of(self, instant: datetime) -> date:
        """Return the person's local date at an instant."""
        return instant.astimezone(self.zone).date()

    def week_start(self, instant: datetime) -> datetime:
        """Return the beginning of the local calendar week (Monday) of an instant."""
        day = self.day_of(instant)
        return self.at(day - timedelta(days=day.weekday()), time(0))

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


@dataclass(frozen=True)
class ReminderHours:
    """When somebody wants to be reminded: ISO weekdays, and local hours [begins, ends). Hours that
    end before they begin go over midnight, and belong to the day on which they begin; equal ones
    are the whole day."""

    weekdays: frozenset[int]
    begins: time
    ends: time

    def day_of(self, local: datetime) -> date | None:
        """Return the day to which a local moment belongs; None if it lies outside the hours or
        weekdays."""
        at, day = local.time(), local.date()
        if self.begins < self.ends:
            inside = self.begins <= at < self.ends
        else:
            inside = self.begins == self.ends or at >= self.begins or at < self.ends
            if self.begins != self.ends and at < self.ends:
                day -= timedelta(days=1)
        return day if inside and day.isoweekday() in self.weekdays else None


def resolve_working_time(
    time_zone: str, working_days: Sequence[int], calendar: Calendar, site: str = ""
) -> WorkingTime:
    """Resolve the person's own time zone and working days, falling back to the programme's. The
    programme's days off apply to everybody, the public holidays at the person's site.
    """
    return WorkingTime(
        ZoneInfo(time_zone or calendar.time_zone),
        frozenset(working_days or calendar.working_days),
        frozenset(calendar.holidays),
        calendar.public_at(site),
    )
