"""The record store's only entry point for packages that compute facts from statements.

All functions take the caller's connection, so that claiming rows of the queue and writing the facts
is one transaction. An erasure is complete when its row in ``lrs.removal`` has been consumed.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    cast,
    func,
    select,
    text,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from core.clock import from_microseconds
from core.database import driver_cursor
from lrs.actions.scopes import scope_satisfied
from lrs.store.activity_definitions import (
    find_activity_definition,
    find_activity_names,
    find_activity_titles,
)
from lrs.store.audit import insert_audit_entry
from lrs.store.change_queue import (
    CountingClaim,
    Removal,
    claim_counting_work,
    claim_removals,
    find_oldest_pending,
    has_pending_episodes,
    has_removals,
    has_work,
    list_tenant_ids,
    list_tenants_with_work,
    lock_countables,
    mark_episodes,
    mark_statements,
)
from lrs.store.credentials import Caller, describe_caller
from lrs.store.payload_table import find_payloads
from lrs.store.statement_refs import settle_late_refs
from lrs.store.statements import (
    THIN_COLUMNS,
    StoredStatement,
    high_water_mark,
    load_statements,
    ord_at,
    voided_condition,
    with_payloads,
)
from lrs.store.tables import statement, statement_rel, tenant, voiding
from lrs.xapi import json_codec
from lrs.xapi.actors import as_agent, identity_of
from lrs.xapi.datatypes import parse_duration_seconds, parse_timestamp
from lrs.xapi.index_keys import iter_agents, key_of, key_pair
from lrs.xapi.persons import require_person
from lrs.xapi.statement_rendering import ORD_SHIFT

__all__ = [
    "Caller",
    "CountingClaim",
    "Removal",
    "StoredStatement",
    "as_agent",
    "claim_counting_work",
    "claim_removals",
    "describe_caller",
    "find_activity_definition",
    "find_activity_names",
    "find_activity_titles",
    "find_oldest_pending",
    "has_pending_episodes",
    "has_removals",
    "has_work",
    "high_water_mark",
    "identity_of",
    "insert_audit_entry",
    "key_of",
    "key_pair",
    "list_tenant_ids",
    "list_tenants_with_work",
    "lock_countables",
    "mark_episodes",
    "mark_statements",
    "parse_duration_seconds",
    "parse_timestamp",
    "require_person",
    "scope_satisfied",
    "settle_late_refs",
    "tenant",
]

_EPISODE_STATEMENTS = b"""
    SELECT s.ord, s.id, s.timestamp_given, s.authority, s.registration FROM lrs.statement s
    WHERE s.tenant_id = %(tenant)s AND s.registration = ANY (%(registrations)b)
      AND s.verb = ANY (%(verbs)b::bigint[])
      AND NOT EXISTS (SELECT FROM lrs.voiding v WHERE v.tenant_id = s.tenant_id AND v.target = s.id)
