"""The record store's jobs that may take minutes, as the queue names them: functions without parameters."""

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
    """Made inside the job's own process: a connection must never be shared across a fork."""
    return bootstrap.build(os.environ)


def compute() -> None:
    """Make the reports that take longer than a page may."""
    _deps().nudges.begin("lrs.long_worker.compute")
    upkeep.compute(_deps())


def watch() -> None:
    """Publish the figures of weeks that are over; raise and end alarms."""
    _deps().nudges.begin("lrs.long_worker.watch")
    upkeep.watch(_deps())


def export() -> None:
    """Make the files that were asked for."""
    _deps().nudges.begin("lrs.long_worker.export")
    upkeep.export(_deps())


def retain() -> None:
    """Remove what tenants keep no longer."""
    _deps().nudges.begin("lrs.long_worker.retain")
    upkeep.retain(_deps())


def reconcile() -> None:
    """Recount everything; a figure that changes by it was wrong, which is an error to look into."""
    _deps().nudges.begin("lrs.long_worker.reconcile")
    counting.count(_deps().engine, _deps().unit_of_work)
    for tenant_id in work.every_tenant(_deps().engine):
        changed = counting.reconcile(_deps().unit_of_work, tenant_id)
        if changed:
            log.error("tenant %s: a recount changed the facts; something had not been counted, and is now", tenant_id)
        upkeep.self_check(_deps(), tenant_id, changed)
