"""Jobs that maintain the store, tenant by tenant: computed reports, alarms, exports,
forwarding, retention, orphaned uploads, profile template checks.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from datetime import timedelta

from core import clock
from core.queue import TimeIsUp
from lrs.actions import attachments, erasing, exports, forwarding, tagging
from lrs.actions.deps import StoreDeps
from lrs.store import computed, work
from lrs.store import exports as export_store

log = logging.getLogger(__name__)

KEPT_FOR = timedelta(hours=1)  # stored reports are recomputed after this time, whether facts changed or not


def compute(deps: StoreDeps) -> None:
    """Compute the reports that are due."""

    def compute_due(tenant_id: int) -> None:
        with deps.unit_of_work(tenant_id) as connection:
            computed.mark_older_than(connection, tenant_id, clock.now() - KEPT_FOR)
            due = computed.waiting(connection, tenant_id)
        if due:
            # Its imports take three seconds: only a process that has something to compute pays
            # for them.
            importlib.import_module("lrs.jobs.compute").compute(deps.unit_of_work, tenant_id)

    _each(deps, "computing reports", compute_due)


def watch(deps: StoreDeps) -> None:
    """Publish weekly figures, raise and end alarms."""
    watching = importlib.import_module("lrs.jobs.watch")
    _each(deps, "watching", lambda tenant_id: watching.watch(deps.unit_of_work, tenant_id))


def restate(deps: StoreDeps, tenant_id: int, who: str, why: str) -> None:
    """Publish the changes made by a manual recount, with who did it and why."""
    importlib.import_module("lrs.jobs.watch").watch(deps.unit_of_work, tenant_id, who, why)


def self_check(deps: StoreDeps, tenant_id: int, changed: bool) -> None:
    """Raise or end the alarm of the self-check recount."""
    importlib.import_module("lrs.jobs.watch").self_check(deps.unit_of_work, tenant_id, changed)


def export(deps: StoreDeps) -> None:
    """Build the requested export files."""

    def make_waiting(tenant_id: int) -> None:
        with deps.unit_of_work(tenant_id) as connection:
            waiting = export_store.waiting(connection, tenant_id)
        if waiting:
            importlib.import_module("lrs.jobs.export").make(deps, tenant_id)

    _each(deps, "exporting", make_waiting)


def forward(deps: StoreDeps) -> None:
    """Forward the statements that are due."""
    _each(deps, "forwarding", lambda tenant_id: forwarding.send(deps, tenant_id))


def retain(deps: StoreDeps) -> None:
    """Remove what is past its retention period, and abandoned uploads."""
    _each(deps, "retention", lambda tenant_id: erasing.retain(deps, tenant_id))
    _each(deps, "sweeping attachments", lambda tenant_id: attachments.sweep(deps.unit_of_work, deps.blobs, tenant_id=tenant_id))
    _each(deps, "removing exports", lambda tenant_id: exports.let_go(deps, tenant_id=tenant_id))
    deps.blobs.sweep()
    deps.exports.sweep()


def tag(deps: StoreDeps) -> None:
    """Record which statements violate the templates of a profile that they claim."""
    _each(deps, "tagging", lambda tenant_id: tagging.tag(deps, tenant_id))


def _each(deps: StoreDeps, what: str, act: Callable[[int], object]) -> None:
    """Run ``act`` for each tenant; one tenant's failure is logged and does not hold up the
    others.
    """
    for tenant_id in work.every_tenant(deps.engine):
        try:
            act(tenant_id)
        except TimeIsUp:
            raise
        except Exception:
            log.exception("tenant %s: %s failed; it is tried again", tenant_id, what)
