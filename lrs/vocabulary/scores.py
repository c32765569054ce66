"""Converts a score to a share."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def score_share(score: Any) -> float | None:
    """A statement's ``result.score`` as a share from 0 to 1; None if it gives none.

    The raw score between min and max if all three are given, since scaled runs from -1 to 1
    (xAPI 1.0.3, Data 2.4.5.1) and sources differ in how they compute it: Moodle's logstore
    plugin reports 60 of 100 points as 0.2. Otherwise the scaled one, unless it is below 0.
    """
    if not isinstance(score, Mapping):
        return None
    raw, least, most, scaled = (
        _finite_float(score.get(name)) for name in ("raw", "min", "max", "scaled")
    )
    if (
        raw is not None
        and least is not None
        and most is not None
        and least <= raw <= most
        and least < most
    ):
        share = (raw - least) / (most - least)
        return share if math.isfinite(share) else None
    return scaled if scaled is not None and 0 <= scaled <= 1 else None


def _finite_float(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
