"""Do raters mean the same by a level? Krippendorff's alpha, and the severity of each rater."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

import numpy as np
from numpy.typing import NDArray

RELIABLE_ALPHA, TENTATIVE_ALPHA = (
    0.80,
    0.667,
)  # Krippendorff 2004: reliable; tentative conclusions only; below that, calibrate again
DRAWS, SEED = (
    1_000,
    7_274,
)  # of the bootstrap; the seed is arbitrary, so that the same ratings give the same interval

Scale = Literal["nominal", "ordinal", "interval", "ratio"]
Matrix = NDArray[np.float64]
Rating = tuple[str, int, float]  # unit, rater, level


@dataclass(frozen=True)
class Agreement:
    """Alpha with a bootstrap interval over units; None if there is nothing to compare (no unit
    with two raters, or only one level)."""

    alpha: float | None
    low: float | None
    high: float | None
    units: int
    raters: int


def krippendorff_alpha(
    matrix: Sequence[Sequence[float | None]], scale: Scale = "ordinal"
) -> float | None:
    """Krippendorff's alpha of raters × units, with None where a rater did not rate a unit
    (Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability"). Returns None if no unit
    has two raters, or if all of them gave one level."""
    data = np.array(
        [[np.nan if value is None else value for value in row] for row in matrix], dtype=float
    )
    levels = np.unique(data[~np.isnan(data)])
    return _alpha_of_counts(_count_levels(data, levels), levels, scale)


def _count_levels(data: Matrix, levels: Matrix) -> Matrix:
    """Unit × level: how many raters gave the unit this level."""
    return (
        np.stack([(data == level).sum(axis=0) for level in levels], axis=1).astype(float)
        if levels.size
        else np.zeros((data.shape[1], 0))
    )


def _alpha_of_counts(counts: Matrix, levels: Matrix, scale: Scale) -> float | None:
    """1 - observed / expected disagreement, from the coincidences of pairs of values within
    units."""
    raters = counts.sum(axis=1)
    paired = counts[raters >= 2]
    weight = 1 / (raters[raters >= 2] - 1)
    coincidences = (paired * weight[:, None]).T @ paired - np.diag(
        (paired * weight[:, None]).sum(axis=0)
    )
    totals = coincidences.sum(axis=0)
    occurring = totals > 0
    if occurring.sum() < 2:
        return None
    coincidences, totals, levels = (
        coincidences[np.ix_(occurring, occurring)],
        totals[occurring],
        levels[occurring],
    )
    expected = (np.outer(totals, totals) - np.diag(totals)) / (totals.sum() - 1)
    apart = _squared_distances(levels, totals, scale)
    return float(1 - (coincidences * apart).sum() / (expected * apart).sum())


def _squared_distances(levels: Matrix, totals: Matrix, scale: Scale) -> Matrix:
    """The squared distance between levels, by scale (section D of the paper)."""
    if scale == "nominal":
        return 1.0 - np.eye(len(levels))
    if scale == "ordinal":
        # Ranks between two levels, with the ends counted half: all values from one to the
        # other, less half of both.
        middle = np.cumsum(totals) - totals / 2
        return np.asarray((middle[:, None] - middle[None, :]) ** 2)
    apart = (levels[:, None] - levels[None, :]) ** 2
    if scale == "interval":
        return np.asarray(apart)
    sums = (levels[:, None] + levels[None, :]) ** 2
    return np.divide(apart, sums, out=np.zeros_like(apart), where=sums > 0)


def measure_agreement(ratings: Iterable[Rating], scale: Scale = "ordinal") -> Agreement:
    """Alpha of (unit, rater, level), with the latest rating of each rater for each unit; units
    seen by only one rater are left out."""
    seen: dict[str, dict[int, float]] = defaultdict(dict)
    for unit, rater, level in ratings:
        seen[unit][rater] = level
    units = [unit for unit in sorted(seen) if len(seen[unit]) >= 2]
    raters = sorted({rater for unit in units for rater in seen[unit]})
    if not units:
        return Agreement(None, None, None, 0, 0)
    data = np.array(
        [[seen[unit].get(rater, np.nan) for unit in units] for rater in raters], dtype=float
    )
    levels = np.unique(data[~np.isnan(data)])
    counts = _count_levels(data, levels)
    value = _alpha_of_counts(counts, levels, scale)
    if value is None:
        return Agreement(None, None, None, len(units), len(raters))
    random = np.random.default_rng(SEED)
    drawn = [
        _alpha_of_counts(counts[random.integers(len(units), size=len(units))], levels, scale)
        for _ in range(DRAWS)
    ]
    result = [item for item in drawn if item is not None]
    low, high = (
        (float(bound) for bound in np.quantile(result, (0.025, 0.975))) if result else (None, None)
    )
    return Agreement(value, low, high, len(units), len(raters))


def rater_severity(ratings: Iterable[Rating]) -> dict[int, tuple[float, int]]:
    """Rater -> (mean distance in levels from the mean of the others on the same units, units).
    Above 0: more lenient than the others."""
    seen: dict[str, dict[int, float]] = defaultdict(dict)
    for unit, rater, level in ratings:
        seen[unit][rater] = level
    apart: dict[int, list[float]] = defaultdict(list)
    for levels in seen.values():
        for rater, level in levels.items():
            others = [value for other, value in levels.items() if other != rater]
            if others:
                apart[rater].append(level - fmean(others))
    return {rater: (fmean(distances), len(distances)) for rater, distances in apart.items()}
