"""What analytics adds to the record store's application."""

from __future__ import annotations

from flask import Blueprint

from analytics.actions import removals
from analytics.api import (
    alarms,
    business,
    identity_and_mappings,
    metrics,
    operator_pages,
    publishing,
)
from analytics.deps import COUNT_JOB, AnalyticsDeps, RequireScope
from core.openapi import API_PREFIX, ApiPart

_API_MODULES = (metrics, business, identity_and_mappings, alarms, publishing)
API_ROUTES = tuple(route for module in _API_MODULES for route in module.routes)


def api_part(deps: AnalyticsDeps, require_scope: RequireScope) -> ApiPart:
    """Return the routes of analytics below ``/api/v1``."""
    pages = Blueprint("analytics", __name__, url_prefix=API_PREFIX)
    for module in _API_MODULES:
        module.routes.add_to(pages, deps, require_scope)
    return ApiPart(pages, API_ROUTES)


def operator_part(deps: AnalyticsDeps, require_scope: RequireScope) -> ApiPart:
    """Return the pages of analytics beside the list of statements, below ``/browse``."""
    pages = Blueprint(
        "operator", "analytics.api", url_prefix="/browse", template_folder="templates"
    )
    operator_pages.routes.add_to(pages, deps, require_scope)
    return ApiPart(pages, ())


def on_stored(deps: AnalyticsDeps) -> None:
    """Have new statements counted soon."""
    deps.job_requests.request_job(COUNT_JOB)


def on_removed(deps: AnalyticsDeps, tenant_id: int) -> None:
    """Consume what was removed now: an erasure is done when this returns."""
    removals.consume_removals(deps, tenant_id=tenant_id)
