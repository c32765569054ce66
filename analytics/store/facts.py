"""Replacing the facts of an episode, and of statements that belong to none."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, delete, distinct, func, select
from sqlalchemy.dialects import postgresql

from analytics.store import computed_reports
from analytics.store.fact_rows import FactRows
from analytics.store.tables import (
    NO_EPISODE,
    borrowed,
    fact_activity,
    fact_check,
    fact_competency,
    fact_episode,
    fact_presence,
    fact_rating,
    fact_recall,
    fact_use,
    uncountable,
)
from core.database import driver_cursor
from lrs import feed
from lrs.feed import StoredStatement

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it without annotations


# In the reason of a statement that an error in counting set aside; the kind of error follows.
FAILURE_WORDS = "cannot be counted ("


def count_failures(connection: Connection, tenant_id: int) -> dict[str, int]:
    """How many statements an error in counting set aside, by the kind of error."""
    u = uncountable.c
    query = (
        select(u.reason, func.count(distinct(u.ord)))
        .where(u.tenant_id == tenant_id, u.reason.contains(FAILURE_WORDS, autoescape=True))
        .group_by(u.reason)
    )
    result: dict[str, int] = defaultdict(int)
    for reason, statements in connection.execute(query):
        result[reason.rpartition(FAILURE_WORDS)[2].rstrip(")")] += statements
    return result


@dataclass(frozen=True)
class SetAside:
    """Why statements do not count: how many, the first and the last day on which one was stored,
    and whether counting them again can change anything.
    """

    reason: str
    statements: int
    first: date
    last: date
    mendable: bool


def list_set_aside(connection: Connection, tenant_id: int) -> list[SetAside]:
    """What does not count, by reason, the most frequent first."""
    u = uncountable.c
    query = (
        select(u.reason, func.count(), func.min(u.ord), func.max(u.ord))
        .where(u.tenant_id == tenant_id)
        .group_by(u.reason)
        .order_by(func.count().desc(), u.reason)
    )
    return [
        SetAside(reason, count, feed.ord_time(first).date(), feed.ord_time(last).date(), True)
        for reason, count, first, last in connection.execute(query)
    ]


@dataclass(frozen=True)
class SetAsideStatement:
    """A statement that does not count: its place in the store (``ord``) and its id."""

    ord: int
    id: uuid.UUID
    stored: datetime


def list_set_aside_statements(
    connection: Connection, tenant_id: int, reason: str, after: int, rows: int
) -> list[SetAsideStatement]:
    """Up to ``rows`` statements that do not count for this reason, after an ``ord``."""
    u = uncountable.c
    ords = (
        connection.execute(
            select(u.ord)
            .distinct()
            .where(u.tenant_id == tenant_id, u.reason == reason, u.ord > after)
            .order_by(u.ord)
            .limit(rows)
        )
        .scalars()
        .all()
    )
    ids = feed.find_statement_ids(connection, tenant_id, ords)
    return [SetAsideStatement(ord_, ids[ord_], feed.ord_time(ord_)) for ord_ in ords if ord_ in ids]


def mark_set_aside(
    connection: Connection, tenant_id: int, reason: str, after: int, rows: int
) -> tuple[int | None, int]:
    """Queue up to ``rows`` of the rows with this reason, from an ``ord`` on, to be counted again.
    Returns the ``ord`` to go on from (None: there are no more), and how many were queued.
    """
    u = uncountable.c
    found = connection.execute(
        select(u.ord, u.registration)
        .where(u.tenant_id == tenant_id, u.reason == reason, u.ord >= after)
        .order_by(u.ord)
        .limit(rows + 1)
    ).all()
    queued = found[:rows]
    feed.mark_statements(
        connection, tenant_id, [row.ord for row in queued if row.registration == NO_EPISODE]
    )
    feed.mark_episodes(
        connection,
        tenant_id,
        {row.registration for row in queued if row.registration != NO_EPISODE},
    )
    return found[rows].ord if len(found) > rows else None, len(queued)


def find_borrowed_statements(
    connection: Connection,
    tenant_id: int,
    registrations: Sequence[uuid.UUID],
    verbs: Collection[int],
) -> dict[uuid.UUID, list[StoredStatement]]:
    """The statements of other systems that count for each of these episodes and have one of
    these verbs (keys)."""
    b = borrowed.c
    rows = connection.execute(
        select(b.registration, b.ord).where(
            b.tenant_id == tenant_id, b.registration.in_(registrations)
        )
    ).all()
    stored = {
        statement.ord: statement
        for statement in feed.list_statements(
            connection, tenant_id, [row.ord for row in rows], verbs
        )
    }
    result: dict[uuid.UUID, list[StoredStatement]] = defaultdict(list)
    for row in rows:
        if row.ord in stored:
            result[row.registration].append(stored[row.ord])
    return result


_Rows = Sequence[tuple[Any, ...]]


def episode_tables(rows: FactRows) -> tuple[tuple[Table, _Rows], ...]:
    """The tables that hold the facts of an episode, keyed by registration, each with its rows."""
    return (
        (fact_episode, rows.episodes),
        (fact_recall, rows.recalls),
        (fact_check, rows.checks),
        (fact_competency, rows.competencies),
        (fact_use, rows.uses),
        (fact_activity, rows.activities),
        (fact_rating, rows.ratings),
        (borrowed, rows.borrowed),
        (uncountable, rows.uncountable),
    )


def loose_tables(rows: FactRows) -> tuple[tuple[Table, _Rows], ...]:
    """The tables that hold the facts of statements of no episode, keyed by ord, each with its
    rows."""
    return (
        (fact_presence, rows.presences),
        (fact_rating, rows.ratings),
        (uncountable, rows.uncountable),
    )


def replace_episode_facts(
    connection: Connection,
    tenant_id: int,
    registrations: Sequence[uuid.UUID],
    rows: FactRows,
) -> bool:
    """Make ``rows`` all the facts of these registrations; return whether that changed any.
    Programmes whose facts changed are marked for recomputation."""
    changed = [
        row
        for table, created in episode_tables(rows)
        for row in _sync_rows(
            connection, table, tenant_id, _BY_REGISTRATION, list(registrations), created
        )
    ]
    computed_reports.mark_programmes_stale(
        connection, tenant_id, {row["programme"] for row in changed if "programme" in row}
    )
    return bool(changed)


def replace_loose_facts(
    connection: Connection,
    tenant_id: int,
    ords: Sequence[int],
    rows: FactRows,
) -> bool:
    """The same for statements of no episode."""
    changed = [
        row
        for table, created in loose_tables(rows)
        for row in _sync_rows(
            connection,
            table,
            tenant_id,
            _BY_ORD_LOOSE.get(table.name, _BY_ORD),
            list(ords),
            created,
        )
    ]
    computed_reports.mark_programmes_stale(
        connection, tenant_id, {row["programme"] for row in changed if "criterion" in row}
    )
    return bool(changed)


# WHERE clauses that select the rows of a table to synchronize.
_BY_REGISTRATION = "registration = ANY (%(keys)b)"
_BY_ORD = "ord = ANY (%(keys)b::bigint[])"
_BY_ORD_LOOSE = {
    fact_rating.name: f"{_BY_ORD} AND registration IS NULL",
    uncountable.name: f"{_BY_ORD} AND registration = '{NO_EPISODE}'",
}


def _sync_rows(
    connection: Connection,
    table: Table,
    tenant_id: int,
    which: str,
    keys: list[Any],
    rows: _Rows,
) -> list[dict[str, Any]]:
    """Make ``rows`` all the rows of these keys; return those that were added or removed.
    Nothing else is written: a new answer changes a few of the fifty rows of an episode."""
    sql = _build_table_sql(table, which)
    with driver_cursor(connection, binary=True) as cursor:
        cursor.execute(sql.read, {"tenant": tenant_id, "keys": keys})
        before, now = set(cursor.fetchall()), set(rows)
        removed, created = before - now, now - before
        if removed:
            cursor.execute(sql.remove, {"tenant": tenant_id, **sql.arrays(removed)})
        if created:
            cursor.execute(sql.add, {"tenant": tenant_id, **sql.arrays(created)})
    return [dict(zip(sql.names, row, strict=True)) for row in removed | created]


@dataclass(frozen=True)
class _TableSql:
    names: tuple[str, ...]
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
    at, listed, key = (
        table.fullname,
        ", ".join(f'"{name}"' for name in names),
        ", ".join(f'"{name}"' for name in own),
    )

    def unnest(of: Iterable[str]) -> str:
        arrays = (f"%({name})b::{table.c[name].type.compile(_DIALECT)}[]" for name in of)
        return f"unnest({', '.join(arrays)})"

    return _TableSql(
        names,
        f"SELECT {listed} FROM {at} WHERE tenant_id = %(tenant)s AND {which}".encode(),  # noqa: S608
        f"DELETE FROM {at} WHERE tenant_id = %(tenant)s AND ({key}) IN (SELECT * FROM "  # noqa: S608
        f"{unnest(own)})".encode(),
        f"INSERT INTO {at} (tenant_id, {listed}) SELECT %(tenant)s, * FROM "  # noqa: S608
        f"{unnest(names)}".encode(),
    )


def list_registrations(connection: Connection, tenant_id: int) -> list[uuid.UUID]:
    """Every registration that a statement or a fact names."""
    counted = select(fact_episode.c.registration).where(fact_episode.c.tenant_id == tenant_id)
    return list(
        {*feed.list_registrations(connection, tenant_id), *connection.execute(counted).scalars()}
    )


def filter_episodes(
    connection: Connection, tenant_id: int, registrations: Sequence[uuid.UUID]
) -> set[uuid.UUID]:
    """Those of these registrations that are episodes."""
    e = fact_episode.c
    query = select(e.registration).where(
        e.tenant_id == tenant_id, e.registration.in_(registrations)
    )
    return set(connection.execute(query).scalars())


def delete_loose_facts(connection: Connection, tenant_id: int, ords: Sequence[int]) -> None:
    """Remove the facts of statements of no episode that were removed themselves. The recount sees
    no difference any more, so the programmes that were rated by them are marked here.
    """
    r = fact_rating.c
    rated = (
        connection.execute(
            select(r.programme).distinct().where(r.tenant_id == tenant_id, r.ord.in_(ords))
        )
        .scalars()
        .all()
    )
    computed_reports.mark_programmes_stale(connection, tenant_id, rated)
    for table in (fact_presence, fact_rating, uncountable):
        connection.execute(
            delete(table).where(table.c.tenant_id == tenant_id, table.c.ord.in_(ords))
        )
