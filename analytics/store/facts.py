"""Read an episode's statements and replace its facts; and the facts of statements that belong
to no episode."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert as upsert

from analytics.store import computed_reports
from core.database import driver_cursor
from lrs.store.statements import StoredStatement, voided_condition
from lrs.store.tables import (
    NO_EPISODE,
    SCHEMA,
    borrowed,
    fact_activity,
    fact_check,
    fact_competency,
    fact_episode,
    fact_presence,
    fact_rating,
    fact_recall,
    fact_use,
    statement,
    uncountable,
    uncounted,
    uncounted_episode,
)

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it without annotations
_SELECT_STATEMENTS = b"""
    SELECT s.registration, s.ord, s.id, s.payload, s.timestamp_given FROM lrs.statement s
    WHERE s.tenant_id = %(tenant)s AND s.registration = ANY (%(registrations)b) AND s.verb = ANY (%(verbs)b::bigint[])
      AND NOT EXISTS (SELECT FROM lrs.voiding v WHERE v.tenant_id = s.tenant_id AND v.target = s.id)
"""
# Keyed by registration: the names by which the facts of an episode are passed.
_EPISODE_TABLES = {
    "episodes": fact_episode,
    "recalls": fact_recall,
    "checks": fact_check,
    "competencies": fact_competency,
    "uses": fact_use,
    "activities": fact_activity,
    "ratings": fact_rating,
    "borrowed": borrowed,
    "uncountable": uncountable,
}
# Keyed by ord: facts of no episode.
_LOOSE_TABLES = {"presences": fact_presence, "ratings": fact_rating, "uncountable": uncountable}


def find_episode_statements(
    connection: Connection, tenant_id: int, registrations: Sequence[uuid.UUID], verbs: Collection[int]
) -> dict[uuid.UUID, list[StoredStatement]]:
    """The statements of each registration with one of these verbs (keys) that are not
    voided."""
    found: dict[uuid.UUID, list[StoredStatement]] = defaultdict(list)
    with driver_cursor(connection, binary=True) as cursor:
        cursor.execute(_SELECT_STATEMENTS, {"tenant": tenant_id, "registrations": list(registrations), "verbs": list(verbs)})
        for registration, *row in cursor.fetchall():
            found[registration].append(StoredStatement(*row))
    return found


def find_borrowed_statements(
    connection: Connection, tenant_id: int, registrations: Sequence[uuid.UUID], verbs: Collection[int]
) -> dict[uuid.UUID, list[StoredStatement]]:
    """The statements of other systems that count for each of these episodes and have one of
    these verbs (keys)."""
    s, b = statement.c, borrowed.c
    query = select(b.registration, s.ord, s.id, s.payload, s.timestamp_given).join(statement, (s.tenant_id == b.tenant_id) & (s.ord == b.ord))
    found: dict[uuid.UUID, list[StoredStatement]] = defaultdict(list)
    for registration, *row in connection.execute(query.where(b.tenant_id == tenant_id, b.registration.in_(registrations), s.verb.in_(verbs))):
        found[registration].append(StoredStatement(*row))
    return found


def list_loose_statements(connection: Connection, tenant_id: int, ords: Sequence[int]) -> list[StoredStatement]:
    """Those of these statements that belong to no episode and are not voided."""
    s = statement
    query = select(s.c.ord, s.c.id, s.c.payload, s.c.timestamp_given).where(
        s.c.tenant_id == tenant_id, s.c.ord.in_(ords), s.c.registration.is_(None), ~voided_condition()
    )
    return [StoredStatement(*row) for row in connection.execute(query)]


def replace_episode_facts(
    connection: Connection, tenant_id: int, registrations: Sequence[uuid.UUID], rows: Mapping[str, list[dict[str, Any]]]
) -> bool:
    """Make ``rows`` (by kind of fact) all the facts of these registrations; return whether that
    changed any. Programmes whose facts changed are marked for recomputation."""
    changed: list[dict[str, Any]] = []
    for kind, table in _EPISODE_TABLES.items():
        changed += _sync_rows(connection, table, tenant_id, _BY_REGISTRATION, list(registrations), rows.get(kind, []))
    computed_reports.mark_programmes_stale(connection, tenant_id, {row["programme"] for row in changed if "programme" in row})
    return bool(changed)


def replace_loose_facts(connection: Connection, tenant_id: int, ords: Sequence[int], rows: Mapping[str, list[dict[str, Any]]]) -> bool:
    """The same for statements of no episode."""
    changed: list[dict[str, Any]] = []
    for kind, table in _LOOSE_TABLES.items():
        which = _BY_ORD_LOOSE.get(table.name, _BY_ORD)
        changed += _sync_rows(connection, table, tenant_id, which, list(ords), rows.get(kind, []))
    computed_reports.mark_programmes_stale(connection, tenant_id, {row["programme"] for row in changed if "criterion" in row})
    return bool(changed)


# WHERE clauses that select the rows of a table to synchronize.
_BY_REGISTRATION = "registration = ANY (%(keys)b)"
_BY_ORD = "ord = ANY (%(keys)b::bigint[])"
_BY_ORD_LOOSE = {
    fact_rating.name: f"{_BY_ORD} AND registration IS NULL",
    uncountable.name: f"{_BY_ORD} AND registration = '{NO_EPISODE}'",
}


def _sync_rows(
    connection: Connection, table: Table, tenant_id: int, which: str, keys: list[Any], rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Make ``rows`` all the rows of these keys; return those that were added or removed.
    Nothing else is written: a new answer changes a few of the fifty rows of an episode."""
    sql = _build_table_sql(table, which)
    with driver_cursor(connection, binary=True) as cursor:
        cursor.execute(sql.read, {"tenant": tenant_id, "keys": keys})
        before, now = set(cursor.fetchall()), set(map(sql.values_of, rows))
        gone, made = before - now, now - before
        if gone:
            cursor.execute(sql.remove, {"tenant": tenant_id, **sql.arrays(gone)})
        if made:
            cursor.execute(sql.add, {"tenant": tenant_id, **sql.arrays(made)})
    return [dict(zip(sql.names, row, strict=True)) for row in gone | made]


