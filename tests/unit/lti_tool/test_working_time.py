"""Due times on the person's working days, in the person's time zone, whatever the clock does there."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lrs.vocabulary import INTERVALS, find_interval
from lti_tool.programmes import due_dates, working_time
from lti_tool.programmes.programmes import Calendar

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "America/St_Johns",
]
instants = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy adds the zone
weekdays = st.lists(st.integers(1, 7), min_size=1, max_size=7, unique=True)


@given(
    instants,
    st.sampled_from(ZONES),
    weekdays,
    st.lists(st.dates(date(2020, 1, 1), date(2035, 12, 31)), max_size=5),
    st.sampled_from(INTERVALS),
)
def test_a_check_is_due_inside_its_window_on_a_working_day_at_nine(
    certified: datetime, zone: str, days: list[int], off: list[date], interval: object
) -> None:
    assert isinstance(interval, type(INTERVALS[0]))
    when = working_time.resolve_working_time(zone, days, Calendar(holidays=off))
    due = due_dates.check_due_at(certified, interval, when)
    opens, closes = due_dates.check_window(certified, interval)
    assert opens <= due_dates.check_opens_at(certified, interval, when) <= due < closes
    assert when.day_of(due_dates.check_opens_at(certified, interval, when)) == when.day_of(due), (
        "nobody meets a check before its day"
    )
    assert find_interval(int((due - certified).total_seconds())) == interval, (
        "answered when due, it counts for this interval"
    )
    local = due.astimezone(when.zone)
    if when.works_on(local.date()):
        # Nine by the wall clock, except where the clock jumped over it.
        assert local.hour == 9 or due == certified + timedelta(days=interval.due_days)
    else:
        candidates = (
            when.at(opens.astimezone(when.zone).date() + timedelta(days=n))
            for n in range((closes - opens).days + 2)
        )
        fitting = [
            at for at in candidates if opens <= at < closes and when.works_on(when.day_of(at))
        ]
        wanted = when.day_of(certified + timedelta(days=interval.due_days))
        assert not [at for at in fitting if when.day_of(at) <= wanted], (
            "there was no working day up to the wanted one"
        )


@pytest.mark.parametrize(
    ("certified", "zone", "interval", "due"),
    [
        # A Friday: one day later is a Saturday, so it is due on Monday.
        ("2026-11-27T10:00:00+00:00", "UTC", "1d", "2026-11-30T09:00:00+00:00"),
        # Clocks go back in Berlin on 25 October 2026: nine is nine.
        ("2026-10-20T08:00:00+00:00", "Europe/Berlin", "1w", "2026-10-27T08:00:00+00:00"),
        ("2026-10-13T08:00:00+00:00", "Europe/Berlin", "1w", "2026-10-20T07:00:00+00:00"),
        # Already the next day in Auckland.
        ("2026-11-23T20:00:00+00:00", "Pacific/Auckland", "1d", "2026-11-24T20:00:00+00:00"),
    ],
)
def test_worked_examples(certified: str, zone: str, interval: str, due: str) -> None:
    chosen = next(one for one in INTERVALS if one.key == interval)
    assert due_dates.check_due_at(
        datetime.fromisoformat(certified),
        chosen,
        working_time.resolve_working_time(zone, [], Calendar()),
    ) == datetime.fromisoformat(due)


def test_sunday_to_thursday_is_a_working_week_too() -> None:
    when = working_time.resolve_working_time("Asia/Dubai", [7, 1, 2, 3, 4], Calendar())
    assert when.day_of(
        due_dates.check_due_at(datetime(2026, 11, 26, 10, tzinfo=UTC), INTERVALS[0], when)
    ) == date(2026, 11, 29)


def test_the_programme_s_days_off_hold_for_everybody() -> None:
    when = working_time.resolve_working_time(
        "Europe/Berlin", [], Calendar(holidays=[date(2026, 12, 25)])
    )
    assert when.day_of(
        due_dates.check_due_at(datetime(2026, 12, 18, 10, tzinfo=UTC), INTERVALS[1], when)
    ) == date(2026, 12, 28)
