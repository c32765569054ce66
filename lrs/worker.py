"""The record store's short jobs, under the names used by the queue."""

from __future__ import annotations

from core.jobs import JobHandlers
from lrs import bootstrap
from lrs.actions.deps import StoreDeps
from lrs.jobs import tenant_jobs

jobs = JobHandlers(bootstrap.build_store_deps)


@jobs.job(interval_seconds=60)
def settle_references(deps: StoreDeps) -> None:
    """Settle references to statements that arrived late. Where analytics counts, its job has done
    so by then.
    """
    tenant_jobs.settle_references(deps)


@jobs.job(interval_seconds=10)
def forward(deps: StoreDeps) -> None:
    """Forward statements to other record stores."""
    tenant_jobs.forward_tenants(deps)


@jobs.job(interval_seconds=60)
def tag(deps: StoreDeps) -> None:
    """Check statements that claim a profile against its templates."""
    tenant_jobs.tag_tenants(deps)
