"""Reading an episode's statements and replacing its facts."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lrs.store.statements import Stored, voided
from lrs.store.tables import fact_activity, fact_episode, fact_recall, fact_use, statement, uncountable

_TABLES = {"episodes": fact_episode, "recalls": fact_recall, "uses": fact_use, "activities": fact_activity, "uncountable": uncountable}


def statements_of(connection: Connection, tenant_id: int, registrations: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[Stored]]:
    """The statements of each registration that are not voided."""
    s = statement
    query = select(s.c.registration, s.c.ord, s.c.id, s.c.payload, s.c.timestamp_given).where(
        s.c.tenant_id == tenant_id, s.c.registration.in_(registrations), ~voided()
    )
    found: dict[uuid.UUID, list[Stored]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.registration].append(Stored(row.ord, row.id, row.payload, row.timestamp_given))
    return found


def replace(connection: Connection, tenant_id: int, registrations: Sequence[uuid.UUID], rows: Mapping[str, list[dict[str, Any]]]) -> None:
    """Put ``rows`` (by kind of fact) in the place of all facts of these registrations."""
    for kind, table in _TABLES.items():
        connection.execute(delete(table).where(table.c.tenant_id == tenant_id, table.c.registration.in_(registrations)))
        if rows[kind]:
            connection.execute(insert(table), [row | {"tenant_id": tenant_id} for row in rows[kind]])


def set_aside(connection: Connection, tenant_id: int, ords: Sequence[int], reason: str) -> None:
    """Keep why statements that belong to no episode cannot be counted."""
    if ords:
        rows = [{"tenant_id": tenant_id, "ord": ord_, "reason": reason} for ord_ in ords]
        connection.execute(upsert(uncountable).on_conflict_do_nothing(), rows)


def rows_of(connection: Connection, tenant_id: int, registrations: Sequence[uuid.UUID]) -> list[list[tuple[Any, ...]]]:
    """Every fact of these registrations in one order: for comparing a roll-up with a recount."""
    found = []
    for table in _TABLES.values():
        query = select(table).where(table.c.tenant_id == tenant_id, table.c.registration.in_(registrations))
        found.append([tuple(row) for row in connection.execute(query.order_by(*table.primary_key.columns))])
    return found


def registrations(connection: Connection, tenant_id: int) -> list[uuid.UUID]:
    """Every registration that statements or facts name."""
    named = select(statement.c.registration).where(statement.c.tenant_id == tenant_id, statement.c.registration.is_not(None))
    counted = select(fact_episode.c.registration).where(fact_episode.c.tenant_id == tenant_id)
    return list(connection.execute(named.union(counted)).scalars())
