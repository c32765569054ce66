"""Reports computed by a job, and the programmes whose reports are stale."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Connection, any_, delete, insert, literal, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from analytics.store.tables import computed, uncomputed

CACHE_PREFIX = (
    "kept/"  # prefix of the names of reports that are cached only because they take long to compute
)


def mark_programmes_stale(
    connection: Connection, tenant_id: int, programmes: Iterable[str]
) -> None:
    """Mark these programmes as stale: their facts changed. Each mark is a row of its own, so
    two transactions that mark the same programme never wait for each other."""
    rows = [{"tenant_id": tenant_id, "programme": programme} for programme in programmes]
    if rows:
        connection.execute(insert(uncomputed), rows)


def list_pending_marks(connection: Connection, tenant_id: int) -> dict[str, list[int]]:
    """The marks of each stale programme, the one that has waited longest first."""
    u = uncomputed.c
    result: dict[str, list[int]] = {}
    for row in connection.execute(
        select(u.programme, u.mark).where(u.tenant_id == tenant_id).order_by(u.mark)
    ):
        result.setdefault(row.programme, []).append(row.mark)
    return result


def has_pending_marks(connection: Connection, tenant_id: int, marks: Sequence[int]) -> bool:
    """Whether any of these marks is left: another job may have done the work in the
    meantime."""
    u = uncomputed.c
    return (
        connection.execute(
            select(u.mark)
            .where(
                u.tenant_id == tenant_id, u.mark == any_(literal(list(marks), ARRAY(BigInteger)))
            )
            .limit(1)
        ).first()
        is not None
    )


def delete_marks(connection: Connection, tenant_id: int, marks: Sequence[int]) -> None:
    """Delete the marks that were set before the work began; marks set since then stay."""
    connection.execute(
        delete(uncomputed).where(
            uncomputed.c.tenant_id == tenant_id,
            uncomputed.c.mark == any_(literal(list(marks), ARRAY(BigInteger))),
        )
    )


def upsert_computed_report(
    connection: Connection,
    tenant_id: int,
    programme: str,
    report: str,
    body: dict[str, Any],
    watermark: datetime,
) -> None:
    """Store a report in place of the one computed before."""
    values = {
        "tenant_id": tenant_id,
        "programme": programme,
        "report": report,
        "body": body,
        "watermark": watermark,
    }
    created = upsert(computed).values(values)
    changed = {
        "body": created.excluded.body,
        "watermark": created.excluded.watermark,
        "computed_at": text("clock_timestamp()"),
    }
    connection.execute(
        created.on_conflict_do_update(
            index_elements=["tenant_id", "programme", "report"], set_=changed
        )
    )


def find_computed_report(
    connection: Connection, tenant_id: int, programme: str, report: str
) -> tuple[dict[str, Any], datetime, datetime] | None:
    """Return (body, watermark, when it was computed), or None if it was not computed yet."""
    c = computed.c
    query = select(c.body, c.watermark, c.computed_at).where(
        c.tenant_id == tenant_id, c.programme == programme, c.report == report
    )
    row = connection.execute(query).first()
    return (row.body, row.watermark, row.computed_at) if row else None


def invalidate_reports(connection: Connection, tenant_id: int, programme: str) -> None:
    """Somebody changed a decision that reports of the programme depend on: discard its cached
    reports and have them recomputed."""
    discard_cached_reports(connection, tenant_id, programme)
    mark_programmes_stale(connection, tenant_id, [programme])


def discard_cached_reports(connection: Connection, tenant_id: int, programme: str) -> None:
    """Discard the cached reports of a programme."""
    c = computed.c
    is_cached = c.report.startswith(CACHE_PREFIX, autoescape=True)
    connection.execute(
        delete(computed).where(c.tenant_id == tenant_id, c.programme == programme, is_cached)
    )


def mark_outdated_programmes(connection: Connection, tenant_id: int, moment: datetime) -> None:
    """Mark the programmes that have a cached report computed before ``moment`` and are not
    marked already: what is due changes with the clock alone."""
    c = computed.c
    query = (
        select(c.programme)
        .distinct()
        .where(
            c.tenant_id == tenant_id,
            c.report.startswith(CACHE_PREFIX, autoescape=True),
            c.computed_at < moment,
        )
    )
    waits = list_pending_marks(connection, tenant_id)
    mark_programmes_stale(
        connection,
        tenant_id,
        [item for item in connection.execute(query).scalars() if item not in waits],
    )
