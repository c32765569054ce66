"""The length of a reading's period, and how many of them make a year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

SHORTEST_MONTH_DAYS = 28
MONTHS_A_YEAR, WEEKS_A_YEAR, DAYS_A_YEAR = 12, 52, 365  # in a year, as finance counts them
_PERIOD_NAMES = {
    ("month", 1): "month",
    ("month", 3): "quarter",
    ("month", 6): "half-year",
    ("month", 12): "year",
    ("week", 1): "week",
    ("day", 1): "day",
}
_UNITS_A_YEAR = {"month": MONTHS_A_YEAR, "week": WEEKS_A_YEAR, "day": DAYS_A_YEAR}


@dataclass(frozen=True)
class PeriodLength:
    """A kind of period: ``name`` in words, ``a_year`` how many there are in a year."""

    name: str
    a_year: float


def period_length(first: date, last: date) -> PeriodLength:
    """The kind of a period, from its first and last day: whole months (starting on any day),
    else whole weeks, else days."""
    days, after = (last - first).days + 1, last + timedelta(days=1)
    months = (after.year - first.year) * MONTHS_A_YEAR + after.month - first.month
    if (
        first.day == 1
        and (first.year, first.month) == (last.year, last.month)
        and last.day >= SHORTEST_MONTH_DAYS
    ):
        return _make_period_length(
            "month", 1
        )  # tables often end every month on the 28th or the 30th
    if after.day == first.day and months > 0:
        return _make_period_length("month", months)
    return (
        _make_period_length("week", days // 7)
        if days % 7 == 0
        else _make_period_length("day", days)
    )


def _make_period_length(unit: str, number: int) -> PeriodLength:
    return PeriodLength(
        _PERIOD_NAMES.get((unit, number), f"{number} {unit}s"), _UNITS_A_YEAR[unit] / number
    )
