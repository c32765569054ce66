"""Storing and finding statements.

The one hot write is a single SQL statement through the driver: it takes the clock, gives each row its ``ord``, stores the
row, its relations, its voiding and its line in ``uncounted``, and returns what was new. Duplicate ids are settled by the
database (architecture, decision 6); rows are inserted in the order of their ids, so that two batches cannot deadlock.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, select, text

from lrs.ground import clock
from lrs.ground.database import APP_ROLE, driver_cursor
from lrs.store.tables import statement, statement_rel, voiding
from lrs.vocabulary import VERBS
from lrs.xapi.keys import key_of
from lrs.xapi.query import StatementQuery
from lrs.xapi.reading import Incoming
from lrs.xapi.writing import ORD_SHIFT

LARGEST_ORD = 2**63 - 1 - (1 << ORD_SHIFT)
VOIDED_VERB = key_of("verb", VERBS["voided"].id)

# base: one reading of the clock and one writer number for the whole batch, so that order within it is the sender's.
_INSERT = f"""
WITH base AS MATERIALIZED (
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS us, nextval('lrs.writer_number') AS writer
), incoming AS MATERIALIZED (
  SELECT ((base.us + t.n) << {ORD_SHIFT}) | base.writer AS ord, t.*
  FROM base, unnest(%(n)b::int[], %(id)b::uuid[], %(verb)b::bigint[], %(activity)b::bigint[], %(registration)b::uuid[],
                    %(timestamp_given)b::bool[], %(voids)b::uuid[], %(payload)b::bytea[])
       AS t(n, id, verb, activity, registration, timestamp_given, voids, payload)
), stored AS (
  INSERT INTO lrs.statement (ord, tenant_id, id, verb, activity, registration, timestamp_given, payload)
  SELECT ord, %(tenant)s, id, verb, activity, registration, timestamp_given, payload FROM incoming ORDER BY id
  ON CONFLICT (tenant_id, id) DO NOTHING
  RETURNING ord, id
), related AS (
  INSERT INTO lrs.statement_rel (tenant_id, key, ord)
  SELECT %(tenant)s, r.key, stored.ord
  FROM unnest(%(rel_n)b::int[], %(rel_key)b::bigint[]) AS r(n, key) JOIN incoming USING (n) JOIN stored USING (id)
), voids AS (
  INSERT INTO lrs.voiding (tenant_id, target, ord)
  SELECT %(tenant)s, incoming.voids, stored.ord FROM incoming JOIN stored USING (id) WHERE incoming.voids IS NOT NULL
), work AS (
  INSERT INTO lrs.uncounted (tenant_id, ord) SELECT %(tenant)s, ord FROM stored
)
SELECT id FROM stored
"""

# Decision 4: the instant before the oldest running write transaction. Every active transaction of the app role counts as
# one that may write: a writer reads the clock before the server knows that it writes.
_HORIZON = text(
    """
    SELECT (floor((extract(epoch FROM least(statement_timestamp(), min(xact_start))) * 1000000 - 1) / 1000) * 1000)::bigint
    FROM pg_stat_activity
    WHERE usename = :role AND datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle' AND xact_start IS NOT NULL
    """
)


@dataclass(frozen=True)
class Stored:
    """A stored statement: its place, its payload (see :func:`lrs.xapi.writing.published`)."""

    ord: int
    id: uuid.UUID
    payload: bytes
    timestamp_given: bool


def insert(connection: Connection, tenant_id: int, incoming: Sequence[Incoming]) -> set[uuid.UUID]:
    """Store what is new and return its ids; the others were there before and are untouched."""
    rows = range(len(incoming))
    parameters = {
        "tenant": tenant_id,
        "n": list(rows),
        "id": [one.id for one in incoming],
        "verb": [one.verb for one in incoming],
        "activity": [one.activity for one in incoming],
        "registration": [one.registration for one in incoming],
        "timestamp_given": [one.timestamp_given for one in incoming],
        "voids": [one.voids for one in incoming],
        "payload": [one.payload for one in incoming],
        "rel_n": [n for n in rows for _ in incoming[n].related],
        "rel_key": [key for n in rows for key in incoming[n].related],
    }
    with driver_cursor(connection) as cursor:
        cursor.execute(_INSERT, parameters, binary=True, prepare=True)
        return {row[0] for row in cursor.fetchall()}


def by_ids(connection: Connection, tenant_id: int, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Stored]:
    """The stored statements among ``ids``, voided or not."""
    query = _columns().where(statement.c.tenant_id == tenant_id, statement.c.id.in_(ids))
    return {row.id: Stored(*row) for row in connection.execute(query)}


def voiders_among(connection: Connection, tenant_id: int, ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Those of ``ids`` that are stored voiding statements."""
    query = select(statement.c.id).where(statement.c.tenant_id == tenant_id, statement.c.id.in_(ids), statement.c.verb == VOIDED_VERB)
    return list(connection.execute(query).scalars())


