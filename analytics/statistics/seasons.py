"""The seasonal component of a weekly figure (Cleveland et al. 1990). A separate module, because
its library is slow to import and no page needs it."""

from __future__ import annotations

from collections.abc import Sequence

from statsmodels.tsa.seasonal import STL

SEASON_WEEKS, MIN_SEASONS = 52, 2  # weeks in a year; a seasonal component needs two full years


def seasonal_component(values: Sequence[float]) -> list[float]:
    """The seasonal component of each value; zero throughout for a series shorter than two
    years."""
    if len(values) < MIN_SEASONS * SEASON_WEEKS:
        return [0.0] * len(values)
    return [
        float(part) for part in STL(list(values), period=SEASON_WEEKS, robust=True).fit().seasonal
    ]
