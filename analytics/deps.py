"""Dependencies of analytics: built once per process, with no connection opened yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

from core.blob_store import BlobStore
from core.deps import Deps
from lrs.feed import Caller

# Jobs as the queue names them (analytics.worker, analytics.long_worker).
COUNT_JOB = "analytics.worker.count"
COMPUTE_JOB, WATCH_JOB = "analytics.long_worker.compute", "analytics.long_worker.watch"
EXPORT_JOB, EXPIRE_EXPORTS_JOB = (
    "analytics.long_worker.export",
    "analytics.long_worker.expire_exports",
)
RECONCILE_JOB = "analytics.long_worker.reconcile"

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
