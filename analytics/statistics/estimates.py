"""From counted rows to estimates, by part, for each shape of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import exp, log, sqrt
from typing import Any

from analytics.statistics.proportions import clustered_wilson_interval, normal_quantile
from analytics.statistics.survival import kaplan_meier, survival_quantile


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval; None if it cannot be known. ``numerator`` and
    ``denominator`` are those named in the metric's formula."""

    numerator: float
    denominator: float
    value: float | None
    low: float | None
    high: float | None
    learners: int
    flags: tuple[str, ...] = ()


ROUNDING_TOLERANCE = 1e-12  # for sums of squares: a smaller spread is rounding error

NO_ESTIMATE = Estimate(0, 0, None, None, None, 0)


def estimate_shares(rows: Iterable[Any]) -> dict[str, Estimate]:
    """Rows of ``definitions.shares``: Wilson's interval on the effective number of trials."""
    result = {}
    for row in rows:
        k, n, people = int(row.numerator), int(row.denominator), int(row.learners)
        # Mails sent before the period may be opened within it: cap the numerator at the
        # denominator.
        k = min(k, n)
        low, high = clustered_wilson_interval(
            k, n, float(row.kk), float(row.kn), float(row.nn), people
        )
        result[row.part] = Estimate(k, n, k / n, low, high, people)
    return result


def estimate_medians(rows: Iterable[Any]) -> dict[str, Estimate]:
    """Rows of ``definitions.times``: the median days by Kaplan and Meier; numerator: people who
    met the event, denominator: everybody."""
    times: dict[str, list[tuple[float, bool, int]]] = defaultdict(list)
    for row in rows:
        times[row.part].append((float(row.days), bool(row.met), int(row.people)))
    result = {}
    for part, observations in times.items():
        met, people = (
            sum(n for _, yes, n in observations if yes),
            sum(n for _, _, n in observations),
        )
        value, low, high = survival_quantile(kaplan_meier(observations))
        flags = (
            ()
            if value is not None
            else ("fewer than half have met it so far, so there is no median yet",)
        )
        result[part] = Estimate(met, people, value, low, high, people, flags)
    return result


def estimate_means(rows: Iterable[Any]) -> dict[str, Estimate]:
    """Rows of ``definitions.means``: the mean with a normal interval; numerator: the total. If
    all values are equal, their variation cannot be estimated, so there is no interval."""
    result = {}
    for row in rows:
        n, total = int(row.n), float(row.total or 0)
        if not n:
            continue
        mean = total / n
        spread = float(row.squares) / n - mean * mean
        half = (
            normal_quantile() * sqrt(spread * n / (n - 1) / n)
            if n > 1 and spread > ROUNDING_TOLERANCE * max(1.0, mean * mean)
            else None
        )
        result[row.part] = Estimate(
            total,
            n,
            mean,
            None if half is None else mean - half,
            None if half is None else mean + half,
            int(row.learners),
        )
    return result


def estimate_means_of_shares(rows: Iterable[Any]) -> dict[str, Estimate]:
    """Means of shares: the interval is clipped to [0, 1]."""
    return {
        part: replace(
            item,
            low=None if item.low is None else max(0.0, item.low),
            high=None if item.high is None else min(1.0, item.high),
        )
        for part, item in estimate_means(rows).items()
    }


def estimate_ratios(rows: Iterable[Any]) -> dict[str, Estimate]:
    """Rows of paired shares: the ratio of two ratios of sums over the same people, with its
    interval on the log scale (linearised by person).

    Not the mean of each person's ratio, which one person with a baseline near 0 would dominate.
    """
    result = {}
    for row in rows:
        k, n, b, m, people = (
            float(row.k),
            float(row.n),
            float(row.b),
            float(row.m),
            int(row.learners),
        )
        if not b or not n:
            continue
        p, q = k / n, b / m
        value, low, high = p / q, None, None
        if people > 1 and k > 0:
            # z_i = (k_i - p n_i)/k - (b_i - q m_i)/b, squared and summed over people
            own = float(row.kk) - 2 * p * float(row.kn) + p * p * float(row.nn)
            base = float(row.bb) - 2 * q * float(row.bm) + q * q * float(row.mm)
            both = float(row.kb) - q * float(row.km) - p * float(row.nb) + p * q * float(row.nm)
            variance = (
                max(0.0, own / (k * k) + base / (b * b) - 2 * both / (k * b))
                * people
                / (people - 1)
            )
            spread = normal_quantile() * sqrt(variance)
            low, high = exp(log(value) - spread), exp(log(value) + spread)
        result[row.part] = Estimate(p, q, value, low, high, people)
    return result


MIN_PEOPLE_FOR_GAINS = 20  # people, of the learning gain and the learning efficiency


def estimate_gains(rows: Iterable[Any]) -> dict[str, Estimate]:
    """Ratios of gains; no value for fewer than MIN_PEOPLE_FOR_GAINS people. If nothing was gained,
    there is no interval either."""
    few = (f"fewer than {MIN_PEOPLE_FOR_GAINS} people have a test before and after",)
    return {
        part: item
        if item.learners >= MIN_PEOPLE_FOR_GAINS
        else replace(item, value=None, low=None, high=None, flags=few)
        for part, item in estimate_ratios(rows).items()
    }
