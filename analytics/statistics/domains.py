"""Weak domains: a competency that many people miss points to the training content, not to the
people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaincc, betaincinv, betaln

from analytics.statistics import false_discovery

MASTERY_TARGET = 0.8  # the share right that counts as mastery
FALSE_DISCOVERY_RATE = (
    0.10  # the share of domains called weak that may be so by chance (Benjamini & Hochberg 1995)
)
FLAT_PRIOR = (1.0, 1.0)


@dataclass(frozen=True)
class DomainEstimate:
    """Counts of one competency, its shrunken share with a 95 % interval, and whether it is weak
    beyond chance.
    """

    key: str
    right: int
    asked: int
    share: float
    shrunken: float
    low: float
    high: float
    p: float
    weak: bool


def estimate_domains(
    counts: Sequence[tuple[str, int, int]], target: float = MASTERY_TARGET
) -> list[DomainEstimate]:
    """(key, right, asked) of each competency, shrunken towards all of them by a beta-binomial
    prior fitted to them (empirical Bayes), and tested against ``target`` with the false
    discovery rate controlled at 10 %. Weakest first. Keys without a question are left out.
    """
    asked = [count for count in counts if count[2] > 0]
    if not asked:
        return []
    a, b = fit_prior([(k, n) for _, k, n in asked])
    # The probability that the share is the target or more, from its posterior Beta(a + k, b + n
    # - k).
    above = {key: float(betaincc(a + k, b + n - k, target)) for key, k, n in asked}
    weak = false_discovery.benjamini_hochberg(above, FALSE_DISCOVERY_RATE)
    result = []
    for key, k, n in asked:
        low, high = (float(bound) for bound in betaincinv(a + k, b + n - k, (0.025, 0.975)))
        result.append(
            DomainEstimate(
                key,
                k,
                n,
                k / n,
                (a + k) / (a + b + n),
                low,
                high,
                above[key],
                key in weak and high < target,
            )
        )
    return sorted(result, key=lambda item: item.shrunken)


def fit_prior(counts: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """(a, b) of the beta-binomial that maximises the likelihood of the counts; flat for fewer
    than three of them. Its weight is capped at the median number of questions: a few
    competencies that look alike by chance say little about how alike they are."""
    if len(counts) < 3:
        return FLAT_PRIOR
    k, n = (
        np.array([count[0] for count in counts], float),
        np.array([count[1] for count in counts], float),
    )

    def negative_log_likelihood(x: np.ndarray) -> float:
        a, b = np.exp(x)
        return -float((betaln(k + a, n - k + b) - betaln(a, b)).sum())

    bound = (np.log(0.5), np.log(1_000.0))
    share = min(max(float(k.sum() / n.sum()), 0.05), 0.95)
    result = minimize(
        negative_log_likelihood, np.log([10 * share, 10 * (1 - share)]), bounds=[bound, bound]
    )
    a, b = (float(value) for value in np.exp(result.x))
    most = float(np.median(n))
    return (a, b) if a + b <= most else (a * most / (a + b), b * most / (a + b))
