"""Reports that a job makes, and the programmes that wait for theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from lrs.store.tables import computed

_CLAIM = text(
    """
    WITH k AS MATERIALIZED (
      SELECT programme FROM lrs.uncomputed WHERE tenant_id = :tenant ORDER BY since LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    DELETE FROM lrs.uncomputed u USING k WHERE u.tenant_id = :tenant AND u.programme = k.programme RETURNING u.programme
    """
)


def claim(connection: Connection, tenant_id: int) -> str | None:
    """Take the programme that has waited longest."""
    found = connection.execute(_CLAIM, {"tenant": tenant_id}).scalar()
    return None if found is None else str(found)


def keep(connection: Connection, tenant_id: int, programme: str, report: str, body: dict[str, Any], watermark: datetime) -> None:
    """Put a report in the place of what was computed before."""
    values = {"tenant_id": tenant_id, "programme": programme, "report": report, "body": body, "watermark": watermark}
    insert = upsert(computed).values(values)
    changed = {"body": insert.excluded.body, "watermark": insert.excluded.watermark, "computed_at": text("clock_timestamp()")}
    connection.execute(insert.on_conflict_do_update(index_elements=["tenant_id", "programme", "report"], set_=changed))


def find(connection: Connection, tenant_id: int, programme: str, report: str) -> tuple[dict[str, Any], datetime, datetime] | None:
    """(body, watermark, when it was computed), or None where it was not computed yet."""
    c = computed.c
    query = select(c.body, c.watermark, c.computed_at).where(c.tenant_id == tenant_id, c.programme == programme, c.report == report)
    row = connection.execute(query).first()
    return (row.body, row.watermark, row.computed_at) if row else None
