"""Do raters mean the same by a level? Krippendorff's alpha, and how severe each rater is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

import krippendorff
import numpy as np

RELY, TENTATIVE = 0.80, 0.667  # Krippendorff 2004: rely on it; draw tentative conclusions; below: calibrate again
SEVERE = 0.5  # levels from the consensus (metrics reference 4.5)
DRAWS, SEED = 1_000, 7_274  # of the bootstrap; the seed is arbitrary, so that the same ratings give the same interval

Scale = Literal["nominal", "ordinal", "interval", "ratio"]
Rating = tuple[str, int, float]  # unit, rater, level


@dataclass(frozen=True)
class Agreement:
    """Alpha with its interval by bootstrap over units; None where there is nothing to compare (no unit with two raters, one level alone)."""

    alpha: float | None
    low: float | None
    high: float | None
    units: int
    raters: int


def alpha(matrix: Sequence[Sequence[float | None]], scale: Scale = "ordinal") -> float | None:
    """Krippendorff's alpha of raters × units, None where a rater did not see a unit (Krippendorff 2011)."""
    data = np.array([[np.nan if value is None else value for value in row] for row in matrix], dtype=float)
    paired = (~np.isnan(data)).sum(axis=0) >= 2
    if not paired.any() or len(np.unique(data[:, paired][~np.isnan(data[:, paired])])) < 2:
        return None
    return float(krippendorff.alpha(reliability_data=data, level_of_measurement=scale))


def agreement(ratings: Iterable[Rating], scale: Scale = "ordinal") -> Agreement:
    """Alpha of (unit, rater, level), the latest of one rater for one unit; units that one rater alone saw are left out."""
    seen: dict[str, dict[int, float]] = defaultdict(dict)
    for unit, rater, level in ratings:
        seen[unit][rater] = level
    units = [unit for unit in sorted(seen) if len(seen[unit]) >= 2]
    raters = sorted({rater for unit in units for rater in seen[unit]})
    matrix = [[seen[unit].get(rater) for unit in units] for rater in raters]
    value = alpha(matrix, scale) if units else None
    if value is None:
        return Agreement(None, None, None, len(units), len(raters))
    random = np.random.default_rng(SEED)
    drawn = []
    for _ in range(DRAWS):
        chosen = random.integers(len(units), size=len(units))
        found = alpha([[row[i] for i in chosen] for row in matrix], scale)
        if found is not None:
            drawn.append(found)
    low, high = (float(bound) for bound in np.quantile(drawn, (0.025, 0.975))) if drawn else (None, None)
    return Agreement(value, low, high, len(units), len(raters))


def severity(ratings: Iterable[Rating]) -> dict[int, tuple[float, int]]:
    """Rater -> (mean distance in levels from the mean of the others on the same units, units). Above 0: kinder than the others."""
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
