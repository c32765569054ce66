"""The season of a weekly figure (Cleveland et al. 1990). A module of its own: its library takes long to import, and a page needs none of it."""

from __future__ import annotations

from collections.abc import Sequence

from statsmodels.tsa.seasonal import STL

CYCLE, CYCLES = 52, 2  # weeks of a year; a season is told only where two whole ones were seen


def season_of(values: Sequence[float]) -> list[float]:
    """What of each value is the season's; zero throughout a series of fewer than two years."""
    if len(values) < CYCLES * CYCLE:
        return [0.0] * len(values)
    return [float(part) for part in STL(list(values), period=CYCLE, robust=True).fit().seasonal]
