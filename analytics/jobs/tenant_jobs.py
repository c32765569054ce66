"""Jobs of analytics, tenant by tenant: computed reports, weekly figures and alarms, exports."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import timedelta

from analytics.actions import exports
from analytics.deps import AnalyticsDeps
from analytics.store import computed_reports
from analytics.store import exports as export_store
from core import clock
from core.queue import for_each_tenant
from lrs import feed

MAX_REPORT_AGE = timedelta(
    hours=1
)  # stored reports are recomputed after this time, whether facts changed or not


def list_tenants_with_due_reports(deps: AnalyticsDeps) -> list[int]:
    """Tenants with a report to compute; one that is older than MAX_REPORT_AGE is marked first."""

    result: list[int] = []

    def look(tenant_id: int) -> None:
        with deps.unit_of_work(tenant_id) as connection:
            computed_reports.mark_outdated_programmes(
                connection, tenant_id, clock.now() - MAX_REPORT_AGE
            )
            if computed_reports.list_pending_marks(connection, tenant_id):
                result.append(tenant_id)

    _for_each_tenant(deps, "looking for reports", look)
    return result


def compute_due_reports(deps: AnalyticsDeps) -> None:
    """Compute the reports that are due."""
    if tenant_ids := list_tenants_with_due_reports(deps):
        # Its imports take three seconds: only a process that has something to compute pays for
        # them.
        computing = importlib.import_module("analytics.jobs.materialize_reports")
        for_each_tenant(
            tenant_ids,
            "computing reports",
            lambda tenant_id: computing.compute_reports(deps.long_unit_of_work, tenant_id),
        )


def watch_tenants(deps: AnalyticsDeps) -> None:
    """Publish weekly figures, raise and end alarms."""
    watching = importlib.import_module("analytics.jobs.weekly_figures")
    _for_each_tenant(
        deps, "watching", lambda tenant_id: watching.watch_tenant(deps.long_unit_of_work, tenant_id)
    )


def publish_tenants(deps: AnalyticsDeps) -> None:
    """Publish values of the tenants whose week began, or who asked for it."""
    publishing = importlib.import_module("analytics.jobs.publishing")
    _for_each_tenant(
        deps,
        "publishing",
        lambda tenant_id: publishing.publish_tenant(deps.long_unit_of_work, tenant_id),
    )


def restate_weeks(deps: AnalyticsDeps, tenant_id: int, who: str, why: str) -> None:
    """Publish the changes made by a manual recount, with who did it and why."""
    importlib.import_module("analytics.jobs.weekly_figures").watch_tenant(
        deps.long_unit_of_work, tenant_id, who, why
    )


def record_self_check(deps: AnalyticsDeps, tenant_id: int, changed: bool) -> None:
    """Raise or end the alarm of the self-check recount."""
    importlib.import_module("analytics.jobs.weekly_figures").update_self_check(
        deps.unit_of_work, tenant_id, changed
    )


def list_tenants_with_exports(deps: AnalyticsDeps) -> list[int]:
    """Tenants with an export file to build."""

    result: list[int] = []

    def look(tenant_id: int) -> None:
        with deps.unit_of_work(tenant_id) as connection:
            if export_store.list_pending_exports(connection, tenant_id):
                result.append(tenant_id)

    _for_each_tenant(deps, "looking for exports", look)
    return result


def export_tenants(deps: AnalyticsDeps) -> None:
    """Build the requested export files."""
    if tenant_ids := list_tenants_with_exports(deps):
        building = importlib.import_module("analytics.jobs.export_files")
        for_each_tenant(
            tenant_ids,
            "exporting",
            lambda tenant_id: building.build_exports(deps, tenant_id),
        )


def expire_exports(deps: AnalyticsDeps) -> None:
    """Remove the export files that have expired, and abandoned uploads of them."""
    _for_each_tenant(
        deps,
        "removing exports",
        lambda tenant_id: exports.discard_exports(deps, tenant_id=tenant_id),
    )
    deps.exports.remove_stale_uploads()


def _for_each_tenant(deps: AnalyticsDeps, what: str, act: Callable[[int], object]) -> None:
    for_each_tenant(feed.list_tenant_ids(deps.engine), what, act)
