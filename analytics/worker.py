"""The short jobs of analytics, under the names used by the queue."""

from __future__ import annotations

from analytics.deps import COUNT_JOB, AnalyticsDeps, build_analytics_deps
from analytics.jobs import counting, mapped_actors
from core.jobs import JobHandlers
from core.queue import for_each_tenant
from lrs import feed

jobs = JobHandlers(build_analytics_deps)


@jobs.handles(COUNT_JOB)
def count(deps: AnalyticsDeps) -> None:
    """Count the pending statements."""
    counting.count_all_tenants(deps)


@jobs.job(interval_seconds=30)
def read_actors(deps: AnalyticsDeps) -> None:
    """Look who did something in activities of other systems that count."""
    for_each_tenant(
        feed.list_tenant_ids(deps.engine),
        "reading actors",
        lambda tenant_id: mapped_actors.read_new_actors(deps, tenant_id),
    )
