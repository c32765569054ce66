"""The length of a reading's period, and how many of them make a year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

SHORTEST_MONTH = 28
MONTHS, WEEKS, DAYS = 12, 52, 365  # in a year, as finance counts them
_NAMES = {("month", 1): "month", ("month", 3): "quarter", ("month", 6): "half-year", ("month", 12): "year", ("week", 1): "week", ("day", 1): "day"}
_A_YEAR = {"month": MONTHS, "week": WEEKS, "day": DAYS}


@dataclass(frozen=True)
class Length:
    """A kind of period: ``name`` in words, ``a_year`` how many there are in a year."""

    name: str
    a_year: float


def length_of(first: date, last: date) -> Length:
    """The kind of a period, from its first and last day: whole months (starting on any day),
    else whole weeks, else days."""
    days, after = (last - first).days + 1, last + timedelta(days=1)
    months = (after.year - first.year) * MONTHS + after.month - first.month
    if first.day == 1 and (first.year, first.month) == (last.year, last.month) and last.day >= SHORTEST_MONTH:
        return _named("month", 1)  # tables often end every month on the 28th or the 30th
    if after.day == first.day and months > 0:
        return _named("month", months)
    return _named("week", days // 7) if days % 7 == 0 else _named("day", days)


def _named(unit: str, number: int) -> Length:
    return Length(_NAMES.get((unit, number), f"{number} {unit}s"), _A_YEAR[unit] / number)
