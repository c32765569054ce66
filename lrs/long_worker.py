"""The record store's jobs that may take minutes, under the names used by the queue:
functions without parameters.
"""

from __future__ import annotations

import logging
import os
from functools import cache

from analytics.jobs import counting, tenant_jobs
from core.queue import TimedJob
from lrs import bootstrap
from lrs.actions.deps import StoreDeps
from lrs.store import change_queue

log = logging.getLogger(__name__)

TIMED_JOBS = (
    TimedJob("lrs.long_worker.compute", 30),
    TimedJob("lrs.long_worker.export", 60),
    TimedJob("lrs.long_worker.watch", 3_600),
    TimedJob("lrs.long_worker.retain", 86_400),
    TimedJob("lrs.long_worker.reconcile", 86_400),
)


@cache
def _process_deps() -> StoreDeps:
    """Built inside the job's own process: a connection must never be shared across a fork."""
    return bootstrap.build_from_environ(os.environ)


def compute() -> None:
    """Compute the reports that take too long for a page request."""
    _process_deps().job_requests.mark_job_started("lrs.long_worker.compute")
    tenant_jobs.compute_due_reports(_process_deps())


def watch() -> None:
    """Publish the figures of completed weeks; raise and end alarms."""
    _process_deps().job_requests.mark_job_started("lrs.long_worker.watch")
    tenant_jobs.watch_tenants(_process_deps())


def export() -> None:
    """Build the requested export files."""
    _process_deps().job_requests.mark_job_started("lrs.long_worker.export")
    tenant_jobs.export_tenants(_process_deps())


def retain() -> None:
    """Apply the tenants' retention rules."""
    _process_deps().job_requests.mark_job_started("lrs.long_worker.retain")
    tenant_jobs.apply_retention_rules(_process_deps())


def reconcile() -> None:
    """Recount everything; a figure that changes was wrong, which is an error to investigate."""
    _process_deps().job_requests.mark_job_started("lrs.long_worker.reconcile")
    counting.count_all_tenants(_process_deps().engine, _process_deps().unit_of_work)
    for tenant_id in change_queue.list_tenant_ids(_process_deps().engine):
        changed = counting.reconcile_tenant(_process_deps().unit_of_work, tenant_id)
        if changed:
            log.error("tenant %s: a recount changed the facts; something had not been counted, and is now", tenant_id)
        tenant_jobs.record_self_check(_process_deps(), tenant_id, changed)
