"""The jobs of analytics that may take minutes, under the names used by the queue: functions without
parameters.
"""

from __future__ import annotations

import logging
import os
from functools import cache

from analytics import bootstrap
from analytics.deps import (
    COMPUTE_JOB,
    EXPIRE_EXPORTS_JOB,
    EXPORT_JOB,
    RECONCILE_JOB,
    WATCH_JOB,
    AnalyticsDeps,
)
from analytics.jobs import counting, tenant_jobs
from core.queue import TimedJob
from lrs import feed

log = logging.getLogger(__name__)

TIMED_JOBS = (
    TimedJob(COMPUTE_JOB, 30),
    TimedJob(EXPORT_JOB, 60),
    TimedJob(WATCH_JOB, 3_600),
    TimedJob(EXPIRE_EXPORTS_JOB, 86_400),
    TimedJob(RECONCILE_JOB, 86_400),
)


@cache
def _process_deps() -> AnalyticsDeps:
    """Built inside the job's own process: a connection must never be shared across a fork."""
    return bootstrap.build_from_environ(os.environ)


def compute() -> None:
    """Compute the reports that take too long for a page request."""
    _process_deps().job_requests.mark_job_started(COMPUTE_JOB)
    tenant_jobs.compute_due_reports(_process_deps())


def watch() -> None:
    """Publish the figures of completed weeks; raise and end alarms."""
    _process_deps().job_requests.mark_job_started(WATCH_JOB)
    tenant_jobs.watch_tenants(_process_deps())


def export() -> None:
    """Build the requested export files."""
    _process_deps().job_requests.mark_job_started(EXPORT_JOB)
    tenant_jobs.export_tenants(_process_deps())


def expire_exports() -> None:
    """Remove the export files that have expired."""
    _process_deps().job_requests.mark_job_started(EXPIRE_EXPORTS_JOB)
    tenant_jobs.expire_exports(_process_deps())


def reconcile() -> None:
    """Recount everything; a figure that changes was wrong, which is an error to investigate."""
    deps = _process_deps()
    deps.job_requests.mark_job_started(RECONCILE_JOB)
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
