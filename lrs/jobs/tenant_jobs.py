"""Jobs that maintain the record store, tenant by tenant: forwarding, retention, orphaned uploads,
profile template checks.
"""

from __future__ import annotations

import random
import time

from core.queue import for_each_tenant
from lrs.actions import (
    agent_rekeying,
    attachments,
    cold_months,
    erasure,
    forwarding,
    launch_tokens,
    template_tagging,
)
from lrs.actions.deps import StoreDeps
from lrs.store import agent_rekeying as rekeying_store
from lrs.store import change_queue, payload_table, statement_refs

REFS_AT_ONCE = 200  # of one transaction
LONG_JOB_SECONDS = 300  # half of what a job may take: the other jobs of its queue get their turn


def forward_tenants(deps: StoreDeps) -> None:
    """Forward the statements that are due."""
    for_each_tenant(
        change_queue.list_tenant_ids(deps.engine),
        "forwarding",
        lambda tenant_id: forwarding.send_forwards(deps, tenant_id),
    )


def apply_retention_rules(deps: StoreDeps) -> None:
    """Remove what is past its retention period, abandoned uploads, tokens of ended launches."""
    tenant_ids = change_queue.list_tenant_ids(deps.engine)
    for_each_tenant(
        tenant_ids, "retention", lambda tenant_id: erasure.apply_retention(deps, tenant_id)
    )
    for_each_tenant(
        tenant_ids,
        "sweeping attachments",
        lambda tenant_id: attachments.remove_orphans(
            deps.unit_of_work, deps.blobs, tenant_id=tenant_id
        ),
    )
    for_each_tenant(
        tenant_ids,
        "removing tokens of launches",
        lambda tenant_id: launch_tokens.remove_ended_tokens(deps, tenant_id),
    )
    deps.blobs.remove_stale_uploads()


def settle_references(deps: StoreDeps) -> None:
    """Let statements be found through those that they refer to and that arrived after them."""

    def settle(tenant_id: int) -> None:
        while True:
            with deps.unit_of_work(tenant_id) as connection:
                if not statement_refs.settle_late_refs(connection, tenant_id, REFS_AT_ONCE):
                    return

    for_each_tenant(change_queue.list_tenants_with_work(deps.engine), "settling references", settle)


def tag_tenants(deps: StoreDeps) -> None:
    """Record which statements violate the templates of a profile that they claim."""
    for_each_tenant(
        change_queue.list_tenant_ids(deps.engine),
        "tagging",
        lambda tenant_id: template_tagging.tag_template_violations(deps, tenant_id),
    )


def list_tenants_to_rekey(deps: StoreDeps) -> list[int]:
    """Tenants whose statements may be kept by the mailbox as it was spelled."""
    return rekeying_store.list_tenants(deps.engine)


def rekey_tenants(deps: StoreDeps) -> None:
    """Keep the statements of a version before by the mailbox as it is compared."""
    for_each_tenant(
        list_tenants_to_rekey(deps),
        "keeping statements by new keys",
        lambda tenant_id: agent_rekeying.rekey_agents(deps, tenant_id),
    )


def archive_tenants(deps: StoreDeps) -> None:
    """Make the next months, and files of the old ones: of some tenants first, of others the next
    time.
    """
    cold_months.add_months(deps)
    before, end = cold_months.kept_from(deps), time.monotonic() + LONG_JOB_SECONDS
    tenant_ids = change_queue.list_tenant_ids(deps.engine)
    for_each_tenant(
        random.sample(tenant_ids, len(tenant_ids)),
        "making files of old months",
        lambda tenant_id: cold_months.archive_months(deps, tenant_id, before, end),
    )
    cold_months.drop_empty_months(deps, before)


def list_tenants_to_move(deps: StoreDeps) -> list[int]:
    """Tenants with statements whose bytes lie where a version before put them."""
    return payload_table.list_tenants_to_move(deps.engine)


def move_tenants(deps: StoreDeps) -> None:
    """Move the bytes of a version before into their months."""
    end = time.monotonic() + LONG_JOB_SECONDS
    for_each_tenant(
        list_tenants_to_move(deps),
        "moving the bytes of statements",
        lambda tenant_id: cold_months.move_payloads(deps, tenant_id, end),
    )
