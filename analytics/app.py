"""What analytics adds to the record store's application."""

from __future__ import annotations

from analytics.actions import removals
from analytics.api import alarms, business, identity_and_mappings, metrics, openapi_v1
from analytics.deps import COUNT_JOB, AnalyticsDeps, RequireScope
from core.openapi import ApiPart


def api_part(deps: AnalyticsDeps, require_scope: RequireScope) -> ApiPart:
    """Return the routes of analytics below ``/api/v1``."""
    return ApiPart(
        [
            module.blueprint(deps, require_scope)
            for module in (metrics, business, identity_and_mappings, alarms)
        ],
        openapi_v1.operations(),
        (*openapi_v1.REQUEST_TYPES, *openapi_v1.RESPONSE_TYPES),
    )


def on_stored(deps: AnalyticsDeps) -> None:
    """Have new statements counted soon."""
    deps.job_requests.request_job(COUNT_JOB)


def on_removed(deps: AnalyticsDeps, tenant_id: int) -> None:
    """Consume what was removed now: an erasure is done when this returns."""
    removals.consume_removals(deps, tenant_id=tenant_id)
