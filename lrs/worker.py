"""The record store's short jobs, under the names used by the queue: functions without
parameters.
"""

from __future__ import annotations

import os
from functools import cache

from analytics.jobs import counting, tenant_jobs
from core.queue import TimedJob
from lrs import bootstrap
from lrs.actions.deps import StoreDeps

TIMED_JOBS = (
    TimedJob("lrs.worker.count", 5),
    TimedJob("lrs.worker.forward", 10),
    TimedJob("lrs.worker.tag", 60),
)


@cache
def _process_deps() -> StoreDeps:
    """Built inside the job's own process: a connection must never be shared across a fork."""
    return bootstrap.build_from_environ(os.environ)


def count() -> None:
    """Count the pending statements."""
    _process_deps().job_requests.mark_job_started("lrs.worker.count")
    counting.count_all_tenants(_process_deps().engine, _process_deps().unit_of_work)


def forward() -> None:
    """Forward statements to other record stores."""
    _process_deps().job_requests.mark_job_started("lrs.worker.forward")
    tenant_jobs.forward_tenants(_process_deps())


def tag() -> None:
    """Check statements that claim a profile against its templates."""
    _process_deps().job_requests.mark_job_started("lrs.worker.tag")
    tenant_jobs.tag_tenants(_process_deps())
