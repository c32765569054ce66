"""Intervals for a proportion, including when the trials of one person are correlated."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95


def normal_quantile(confidence: float = CONFIDENCE) -> float:
    """The two-sided standard normal quantile."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson_interval(
    successes: float, trials: float, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """The Wilson score interval (Wilson 1927; recommended by Brown, Cai & DasGupta 2001): (low,
    high), both within [0, 1].

    centre (p + z²/2n)/(1 + z²/n), half width z/(1 + z²/n) · √(p(1−p)/n + z²/4n²). Raises
    ValueError unless 0 ≤ successes ≤ trials > 0.
    """
    if trials <= 0 or not 0 <= successes <= trials:
        raise ValueError(f"no proportion: {successes} of {trials}")
    z = normal_quantile(confidence)
    p, shrink = successes / trials, 1 + z * z / trials
    centre = (p + z * z / (2 * trials)) / shrink
    half = z / shrink * sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    # Rounding may leave the last bit outside [0, 1]; the bound is exact at no and at all
    # successes.
    return (
        0.0 if successes == 0 else max(0.0, centre - half),
        1.0 if successes == trials else min(1.0, centre + half),
    )


def design_effect(k: float, n: float, kk: float, kn: float, nn: float, clusters: int) -> float:
    """The factor by which the variance of a ratio exceeds that of independent trials (Kish
    1965; the linearised ratio estimator).

    ``k`` and ``n`` are sums over clusters of successes and trials, ``kk``, ``kn``, ``nn`` the
    sums of their products. Never below 1: a sample that happens to look better than chance is
    not trusted. 1 if it cannot be estimated (one cluster, p of 0 or 1).
    """
    p = k / n if n else 0.0
    if clusters < 2 or p in (0.0, 1.0):
        return 1.0
    # sum over clusters of (k_i - p n_i)^2; both variances have the usual small-sample correction,
    # so that clusters of one trial give exactly 1
    squares = max(0.0, kk - 2 * p * kn + p * p * nn) * clusters / (clusters - 1)
    return max(1.0, squares / (n * p * (1 - p) * n / max(1.0, n - 1)))


def clustered_wilson_interval(
    k: float,
    n: float,
    kk: float,
    kn: float,
    nn: float,
    clusters: int,
    confidence: float = CONFIDENCE,
) -> tuple[float, float]:
    """Wilson's interval on the effective number of trials n/deff (Korn & Graubard 1998, with
    Wilson's in place of the exact interval).

    If every answer is right (or wrong), the correlation within people cannot be estimated, so
    people are counted instead of answers.
    """
    p = k / n
    effective = (
        min(n, clusters) if p in (0.0, 1.0) else n / design_effect(k, n, kk, kn, nn, clusters)
    )
    return wilson_interval(p * effective, effective, confidence)
