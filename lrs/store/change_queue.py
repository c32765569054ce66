"""The queue of changes: statements and episodes from which something is still to be derived, and
what was removed for good. The record store names them; it does not know what is derived.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, Engine, Table, exists, insert, or_, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from core.clock import from_microseconds
from lrs.store.tables import removal, uncounted, uncounted_episode
from lrs.xapi.statement_rendering import ORD_SHIFT

# A row whose statement was removed in the meantime is claimed as well: its facts are removed.
_SELECT_STATEMENTS = text(
    """
    SELECT u.ord, s.registration, target.registration AS target_registration, CASE WHEN
      target.registration IS NULL THEN target.ord END AS loose_target
    FROM (SELECT ord FROM lrs.uncounted WHERE tenant_id = :tenant ORDER BY ord LIMIT :rows FOR
      UPDATE SKIP LOCKED) u
    LEFT JOIN lrs.statement s ON s.tenant_id = :tenant AND s.ord = u.ord
    LEFT JOIN lrs.voiding v ON v.tenant_id = :tenant AND v.ord = s.ord
    LEFT JOIN lrs.statement target ON target.tenant_id = :tenant AND target.id = v.target
    """
)
_SELECT_EPISODES = text(
    "SELECT registration FROM lrs.uncounted_episode WHERE tenant_id = :tenant ORDER BY "
    "registration LIMIT :rows FOR UPDATE SKIP LOCKED"
)
_DELETE_STATEMENTS = text(
    "DELETE FROM lrs.uncounted WHERE tenant_id = :tenant AND ord = ANY (CAST(:ords AS bigint[]))"
)
_DELETE_EPISODES = text(
    "DELETE FROM lrs.uncounted_episode WHERE tenant_id = :tenant AND registration = ANY "
    "(CAST(:some AS uuid[]))"
)


_DELETE_REMOVALS = text(
    """
    WITH taken AS MATERIALIZED (SELECT removal_id FROM lrs.removal
      WHERE tenant_id = :tenant ORDER BY removal_id LIMIT :rows FOR UPDATE)
    DELETE FROM lrs.removal r USING taken WHERE r.tenant_id = :tenant
      AND r.removal_id = taken.removal_id RETURNING r.ord, r.agent
    """
)
_ROWS_AT_ONCE = 5_000  # of one insert: PostgreSQL takes 65,535 parameters


@dataclass(frozen=True)
class CountingClaim:
    """What was claimed: how many, the ords of the rows, the registrations whose facts they can
    change, and the ords of those that belong to none."""

    taken: int
    lines: list[int]
    registrations: set[uuid.UUID]
    loose: list[int]


def claim_counting_work(
    connection: Connection, tenant_id: int, rows: int, episodes: int
) -> CountingClaim:
    """Claim up to ``rows`` statements and ``episodes`` episodes from the queue tables, with
    locks on their registrations until the transaction ends.

    What another job holds is left to that job, or to the next claim: the rows of an episode lie
    next to each other, so two jobs meet at every edge, and if they waited for each other there,
    they would run one after the other. Only if everything is held does this job wait. A voiding
    statement affects the registration of the statement it voids.
    """
    lines = connection.execute(_SELECT_STATEMENTS, {"tenant": tenant_id, "rows": rows}).all()
    removed = set(
        connection.execute(_SELECT_EPISODES, {"tenant": tenant_id, "rows": episodes}).scalars()
    )
    moved = [_affected_countables(row) for row in lines]
    countables: set[Countable] = set(removed).union(*moved)
    locked = _try_locks(connection, tenant_id, countables)
    if countables and not locked:
        lock_countables(connection, tenant_id, countables)
        locked = countables
    claimed = [(row.ord, by) for row, by in zip(lines, moved, strict=True) if by <= locked]
    removed = {item for item in removed if item in locked}
    if claimed:
        connection.execute(
            _DELETE_STATEMENTS, {"tenant": tenant_id, "ords": [ord_ for ord_, _ in claimed]}
        )
    if removed:
        connection.execute(
            _DELETE_EPISODES, {"tenant": tenant_id, "some": [str(item) for item in removed]}
        )
    named = set[Countable](removed).union(*(by for _, by in claimed))
    return CountingClaim(
        len(claimed) + len(removed),
        [ord_ for ord_, _ in claimed],
        {item for item in named if isinstance(item, uuid.UUID)},
        sorted(item for item in named if isinstance(item, int)),
    )


Countable = uuid.UUID | int  # an episode's registration, or the ord of a statement of none


def _affected_countables(row: Any) -> set[Countable]:
    """What a row can change: its episode, or its statement if that belongs to none; and the
    same of the statement it voids."""
    own: Countable = row.ord if row.registration is None else row.registration
    return {
        own,
        *(item for item in (row.target_registration, row.loose_target) if item is not None),
    }


def _lock_key(countable: Countable) -> int:
    """A hash of all its bits: registrations that were assigned in sequence differ in few of
    them."""
    return (
        crc32(
            countable.bytes
            if isinstance(countable, uuid.UUID)
            else countable.to_bytes(8, "big", signed=True)
        )
        & 0x7FFFFFFF
    )


def _try_locks(
    connection: Connection, tenant_id: int, countables: Iterable[Countable]
) -> set[Countable]:
    """Try to lock these without waiting; return those whose locks were acquired."""
    by_key = {item: _lock_key(item) for item in countables}
    query = text(
        "SELECT key FROM unnest(CAST(:keys AS int[])) AS key WHERE "
        "pg_try_advisory_xact_lock(:tenant, key)"
    )
    locked = set(
        connection.execute(
            query, {"tenant": tenant_id, "keys": sorted(set(by_key.values()))}
        ).scalars()
    )
    return {item for item, key in by_key.items() if key in locked}


def lock_countables(connection: Connection, tenant_id: int, batch: Iterable[Countable]) -> None:
    """Wait for the lock of each of these, held until the transaction ends; every job that waits
    takes its locks in the same order, and holds none before."""
    keys = sorted({_lock_key(item) for item in batch})
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:tenant, key) FROM unnest(CAST(:keys AS int[])) AS key"),
        {"tenant": tenant_id, "keys": keys},
    )


def mark_episodes(
    connection: Connection, tenant_id: int, registrations: Iterable[uuid.UUID]
) -> None:
    """Queue these episodes, so that what is derived from their statements is derived again."""
    rows = [
        {"tenant_id": tenant_id, "registration": registration}
        for registration in sorted(set(registrations))
    ]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        new = upsert(uncounted_episode).values(rows[start : start + _ROWS_AT_ONCE])
        # Updating an existing row locks it: a job that claimed it now would not see the changes of
        # this transaction.
        connection.execute(
            new.on_conflict_do_update(
                index_elements=["tenant_id", "registration"],
                set_={"registration": new.excluded.registration},
            )
        )


def mark_statements(connection: Connection, tenant_id: int, ords: Sequence[int]) -> None:
    """Queue these statements, so that what is derived from them is derived again."""
    if ords:
        new = upsert(uncounted).values(
            [{"tenant_id": tenant_id, "ord": item} for item in sorted(set(ords))]
        )
        connection.execute(
            new.on_conflict_do_update(
                index_elements=["tenant_id", "ord"], set_={"ord": new.excluded.ord}
            )
        )


@dataclass(frozen=True)
class Removal:
    """Something that was removed for good: a statement (``ord``) or everything of an agent (an
    identity)."""

    ord: int | None
    agent: str | None


def insert_removals(connection: Connection, tenant_id: int, removals: Iterable[Removal]) -> None:
    """Record removals, in the transaction that removes."""
    rows = [{"tenant_id": tenant_id, "ord": item.ord, "agent": item.agent} for item in removals]
    if rows:
        connection.execute(insert(removal), rows)


def claim_removals(connection: Connection, tenant_id: int, rows: int) -> list[Removal]:
    """Take up to ``rows`` removals off the queue, in the caller's transaction. A row that another
    transaction has claimed is waited for."""
    return [
        Removal(row.ord, row.agent)
        for row in connection.execute(_DELETE_REMOVALS, {"tenant": tenant_id, "rows": rows})
    ]


def list_tenants_with_work(engine: Engine) -> list[int]:
    """Tenants that have queued statements."""
    with engine.connect() as connection:
        return list(
            connection.execute(text("SELECT * FROM lrs.tenants_with_uncounted()")).scalars()
        )


def list_tenant_ids(engine: Engine) -> list[int]:
    """All tenants."""
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT * FROM lrs.tenant_ids()")).scalars())


def measure_backlog(engine: Engine) -> tuple[int, datetime | None]:
    """How many statements are queued, over all tenants, and when the oldest of them was
    stored."""
    with engine.connect() as connection:
        row = connection.execute(text("SELECT waiting, oldest FROM lrs.backlog()")).one()
    return row.waiting, from_microseconds(
        row.oldest >> ORD_SHIFT
    ) if row.oldest is not None else None


def _has_rows(connection: Connection, tenant_id: int, *tables: Table) -> bool:
    conditions = (exists().where(table.c.tenant_id == tenant_id) for table in tables)
    return bool(connection.execute(select(or_(*conditions))).scalar())


def has_work(connection: Connection, tenant_id: int) -> bool:
    """Whether a tenant has work in the queue: statements, episodes whose statements were
    removed, or removals."""
    return _has_rows(connection, tenant_id, uncounted, uncounted_episode, removal)


def has_removals(connection: Connection, tenant_id: int) -> bool:
    """Whether a tenant has removals that were not consumed yet."""
    return _has_rows(connection, tenant_id, removal)


def has_pending_episodes(connection: Connection, tenant_id: int) -> bool:
    """Whether a tenant has queued episodes whose statements were removed, or removals that were
    not consumed yet."""
    return _has_rows(connection, tenant_id, uncounted_episode, removal)


def find_oldest_pending(connection: Connection, tenant_id: int) -> datetime | None:
    """When the oldest queued statement of a tenant was stored."""
    ord_ = connection.execute(
        text("SELECT min(ord) FROM lrs.uncounted WHERE tenant_id = :tenant"), {"tenant": tenant_id}
    ).scalar()
    return from_microseconds(ord_ >> ORD_SHIFT) if ord_ is not None else None
