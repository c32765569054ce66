"""Dependencies of analytics: built once per process, with no connection opened yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from core.blob_store import BlobStore
from core.deps import Deps
from core.queue import LONG_QUEUE, Job
from lrs.feed import Caller

COUNT_JOB = Job("analytics.worker.count", interval_seconds=5)
COMPUTE_JOB = Job("analytics.long_worker.compute", interval_seconds=30, queue=LONG_QUEUE)
PUBLISH_JOB = Job("analytics.long_worker.publish", interval_seconds=3_600, queue=LONG_QUEUE)
EXPORT_JOB = Job("analytics.long_worker.export", interval_seconds=60, queue=LONG_QUEUE)

# The caller of this request, who may do at least one of these scopes; given by the record store,
# which knows the credentials.
RequireScope = Callable[..., Caller]


@dataclass(frozen=True)
class AnalyticsDeps(Deps):
    """Settings, database, secrets and queue, plus the store of export files."""

    exports: BlobStore


def build_analytics_deps(deps: Deps) -> AnalyticsDeps:
    """Build the dependencies of analytics from the shared ones."""
    base = {field.name: getattr(deps, field.name) for field in fields(Deps)}
    return AnalyticsDeps(
        **base, exports=BlobStore(f"{deps.settings.attachments_url.rstrip('/')}/exports")
    )
