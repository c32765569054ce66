"""``uncounted``: which statements the counting job has still to look at (architecture, decision 3)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from lrs.ground.clock import from_microseconds
from lrs.xapi.writing import ORD_SHIFT

# Without MATERIALIZED, PostgreSQL may run the inner query again for each row, and the limit is not honoured.
_CLAIM = text(
    """
    WITH k AS MATERIALIZED (
      SELECT ord FROM lrs.uncounted WHERE tenant_id = :tenant ORDER BY ord LIMIT :rows FOR UPDATE SKIP LOCKED
    ), claimed AS (
      DELETE FROM lrs.uncounted u USING k WHERE u.tenant_id = :tenant AND u.ord = k.ord RETURNING u.ord
    )
    SELECT s.ord, s.registration, target.registration AS target_registration,
           CASE WHEN target.registration IS NULL THEN target.ord END AS loose_target
    FROM claimed JOIN lrs.statement s ON s.tenant_id = :tenant AND s.ord = claimed.ord
    LEFT JOIN lrs.voiding v ON v.tenant_id = :tenant AND v.ord = s.ord
    LEFT JOIN lrs.statement target ON target.tenant_id = :tenant AND target.id = v.target
    """
)

_CLAIM_EPISODES = text(
    """
    WITH k AS MATERIALIZED (
      SELECT registration FROM lrs.uncounted_episode WHERE tenant_id = :tenant ORDER BY registration LIMIT :rows FOR UPDATE SKIP LOCKED
    )
    DELETE FROM lrs.uncounted_episode e USING k WHERE e.tenant_id = :tenant AND e.registration = k.registration RETURNING e.registration
    """
)


@dataclass(frozen=True)
class Claim:
    """Lines that were taken: how many, the registrations whose facts they can move, and the ords of those that belong to none."""

    taken: int
    registrations: set[uuid.UUID]
    loose: list[int]


def claim(connection: Connection, tenant_id: int, rows: int) -> Claim:
    """Take up to ``rows`` lines off the table. A voiding statement moves the registration of the statement it voids."""
    found = connection.execute(_CLAIM, {"tenant": tenant_id, "rows": rows}).all()
    moved = {r for row in found for r in (row.registration, row.target_registration) if r is not None}
    loose = {row.ord for row in found if row.registration is None} | {row.loose_target for row in found if row.loose_target is not None}
    return Claim(len(found), moved, sorted(loose))


def claim_episodes(connection: Connection, tenant_id: int, rows: int) -> set[uuid.UUID]:
    """Take up to ``rows`` episodes whose statements were removed."""
    return set(connection.execute(_CLAIM_EPISODES, {"tenant": tenant_id, "rows": rows}).scalars())


def lock(connection: Connection, tenant_id: int, registrations: Iterable[uuid.UUID]) -> None:
    """One job at a time for each registration, until the transaction ends; every job takes its locks in the same order."""
    keys = sorted({(registration.int >> 64) & 0x7FFFFFFF for registration in registrations})
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:tenant, key) FROM unnest(CAST(:keys AS int[])) AS key"), {"tenant": tenant_id, "keys": keys}
    )


def tenants(engine: Engine) -> list[int]:
    """Tenants that have lines."""
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT * FROM lrs.tenants_with_uncounted()")).scalars())


def every_tenant(engine: Engine) -> list[int]:
    """All tenants."""
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT * FROM lrs.tenant_ids()")).scalars())


def backlog(engine: Engine) -> tuple[int, datetime | None]:
    """How many lines wait, over all tenants, and when the oldest of them was stored."""
    with engine.connect() as connection:
        row = connection.execute(text("SELECT waiting, oldest FROM lrs.backlog()")).one()
    return row.waiting, from_microseconds(row.oldest >> ORD_SHIFT) if row.oldest is not None else None


def oldest(connection: Connection, tenant_id: int) -> datetime | None:
    """When the oldest line of one tenant was stored."""
    ord_ = connection.execute(text("SELECT min(ord) FROM lrs.uncounted WHERE tenant_id = :tenant"), {"tenant": tenant_id}).scalar()
    return from_microseconds(ord_ >> ORD_SHIFT) if ord_ is not None else None
