"""Storing and querying statements.

The one hot write is a single SQL statement through the driver: it reads the clock, gives each
row its ``ord``, stores the row, its relations, its voiding and its entry in ``uncounted``, and
returns what was new. Duplicate ids are resolved by the database; rows are inserted in the order
of their ids, so that two batches cannot deadlock.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from itertools import product
from typing import Any

import msgspec
import psycopg
from sqlalchemy import Connection, Select, exists, select, text

from core import clock
from core.database import APP_ROLE, TENANT_SETTING, as_writer, driver_cursor
from core.errors import Unavailable
from core.packed_arrays import BigintArray, BooleanArray, BytesArray, IntegerArray, UuidArray
from lrs.store.authorities import find_authority_id, find_members
from lrs.store.payload_table import find_payloads
from lrs.store.payloads import pack_payload
from lrs.store.tables import statement, voiding
from lrs.vocabulary import VERBS, VerbName
from lrs.xapi.index_keys import derive_inherited_key, key_of, key_pair
from lrs.xapi.statement_parser import Incoming
from lrs.xapi.statement_query import StatementQuery
from lrs.xapi.statement_rendering import ORD_SHIFT

# What of a statement is read before its bytes are (:func:`load_statements`).
THIN_COLUMNS = (statement.c.ord, statement.c.id, statement.c.timestamp_given, statement.c.authority)
_READING_ATTEMPTS = 5  # a removal takes longer than what lies between two readings
MAX_ORD = 2**63 - 1 - (1 << ORD_SHIFT)
# Of an index scan: columns, each with the parameter that it equals; and parameters that are keys.
_Column = tuple[str, str]
_Walk = tuple[tuple[_Column, ...], tuple[str, ...]]
VOIDED_VERB = key_of("verb", VERBS[VerbName.VOIDED].id)


# base: one reading of the clock and one writer number for the whole batch, so that statements
# keep the order in which they were sent. Where the host's clock was set back, what comes now still
# comes after what is there.
_INCOMING = f"""
WITH tenant AS MATERIALIZED (
  SELECT set_config('{TENANT_SETTING}', %(tenant)s::int::text, true)::int AS id
), base AS MATERIALIZED (
  SELECT greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
      ((SELECT s.ord FROM lrs.statement s WHERE s.tenant_id = tenant.id
        ORDER BY s.ord DESC LIMIT 1) >> {ORD_SHIFT}) + 1) AS us,
    nextval('lrs.writer_number') AS writer
  FROM tenant
), incoming AS MATERIALIZED (
  SELECT ((base.us + t.n) << {ORD_SHIFT}) | base.writer AS ord, t.*
  FROM base, unnest(%(n)b::int[], %(id)b::uuid[], %(verb)b::bigint[], %(registration)b::uuid[],
                    %(timestamp_given)b::bool[], %(refers)b::uuid[], %(voids)b::bool[],
                      %(payload)b::bytea[], %(authority)b::int[])
       AS t(n, id, verb, registration, timestamp_given, refers, voids, payload, authority)
), stored AS (
  INSERT INTO lrs.statement (tenant_id, ord, id, verb, registration, timestamp_given, authority)
  SELECT %(tenant)s::int, ord, id, verb, registration, timestamp_given, authority
    FROM incoming ORDER BY id
"""

# Fails as a whole when an id is known, so that every row follows from what came in; for statements
# that refer to none.
_INSERT_ALL = f"""{_INCOMING}
), payloads AS (
  INSERT INTO lrs.statement_payload (tenant_id, ord, payload)
  SELECT %(tenant)s::int, ord, payload FROM incoming
), related AS (
  INSERT INTO lrs.statement_rel (tenant_id, key, ord)
  SELECT %(tenant)s::int, r.key, incoming.ord
  FROM unnest(%(rel_n)b::int[], %(rel_key)b::bigint[]) AS r(n, key) JOIN incoming USING (n)
)
INSERT INTO lrs.uncounted (tenant_id, ord) SELECT %(tenant)s::int, ord FROM incoming
"""

# Leaves out what is known.
_INSERT_NEW = f"""{_INCOMING}
  ON CONFLICT (tenant_id, id) DO NOTHING
  RETURNING ord, id
), payloads AS (
  INSERT INTO lrs.statement_payload (tenant_id, ord, payload)
  SELECT %(tenant)s::int, stored.ord, incoming.payload FROM incoming JOIN stored USING (id)
), related AS (
  INSERT INTO lrs.statement_rel (tenant_id, key, ord)
  SELECT %(tenant)s::int, r.key, stored.ord
  FROM unnest(%(rel_n)b::int[], %(rel_key)b::bigint[]) AS r(n, key) JOIN incoming USING (n)
    JOIN stored USING (id)
), refs AS (
  INSERT INTO lrs.statement_ref (tenant_id, target, ord)
  SELECT %(tenant)s::int, incoming.refers, stored.ord
    FROM incoming JOIN stored USING (id) WHERE incoming.refers IS NOT NULL
), voids AS (
  INSERT INTO lrs.voiding (tenant_id, target, ord)
  SELECT %(tenant)s::int, incoming.refers, stored.ord
    FROM incoming JOIN stored USING (id) WHERE incoming.voids
), work AS (
  INSERT INTO lrs.uncounted (tenant_id, ord) SELECT %(tenant)s::int, ord FROM stored
)
SELECT id, ord FROM stored
"""

# The instant before the start of the oldest running write transaction. Every active transaction
# of the app role counts as one that may write: a writer reads the clock before the server knows
# that it writes. The result is the last millisecond that ended before that: ``stored`` and
# ``since`` are given in milliseconds, so a reader who continues from one must have seen all of
# it.
_HIGH_WATER_MARK = text(
    """
    SELECT (floor(extract(epoch FROM least(statement_timestamp(), min(xact_start))) * 1000) -
      1)::bigint * 1000
    FROM pg_stat_activity
    WHERE usename = :role AND datname = current_database() AND pid <> pg_backend_pid()
      AND state <> 'idle' AND xact_start IS NOT NULL
    """
)


class StoredStatement(msgspec.Struct, frozen=True):
    """A stored statement: its position, its payload (see
    :func:`lrs.xapi.statement_rendering.render_statement`), and who vouches for it where that is no
    part of the bytes that are kept (:mod:`lrs.store.authorities`)."""

    ord: int
    id: uuid.UUID
    payload: bytes
    timestamp_given: bool
    authority: int | None


def build_insert_parameters(tenant_id: int, incoming: Sequence[Incoming]) -> dict[str, Any]:
    """Parameters of the inserting SQL."""
    rows = range(len(incoming))
    return {
        "tenant": tenant_id,
        "n": IntegerArray(rows),
        "id": UuidArray([item.id for item in incoming]),
        "verb": BigintArray([item.verb for item in incoming]),
        "registration": UuidArray([item.registration for item in incoming]),
        "timestamp_given": BooleanArray([item.timestamp_given for item in incoming]),
        "refers": UuidArray([item.refers for item in incoming]),
        "voids": BooleanArray([item.voids is not None for item in incoming]),
        "payload": BytesArray([pack_payload(item.payload) for item in incoming]),
        "authority": IntegerArray([item.authority_id for item in incoming]),
        "rel_n": IntegerArray([n for n in rows for _ in incoming[n].related]),
        "rel_key": BigintArray([key for n in rows for key in incoming[n].related]),
    }


def insert_new_statements(
    connection: Connection, tenant_id: int, incoming: Sequence[Incoming]
) -> dict[uuid.UUID, int]:
    """Store the new statements and return their ids, each with its ``ord``; statements that
    existed before are left untouched."""
    with driver_cursor(connection) as cursor:
        cursor.execute(
            _INSERT_NEW, build_insert_parameters(tenant_id, incoming), binary=True, prepare=True
        )
        return {row[0]: row[1] for row in cursor.fetchall()}


def insert_all_statements(
    raw: psycopg.Connection[Any], tenant_id: int, incoming: Sequence[Incoming]
) -> None:
    """Store statements that are all new and refer to none: one SQL statement, which is its own
    transaction, on an autocommit connection.

    Raises psycopg's UniqueViolation, and stores nothing, if one of them is known. Every row
    depends on ``base``, which sets the tenant, so row-level security checks each row after
    that.
    """
    with raw.cursor() as cursor:
        cursor.execute(
            _INSERT_ALL, build_insert_parameters(tenant_id, incoming), binary=True, prepare=True
        )


def find_statements_by_id(
    connection: Connection, tenant_id: int, ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, StoredStatement]:
    """The stored statements among ``ids``, voided or not."""
    query = select(*THIN_COLUMNS).where(statement.c.tenant_id == tenant_id, statement.c.id.in_(ids))
    return {item.id: item for item in load_statements(connection, tenant_id, query)}


def load_statements(
    connection: Connection, tenant_id: int, query: Select[Any]
) -> list[StoredStatement]:
    """The statements of a query for ``THIN_COLUMNS``, with their bytes, in its order."""
    return with_payloads(connection, tenant_id, lambda: connection.execute(query).all())


def with_payloads(
    connection: Connection, tenant_id: int, find: Callable[[], Sequence[Sequence[Any]]]
) -> list[StoredStatement]:
    """The statements that ``find`` gives as (ord, id, timestamp_given, number of the authority),
    with their bytes, in its order. It is asked again where one was removed before its bytes were
    read: whoever reads page by page takes fewer than wanted for the end.
    """
    for _ in range(_READING_ATTEMPTS):
        rows = find()
        payloads = find_payloads(connection, tenant_id, [row[0] for row in rows])
        if len(payloads) == len(rows):
            numbers = {row[3] for row in rows} - {None}
            members = find_members(connection, tenant_id, numbers) if numbers else {}
            return [
                StoredStatement(
                    row[0],
                    row[1],
                    # What is kept is a JSON object without space around it.
                    payloads[row[0]] if row[3] is None else payloads[row[0]][:-1] + members[row[3]],
                    row[2],
                    row[3],
                )
                for row in rows
            ]
    missing_id = next(row[1] for row in rows if row[0] not in payloads)
    raise Unavailable(f"The text of statement {missing_id} is not there; try again.")


def filter_voiding_ids(
    connection: Connection, tenant_id: int, ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """Those of ``ids`` that are stored voiding statements."""
    query = select(statement.c.id).where(
        statement.c.tenant_id == tenant_id, statement.c.id.in_(ids), statement.c.verb == VOIDED_VERB
    )
    return list(connection.execute(query).scalars())


def is_voided(connection: Connection, tenant_id: int, statement_id: uuid.UUID) -> bool:
    """Whether a voiding statement for it is stored and it is not itself a voiding statement
    (those cannot be voided, whichever came first)."""
    query = select(
        exists().where(voiding.c.tenant_id == tenant_id, voiding.c.target == statement_id)
    )
    return bool(connection.execute(query).scalar_one()) and not filter_voiding_ids(
        connection, tenant_id, [statement_id]
    )


def filter_voided_ords(connection: Connection, tenant_id: int, ords: Sequence[int]) -> set[int]:
    """Those of ``ords`` whose statements are voided."""
    query = select(statement.c.ord).where(
        statement.c.tenant_id == tenant_id, statement.c.ord.in_(ords), voided_condition()
    )
    return set(connection.execute(query).scalars())


def high_water_mark(connection: Connection) -> datetime:
    """The high-water mark: every statement stored up to this instant is visible, and stays
    so."""
    with as_writer(connection) as asked:
        mark = asked.execute(_HIGH_WATER_MARK, {"role": APP_ROLE}).scalar_one()
    return clock.from_microseconds(mark)


def ord_at(instant: datetime) -> int:
    """The first ``ord`` of a microsecond, within the range of a bigint (years 1685 to 2255)."""
    return max(-MAX_ORD, min(clock.to_microseconds(instant) << ORD_SHIFT, MAX_ORD))


def query_statements(
    connection: Connection,
    tenant_id: int,
    query: StatementQuery,
    up_to: datetime | None,
    rows: int,
    voided_too: bool = False,
) -> list[StoredStatement]:
    """Up to ``rows`` statements that are not voided (or all), in the query's order; none stored
    after ``up_to``.

    A filter may match several keys (an agent as actor or as instructor; a statement itself or the
    one it refers to). Each combination is a bounded scan along one index, in order; the scans are
    one SQL statement and are merged here.
    """
    authorities = {
        identity: number
        for identity in (query.agent if query.related_agents else None, query.mine)
        if identity and (number := find_authority_id(connection, tenant_id, identity)) is not None
    }
    sql, parameters = build_statement_query(tenant_id, query, up_to, rows, voided_too, authorities)

    def find_rows() -> list[Sequence[Any]]:
        with driver_cursor(connection) as cursor:
            cursor.execute(sql, parameters, binary=True, prepare=True)
            found = {row[0]: row for row in cursor.fetchall()}
        return [found[ord_] for ord_ in sorted(found, reverse=not query.ascending)[:rows]]

    return with_payloads(connection, tenant_id, find_rows)


def build_statement_query(
    tenant_id: int,
    query: StatementQuery,
    up_to: datetime | None,
    rows: int,
    voided_too: bool,
    authorities: Mapping[str, int],
) -> tuple[bytes, dict[str, Any]]:
    """Build the SQL of the statement query and its parameters. ``authorities``: the numbers of
    those identities of the query that are credentials'."""
    low, high = _find_bounds(query, up_to)
    parameters: dict[str, Any] = {"tenant": tenant_id, "low": low, "high": high, "rows": rows}
    walks: list[_Walk] = []

    def add_index_scan(columns: tuple[_Column, ...], keys: Sequence[int]) -> None:
        names = tuple(f"key{len(walks)}_{number}" for number in range(len(keys)))
        parameters.update(zip(names, keys, strict=True))
        walks.append((columns, names))

    columns: tuple[_Column, ...] = (("verb", "verb"),) * (query.verb is not None)
    columns += (("registration", "registration"),) * (query.registration is not None)
    vouching = authorities.get(query.agent or "") if query.related_agents else None
    if vouching is not None:
        parameters["vouching"] = vouching
        for keys in product(*_rel_keys(replace(query, agent=None))):
            add_index_scan((*columns, ("authority", "vouching")), keys)
    for keys in product(*_rel_keys(query)):
        add_index_scan(columns, keys)
        if query.filters_content:
            add_index_scan((), _inherited_keys(query, keys))
    if query.mine is not None:
        parameters["mine0"], parameters["mine1"] = key_pair("agent", query.mine)
        own: list[_Walk] = [((), (name,)) for name in ("mine0", "mine1")]
        if query.mine in authorities:
            parameters["mine"] = authorities[query.mine]
            own.append(((("authority", "mine"),), ()))
        walks = [
            (columns + further, names + keys) for columns, names in walks for further, keys in own
        ]
    if query.verb is not None:
        parameters["verb"] = key_of("verb", query.verb)
    if query.registration is not None:
        parameters["registration"] = query.registration
    return _find_sql(tuple(walks), query.ascending, voided_too), parameters


