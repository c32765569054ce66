"""A composite score: normalised on a fixed range, weighted by a named person, with its
sensitivity to the weights (OECD/JRC 2008)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

MAX_MISSING_WEIGHT = 0.25  # share of the weights; above that, there is no composite
DRAWS, SEED = 1_000, 7_274  # of weights; the seed is arbitrary
# of the Dirichlet distribution around the given weights: most draws move a weight of 0.25 by up to
# 0.1 either way
CONCENTRATION = 20.0


def normalise_score(value: float, floor: float, target: float) -> float:
    """0 at the floor, 100 at the target, clipped; a floor above the target means that less is
    better. Raises ValueError if both are equal."""
    if floor == target:
        raise ValueError("floor and target are the same")
    return min(100.0, max(0.0, 100 * (value - floor) / (target - floor)))


def weighted_composite(
    scores: Mapping[str, float | None], weights: Mapping[str, float]
) -> float | None:
    """The weighted mean of the available scores; None if more than a quarter of the weight is
    missing. Never re-scaled silently."""
    whole = sum(weights.values())
    present = {
        key: value for key, value in scores.items() if value is not None and weights.get(key)
    }
    present_weight = sum(weights[key] for key in present)
    if not whole or present_weight < (1 - MAX_MISSING_WEIGHT) * whole:
        return None
    return sum(weights[key] * value for key, value in present.items()) / present_weight


def rank_intervals(
    groups: Sequence[Mapping[str, float | None]], weights: Mapping[str, float]
) -> list[tuple[int, int] | None]:
    """For each group, the range of ranks (1 is best) that it takes in 90 % of the draws of
    other weights around the given ones; None for a group without a composite. Weights are drawn
    from a Dirichlet distribution.
    """
    keys = [key for key, weight in weights.items() if weight > 0]
    scored = [i for i, group in enumerate(groups) if weighted_composite(group, weights) is not None]
    if not scored:
        return [None] * len(groups)
    whole = sum(weights[key] for key in keys)
    drawn = np.random.default_rng(SEED).dirichlet(
        [CONCENTRATION * weights[key] / whole for key in keys], DRAWS
    )
    values = np.array(
        [
            [np.nan if groups[i].get(key) is None else groups[i][key] for key in keys]
            for i in scored
        ],
        float,
    )
    present = ~np.isnan(values)
    totals = drawn @ np.nan_to_num(values).T / np.maximum(drawn @ present.T.astype(float), 1e-12)
    ranks = (-totals).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable") + 1
    low, high = np.quantile(ranks, (0.05, 0.95), axis=0, method="nearest")
    result: list[tuple[int, int] | None] = [None] * len(groups)
    for place, i in enumerate(scored):
        result[i] = int(low[place]), int(high[place])
    return result
