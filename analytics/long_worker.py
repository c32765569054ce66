"""The jobs of analytics that may take minutes, under the names used by the queue."""

from __future__ import annotations

import logging

from analytics.deps import (
    COMPUTE_JOB,
    EXPORT_JOB,
    PUBLISH_JOB,
    AnalyticsDeps,
    build_analytics_deps,
)
from analytics.jobs import counting, tenant_jobs
from core.jobs import JobHandlers
from core.queue import LONG_QUEUE
from lrs import feed

log = logging.getLogger(__name__)

jobs = JobHandlers(build_analytics_deps)


@jobs.handles(COMPUTE_JOB, has_work=tenant_jobs.list_tenants_with_due_reports)
def compute(deps: AnalyticsDeps) -> None:
    """Compute the reports that take too long for a page request."""
    tenant_jobs.compute_due_reports(deps)


@jobs.job(interval_seconds=3_600, queue=LONG_QUEUE)
def watch(deps: AnalyticsDeps) -> None:
    """Publish the figures of completed weeks; raise and end alarms."""
    tenant_jobs.watch_tenants(deps)


@jobs.handles(PUBLISH_JOB)
def publish(deps: AnalyticsDeps) -> None:
    """Publish values: once a week, and where it was asked for."""
    tenant_jobs.publish_tenants(deps)


@jobs.handles(EXPORT_JOB, has_work=tenant_jobs.list_tenants_with_exports)
def export(deps: AnalyticsDeps) -> None:
    """Build the requested export files."""
    tenant_jobs.export_tenants(deps)


@jobs.job(interval_seconds=86_400, queue=LONG_QUEUE)
def expire_exports(deps: AnalyticsDeps) -> None:
    """Remove the export files that have expired."""
    tenant_jobs.expire_exports(deps)


@jobs.job(interval_seconds=86_400, queue=LONG_QUEUE)
def reconcile(deps: AnalyticsDeps) -> None:
    """Recount everything; a figure that changes was wrong, which is an error to investigate."""
    counting.count_all_tenants(deps)
    for tenant_id in feed.list_tenant_ids(deps.engine):
        changed = counting.reconcile_tenant(deps.unit_of_work, tenant_id)
        if changed:
            log.error(
                "tenant %s: a recount changed the facts; something had not been counted, and is "
                "now",
                tenant_id,
            )
        tenant_jobs.record_self_check(deps, tenant_id, changed)
