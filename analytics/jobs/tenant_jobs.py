"""Jobs that maintain the store, tenant by tenant: computed reports, alarms, exports,
forwarding, retention, orphaned uploads, profile template checks.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from datetime import timedelta

from analytics.actions import exports
from analytics.store import computed_reports
from analytics.store import exports as export_store
from core import clock
from core.queue import JobTimedOut
from lrs.actions import attachments, erasure, forwarding, template_tagging
from lrs.actions.deps import StoreDeps
from lrs.store import change_queue

log = logging.getLogger(__name__)

MAX_REPORT_AGE = timedelta(hours=1)  # stored reports are recomputed after this time, whether facts changed or not


def compute_due_reports(deps: StoreDeps) -> None:
    """Compute the reports that are due."""

    def compute_tenant(tenant_id: int) -> None:
        with deps.unit_of_work(tenant_id) as connection:
            computed_reports.mark_outdated_programmes(connection, tenant_id, clock.now() - MAX_REPORT_AGE)
            due = computed_reports.list_pending_marks(connection, tenant_id)
        if due:
            # Its imports take three seconds: only a process that has something to compute pays
            # for them.
            importlib.import_module("analytics.jobs.materialize_reports").compute_reports(deps.unit_of_work, tenant_id)

    _for_each_tenant(deps, "computing reports", compute_tenant)


def watch_tenants(deps: StoreDeps) -> None:
    """Publish weekly figures, raise and end alarms."""
    watching = importlib.import_module("analytics.jobs.weekly_figures")
    _for_each_tenant(deps, "watching", lambda tenant_id: watching.watch_tenant(deps.unit_of_work, tenant_id))


def restate_weeks(deps: StoreDeps, tenant_id: int, who: str, why: str) -> None:
    """Publish the changes made by a manual recount, with who did it and why."""
    importlib.import_module("analytics.jobs.weekly_figures").watch_tenant(deps.unit_of_work, tenant_id, who, why)


def record_self_check(deps: StoreDeps, tenant_id: int, changed: bool) -> None:
    """Raise or end the alarm of the self-check recount."""
    importlib.import_module("analytics.jobs.weekly_figures").update_self_check(deps.unit_of_work, tenant_id, changed)


def export_tenants(deps: StoreDeps) -> None:
    """Build the requested export files."""

    def build_tenant_exports(tenant_id: int) -> None:
        with deps.unit_of_work(tenant_id) as connection:
            waiting = export_store.list_pending_exports(connection, tenant_id)
        if waiting:
            importlib.import_module("analytics.jobs.export_files").build_exports(deps, tenant_id)

    _for_each_tenant(deps, "exporting", build_tenant_exports)


def forward_tenants(deps: StoreDeps) -> None:
    """Forward the statements that are due."""
    _for_each_tenant(deps, "forwarding", lambda tenant_id: forwarding.send_forwards(deps, tenant_id))


def apply_retention_rules(deps: StoreDeps) -> None:
    """Remove what is past its retention period, and abandoned uploads."""
    _for_each_tenant(deps, "retention", lambda tenant_id: erasure.apply_retention(deps, tenant_id))
    _for_each_tenant(deps, "sweeping attachments", lambda tenant_id: attachments.remove_orphans(deps.unit_of_work, deps.blobs, tenant_id=tenant_id))
    _for_each_tenant(deps, "removing exports", lambda tenant_id: exports.discard_exports(deps, tenant_id=tenant_id))
    deps.blobs.remove_stale_uploads()
    deps.exports.remove_stale_uploads()


def tag_tenants(deps: StoreDeps) -> None:
    """Record which statements violate the templates of a profile that they claim."""
    _for_each_tenant(deps, "tagging", lambda tenant_id: template_tagging.tag_template_violations(deps, tenant_id))


def _for_each_tenant(deps: StoreDeps, what: str, act: Callable[[int], object]) -> None:
    """Run ``act`` for each tenant; one tenant's failure is logged and does not hold up the
    others.
    """
    for tenant_id in change_queue.list_tenant_ids(deps.engine):
        try:
            act(tenant_id)
        except JobTimedOut:
            raise
        except Exception:
            log.exception("tenant %s: %s failed; it is tried again", tenant_id, what)
