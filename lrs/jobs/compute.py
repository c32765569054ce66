"""The computing job: for each programme whose facts changed, the reports that take longer than a page may."""

from __future__ import annotations

import logging

from lrs.ground import clock
from lrs.ground.database import UnitOfWork
from lrs.ground.queue import TimeIsUp
from lrs.metrics.definitions import Scope
from lrs.reports import figures, making
from lrs.store import computed

log = logging.getLogger(__name__)


def compute(unit_of_work: UnitOfWork, tenant_id: int) -> int:
    """Compute what waits; how many programmes. A report that fails is told, and comes again with its programme's next change."""
    done = 0
    while True:
        with unit_of_work(tenant_id) as connection:
            programme = computed.claim(connection, tenant_id)
            if programme is None:
                return done
            watermark = figures.watermark_of(connection, tenant_id)
            scope = Scope(tenant_id, clock.now(), {"programme": programme})
            for name, make in making.REPORTS.items():
                try:
                    with connection.begin_nested():
                        computed.keep(connection, tenant_id, programme, name, make(connection, scope), watermark)
                except TimeIsUp:
                    raise
                except Exception:
                    log.exception("tenant %s: the report %s of programme %s cannot be computed", tenant_id, name, programme)
        done += 1