@dataclass(frozen=True)
class _TableSql:
    names: tuple[str, ...]
    values_of: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    read: bytes
    remove: bytes
    add: bytes

    def arrays(self, rows: Iterable[tuple[Any, ...]]) -> dict[str, list[Any]]:
        """As binary arrays, one for each column (COPY is not allowed under row-level
        security)."""
        return dict(zip(self.names, map(list, zip(*rows, strict=True)), strict=True))


@cache
def _build_table_sql(table: Table, which: str) -> _TableSql:
    """Build the SQL for one table; all names are those of our own tables."""
    names = tuple(column.name for column in table.columns if column.name != "tenant_id")
    own = [column.name for column in table.primary_key.columns if column.name != "tenant_id"]
    at, listed, key = f"{SCHEMA}.{table.name}", ", ".join(f'"{name}"' for name in names), ", ".join(f'"{name}"' for name in own)

    def unnest(of: Iterable[str]) -> str:
        return f"unnest({', '.join(f'%({name})b::{table.c[name].type.compile(_DIALECT)}[]' for name in of)})"

    return _TableSql(
        names,
        itemgetter(*names),
        f"SELECT {listed} FROM {at} WHERE tenant_id = %(tenant)s AND {which}".encode(),  # noqa: S608
        f"DELETE FROM {at} WHERE tenant_id = %(tenant)s AND ({key}) IN (SELECT * FROM {unnest(own)})".encode(),  # noqa: S608
        f"INSERT INTO {at} (tenant_id, {listed}) SELECT %(tenant)s, * FROM {unnest(names)}".encode(),  # noqa: S608
    )


def list_registrations(connection: Connection, tenant_id: int) -> list[uuid.UUID]:
    """Every registration that a statement or a fact names."""
    named = select(statement.c.registration).where(statement.c.tenant_id == tenant_id, statement.c.registration.is_not(None))
    counted = select(fact_episode.c.registration).where(fact_episode.c.tenant_id == tenant_id)
    return list(connection.execute(named.union(counted)).scalars())


def list_loose_ords(connection: Connection, tenant_id: int, verbs: Collection[int], after: int, rows: int) -> list[int]:
    """Up to ``rows`` statements of no episode with one of these verbs, voided or not, after
    ``after``, in order."""
    s = statement
    query = select(s.c.ord).where(s.c.tenant_id == tenant_id, s.c.verb.in_(verbs), s.c.registration.is_(None), s.c.ord > after)
    return list(connection.execute(query.order_by(s.c.ord).limit(rows)).scalars())


def mark_episodes_for_recount(connection: Connection, tenant_id: int, registrations: Iterable[uuid.UUID]) -> None:
    """Mark these episodes for recount."""
    rows = [{"tenant_id": tenant_id, "registration": one} for one in sorted(set(registrations))]
    for start in range(0, len(rows), 5_000):
        made = upsert(uncounted_episode).values(rows[start : start + 5_000])
        # An existing row is locked too: a job that claimed it now would not see what this
        # transaction changes.
        held = made.on_conflict_do_update(index_elements=["tenant_id", "registration"], set_={"registration": made.excluded.registration})
        connection.execute(held)


def mark_statements_for_recount(connection: Connection, tenant_id: int, ords: Sequence[int]) -> None:
    """Mark these statements for recount."""
    if ords:
        made = upsert(uncounted).values([{"tenant_id": tenant_id, "ord": one} for one in sorted(set(ords))])
        connection.execute(made.on_conflict_do_update(index_elements=["tenant_id", "ord"], set_={"ord": made.excluded.ord}))
