"""Statements that do not count: which, why, and counting them again once that is mended. What no
figure wants is a number alone.
"""

from __future__ import annotations

from analytics.deps import COUNT_JOB, AnalyticsDeps
from analytics.facts.statement_view import COUNTED_VERB_KEYS
from analytics.store import facts, person_merges, unwanted
from analytics.store.facts import SetAside, SetAsideStatement
from core.database import UnitOfWork
from lrs import feed

RECOUNT_BATCH_ROWS = 5_000


def count_unwanted(unit_of_work: UnitOfWork, tenant_id: int) -> None:
    """Bring the numbers of what no figure wants up to date: of the days to which something happened
    since.
    """
    with unit_of_work(tenant_id) as connection:
        if not unwanted.has_days(connection, tenant_id):
            return  # no running count need be waited for
        person_merges.lock_merges(connection, tenant_id)
        if not unwanted.take_days(connection, tenant_id):
            return
    with unit_of_work(tenant_id) as connection:
        unwanted.count_taken_days(connection, tenant_id, COUNTED_VERB_KEYS)


def list_set_aside(deps: AnalyticsDeps, *, tenant_id: int) -> list[SetAside]:
    """Return the reasons, those that can be mended first."""
    count_unwanted(deps.unit_of_work, tenant_id)
    with deps.unit_of_work(tenant_id) as connection:
        return [
            *facts.list_set_aside(connection, tenant_id),
            *unwanted.list_unwanted(connection, tenant_id),
        ]


def list_statements(
    deps: AnalyticsDeps, *, tenant_id: int, reason: str, after: int, rows: int
) -> list[SetAsideStatement]:
    """Return statements that do not count for one reason, in the order of the store."""
    with deps.unit_of_work(tenant_id) as connection:
        return facts.list_set_aside_statements(connection, tenant_id, reason, after, rows)


def count_again(deps: AnalyticsDeps, *, tenant_id: int, reason: str, who: str) -> int:
    """Queue what does not count for this reason; return how many rows that are. Idempotent: what
    still cannot be counted is set aside again.
    """
    queued = 0
    following: int | None = 0
    while following is not None:
        with deps.unit_of_work(tenant_id) as connection:
            following, marked = facts.mark_set_aside(
                connection, tenant_id, reason, following, RECOUNT_BATCH_ROWS
            )
        queued += marked
    if queued:
        with deps.unit_of_work(tenant_id) as connection:
            feed.insert_audit_entry(
                connection,
                tenant_id,
                who,
                "counted again what was set aside",
                {"reason": reason, "statements": queued},
            )
        deps.job_requests.request_job(COUNT_JOB)
    return queued
