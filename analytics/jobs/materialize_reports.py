"""The compute job: for each programme whose facts changed, it computes the reports that take
too long for a page request.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from analytics.actions.set_aside import count_unwanted
from analytics.definitions import Scope
from analytics.reports import cache, figures, materialize
from analytics.reports.computed import fill_computed
from analytics.reports.context import ReportRequest
from analytics.store import computed_reports
from core import clock
from core.advisory_locks import COMPUTE_LOCK, try_advisory_lock
from core.database import UnitOfWork

log = logging.getLogger(__name__)


def compute_reports(unit_of_work: UnitOfWork, tenant_id: int) -> int:
    """Compute what is due; return how many programmes. A report that fails is logged, and is
    tried again after its programme's next change.
    """
    with unit_of_work(tenant_id) as connection:
        waiting = computed_reports.list_pending_marks(connection, tenant_id)
    if waiting:
        count_unwanted(unit_of_work, tenant_id)
    return sum(
        _compute_programme(unit_of_work, tenant_id, programme, marks)
        for programme, marks in waiting.items()
    )


def _compute_programme(
    unit_of_work: UnitOfWork, tenant_id: int, programme: str, marks: Sequence[int]
) -> bool:
    """Compute all reports of one programme, unless another job is doing so."""
    with unit_of_work(tenant_id) as connection:
        if not try_advisory_lock(
            connection, COMPUTE_LOCK, tenant_id, programme
        ) or not computed_reports.has_pending_marks(connection, tenant_id, marks):
            return False
        watermark = figures.counted_up_to(connection, tenant_id)
        scope = Scope(tenant_id, clock.now(), {"programme": programme})
        requested = ReportRequest(connection, scope, individual=True)
        for name, make in materialize.COMPUTED_REPORTS.items():
            with _isolate_failure(connection, tenant_id, programme, name):
                fill_computed(requested, name, make(connection, scope), watermark)
        with _isolate_failure(connection, tenant_id, programme, "what is kept") as fine:
            cache.cache_reports(connection, scope, watermark)
        if not fine:  # better none than an outdated one, which would be retried again and again
            computed_reports.discard_cached_reports(connection, tenant_id, programme)
        computed_reports.delete_marks(connection, tenant_id, marks)
    return True


@contextmanager
def _isolate_failure(
    connection: Connection, tenant_id: int, programme: str, what: str
) -> Iterator[list[bool]]:
    """Run one report in a savepoint, so that its failure does not affect the others. The
    yielded list is emptied on failure.
    """
    fine = [True]
    try:
        with connection.begin_nested():
            yield fine
    except Exception:
        fine.clear()
        log.exception(
            "tenant %s: %s of programme %s cannot be computed", tenant_id, what, programme
        )
