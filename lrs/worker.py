"""The record store's short jobs, under the names used by the queue: functions without
parameters.
"""

from __future__ import annotations

import os
from functools import cache

from core.queue import Timed
from lrs import bootstrap
from lrs.actions.deps import StoreDeps
from lrs.jobs import count as counting
from lrs.jobs import upkeep

TIMED = (
    Timed("lrs.worker.count", 5),
    Timed("lrs.worker.forward", 10),
    Timed("lrs.worker.tag", 60),
)


@cache
def _deps() -> StoreDeps:
    """Built inside the job's own process: a connection must never be shared across a fork."""
    return bootstrap.build(os.environ)


def count() -> None:
    """Count the pending statements."""
    _deps().nudges.begin("lrs.worker.count")
    counting.count(_deps().engine, _deps().unit_of_work)


def forward() -> None:
    """Forward statements to other record stores."""
    _deps().nudges.begin("lrs.worker.forward")
    upkeep.forward(_deps())


def tag() -> None:
    """Check statements that claim a profile against its templates."""
    _deps().nudges.begin("lrs.worker.tag")
    upkeep.tag(_deps())
