"""The record store's jobs that may take minutes, under the names used by the queue."""

from __future__ import annotations

from core.jobs import JobHandlers
from core.queue import LONG_QUEUE
from lrs import bootstrap
from lrs.actions.deps import StoreDeps
from lrs.jobs import tenant_jobs

jobs = JobHandlers(bootstrap.build_store_deps)


@jobs.job(interval_seconds=86_400, queue=LONG_QUEUE)
def retain(deps: StoreDeps) -> None:
    """Apply the tenants' retention rules."""
    tenant_jobs.apply_retention_rules(deps)


@jobs.job(interval_seconds=60, queue=LONG_QUEUE, has_work=tenant_jobs.list_tenants_to_rekey)
def rekey(deps: StoreDeps) -> None:
    """Keep the statements of a version before by new keys."""
    tenant_jobs.rekey_tenants(deps)


@jobs.job(interval_seconds=60, queue=LONG_QUEUE, has_work=tenant_jobs.list_tenants_to_move)
def move(deps: StoreDeps) -> None:
    """Move the bytes of a version before into their months."""
    tenant_jobs.move_tenants(deps)


@jobs.job(interval_seconds=3_600, queue=LONG_QUEUE)
def archive(deps: StoreDeps) -> None:
    """Make the next months, and files of the old ones."""
    tenant_jobs.archive_tenants(deps)
