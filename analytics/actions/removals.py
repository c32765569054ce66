"""Consume removals: delete what was derived from statements and people that the record store has
removed for good.
"""

from __future__ import annotations

from analytics.actions import person_merges
from analytics.deps import AnalyticsDeps
from analytics.store import (
    activity_mappings,
    exports,
    facts,
    kpis,
    mapped_actors,
    published,
    unwanted,
)
from analytics.store import person_merges as merges_store
from core import clock
from lrs import feed

BATCH_ROWS = 500


def consume_removals(deps: AnalyticsDeps, *, tenant_id: int) -> int:
    """Consume all removals of a tenant; return how many. Their rows and what follows from them are
    one transaction. Doing it again finds nothing more; figures move with the next count.

    The exclusive lock on merges comes before any row is claimed: whoever else consumes the same
    removals has committed when this returns, and no count that read a statement before it was
    removed writes a fact of it afterwards.
    """
    total, statements = 0, 0
    while True:
        with deps.unit_of_work(tenant_id) as connection:
            if not feed.has_removals(connection, tenant_id):
                if statements:
                    merges_store.lock_merges(connection, tenant_id)
                    mapped_actors.delete_actors_without_statements(connection, tenant_id)
                return total
            merges_store.lock_merges(connection, tenant_id)
            removals = feed.claim_removals(connection, tenant_id, BATCH_ROWS)
            ords = [removal.ord for removal in removals if removal.ord is not None]
            agents = [removal.agent for removal in removals if removal.agent is not None]
            if ords:
                unwanted.mark_days(connection, tenant_id, ords)
                facts.delete_loose_facts(connection, tenant_id, ords)
                feed.mark_episodes(
                    connection,
                    tenant_id,
                    activity_mappings.list_borrowing_episodes(connection, tenant_id, ords),
                )
            for identity in agents:
                person_merges.remove_merges(connection, tenant_id, identity)
                mapped_actors.delete_actor(connection, tenant_id, identity)
                kpis.delete_person_readings(connection, tenant_id, identity)
            published.forget_learners(
                connection, tenant_id, [feed.key_of("agent", identity) for identity in agents]
            )
            if agents:
                # Before the commit: where it fails, the removal stays, and all of this is done
                # again.
                for sha2 in exports.discard_export_files(
                    connection, tenant_id, clock.now(), individual=True
                ):
                    deps.exports.remove(tenant_id, sha2)
        total += len(removals)
        statements += len(ords)
