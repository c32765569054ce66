"""Which items a learner meets in which check: the same blueprint for all, items at random, none met twice. Pure."""

from __future__ import annotations

import random
import uuid
from collections.abc import Set as AbstractSet

from lti_tool.actions.programmes import Programme


def drawn(programme: Programme, episode: uuid.UUID, interval: str, met: AbstractSet[str]) -> list[str]:
    """The keys of a check's items for one learner, ``met`` being those of the checks before it.

    Each line of the blueprint draws its questions at random from what this learner has not met, so that no interval is harder by
    design (domain, C2). Episode and interval seed the draw: asked again, it gives the same.
    """
    chance = random.Random(f"{episode} {interval}")  # noqa: S311 - a draw of questions, not a secret
    keys: list[str] = []
    for cell in programme.cells:
        fresh = sorted(item.key for item in programme.pile(cell) if item.key not in met)
        keys += chance.sample(fresh, min(cell.questions, len(fresh)))
    chance.shuffle(keys)
    return keys
