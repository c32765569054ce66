"""Which statements break which templates, and the cursor of the job that checks them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lrs.store.tables import job_cursor, template_break

MAX_REASON_LENGTH = 1_000


def lock_job_cursor(connection: Connection, tenant_id: int, job: str) -> int:
    """The ``ord`` of the last statement that was checked; the row is locked, so one job runs at
    a time."""
    connection.execute(
        upsert(job_cursor).values(tenant_id=tenant_id, job=job, ord=-1).on_conflict_do_nothing()
    )
    query = select(job_cursor.c.ord).where(
        job_cursor.c.tenant_id == tenant_id, job_cursor.c.job == job
    )
    return int(connection.execute(query.with_for_update()).scalar_one())


def update_job_cursor(connection: Connection, tenant_id: int, job: str, ord_: int) -> None:
    """Advance the cursor to this statement."""
    values = {"tenant_id": tenant_id, "job": job, "ord": ord_}
    created = upsert(job_cursor).values(values)
    connection.execute(
        created.on_conflict_do_update(index_elements=["tenant_id", "job"], set_={"ord": ord_})
    )


def insert_template_breaks(
    connection: Connection, tenant_id: int, ord_: int, reasons: Sequence[tuple[str, str]]
) -> None:
    """Record the (template, reason) pairs that a statement breaks."""
    for template, reason in reasons:
        values = {
            "tenant_id": tenant_id,
            "ord": ord_,
            "template": template,
            "reason": reason[:MAX_REASON_LENGTH],
        }
        connection.execute(upsert(template_break).values(values).on_conflict_do_nothing())


def find_break_reasons(
    connection: Connection, tenant_id: int, ords: Sequence[int]
) -> dict[int, list[str]]:
    """The recorded reasons by statement."""
    t = template_break.c
    result: dict[int, list[str]] = {}
    for row in connection.execute(
        select(t.ord, t.reason).where(t.tenant_id == tenant_id, t.ord.in_(ords))
    ):
        result.setdefault(row.ord, []).append(row.reason)
    return result
