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
from lrs.store.tables import job_cursor, statement, statement_payload
from lrs.xapi.statement_rendering import ORD_SHIFT

# A function, since it keeps its plan: planning took each page as long as finding its bytes.
_FIND = b"SELECT ord, payload FROM lrs.find_payloads(%(tenant)s, %(ords)b, %(low)s, %(high)s)"
_FIND_UNMOVED = b"""
    SELECT ord, payload FROM lrs.statement WHERE tenant_id = %(tenant)s
      AND ord = ANY (%(ords)b) AND ord BETWEEN %(low)s AND %(high)s AND payload IS NOT NULL
"""
_MOVING_JOB = "payloads"
_MOVE = text(
    """
    WITH place AS MATERIALIZED (
      SELECT ord FROM lrs.job_cursor WHERE tenant_id = :tenant AND job = :job FOR UPDATE
    ), old AS MATERIALIZED (
      SELECT s.ord, s.payload FROM lrs.statement s, place
      WHERE s.tenant_id = :tenant AND s.ord > place.ord ORDER BY s.ord LIMIT :rows FOR UPDATE OF s
    ), new AS (
      INSERT INTO lrs.statement_payload (tenant_id, ord, payload)
      SELECT :tenant, ord, payload FROM old WHERE payload IS NOT NULL
      ON CONFLICT (tenant_id, ord) DO UPDATE SET payload = excluded.payload
    ), emptied AS (
      UPDATE lrs.statement s SET payload = NULL FROM old WHERE s.tenant_id = :tenant
        AND s.ord = old.ord AND s.payload IS NOT NULL
    ), reached AS (
      UPDATE lrs.job_cursor c SET ord = (SELECT max(ord) FROM old) WHERE c.tenant_id = :tenant
        AND c.job = :job AND EXISTS (SELECT FROM old)
    )
    SELECT count(*) FROM old
    """
)
_TAKE = text(
    """
    DELETE FROM lrs.statement_payload p WHERE tenant_id = :tenant AND ord = ANY (ARRAY(
      SELECT ord FROM lrs.statement_payload WHERE tenant_id = :tenant AND ord > :after
        AND ord < :before ORDER BY ord LIMIT :rows))
    RETURNING ord, payload, EXISTS (SELECT FROM lrs.statement s
      WHERE s.tenant_id = :tenant AND s.ord = p.ord) AS is_stored
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
    found: dict[int, bytes] = {}
    # Bytes are moved in this direction alone: whoever looks so, and once more in the months, finds
    # what is moved meanwhile.
    for sql in (_FIND, _FIND_UNMOVED, _FIND):
        missing = [ord_ for ord_ in ords if ord_ not in found]
        if not missing:
            return found
        parameters = {
            "tenant": tenant_id,
            "ords": BigintArray(missing),
            "low": min(missing),
            "high": max(missing),
        }
        with driver_cursor(connection) as cursor:
            cursor.execute(sql, parameters, binary=True, prepare=True)
            found.update((ord_, unpack_payload(packed)) for ord_, packed in cursor.fetchall())
    missing = [ord_ for ord_ in ords if ord_ not in found]
    return found | cold_files.find_cold_payloads(connection, tenant_id, missing)


def replace_payload(connection: Connection, tenant_id: int, ord_: int, payload: bytes) -> None:
    """Replace the bytes of a statement. Those that a file has are covered up by these, until it is
    rewritten."""
    cold_files.mark_stale(connection, tenant_id, [ord_])
    changed = upsert(statement_payload).values(tenant_id=tenant_id, ord=ord_, payload=payload)
    connection.execute(
        changed.on_conflict_do_update(
            index_elements=["tenant_id", "ord"], set_={"payload": changed.excluded.payload}
        )
    )
    s = statement.c
    unmoved = (s.tenant_id == tenant_id, s.ord == ord_, s.payload.is_not(None))
    connection.execute(statement.update().where(*unmoved).values(payload=None))
    cold_files.mark_stale(connection, tenant_id, [ord_])


def delete_payloads(connection: Connection, tenant_id: int, ords: Sequence[int]) -> None:
    """Delete the bytes of statements; a file keeps them until it is rewritten."""
    cold_files.mark_stale(connection, tenant_id, ords)
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
    place = (job_cursor.c.tenant_id == tenant_id, job_cursor.c.job == _MOVING_JOB)
    return bool(connection.execute(select(exists().where(*place))).scalar())


def move_payloads(connection: Connection, tenant_id: int, rows: int) -> int:
    """Move the bytes of the next ``rows`` statements of a version before; return at how many were
    looked. After the last one this is over."""
    parameters = {"tenant": tenant_id, "job": _MOVING_JOB, "rows": rows}
    count = int(connection.execute(_MOVE, parameters).scalar_one())
    if count < rows:
        place = (job_cursor.c.tenant_id == tenant_id, job_cursor.c.job == _MOVING_JOB)
        connection.execute(delete(job_cursor).where(*place))
    return count


def add_months(connection: Connection) -> None:
    """Make the months in which statements are stored next."""
    connection.execute(text("SELECT lrs.add_payload_months()"))


def drop_empty_month(connection: Connection, before: datetime) -> bool:
    """Drop a month before an instant that holds nothing any more; return whether there was one that
    nobody was reading."""
    ord_ = clock.to_microseconds(before) << ORD_SHIFT
    query = text("SELECT lrs.drop_payload_month(:before)")
    return bool(connection.execute(query, {"before": ord_}).scalar())


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
        position["after"] = max(row.ord for row in taken)
        if rows := sorted((row.ord, unpack_payload(row.payload)) for row in taken if row.is_stored):
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
