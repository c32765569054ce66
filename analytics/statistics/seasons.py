"""The seasonal component of a weekly figure: STL (Cleveland, Cleveland, McRae & Terpenning 1990),
robust, with linear loess throughout. Equal to statsmodels' (a test compares them)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Weeks in a year, and the full years that a seasonal component needs: two values for a calendar
# week are met exactly, so that the robust weights of what is left are those of rounding.
SEASON_WEEKS, MIN_SEASONS = 52, 3
# The widths of the three smoothers, in points: of the values of one calendar week over the years,
# of the low-pass filter (the least odd number above the period), and of the trend (the least odd
# number from 1.5 period / (1 - 1.5 / SEASONAL_WIDTH)); section 3 of the paper.
SEASONAL_WIDTH, LOW_PASS_WIDTH, TREND_WIDTH = 7, 53, 101
INNER_PASSES, OUTER_PASSES = 2, 15
# Within these parts of a window the weight is 1, and beyond them 0: rounding decides nothing.
NEAR, FAR = 0.001, 0.999
MADS = 6  # a residual of six times the median absolute one has no weight


def seasonal_component(values: Sequence[float]) -> list[float]:
    """The seasonal component of each value; zero throughout for a series shorter than three
    years."""
    if len(values) < MIN_SEASONS * SEASON_WEEKS:
        return [0.0] * len(values)
    series = np.asarray(values, dtype=np.float64)
    season, trend = np.zeros_like(series), np.zeros_like(series)
    weights: Array | None = None
    for _ in range(OUTER_PASSES + 1):
        for _ in range(INNER_PASSES):
            cycles = _smooth_cycles(series - trend, weights)
            level = _smooth(_moving_averages(cycles), LOW_PASS_WIDTH)
            season = cycles[SEASON_WEEKS:-SEASON_WEEKS] - level
            trend = _smooth(series - season, TREND_WIDTH, weights)
        weights = _robustness_weights(series - season - trend)
    return [float(part) for part in season]


def _smooth_cycles(series: Array, weights: Array | None) -> Array:
    """Each calendar week smoothed over the years and extended by a year at both ends."""
    result = np.empty(len(series) + 2 * SEASON_WEEKS)
    for week in range(SEASON_WEEKS):
        own = None if weights is None else weights[week::SEASON_WEEKS]
        result[week::SEASON_WEEKS] = _smooth(
            series[week::SEASON_WEEKS], SEASONAL_WIDTH, own, beyond=1
        )
    return result


def _moving_averages(cycles: Array) -> Array:
    for width in (SEASON_WEEKS, SEASON_WEEKS, 3):
        cycles = np.convolve(cycles, np.full(width, 1 / width), mode="valid")
    return cycles


@dataclass(frozen=True)
class _Windows:
    """The windows of a smoother, one a row: where they are taken (x), the points in them
    (places, from 0) and the points' weights by distance."""

    x: Array
    places: NDArray[np.intp]
    weights: Array


@cache
def _windows(length: int, width: int, beyond: int) -> _Windows:
    x = np.arange(-beyond, length + beyond)
    wide = min(width, length)
    first = np.clip(x - width // 2, 0, length - wide)
    places = first[:, None] + np.arange(wide)
    half = np.maximum(x - first, first + wide - 1 - x) + max(0, width - length) // 2
    distance = np.abs(places - x[:, None]) / half[:, None]
    weights = np.where(distance <= NEAR, 1.0, (1 - np.minimum(distance, 1) ** 3) ** 3)
    return _Windows(
        x.astype(np.float64), places, np.where(distance <= FAR, weights, 0.0).astype(np.float64)
    )


def _smooth(series: Array, width: int, weights: Array | None = None, beyond: int = 0) -> Array:
    """Loess of degree 1 at each point, and ``beyond`` points further at both ends."""
    length = len(series)
    windows = _windows(length, width, beyond)
    w = windows.weights if weights is None else windows.weights * weights[windows.places]
    total = w.sum(axis=1, keepdims=True)
    empty = total[:, 0] <= 0
    w = w / np.where(total > 0, total, 1.0)
    centre = (w * windows.places).sum(axis=1, keepdims=True)
    apart = windows.places - centre
    spread = (w * apart**2).sum(axis=1, keepdims=True)
    slanted = np.sqrt(spread) > NEAR * (length - 1)
    slope = np.where(slanted, (windows.x[:, None] - centre) / np.where(slanted, spread, 1.0), 0.0)
    result = np.asarray((w * (1 + slope * apart) * series[windows.places]).sum(axis=1))
    # Where robustness leaves a window no weight, the value stays as it is; beyond the ends, the
    # last smoothed one does.
    inner = slice(beyond, length + beyond)
    result[inner] = np.where(empty[inner], series, result[inner])
    if beyond and empty[0]:
        result[0] = result[1]
    if beyond and empty[-1]:
        result[-1] = result[-2]
    return result


def _robustness_weights(residuals: Array) -> Array:
    sizes = np.abs(residuals)
    limit = MADS * float(np.median(sizes))
    weights = (1 - np.minimum(sizes / limit, 1) ** 2) ** 2 if limit else np.ones_like(sizes)
    return np.where(sizes <= NEAR * limit, 1.0, np.where(sizes <= FAR * limit, weights, 0.0))