"""
# Statements of one person about some activities, outside these registrations.
_STATEMENTS_ABOUT = text(
    """
    SELECT DISTINCT s.ord, s.id, s.timestamp_given, s.authority FROM lrs.statement_rel a
    JOIN lrs.statement_rel m ON m.tenant_id = a.tenant_id AND m.ord = a.ord
      AND m.key = ANY (CAST(:activities AS bigint[]))
    JOIN lrs.statement s ON s.tenant_id = a.tenant_id AND s.ord = a.ord
    WHERE a.tenant_id = :tenant AND a.key = ANY (CAST(:agents AS bigint[]))
      AND s.verb = ANY (CAST(:verbs AS bigint[]))
      AND (s.registration IS NULL OR s.registration <> ALL (CAST(:registrations AS uuid[])))
      AND NOT EXISTS (SELECT FROM lrs.voiding v WHERE v.tenant_id = s.tenant_id AND v.target = s.id)
    """
)
_STATEMENT_OF_AGENT = text(
    """
    SELECT k.key, r.ord FROM unnest(CAST(:keys AS bigint[])) AS k(key)
    CROSS JOIN LATERAL (SELECT r.ord FROM lrs.statement_rel r
      WHERE r.tenant_id = :tenant AND r.key = k.key ORDER BY r.ord DESC LIMIT 1) r
    """
)
_KNOWN_KEYS = text(
    """
    SELECT k.key FROM unnest(CAST(:keys AS bigint[])) AS k(key)
    WHERE EXISTS (SELECT FROM lrs.statement_rel r WHERE r.tenant_id = :tenant AND r.key = k.key)
    """
)


def _among(column: ColumnElement[int], ords: Iterable[int]) -> ColumnElement[bool]:
    """The column is one of these, sent as one array: PostgreSQL takes 65,535 parameters."""
    return column == func.any(cast(list(ords), ARRAY(BigInteger)))


def ord_time(ord_: int) -> datetime:
    """When the statement with this ``ord`` was stored."""
    return from_microseconds(ord_ >> ORD_SHIFT)


def find_statement_ids(
    connection: Connection, tenant_id: int, ords: Sequence[int]
) -> dict[int, uuid.UUID]:
    """The ids of these statements."""
    s = statement.c
    query = select(s.ord, s.id).where(s.tenant_id == tenant_id, _among(s.ord, ords))
    return {row.ord: row.id for row in connection.execute(query)}


def find_identities(connection: Connection, tenant_id: int, keys: Sequence[int]) -> dict[int, str]:
    """The identities of these agents (keys), read from a statement of each."""
    rows = connection.execute(_STATEMENT_OF_AGENT, {"tenant": tenant_id, "keys": list(keys)}).all()
    payloads = find_payloads(connection, tenant_id, [row.ord for row in rows])
    result = {}
    for key, ord_ in rows:
        value = json_codec.decode(payloads[ord_]) if ord_ in payloads else {}
        for identity in iter_agents(value):
            if key_of("agent", identity) == key:
                result[key] = identity
    return result


def filter_known_agents(
    connection: Connection, tenant_id: int, identities: Collection[str]
) -> set[str]:
    """Those of these agents that a statement names."""
    of_key = {key: identity for identity in identities for key in key_pair("agent", identity)}
    found = connection.execute(_KNOWN_KEYS, {"tenant": tenant_id, "keys": list(of_key)})
    return {of_key[key] for key in found.scalars()}


def stored_at(stored: StoredStatement) -> datetime:
    """When a statement was stored."""
    return ord_time(stored.ord)


def list_episode_statements(
    connection: Connection,
    tenant_id: int,
    registrations: Sequence[uuid.UUID],
    verbs: Collection[int],
) -> dict[uuid.UUID, list[StoredStatement]]:
    """Return the statements of each registration with one of these verbs (their keys) that are not
    voided.
    """
    result: dict[uuid.UUID, list[StoredStatement]] = defaultdict(list)
    registration_of: dict[int, uuid.UUID] = {}

    def find_rows() -> list[Sequence[Any]]:
        with driver_cursor(connection, binary=True) as cursor:
            cursor.execute(
                _EPISODE_STATEMENTS,
                {"tenant": tenant_id, "registrations": list(registrations), "verbs": list(verbs)},
            )
            rows = cursor.fetchall()
        registration_of.update((row[0], row[4]) for row in rows)
        return rows

    for item in with_payloads(connection, tenant_id, find_rows):
        result[registration_of[item.ord]].append(item)
    return result


def list_statements(
    connection: Connection, tenant_id: int, ords: Sequence[int], verbs: Collection[int]
) -> list[StoredStatement]:
    """Return those of these statements that have one of these verbs, voided or not."""
    s = statement.c
    query = select(*THIN_COLUMNS).where(
        s.tenant_id == tenant_id, _among(s.ord, ords), s.verb.in_(verbs)
    )
    return load_statements(connection, tenant_id, query)


def list_loose_statements(
    connection: Connection, tenant_id: int, ords: Sequence[int]
) -> list[StoredStatement]:
    """Return those of these statements that belong to no episode and are not voided."""
    s = statement.c
    query = select(*THIN_COLUMNS).where(
        s.tenant_id == tenant_id, _among(s.ord, ords), s.registration.is_(None), ~voided_condition()
    )
    return load_statements(connection, tenant_id, query)


def list_statements_about(
    connection: Connection,
    tenant_id: int,
    agents: Collection[int],
    activities: Iterable[str],
    verbs: Collection[int],
    exclude: Collection[uuid.UUID],
) -> list[StoredStatement]:
    """Return statements of these agents (keys) about these activities with one of these verbs that
    are not voided and belong to none of the registrations ``exclude``.
    """
    keys = [key for activity in activities for key in key_pair("activity", activity)]
    parameters = {
        "tenant": tenant_id,
        "agents": list(agents),
        "activities": keys,
        "verbs": list(verbs),
        "registrations": [str(item) for item in exclude],
    }
    return with_payloads(
        connection, tenant_id, lambda: connection.execute(_STATEMENTS_ABOUT, parameters).all()
    )


def list_ords_about(
    connection: Connection, tenant_id: int, activity: str, after: int, rows: int
) -> list[int]:
    """Return up to ``rows`` ords of statements that name an activity, beyond ``after``, in order,
    and none beyond the high-water mark.
    """
    r = statement_rel.c
    end = ord_at(high_water_mark(connection) + timedelta(milliseconds=1))
    parts = [
        select(r.ord)
        .where(r.tenant_id == tenant_id, r.key == key, r.ord > after, r.ord < end)
        .order_by(r.ord)
        .limit(rows)
        for key in key_pair("activity", activity)
    ]
    found = {ord_ for part in parts for ord_ in connection.execute(part).scalars()}
    return sorted(found)[:rows]


def list_loose_ords(
    connection: Connection, tenant_id: int, verbs: Collection[int], after: int, rows: int
) -> list[int]:
    """Return up to ``rows`` ords, beyond ``after`` and in order, of statements of no episode with
    one of these verbs, voided or not.
    """
    s = statement.c
    query = select(s.ord).where(
        s.tenant_id == tenant_id, s.verb.in_(verbs), s.registration.is_(None), s.ord > after
    )
    return list(connection.execute(query.order_by(s.ord).limit(rows)).scalars())


def list_voided_ords(connection: Connection, tenant_id: int, ords: Sequence[int]) -> list[int]:
    """Return the ords of the statements that these statements void."""
    s, v = statement.c, voiding.c
    query = (
        select(s.ord)
        .join(voiding, (v.tenant_id == s.tenant_id) & (v.target == s.id))
        .where(v.tenant_id == tenant_id, _among(v.ord, ords))
    )
    return list(connection.execute(query).scalars())


def count_statements(
    connection: Connection,
    tenant_id: int,
    day: date,
    verbs: Collection[int],
    matched: Callable[[ReadOnlyColumnCollection[str, Any]], ColumnElement[bool]],
) -> dict[bool, int]:
    """How many statements of a day (UTC) have one of these verbs, are not voided, and do not match
    a condition on the columns of a statement: by whether they name a registration.
    """
    s = statement.c
    begin = datetime.combine(day, time(), UTC)
    query = (
        select(s.registration.is_not(None), func.count())
        .where(
            s.tenant_id == tenant_id,
            s.ord >= ord_at(begin),
            s.ord < ord_at(begin + timedelta(days=1)),
            s.verb.in_(verbs),
            ~voided_condition(),
            ~matched(s),
        )
        .group_by(s.registration.is_not(None))
    )
    return {bool(named): count for named, count in connection.execute(query)}


def list_registrations(connection: Connection, tenant_id: int) -> list[uuid.UUID]:
    """Return every registration that a statement names."""
    s = statement.c
    return list(
        connection.execute(
            select(s.registration)
            .distinct()
            .where(s.tenant_id == tenant_id, s.registration.is_not(None))
        ).scalars()
    )


def list_registrations_of(
    connection: Connection, tenant_id: int, ords: Iterable[int], verbs: Collection[int]
) -> list[uuid.UUID]:
    """Return the registrations of those of these statements that have one of these verbs."""
    s = statement.c
    query = (
        select(s.registration)
        .distinct()
        .where(
            s.tenant_id == tenant_id,
            _among(s.ord, ords),
            s.verb.in_(verbs),
            s.registration.is_not(None),
        )
    )
    return list(connection.execute(query).scalars())


def list_agent_registrations(
    connection: Connection, tenant_id: int, identity: str
) -> list[uuid.UUID]:
    """Return every registration of a statement that names this agent."""
    s = statement.c
    query = _statements_naming(tenant_id, identity, s.registration).where(
        s.registration.is_not(None)
    )
    return list(connection.execute(query).scalars())


def list_agent_loose_ords(connection: Connection, tenant_id: int, identity: str) -> list[int]:
    """Return the ords of statements of no episode that name this agent."""
    s = statement.c
    return list(
        connection.execute(
            _statements_naming(tenant_id, identity, s.ord).where(s.registration.is_(None))
        ).scalars()
    )


def _statements_naming(tenant_id: int, identity: str, column: ColumnElement[Any]) -> Select[Any]:
    rel, s = statement_rel.c, statement.c
    query = (
        select(column)
        .join(statement_rel, (rel.tenant_id == s.tenant_id) & (rel.ord == s.ord))
        .distinct()
    )
    return query.where(rel.tenant_id == tenant_id, rel.key.in_(key_pair("agent", identity)))
