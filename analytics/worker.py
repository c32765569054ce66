"""The short jobs of analytics, under the names used by the queue: functions without parameters."""

from __future__ import annotations

import os
from functools import cache

from analytics import bootstrap
from analytics.deps import COUNT_JOB, AnalyticsDeps
from analytics.jobs import counting
from core.queue import TimedJob

TIMED_JOBS = (TimedJob(COUNT_JOB, 5),)


@cache
def _process_deps() -> AnalyticsDeps:
    """Built inside the job's own process: a connection must never be shared across a fork."""
    return bootstrap.build_from_environ(os.environ)


def count() -> None:
    """Count the pending statements."""
    _process_deps().job_requests.mark_job_started(COUNT_JOB)
    counting.count_all_tenants(_process_deps())
