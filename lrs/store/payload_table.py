"""The bytes of statements, wherever they lie: in the month in which they were stored, in a file
(:mod:`lrs.store.cold_files`), or still beside their statement, where a version before put them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, exists, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from core import clock
from core.database import driver_cursor
from core.packed_arrays import BigintArray
from lrs.store import cold_files
from lrs.store.cold_files import GROUP_ROWS, PayloadRows
from lrs.store.payloads import unpack_payload
from lrs.store.tables import statement, statement_payload
from lrs.xapi.statement_rendering import ORD_SHIFT

# The bounds let PostgreSQL leave out the other months while it plans.
_FIND = b"""
    SELECT ord, payload FROM lrs.statement_payload WHERE tenant_id = %(tenant)s
      AND ord = ANY (%(ords)b) AND ord BETWEEN %(low)s AND %(high)s
    UNION ALL SELECT ord, payload FROM lrs.statement WHERE tenant_id = %(tenant)s
      AND ord = ANY (%(ords)b) AND payload IS NOT NULL
"""
_MOVE = text(
    """
    WITH old AS MATERIALIZED (
      SELECT ord, payload FROM lrs.statement WHERE tenant_id = :tenant AND payload IS NOT NULL
      ORDER BY ord LIMIT :rows FOR UPDATE
    ), new AS (
      INSERT INTO lrs.statement_payload (tenant_id, ord, payload)
      SELECT :tenant, ord, payload FROM old ON CONFLICT DO NOTHING
    )
    UPDATE lrs.statement s SET payload = NULL FROM old WHERE s.tenant_id = :tenant
      AND s.ord = old.ord
    """
)
_TAKE = text(
    """
    DELETE FROM lrs.statement_payload WHERE tenant_id = :tenant AND ord = ANY (ARRAY(
      SELECT ord FROM lrs.statement_payload WHERE tenant_id = :tenant AND ord > :after
        AND ord < :before ORDER BY ord LIMIT :rows))
    RETURNING ord, payload
    """
)
_TAKE_CHANGED = text(
    """
    DELETE FROM lrs.statement_payload WHERE tenant_id = :tenant
      AND ord = ANY (CAST(:ords AS bigint[])) RETURNING ord, payload
    """
)


def find_payloads(connection: Connection, tenant_id: int, ords: Sequence[int]) -> dict[int, bytes]:
    """The bytes of those of these statements that are stored."""
    if not ords:
        return {}
    parameters = {
        "tenant": tenant_id,
        "ords": BigintArray(ords),
        "low": min(ords),
        "high": max(ords),
    }
    with driver_cursor(connection) as cursor:
        cursor.execute(_FIND, parameters, binary=True, prepare=True)
        found = {ord_: unpack_payload(packed) for ord_, packed in cursor.fetchall()}
    missing = [ord_ for ord_ in ords if ord_ not in found]
    if missing:
        found |= cold_files.find_cold_payloads(connection, tenant_id, missing)
    return found


def replace_payload(connection: Connection, tenant_id: int, ord_: int, payload: bytes) -> None:
    """Replace the bytes of a statement. Those that a file has are covered up by these, until it is
    rewritten."""
    changed = upsert(statement_payload).values(tenant_id=tenant_id, ord=ord_, payload=payload)
    connection.execute(
        changed.on_conflict_do_update(
            index_elements=["tenant_id", "ord"], set_={"payload": changed.excluded.payload}
        )
    )
    s = statement
    connection.execute(
        s.update().where(s.c.tenant_id == tenant_id, s.c.ord == ord_).values(payload=None)
    )
    cold_files.mark_stale(connection, tenant_id, [ord_])


def delete_payloads(connection: Connection, tenant_id: int, ords: Sequence[int]) -> None:
    """Delete the bytes of statements; a file keeps them until it is rewritten."""
    p = statement_payload
    connection.execute(delete(p).where(p.c.tenant_id == tenant_id, p.c.ord.in_(ords)))
    cold_files.mark_stale(connection, tenant_id, ords)


def list_tenants_to_move(engine: Engine) -> list[int]:
    """Tenants with statements whose bytes lie where a version before put them."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT lrs.tenants_with_unmoved_payloads()"))
        return list(rows.scalars())


def has_unmoved_payloads(connection: Connection, tenant_id: int) -> bool:
    """Whether the bytes of some statements lie where a version before put them."""
    query = exists().where(statement.c.tenant_id == tenant_id, statement.c.payload.is_not(None))
    return bool(connection.execute(select(query)).scalar())


def move_payloads(connection: Connection, tenant_id: int, rows: int) -> int:
    """Move the bytes of up to ``rows`` statements of a version before; return of how many."""
    return connection.execute(_MOVE, {"tenant": tenant_id, "rows": rows}).rowcount


def add_months(connection: Connection) -> None:
    """Make the months in which statements are stored next."""
    connection.execute(text("SELECT lrs.add_payload_months()"))


def drop_empty_months(connection: Connection, before: datetime) -> None:
    """Drop the months before an instant that hold nothing any more; one that is read now stays."""
    ord_ = clock.to_microseconds(before) << ORD_SHIFT
    connection.execute(text("SELECT lrs.drop_payload_months(:before)"), {"before": ord_})


def find_oldest_month(connection: Connection, tenant_id: int, after: int | None) -> datetime | None:
    """The begin of the month (UTC) of the oldest statement after ``after`` whose bytes lie in the
    database."""
    p = statement_payload.c
    query = select(p.ord).where(p.tenant_id == tenant_id)
    if after is not None:
        query = query.where(p.ord > after)
    first = connection.execute(query.order_by(p.ord).limit(1)).scalar()
    if first is None:
        return None
    stored = clock.from_microseconds(first >> ORD_SHIFT)
    return datetime(stored.year, stored.month, 1, tzinfo=UTC)


def take_payloads(
    connection: Connection, tenant_id: int, after: int | None, before: datetime
) -> Iterator[PayloadRows]:
    """Delete, and yield some at a time and in order, the bytes of statements after ``after`` that
    were stored before an instant; who changes one of them waits until the transaction ends."""
    position: dict[str, Any] = {
        "tenant": tenant_id,
        "after": -(2**63) if after is None else after,
        "before": clock.to_microseconds(before) << ORD_SHIFT,
        "rows": GROUP_ROWS,
    }
    while taken := connection.execute(_TAKE, position).all():
        rows = sorted((ord_, unpack_payload(packed)) for ord_, packed in taken)
        position["after"] = rows[-1][0]
        yield rows


def fold_changes(connection: Connection, tenant_id: int, rows: PayloadRows) -> PayloadRows:
    """Those rows of a file whose statements are still stored, with what covers them up."""
    ords = [ord_ for ord_, _ in rows]
    alive = set(
        connection.execute(
            select(statement.c.ord).where(
                statement.c.tenant_id == tenant_id, statement.c.ord.in_(ords)
            )
        ).scalars()
    )
    taken = connection.execute(_TAKE_CHANGED, {"tenant": tenant_id, "ords": ords})
    changed = {ord_: unpack_payload(packed) for ord_, packed in taken}
    return [(ord_, changed.get(ord_, payload)) for ord_, payload in rows if ord_ in alive]