def _find_bounds(query: StatementQuery, up_to: datetime | None) -> tuple[int, int]:
    """The first ``ord`` of the query's time span, and the first one beyond it."""
    low, high = -MAX_ORD, MAX_ORD
    if query.since is not None:
        # "stored since the timestamp (exclusive)": stored is given in milliseconds, so the
        # whole millisecond is excluded.
        low = max(low, _after_millisecond(query.since))
    for end in (query.until, up_to):
        if end is not None:
            high = min(high, _after_millisecond(end))
    if query.after is not None and query.ascending:
        low = max(low, query.after + 1)
    elif query.after is not None:
        high = min(high, query.after)
    return low, high


def _inherited_keys(query: StatementQuery, keys: Sequence[int]) -> list[int]:
    """The keys of a statement that refers to one which the query matches."""
    inherited = [derive_inherited_key("rel", key) for key in keys]
    if query.verb is not None:
        inherited.append(derive_inherited_key("verb", key_of("verb", query.verb)))
    if query.registration is not None:
        key = key_of("registration", str(query.registration))
        inherited.append(derive_inherited_key("registration", key))
    return inherited


@lru_cache(maxsize=500)
def _find_sql(walks: tuple[_Walk, ...], ascending: bool, voided_too: bool) -> bytes:
    """One bounded index scan for each combination of keys. Only names are put into the text;
    every value is a parameter."""
    # One index lookup for each returned row. As NOT EXISTS, the whole table of voidings was
    # read and hashed for every page; as IS NULL, PostgreSQL expected that one row in 200 passes,
    # and read and sorted all of them instead of the first hundred.
    not_voided = f"""
      AND (s.verb = {VOIDED_VERB} OR coalesce((SELECT false FROM lrs.voiding v
        WHERE v.tenant_id = s.tenant_id AND v.target = s.id LIMIT 1), true))"""
    parts = []
    for columns, keys in walks:
        joins = "".join(
            f"\n    JOIN lrs.statement_rel r{n} ON r{n}.tenant_id = %(tenant)s AND r{n}.key = "
            f"%({key})s AND r{n}.ord = s.ord"
            for n, key in enumerate(keys)
        )
        wheres = "".join(f" AND s.{column} = %({name})s" for column, name in columns)
        parts.append(
            f"""(SELECT s.ord, s.id, s.timestamp_given, s.authority FROM lrs.statement s{joins}
    WHERE s.tenant_id = %(tenant)s AND s.ord >= %(low)s
      AND s.ord < %(high)s{wheres}{"" if voided_too else not_voided}
    ORDER BY s.ord {"ASC" if ascending else "DESC"} LIMIT %(rows)s)"""
        )
    return " UNION ALL ".join(parts).encode()


def _rel_keys(query: StatementQuery) -> list[tuple[int, ...]]:
    """For each filter by agent or activity, the keys that match it."""
    result: list[tuple[int, ...]] = []
    if query.agent is not None:
        own, other = key_pair("agent", query.agent)
        result.append((own, other) if query.related_agents else (own,))
    if query.activity is not None:
        own, other = key_pair("activity", query.activity)
        result.append((own, other) if query.related_activities else (own,))
    return result


def voided_condition() -> Any:
    """SQL condition: a voiding statement for this statement is stored, whichever came first;
    never true of a voiding statement."""
    return (statement.c.verb != VOIDED_VERB) & exists().where(
        voiding.c.tenant_id == statement.c.tenant_id, voiding.c.target == statement.c.id
    )


def _after_millisecond(instant: datetime) -> int:
    """The first ``ord`` of the next millisecond."""
    milliseconds = clock.to_microseconds(instant) // 1000 + 1
    return max(-MAX_ORD, min((milliseconds * 1000) << ORD_SHIFT, MAX_ORD))
