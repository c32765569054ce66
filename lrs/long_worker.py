"""The record store's jobs that may take minutes, under the names used by the queue:
functions without parameters.
"""

from __future__ import annotations

import os
from functools import cache

from core.queue import TimedJob
from lrs import bootstrap
from lrs.actions.deps import StoreDeps
from lrs.jobs import tenant_jobs

TIMED_JOBS = (TimedJob("lrs.long_worker.retain", 86_400),)


@cache
def _process_deps() -> StoreDeps:
    """Built inside the job's own process: a connection must never be shared across a fork."""
    return bootstrap.build_from_environ(os.environ)


def retain() -> None:
    """Apply the tenants' retention rules."""
    _process_deps().job_requests.mark_job_started("lrs.long_worker.retain")
    tenant_jobs.apply_retention_rules(_process_deps())
