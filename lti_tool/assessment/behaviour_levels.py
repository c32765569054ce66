"""The levels of a behaviour over several people: which behaviours of a team are below their
minimum, and what became of the levels after a workshop. Pure functions; nothing is counted of
fewer than five people.

Each person counts once, by the latest level that a manager or a mentor saw: peers stay unknown to
whoever leads, and the own view is no observation.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist, fmean

from core.messages import Number
from lrs.vocabulary import MIN_GROUP_SIZE
from lti_tool.assessment.workshops_store import ObservedLevels
from lti_tool.programmes.rubrics import Rubric

CONFIDENCE = 0.95


@dataclass(frozen=True)
class WeakBehaviour:
    """A behaviour that is below its minimum: the mean of ``people`` levels, and the level from
    which somebody is competent."""

    criterion: str
    title: str
    mean: float
    minimum: int
    people: int

    @property
    def shown_mean(self) -> Number:
        """The mean as it stands on pages."""
        return Number(self.mean, 1)


@dataclass(frozen=True)
class LevelShare:
    """How many of ``people`` reached the minimum, as a share with its likely range (Wilson's
    interval at 95%), and the mean of their levels."""

    reached: int
    people: int
    mean: float
    low: float
    high: float

    @property
    def shown_mean(self) -> Number:
        """The mean as it stands on pages."""
        return Number(self.mean, 1)

    @property
    def likely(self) -> tuple[str, str]:
        """The likely range as it stands on pages."""
        # a no-break space: a line never begins with the sign
        return f"{self.low * 100:.0f}\u00a0%", f"{self.high * 100:.0f}\u00a0%"


def latest_levels(observed: Sequence[ObservedLevels], criterion: str) -> dict[uuid.UUID, int]:
    """Episode → the latest level of a behaviour; ``observed`` is in order of time."""
    return {
        item.episode_id: item.levels[criterion] for item in observed if criterion in item.levels
    }


def find_weak_behaviours(rubric: Rubric, observed: Sequence[ObservedLevels]) -> list[WeakBehaviour]:
    """The behaviours whose mean is below the rubric's minimum, the weakest first."""
    found = []
    for item in rubric.criteria:
        levels = list(latest_levels(observed, item.key).values())
        if len(levels) >= MIN_GROUP_SIZE and fmean(levels) < rubric.competent_from:
            found.append(
                WeakBehaviour(
                    item.key, item.title, fmean(levels), rubric.competent_from, len(levels)
                )
            )
    return sorted(found, key=lambda weak: weak.mean)


def compare_levels(
    observed: Sequence[ObservedLevels], criterion: str, minimum: int, at: datetime
) -> tuple[int, tuple[LevelShare, LevelShare] | None]:
    """(people who were seen before and after ``at``, what they reached before and after); None
    while they are fewer than five."""
    before = latest_levels([item for item in observed if item.at <= at], criterion)
    after = latest_levels([item for item in observed if item.at > at], criterion)
    both = sorted(before.keys() & after.keys())
    if len(both) < MIN_GROUP_SIZE:
        return len(both), None
    return len(both), (
        _share([before[one] for one in both], minimum),
        _share([after[one] for one in both], minimum),
    )


def _share(levels: Sequence[int], minimum: int) -> LevelShare:
    reached = sum(level >= minimum for level in levels)
    return LevelShare(reached, len(levels), fmean(levels), *wilson_bounds(reached, len(levels)))


def wilson_bounds(successes: int, trials: int) -> tuple[float, float]:
    """Bounds of a share (Wilson, Journal of the American Statistical Association 22 (1927), 209):
    also for few people, and for none or all of them."""
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    share, spread = successes / trials, z * z / trials
    middle = share + spread / 2
    half = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials))
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))
