"""The record store's jobs that may take minutes, under the names used by the queue:
functions without parameters.
"""

from __future__ import annotations

import logging
import os
from functools import cache

from core.queue import Timed
from lrs import bootstrap
from lrs.actions.deps import StoreDeps
from lrs.jobs import count as counting
from lrs.jobs import upkeep
from lrs.store import work

log = logging.getLogger(__name__)

TIMED = (
    Timed("lrs.long_worker.compute", 30),
    Timed("lrs.long_worker.export", 60),
    Timed("lrs.long_worker.watch", 3_600),
    Timed("lrs.long_worker.retain", 86_400),
    Timed("lrs.long_worker.reconcile", 86_400),
)


@cache
def _deps() -> StoreDeps:
    """Built inside the job's own process: a connection must never be shared across a fork."""
    return bootstrap.build(os.environ)


def compute() -> None:
    """Compute the reports that take too long for a page request."""
    _deps().nudges.begin("lrs.long_worker.compute")
    upkeep.compute(_deps())


def watch() -> None:
    """Publish the figures of completed weeks; raise and end alarms."""
    _deps().nudges.begin("lrs.long_worker.watch")
    upkeep.watch(_deps())


def export() -> None:
    """Build the requested export files."""
    _deps().nudges.begin("lrs.long_worker.export")
    upkeep.export(_deps())


def retain() -> None:
    """Apply the tenants' retention rules."""
    _deps().nudges.begin("lrs.long_worker.retain")
    upkeep.retain(_deps())


def reconcile() -> None:
    """Recount everything; a figure that changes was wrong, which is an error to investigate."""
    _deps().nudges.begin("lrs.long_worker.reconcile")
    counting.count(_deps().engine, _deps().unit_of_work)
    for tenant_id in work.every_tenant(_deps().engine):
        changed = counting.reconcile(_deps().unit_of_work, tenant_id)
        if changed:
            log.error("tenant %s: a recount changed the facts; something had not been counted, and is now", tenant_id)
        upkeep.self_check(_deps(), tenant_id, changed)
