"""Which items a learner meets in which check: the same blueprint for all, items at random, none met twice. Pure."""

from __future__ import annotations

import random
import uuid

from lrs.vocabulary import INTERVALS
from lti_tool.actions.programmes import ITEMS_PER_CHECK, Item, Programme


def drawn(programme: Programme, episode: uuid.UUID, interval: str) -> list[str]:
    """The keys of a check's items for one learner.

    Every competency gives one item to each check in turn until the checks are full, its critical items to intervals at random,
    so that no interval is harder by design (domain, C2). The episode seeds the draw: asked again, it gives the same.
    """
    chance = random.Random(episode.int)  # noqa: S311 - a draw of questions, not a secret
    piles: list[list[Item]] = []
    for competency in programme.competencies:
        pile = [item for item in programme.items if item.pool == "check" and item.competency == competency.key]
        chance.shuffle(pile)
        pile.sort(key=lambda item: not item.critical)
        piles.append(pile)
    checks: dict[str, list[Item]] = {one.key: [] for one in INTERVALS}
    while any(len(items) < ITEMS_PER_CHECK for items in checks.values()):
        for pile in sorted(piles, key=len, reverse=True):
            # One item of this competency for each check that still has room, the emptiest first, equal ones at random.
            order = list(checks.values())
            chance.shuffle(order)
            for items in sorted(order, key=len):
                if pile and len(items) < ITEMS_PER_CHECK:
                    items.append(pile.pop(0))
    mine = checks[interval]
    chance = random.Random(f"{episode} {interval}")  # noqa: S311 - the order of questions, not a secret
    chance.shuffle(mine)
    return [item.key for item in mine]
