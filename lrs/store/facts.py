"""Reading an episode's statements and replacing its facts; and the facts of statements that belong to no episode."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert as upsert

from lrs.ground.database import driver_cursor
from lrs.store.statements import Stored, voided
from lrs.store.tables import (
    SCHEMA,
    fact_activity,
    fact_check,
    fact_competency,
    fact_episode,
    fact_presence,
    fact_rating,
    fact_recall,
    fact_use,
    statement,
    uncomputed,
    uncountable,
    uncounted,
    uncounted_episode,
)

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it without annotations
_STATEMENTS = b"""
    SELECT s.registration, s.ord, s.id, s.payload, s.timestamp_given FROM lrs.statement s
    WHERE s.tenant_id = %(tenant)s AND s.registration = ANY (%(registrations)b) AND s.verb = ANY (%(verbs)b::bigint[])
      AND NOT EXISTS (SELECT FROM lrs.voiding v WHERE v.tenant_id = s.tenant_id AND v.target = s.id)
"""
# By registration: the names that the facts of an episode go by.
_TABLES = {
    "episodes": fact_episode,
    "recalls": fact_recall,
    "checks": fact_check,
    "competencies": fact_competency,
    "uses": fact_use,
    "activities": fact_activity,
    "ratings": fact_rating,
    "uncountable": uncountable,
}
# By ord: of no episode.
_LOOSE = {"presences": fact_presence, "ratings": fact_rating, "uncountable": uncountable}


def statements_of(
    connection: Connection, tenant_id: int, registrations: Sequence[uuid.UUID], verbs: Collection[int]
) -> dict[uuid.UUID, list[Stored]]:
    """The statements of each registration with one of these verbs (their keys) that are not voided."""
    found: dict[uuid.UUID, list[Stored]] = defaultdict(list)
    with driver_cursor(connection, binary=True) as cursor:
        cursor.execute(_STATEMENTS, {"tenant": tenant_id, "registrations": list(registrations), "verbs": list(verbs)})
        for registration, *row in cursor.fetchall():
            found[registration].append(Stored(*row))
    return found


def loose_statements(connection: Connection, tenant_id: int, ords: Sequence[int]) -> list[Stored]:
    """Those of these statements that belong to no episode and are not voided."""
    s = statement
    query = select(s.c.ord, s.c.id, s.c.payload, s.c.timestamp_given).where(
        s.c.tenant_id == tenant_id, s.c.ord.in_(ords), s.c.registration.is_(None), ~voided()
    )
    return [Stored(*row) for row in connection.execute(query)]


def replace(connection: Connection, tenant_id: int, registrations: Sequence[uuid.UUID], rows: Mapping[str, list[dict[str, Any]]]) -> None:
    """Put ``rows`` (by kind of fact) in the place of all facts of these registrations; their programmes are computed anew."""
    e = fact_episode.c
    before = connection.execute(select(e.programme).distinct().where(e.tenant_id == tenant_id, e.registration.in_(registrations))).scalars()
    compute_anew(connection, tenant_id, {*before, *(row["programme"] for row in rows.get("episodes", []))})
    for kind, table in _TABLES.items():
        connection.execute(delete(table).where(table.c.tenant_id == tenant_id, table.c.registration.in_(registrations)))
        _add(connection, tenant_id, table, rows.get(kind, []))


def replace_loose(connection: Connection, tenant_id: int, ords: Sequence[int], rows: Mapping[str, list[dict[str, Any]]]) -> None:
    """The same for statements of no episode."""
    for kind, table in _LOOSE.items():
        connection.execute(delete(table).where(*_theirs(table, tenant_id, ords)))
        _add(connection, tenant_id, table, rows.get(kind, []))


def _theirs(table: Table, tenant_id: int, ords: Sequence[int]) -> list[ColumnElement[bool]]:
    """The rows of these statements that are of no episode."""
    found = [table.c.tenant_id == tenant_id, table.c.ord.in_(ords)]
    return [*found, table.c.registration.is_(None)] if "registration" in table.c else found


def _add(connection: Connection, tenant_id: int, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """As binary arrays, one for each column: an episode has some fifty rows, a rebuild has all of them (COPY is refused under row-level security)."""
    if rows:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        with driver_cursor(connection) as cursor:
            cursor.execute(_insert_of(table, tuple(columns)), {"tenant": tenant_id, **columns})


@cache
def _insert_of(table: Table, names: tuple[str, ...]) -> bytes:
    listed = ", ".join(f'"{name}"' for name in names)
    arrays = ", ".join(f"%({name})b::{table.c[name].type.compile(_DIALECT)}[]" for name in names)
    return f"INSERT INTO {SCHEMA}.{table.name} (tenant_id, {listed}) SELECT %(tenant)s, * FROM unnest({arrays})".encode()  # noqa: S608 - names of our tables


def rows_of(connection: Connection, tenant_id: int, registrations: Sequence[uuid.UUID]) -> list[list[tuple[Any, ...]]]:
    """Every fact of these registrations in one order: for comparing a roll-up with a recount."""
    found = []
    for table in _TABLES.values():
        query = select(table).where(table.c.tenant_id == tenant_id, table.c.registration.in_(registrations))
        found.append([tuple(row) for row in connection.execute(query.order_by(*table.primary_key.columns))])
    return found


def loose_rows_of(connection: Connection, tenant_id: int, ords: Sequence[int]) -> list[list[tuple[Any, ...]]]:
    """Every fact of these statements of no episode, in one order."""
    found = []
    for table in _LOOSE.values():
        query = select(table).where(*_theirs(table, tenant_id, ords))
        found.append([tuple(row) for row in connection.execute(query.order_by(*table.primary_key.columns))])
    return found


def registrations(connection: Connection, tenant_id: int) -> list[uuid.UUID]:
    """Every registration that statements or facts name."""
    named = select(statement.c.registration).where(statement.c.tenant_id == tenant_id, statement.c.registration.is_not(None))
    counted = select(fact_episode.c.registration).where(fact_episode.c.tenant_id == tenant_id)
    return list(connection.execute(named.union(counted)).scalars())


def loose_ords(connection: Connection, tenant_id: int, verbs: Collection[int], after: int, rows: int) -> list[int]:
    """Up to ``rows`` statements of no episode with one of these verbs, voided or not, beyond ``after``, in order."""
    s = statement
    query = select(s.c.ord).where(s.c.tenant_id == tenant_id, s.c.verb.in_(verbs), s.c.registration.is_(None), s.c.ord > after)
    return list(connection.execute(query.order_by(s.c.ord).limit(rows)).scalars())


def count_anew(connection: Connection, tenant_id: int, registrations: Iterable[uuid.UUID]) -> None:
    """Have the facts of these episodes made anew."""
    rows = [{"tenant_id": tenant_id, "registration": one} for one in sorted(set(registrations))]
    for start in range(0, len(rows), 5_000):
        connection.execute(upsert(uncounted_episode).values(rows[start : start + 5_000]).on_conflict_do_nothing())


def compute_anew(connection: Connection, tenant_id: int, programmes: Iterable[str]) -> None:
    """Have the computed reports of these programmes made anew; in one order, so that two jobs cannot wait for each other."""
    rows = [{"tenant_id": tenant_id, "programme": one} for one in sorted(set(programmes))]
    if rows:
        connection.execute(upsert(uncomputed).values(rows).on_conflict_do_nothing())


def count_loose_anew(connection: Connection, tenant_id: int, ords: Sequence[int]) -> None:
    """Have the facts of these statements made anew."""
    if ords:
        connection.execute(upsert(uncounted).values([{"tenant_id": tenant_id, "ord": one} for one in ords]).on_conflict_do_nothing())
