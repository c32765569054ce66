"""The short jobs of analytics, under the names used by the queue."""

from __future__ import annotations

from analytics.deps import COUNT_JOB, AnalyticsDeps, build_analytics_deps
from analytics.jobs import counting
from core.jobs import JobHandlers

jobs = JobHandlers(build_analytics_deps)


@jobs.handles(COUNT_JOB)
def count(deps: AnalyticsDeps) -> None:
    """Count the pending statements."""
    counting.count_all_tenants(deps)
