"""Statements that do not count: which, why, and counting them again once that is mended."""

from __future__ import annotations

from analytics.deps import COUNT_JOB, AnalyticsDeps
from analytics.store import facts
from analytics.store.facts import SetAside, SetAsideStatement
from lrs import feed

RECOUNT_BATCH_ROWS = 5_000


def list_set_aside(deps: AnalyticsDeps, *, tenant_id: int) -> list[SetAside]:
    """Return the reasons, the most frequent first."""
    with deps.unit_of_work(tenant_id) as connection:
        return facts.list_set_aside(connection, tenant_id)


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
