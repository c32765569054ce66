"""Jobs that keep the store in order, tenant by tenant: computed reports, sending on, retention, abandoned uploads, profile templates."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable

from lrs.actions import attachments, erasing, forwarding, tagging
from lrs.actions.deps import StoreDeps
from lrs.store import work

log = logging.getLogger(__name__)


def compute(deps: StoreDeps) -> None:
    """Compute reports."""
    # What it stands on takes three seconds to import: only the process that computes pays, no command that names this job.
    computing = importlib.import_module("lrs.jobs.compute")
    _each(deps, "computing reports", lambda tenant_id: computing.compute(deps.unit_of_work, tenant_id))


def forward(deps: StoreDeps) -> None:
    """Send on what is due."""
    _each(deps, "forwarding", lambda tenant_id: forwarding.send(deps, tenant_id))


def retain(deps: StoreDeps) -> None:
    """Remove what is kept no longer, and uploads that were given up."""
    _each(deps, "retention", lambda tenant_id: erasing.retain(deps, tenant_id))
    _each(deps, "sweeping attachments", lambda tenant_id: attachments.sweep(deps.unit_of_work, deps.blobs, tenant_id=tenant_id))
    deps.blobs.sweep()


def tag(deps: StoreDeps) -> None:
    """Note which statements break the templates of a profile that they claim."""
    _each(deps, "tagging", lambda tenant_id: tagging.tag(deps, tenant_id))


def _each(deps: StoreDeps, what: str, act: Callable[[int], object]) -> None:
    """One tenant's trouble is told and holds no other up."""
    for tenant_id in work.every_tenant(deps.engine):
        try:
            act(tenant_id)
        except Exception:
            log.exception("tenant %s: %s failed; it is tried again", tenant_id, what)