def is_voided(connection: Connection, tenant_id: int, statement_id: uuid.UUID) -> bool:
    """Whether a voiding statement for it is stored."""
    query = select(exists().where(voiding.c.tenant_id == tenant_id, voiding.c.target == statement_id))
    return bool(connection.execute(query).scalar_one())


def horizon(connection: Connection) -> datetime:
    """The instant H up to which every stored statement is visible, and stays so (architecture, decision 4)."""
    return clock.from_microseconds(connection.execute(_HORIZON, {"role": APP_ROLE}).scalar_one())


def ord_at(instant: datetime) -> int:
    """The first ``ord`` of a microsecond, within what a bigint holds (years 1685 to 2255)."""
    return max(-LARGEST_ORD, min(clock.to_microseconds(instant) << ORD_SHIFT, LARGEST_ORD))


def find(connection: Connection, tenant_id: int, query: StatementQuery, up_to: datetime | None, rows: int) -> list[Stored]:
    """Up to ``rows`` statements that are not voided, in the query's order; none stored after ``up_to``."""
    s = statement
    found = _columns().where(s.c.tenant_id == tenant_id, ~voided())
    if query.verb is not None:
        found = found.where(s.c.verb == key_of("verb", query.verb))
    if query.registration is not None:
        found = found.where(s.c.registration == query.registration)
    if query.activity is not None and not query.related_activities:
        found = found.where(s.c.activity == key_of("activity", query.activity))
    elif query.activity is not None:
        found = _related(found, tenant_id, key_of("related activity", query.activity))
    if query.agent is not None:
        found = _related(found, tenant_id, key_of("related agent" if query.related_agents else "agent", query.agent))
    if query.since is not None:
        # "stored since the timestamp (exclusive)": stored is told in milliseconds, so the whole millisecond is excluded.
        found = found.where(s.c.ord >= _after_millisecond(query.since))
    if query.until is not None:
        found = found.where(s.c.ord < _after_millisecond(query.until))
    if up_to is not None:
        found = found.where(s.c.ord < ord_at(up_to) + (1 << ORD_SHIFT))
    if query.after is not None:
        found = found.where(s.c.ord > query.after if query.ascending else s.c.ord < query.after)
    found = found.order_by(s.c.ord.asc() if query.ascending else s.c.ord.desc()).limit(rows)
    return [Stored(*row) for row in connection.execute(found)]


def _columns() -> Select[Any]:
    return select(statement.c.ord, statement.c.id, statement.c.payload, statement.c.timestamp_given)


def voided() -> Any:
    """True of a statement for which a voiding statement is stored, whichever came first."""
    return exists().where(voiding.c.tenant_id == statement.c.tenant_id, voiding.c.target == statement.c.id)


def _related(found: Select[Any], tenant_id: int, key: int) -> Select[Any]:
    rel = statement_rel.alias()
    return found.join(rel, (rel.c.tenant_id == tenant_id) & (rel.c.key == key) & (rel.c.ord == statement.c.ord))


def _after_millisecond(instant: datetime) -> int:
    """The first ``ord`` of the next millisecond."""
    milliseconds = clock.to_microseconds(instant) // 1000 + 1
    return max(-LARGEST_ORD, min((milliseconds * 1000) << ORD_SHIFT, LARGEST_ORD))
