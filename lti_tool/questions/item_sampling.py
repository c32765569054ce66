"""Which items a learner gets in which check: the same blueprint for everybody, random items,
none repeated. Pure functions."""

from __future__ import annotations

import random
import uuid
from collections.abc import Set as AbstractSet

from lti_tool.programmes.programmes import Programme


def sample_check_items(
    programme: Programme, episode: uuid.UUID, interval: str, met: AbstractSet[str]
) -> list[str]:
    """Draw the keys of a check's items for one learner; ``met`` are the items of earlier
    checks.

    Each cell of the blueprint draws its questions at random from those that this learner has
    not met, so that no interval is harder by design. Episode and interval seed the draw:
    repeating it gives the same items.
    """
    chance = random.Random(f"{episode} {interval}")  # noqa: S311 - a draw of questions, not a secret
    keys: list[str] = []
    for cell in programme.cells:
        fresh = sorted(item.key for item in programme.items_for_cell(cell) if item.key not in met)
        keys += chance.sample(fresh, min(cell.questions, len(fresh)))
    chance.shuffle(keys)
    return keys
