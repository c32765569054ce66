"""Which of many simultaneous tests are significant: control of the false discovery rate
(Benjamini & Hochberg 1995, procedure 1)."""

from __future__ import annotations

from collections.abc import Mapping


def benjamini_hochberg(p: Mapping[str, float | None], rate: float) -> set[str]:
    """The keys whose p is significant when at most ``rate`` of all significant ones may be so
    by chance. None: tested, without a signal."""
    ordered = sorted((value, key) for key, value in p.items() if value is not None)
    passed = [
        place for place, (value, _) in enumerate(ordered, 1) if value <= rate * place / len(p)
    ]
    return {key for _, key in ordered[: max(passed, default=0)]}
