"""Is it changing? Process behaviour charts (Wheeler 1993), which do not judge whether it is
good enough."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, median

NATURAL_FACTOR, UPPER_RANGE_FACTOR, MEDIAN_NATURAL_FACTOR, MEDIAN_RANGE_FACTOR = (
    2.660,
    3.268,
    3.145,
    3.865,
)  # Wheeler 1993, for moving ranges of two
MIN_BASELINE_POINTS, BASELINE_POINTS = 12, 20
RUN_LENGTH = 8  # consecutive on one side of the centre
NEAR_POINTS, NEAR_WINDOW = 3, 4  # three of the last four are closer to a limit than to the centre


@dataclass(frozen=True)
class ProcessLimits:
    """Centre and natural process limits; for moving ranges, their mean (or median) and upper
    limit."""

    centre: float
    low: float
    high: float
    moving_range: float
    upper_range: float


@dataclass(frozen=True)
class Signal:
    """A point that ordinary variation does not explain: its index in the series, the rule, and
    the direction."""

    index: int
    rule: str
    upward: bool


def xmr_limits(values: Sequence[float], robust: bool = False) -> ProcessLimits:
    """Limits of individual values from their moving ranges: mean ± 2.66 mean range; ``robust``:
    median ± 3.145 median range.

    Raises ValueError for fewer than two values.
    """
    if len(values) < 2:
        raise ValueError("limits need two values at least")
    ranges = [abs(after - before) for before, after in itertools.pairwise(values)]
    centre, typical = (median(values), median(ranges)) if robust else (fmean(values), fmean(ranges))
    half = (MEDIAN_NATURAL_FACTOR if robust else NATURAL_FACTOR) * typical
    return ProcessLimits(
        centre,
        centre - half,
        centre + half,
        typical,
        (MEDIAN_RANGE_FACTOR if robust else UPPER_RANGE_FACTOR) * typical,
    )


def baseline_limits(values: Sequence[float]) -> tuple[ProcessLimits, bool]:
    """Limits of a baseline, and whether they are the robust ones: a range beyond the upper
    limit of ranges means that something happened within the baseline, and the mean would widen
    the limits because of it."""
    plain = xmr_limits(values)
    jumps = any(
        abs(after - before) > plain.upper_range for before, after in itertools.pairwise(values)
    )
    return (xmr_limits(values, robust=True), True) if jumps else (plain, False)


def p_chart(
    counts: Sequence[tuple[int, int]], baseline: int = BASELINE_POINTS
) -> tuple[float, list[tuple[float, float]], float]:
    """(centre, limits for each point, sigma Z) of (successes, trials): Laney's p′ chart, which
    equals the p chart if points vary only by chance (sigma Z of 1 or less). Laney 2002. Centre
    and sigma Z are those of the first ``baseline`` points: later points are compared with them
    and do not shift them. Limits may lie beyond 0 and 1: the rules need that, and a picture
    clips them.
    """
    first = counts[:baseline]
    n = sum(trials for _, trials in first)
    if not n:
        return 0.0, [(-1.0, 1.0) for _ in counts], 1.0
    p = sum(successes for successes, _ in first) / n
    sigmas = [sqrt(p * (1 - p) / trials) if trials else 0.0 for _, trials in counts]
    scores = [
        (k / trials - p) / sigma
        for (k, trials), sigma in zip(first, sigmas, strict=False)
        if trials and sigma
    ]
    over = 1.0
    if len(scores) >= 2:
        over = max(
            1.0, fmean(abs(after - before) for before, after in itertools.pairwise(scores)) / 1.128
        )
    limits = [
        (p - 3 * s * over, p + 3 * s * over) if trials else (p - 1.0, p + 1.0)
        for s, (_, trials) in zip(sigmas, counts, strict=True)
    ]
    return p, limits, over


def detect_signals(
    values: Sequence[float], centre: float, limits: Sequence[tuple[float, float]]
) -> list[Signal]:
    """Wheeler's three detection rules: a point beyond a limit; eight in a row on one side;
    three of four closer to a limit than to the centre."""
    result = []
    # A point without trials lies on the centre and ends every run.
    for i, (value, (low, high)) in enumerate(zip(values, limits, strict=True)):
        if not low <= value <= high:
            result.append(Signal(i, "beyond a limit", value > high))
        for upward in (True, False):

            def on_side(j: int, up: bool = upward) -> bool:
                return values[j] > centre if up else values[j] < centre

            def near_limit(j: int, up: bool = upward) -> bool:
                low_j, high_j = limits[j]
                return values[j] > (centre + high_j) / 2 if up else values[j] < (centre + low_j) / 2

            if i >= RUN_LENGTH - 1 and all(on_side(j) for j in range(i - RUN_LENGTH + 1, i + 1)):
                result.append(Signal(i, "eight in a row on one side", upward))
            if (
                i >= NEAR_WINDOW - 1
                and near_limit(i)
                and sum(near_limit(j) for j in range(i - NEAR_WINDOW + 1, i + 1)) >= NEAR_POINTS
            ):
                result.append(Signal(i, "three of four near a limit", upward))
    return result


def trailing_run_length(values: Sequence[float], centre: float) -> int:
    """How many of the last values lie on the same side of the centre; a value equal to the
    centre ends the run."""
    upward = bool(values) and values[-1] > centre
    length = 0
    for value in reversed(values):
        if value == centre or (value > centre) != upward:
            break
        length += 1
    return length
