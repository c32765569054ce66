"""Intervals for a proportion."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95


def wilson(successes: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The Wilson score interval (Wilson 1927; recommended by Brown, Cai & DasGupta 2001): (low, high), both within [0, 1].

    centre (p + z²/2n)/(1 + z²/n), half width z/(1 + z²/n) · √(p(1−p)/n + z²/4n²). ValueError unless 0 ≤ successes ≤ trials > 0.
    """
    if trials <= 0 or not 0 <= successes <= trials:
        raise ValueError(f"no proportion: {successes} of {trials}")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p, shrink = successes / trials, 1 + z * z / trials
    centre = (p + z * z / (2 * trials)) / shrink
    half = z / shrink * sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    # Rounding may leave the last bit outside; the bound is exact at none and at all.
    return (0.0 if successes == 0 else max(0.0, centre - half), 1.0 if successes == trials else min(1.0, centre + half))
