"""Return on investment according to Phillips, always with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.statistics.proportions import normal_quantile

DRAWS, SEED = (
    10_000,
    7_274,
    # for the Monte Carlo simulation; the seed is arbitrary but fixed, so that the same inputs give
    # the same figures
)


@dataclass(frozen=True)
class QuantityRange:
    """A quantity with its plausible range (90 %); ``low`` = ``high`` if it is known exactly."""

    low: float
    best: float
    high: float


@dataclass(frozen=True)
class RoiResult:
    """Amounts in the given currency; ``roi`` as a share (7.41 is 741 %); ``payback_months`` is
    None if there are no benefits."""

    benefits: float
    costs: float
    benefit_cost_ratio: float | None
    roi: float | None
    payback_months: float | None


@dataclass(frozen=True)
class RoiSpread:
    """5th, 50th and 95th percentile of ROI and of payback months (None: never), and the
    probability that the ROI is above 0."""

    roi: tuple[float, float, float]
    payback_months: tuple[float | None, float | None, float | None]
    above_zero: float


def compute_roi(benefits: float, costs: float, months: float = 12.0) -> RoiResult:
    """BCR = benefits/costs; ROI = (benefits − costs)/costs; payback = costs / monthly gross
    benefits (Phillips & Phillips 2007).

    Raises ValueError unless costs are above 0.
    """
    if costs <= 0:
        raise ValueError("without costs there is no return on them")
    payback = costs / (benefits / months) if benefits > 0 else None
    return RoiResult(benefits, costs, benefits / costs, (benefits - costs) / costs, payback)


def simulate_roi(
    effect: QuantityRange,
    unit_value: QuantityRange,
    volume: float,
    costs: float,
    months: float = 12.0,
) -> RoiSpread:
    """The ROI over the ranges of effect and unit value: benefits = effect × unit value ×
    volume, each drawn independently.

    A range is taken as the 5th and 95th percentile of a normal distribution around ``best``,
    with a separate width on either side.
    """
    random = np.random.default_rng(SEED)

    def draw_quantity(quantity_range: QuantityRange) -> np.ndarray:
        z = random.standard_normal(DRAWS)
        widths = np.where(
            z < 0,
            quantity_range.best - quantity_range.low,
            quantity_range.high - quantity_range.best,
        ) / normal_quantile(0.90)
        return quantity_range.best + z * widths

    benefits = draw_quantity(effect) * draw_quantity(unit_value) * volume
    roi = (benefits - costs) / costs
    with np.errstate(divide="ignore"):
        payback = np.where(benefits > 0, costs / (np.maximum(benefits, 0) / months), np.inf)
    low, mid, high = (float(value) for value in np.quantile(roi, (0.05, 0.5, 0.95)))
    times = [float(value) for value in np.quantile(payback, (0.05, 0.5, 0.95), method="nearest")]
    return RoiSpread(
        (low, mid, high),
        (_finite_or_none(times[0]), _finite_or_none(times[1]), _finite_or_none(times[2])),
        float((roi > 0).mean()),
    )


def _finite_or_none(value: float) -> float | None:
    return value if np.isfinite(value) else None
