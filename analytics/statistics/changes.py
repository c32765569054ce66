"""Whether a share changed from one month to the next by more than chance."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from analytics.statistics.proportions import wilson_interval

BETTER, WORSE, SAME = "better", "worse", "same"


class Counted(NamedTuple):
    """k of n, of so many people: the answers of one person hang together, so n counts for no more
    than there are people."""

    numerator: int
    denominator: int
    people: int

    @property
    def share(self) -> float:
        """k of n."""
        return self.numerator / self.denominator

    @property
    def trials(self) -> int:
        """How many independent trials it counts for, at most."""
        return min(self.denominator, self.people)


def direction_of_change(before: Counted, after: Counted) -> str:
    """BETTER or WORSE where the 95 % interval of the difference leaves out none, otherwise SAME
    (Newcombe 1998, method 10: from the Wilson intervals of both)."""
    (low_1, high_1), (low_2, high_2) = (
        wilson_interval(item.share * item.trials, item.trials) for item in (before, after)
    )
    was, now = before.share, after.share
    down = sqrt((now - low_2) ** 2 + (high_1 - was) ** 2)
    up = sqrt((high_2 - now) ** 2 + (was - low_1) ** 2)
    if now - was - down > 0:
        return BETTER
    return WORSE if now - was + up < 0 else SAME
