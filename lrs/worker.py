"""The record store's short jobs, under the names used by the queue: functions without
parameters.
"""

from __future__ import annotations

import os
from functools import cache

from core.queue import TimedJob
from lrs import bootstrap
from lrs.actions.deps import StoreDeps
from lrs.jobs import tenant_jobs

TIMED_JOBS = (
    TimedJob("lrs.worker.forward", 10),
    TimedJob("lrs.worker.tag", 60),
    TimedJob("lrs.worker.settle_references", 60),
)


@cache
def _process_deps() -> StoreDeps:
    """Built inside the job's own process: a connection must never be shared across a fork."""
    return bootstrap.build_from_environ(os.environ)


def settle_references() -> None:
    """Settle references to statements that arrived late. Where analytics counts, its job has done
    so by then.
    """
    _process_deps().job_requests.mark_job_started("lrs.worker.settle_references")
    tenant_jobs.settle_references(_process_deps())


def forward() -> None:
    """Forward statements to other record stores."""
    _process_deps().job_requests.mark_job_started("lrs.worker.forward")
    tenant_jobs.forward_tenants(_process_deps())


def tag() -> None:
    """Check statements that claim a profile against its templates."""
    _process_deps().job_requests.mark_job_started("lrs.worker.tag")
    tenant_jobs.tag_tenants(_process_deps())
