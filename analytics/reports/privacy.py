"""Small groups are hidden from callers without individual access, and also if they could be
derived from what is shown."""

from __future__ import annotations

from collections.abc import Sequence

from lrs.vocabulary import MIN_GROUP_SIZE, MIN_RATERS

__all__ = [
    "MIN_GROUP_SIZE",
    "MIN_RATERS",
    "suppression_reasons",
]

TOO_FEW = f"fewer than {MIN_GROUP_SIZE} people"
COMPLEMENTARY = "with it, a smaller group could be told from the total"


def suppression_reasons(people: Sequence[int]) -> list[str | None]:
    """For each group of a split of one total, why it is hidden, or None. If only one group is
    hidden, or all the hidden ones together have fewer than five people, the next smallest is
    hidden with them: otherwise the total minus what is shown would reveal them (complementary
    suppression)."""
    reasons: list[str | None] = [TOO_FEW if 0 < n < MIN_GROUP_SIZE else None for n in people]
    while True:
        hidden = [n for n, reason in zip(people, reasons, strict=True) if reason]
        if not hidden or (len(hidden) > 1 and sum(hidden) >= MIN_GROUP_SIZE):
            return reasons
        left = [(n, i) for i, n in enumerate(people) if n and reasons[i] is None]
        if not left:
            return reasons
        reasons[min(left)[1]] = COMPLEMENTARY
