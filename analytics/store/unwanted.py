"""Statements that no figure wants: of no registration, or of one without a certification. They may
be most of what another system sends, so they are counted by day and reason, and leave no row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from analytics.store.facts import SetAside
from analytics.store.tables import (
    borrowed,
    fact_episode,
    fact_presence,
    fact_rating,
    uncountable,
    unwanted,
    unwanted_day,
)
from core.messages import gettext_noop
from lrs import feed

NO_REGISTRATION = gettext_noop("it has no context.registration, so it belongs to no episode")
NO_CERTIFICATION = gettext_noop("no certification with this registration is on record")


def mark_days(connection: Connection, tenant_id: int, ords: Iterable[int]) -> None:
    """Have the days of these statements counted again."""
    days = {feed.ord_time(ord_).date() for ord_ in ords}
    if days:
        rows = [{"tenant_id": tenant_id, "day": day, "taken": False} for day in sorted(days)]
        connection.execute(upsert(unwanted_day).values(rows).on_conflict_do_nothing())


def has_days(connection: Connection, tenant_id: int) -> bool:
    """Whether there are days to be counted."""
    return bool(
        connection.execute(select(exists().where(unwanted_day.c.tenant_id == tenant_id))).scalar()
    )


def take_days(connection: Connection, tenant_id: int) -> bool:
    """Take the days that are to be counted; return whether there are any. The caller holds the lock
    that no running count shares, so what is marked after this is counted after this.
    """
    d = unwanted_day.c
    taken = connection.execute(
        delete(unwanted_day).where(d.tenant_id == tenant_id, ~d.taken).returning(d.day)
    ).scalars()
    rows = [{"tenant_id": tenant_id, "day": day, "taken": True} for day in taken]
    if rows:
        connection.execute(upsert(unwanted_day).values(rows).on_conflict_do_nothing())
    return bool(
        connection.execute(select(exists().where(d.tenant_id == tenant_id, d.taken))).scalar()
    )


def count_taken_days(connection: Connection, tenant_id: int, verbs: Collection[int]) -> None:
    """Count the days that were taken."""
    d, u = unwanted_day.c, unwanted.c
    days = list(
        connection.execute(
            delete(unwanted_day).where(d.tenant_id == tenant_id, d.taken).returning(d.day)
        ).scalars()
    )
    for day in sorted(days):
        found = feed.count_statements(connection, tenant_id, day, verbs, _is_wanted)
        connection.execute(delete(unwanted).where(u.tenant_id == tenant_id, u.day == day))
        for named, statements in found.items():
            connection.execute(
                insert(unwanted).values(
                    tenant_id=tenant_id,
                    day=day,
                    reason=NO_CERTIFICATION if named else NO_REGISTRATION,
                    statements=statements,
                )
            )


def _is_wanted(s: ReadOnlyColumnCollection[str, Any]) -> ColumnElement[bool]:
    """Whether a statement is of an episode, gave a fact, or is set aside by a row of its own."""
    e = fact_episode.c
    return or_(
        exists().where(e.tenant_id == s.tenant_id, e.registration == s.registration),
        *(
            exists().where(table.c.tenant_id == s.tenant_id, table.c.ord == s.ord)
            for table in (fact_presence, fact_rating, uncountable, borrowed)
        ),
    )


def list_unwanted(connection: Connection, tenant_id: int) -> list[SetAside]:
    """What no figure wants, the most frequent reason first."""
    u = unwanted.c
    query = (
        select(u.reason, func.sum(u.statements), func.min(u.day), func.max(u.day))
        .where(u.tenant_id == tenant_id)
        .group_by(u.reason)
        .order_by(func.sum(u.statements).desc())
    )
    return [
        SetAside(reason, int(count), first, last, False)
        for reason, count, first, last in connection.execute(query)
    ]


def select_unwanted(tenant_id: int) -> Select[Any]:
    """Rows of reason, statements."""
    u = unwanted.c
    return (
        select(u.reason, func.sum(u.statements).label("statements"))
        .where(u.tenant_id == tenant_id)
        .group_by(u.reason)
    )
