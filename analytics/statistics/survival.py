"""Time to an event that some people have not met yet: Kaplan & Meier's estimator. Never the
mean over those who have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, log, sqrt

from analytics.statistics.proportions import CONFIDENCE, normal_quantile


@dataclass(frozen=True)
class SurvivalStep:
    """The curve from ``at`` on: the share that has not met the event, with its interval, and
    how many were at risk just before."""

    at: float
    share: float
    low: float
    high: float
    at_risk: int
    events: int


def kaplan_meier(
    times: Iterable[tuple[float, bool, int]], confidence: float = CONFIDENCE
) -> list[SurvivalStep]:
    """The survival curve (Kaplan & Meier 1958) from (time, met the event, number of people); at
    the same time, censored people leave after those who met the event.

    The interval uses Greenwood's variance on the log(−log) scale (Kalbfleisch & Prentice 1980),
    so it stays within [0, 1].
    """
    at: dict[float, list[int]] = {}
    for time, met, people in times:
        at.setdefault(time, [0, 0])[0 if met else 1] += people
    at_risk = sum(events + censored for events, censored in at.values())
    share, variance, z, steps = 1.0, 0.0, normal_quantile(confidence), []
    for time in sorted(at):
        events, censored = at[time]
        if events:
            share *= 1 - events / at_risk
            variance += events / (at_risk * (at_risk - events)) if at_risk > events else 0.0
            steps.append(
                SurvivalStep(time, share, *_survival_bounds(share, variance, z), at_risk, events)
            )
        at_risk -= events + censored
    return steps


def _survival_bounds(share: float, variance: float, z: float) -> tuple[float, float]:
    if share in (0.0, 1.0):
        return share, share
    spread = z * sqrt(variance) / log(share)
    low, high = share ** exp(-spread), share ** exp(spread)
    return min(low, high), max(low, high)


def survival_quantile(
    steps: list[SurvivalStep], share: float = 0.5
) -> tuple[float | None, float | None, float | None]:
    """(time, low, high) at which no more than ``share`` is left; None if the curve does not
    fall that far (Brookmeyer & Crowley 1982)."""

    def first_time_below(values: Iterable[tuple[float, float]]) -> float | None:
        return next((time for time, value in values if value <= share + 1e-12), None)

    return (
        first_time_below((s.at, s.share) for s in steps),
        first_time_below((s.at, s.low) for s in steps),
        first_time_below((s.at, s.high) for s in steps),
    )


def survival_at(steps: list[SurvivalStep], time: float) -> float:
    """The share that has not met the event by a given time."""
    return next((step.share for step in reversed(steps) if step.at <= time), 1.0)
