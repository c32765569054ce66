"""Identifiers that look like one person: accounts whose home pages differ by a slash at the end,
and an address beside its SHA-1. They are offered; nobody is merged silently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from analytics.deps import AnalyticsDeps
from analytics.store import person_merges
from core.errors import BadInput
from core.messages import gettext_noop
from lrs import feed
from lrs.feed import as_agent

LEARNERS_AT_ONCE = 500
_ACCOUNT, _MBOX = "account ", "mbox "
SLASH = gettext_noop("The home pages of their accounts differ by a slash at the end.")
HASHED = gettext_noop("One is the SHA-1 of the other's address.")


@dataclass(frozen=True)
class MergeSuggestion:
    """Two agents that look like one person, and why; ``alias`` would count as ``agent``."""

    alias: dict[str, Any]
    agent: dict[str, Any]
    why: str


@dataclass(frozen=True)
class SuggestionPage:
    """Suggestions, and the learner (a key) to go on after; None after the last one."""

    suggestions: list[MergeSuggestion]
    following: int | None


def list_suggestions(
    deps: AnalyticsDeps, *, tenant_id: int, after: int, rows: int
) -> SuggestionPage:
    """Return at least ``rows`` suggestions, if there are as many: those of the learners after a
    key. A pair that somebody has judged is not offered again.
    """
    found: list[MergeSuggestion] = []
    following: int | None = after
    while following is not None and len(found) < rows:
        with deps.unit_of_work(tenant_id) as connection:
            learners = person_merges.list_learners(
                connection, tenant_id, following, LEARNERS_AT_ONCE
            )
            own = set(feed.find_identities(connection, tenant_id, learners).values())
            pairs = {
                frozenset((identity, other)): why
                for identity in own
                for other, why in _lookalikes(identity)
            }
            others = {identity for pair in pairs for identity in pair} - own
            known = own | feed.filter_known_agents(connection, tenant_id, others)
            real = {pair: why for pair, why in pairs.items() if pair <= known}
            named = {identity for pair in real for identity in pair}
            judged = person_merges.list_judged_pairs(connection, tenant_id, named)
            offered_there = person_merges.filter_learners(connection, tenant_id, named - own)
        for pair in sorted(real.keys() - judged, key=sorted):
            alias, agent = sorted(pair, key=_rank)
            # A pair of two learners is offered once: by the one that counts as the other.
            if alias not in offered_there:
                found.append(MergeSuggestion(as_agent(alias), as_agent(agent), real[pair]))
        following = learners[-1] if len(learners) == LEARNERS_AT_ONCE else None
    return SuggestionPage(found, following)


def keep_apart(
    deps: AnalyticsDeps,
    *,
    tenant_id: int,
    alias: dict[str, Any],
    agent: dict[str, Any],
    who: str,
) -> None:
    """Say that two agents are two people, so that they are not offered again. Idempotent."""
    item, other = feed.require_person(alias, "$.alias"), feed.require_person(agent, "$.agent")
    if item == other:
        raise BadInput("These are the same identifier.")
    with deps.unit_of_work(tenant_id) as connection:
        person_merges.lock_merges(connection, tenant_id)
        if frozenset((item, other)) in person_merges.list_judged_pairs(
            connection, tenant_id, [item]
        ):
            return
        person_merges.insert_separation(connection, tenant_id, alias=item, agent=other, who=who)
        feed.insert_audit_entry(connection, tenant_id, who, "kept two persons apart", {})


def _lookalikes(identity: str) -> Iterator[tuple[str, str]]:
    """Identities that may be the same person, and why."""
    if identity.startswith(_ACCOUNT):
        page, _, name = identity.removeprefix(_ACCOUNT).partition(" ")
        other = page.removesuffix("/") if page.endswith("/") else f"{page}/"
        yield f"{_ACCOUNT}{other} {name}", SLASH
    elif identity.startswith(_MBOX):
        digest = hashlib.sha1(
            identity.removeprefix(_MBOX).encode(), usedforsecurity=False
        ).hexdigest()
        yield f"mbox_sha1sum {digest}", HASHED


def _rank(identity: str) -> tuple[bool, bool, str]:
    """The one that says more comes last, and others count as it."""
    page = identity.removeprefix(_ACCOUNT).partition(" ")[0]
    return identity.startswith(_MBOX), not page.endswith("/"), identity
