"""Merge two identifiers into one person, and undo it. Statements are left as received; what
is counted from them is recomputed.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from analytics.deps import AnalyticsDeps
from analytics.store import person_merges
from analytics.store.person_merges import Merge
from core.errors import BadInput, Conflict, NotFound
from lrs import feed
from lrs.feed import as_agent

MAX_MERGE_REASON = 500


def merge_persons(
    deps: AnalyticsDeps,
    *,
    tenant_id: int,
    alias: dict[str, Any],
    agent: dict[str, Any],
    reason: str,
    who: str,
) -> int:
    """Count statements that name ``alias`` as those of ``agent`` from now on; return the
    merge's id, by which it can be undone. Idempotent while it holds.
    """
    item, other = feed.require_person(alias, "$.alias"), feed.require_person(agent, "$.agent")
    if item == other:
        raise BadInput("These are the same identifier.")
    if not reason.strip() or len(reason) > MAX_MERGE_REASON:
        raise BadInput(f"Say why they are one person, in up to {MAX_MERGE_REASON} characters.")
    with deps.unit_of_work(tenant_id) as connection:
        person_merges.lock_merges(connection, tenant_id)
        known = person_merges.find_merge_id(connection, tenant_id, item, other)
        if known is not None:
            return known
        if person_merges.is_merged_alias(connection, tenant_id, item):
            raise Conflict("The first one counts as somebody already; undo that merge first.")
        if person_merges.has_merged_alias(
            connection, tenant_id, item
        ) or person_merges.is_merged_alias(connection, tenant_id, other):
            raise Conflict("Merges are not chained: name the person whom all of them count as.")
        created = person_merges.insert_merge(
            connection, tenant_id, alias=item, agent=other, reason=reason.strip(), who=who
        )
        _mark_for_recount(connection, tenant_id, item, other)
        feed.insert_audit_entry(
            connection, tenant_id, who, "merged two persons", {"merge": created}
        )
    return created


def undo_merge(deps: AnalyticsDeps, *, tenant_id: int, merge_id: int, who: str) -> None:
    """Undo a merge, so that the two identifiers count as two people again."""
    with deps.unit_of_work(tenant_id) as connection:
        person_merges.lock_merges(connection, tenant_id)
        result = person_merges.undo_merge(connection, tenant_id, merge_id)
        if result is None:
            raise NotFound(f"There is no merge {merge_id} that holds.")
        _mark_for_recount(connection, tenant_id, *result)
        feed.insert_audit_entry(
            connection, tenant_id, who, "undid a merge of persons", {"merge": merge_id}
        )


def list_merges(deps: AnalyticsDeps, *, tenant_id: int, after: int, rows: int) -> list[Merge]:
    """Return merges in order, after the id ``after``."""
    with deps.unit_of_work(tenant_id) as connection:
        return person_merges.list_merges(connection, tenant_id, after, rows)


def list_aliases(
    deps: AnalyticsDeps, *, tenant_id: int, agent: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return the agents that count as this one now."""
    identity = feed.require_person(agent, "$.agent")
    with deps.unit_of_work(tenant_id) as connection:
        found = person_merges.list_aliases(connection, tenant_id, identity)
    return [as_agent(alias) for alias in found]


def remove_merges(connection: Connection, tenant_id: int, identity: str) -> None:
    """Remove every merge that names this agent (erasure); the identifiers merged with it
    count separately again. The caller holds the exclusive lock on merges.
    """
    for alias, agent in person_merges.list_merges_of_agent(connection, tenant_id, identity):
        _mark_for_recount(connection, tenant_id, alias, agent)
    person_merges.delete_merges_of_agent(connection, tenant_id, identity)


def _mark_for_recount(connection: Connection, tenant_id: int, *identities: str) -> None:
    for identity in identities:
        feed.mark_episodes(
            connection,
            tenant_id,
            person_merges.list_agent_episodes(connection, tenant_id, identity),
        )
        feed.mark_statements(
            connection, tenant_id, feed.list_agent_loose_ords(connection, tenant_id, identity)
        )
