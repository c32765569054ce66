"""Agents that are the same person: explicit, audited, and reversible as a whole."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, text, update

from analytics.store.tables import fact_episode, person_merge
from lrs import feed
from lrs.feed import key_of

SEPARATE = "they are two people"  # the reason of a merge that never held
# A transaction that changes merges waits for running counts, and they wait for it: no statement
# is counted with a merge that was just made or undone.
_LOCK_NUMBER = 7_274_010  # an arbitrary number of our own
_LOCK_SHARED = text(f"SELECT pg_advisory_xact_lock_shared({_LOCK_NUMBER}, :tenant)")
_LOCK_EXCLUSIVE = text(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER}, :tenant)")


@dataclass(frozen=True)
class Merge:
    """``alias`` counts as ``agent``; both are identities (lrs.xapi.actors)."""

    merge_id: int
    alias: str
    agent: str
    reason: str
    who: str
    at: datetime
    undone_at: datetime | None


def lock_merges_shared(connection: Connection, tenant_id: int) -> None:
    """Block changes to merges until the transaction ends. Take this lock before claiming any
    row of the counting queue: a transaction that changes merges holds it and then wants those
    rows, so the opposite order would deadlock."""
    connection.execute(_LOCK_SHARED, {"tenant": tenant_id})


def load_merge_map(connection: Connection, tenant_id: int) -> dict[int, int]:
    """Key of an alias -> key of the person, active merges only. Until the transaction ends, no
    merge is made or undone."""
    lock_merges_shared(connection, tenant_id)
    m = person_merge
    rows = connection.execute(
        select(m.c.alias, m.c.agent).where(m.c.tenant_id == tenant_id, m.c.undone_at.is_(None))
    )
    return {row.alias: row.agent for row in rows}


def lock_merges(connection: Connection, tenant_id: int) -> None:
    """Take the exclusive lock before a change; it waits for running counts."""
    connection.execute(_LOCK_EXCLUSIVE, {"tenant": tenant_id})


def list_merges(connection: Connection, tenant_id: int, after: int, rows: int) -> list[Merge]:
    """Merges after the cursor ``after``, undone ones included."""
    m = person_merge.c
    query = select(
        m.merge_id, m.alias_identity, m.agent_identity, m.reason, m.who, m.at, m.undone_at
    )
    query = (
        query.where(m.tenant_id == tenant_id, m.merge_id > after).order_by(m.merge_id).limit(rows)
    )
    return [Merge(*row) for row in connection.execute(query)]


def find_merge_id(connection: Connection, tenant_id: int, alias: str, agent: str) -> int | None:
    """The merge by which ``alias`` counts as ``agent`` now."""
    m = person_merge.c
    query = select(m.merge_id).where(
        m.tenant_id == tenant_id,
        m.alias == key_of("agent", alias),
        m.agent == key_of("agent", agent),
        m.undone_at.is_(None),
    )
    return connection.execute(query).scalar()


def is_merged_alias(connection: Connection, tenant_id: int, identity: str) -> bool:
    """Whether this agent is already merged into another one."""
    m = person_merge.c
    query = select(m.merge_id).where(
        m.tenant_id == tenant_id, m.alias == key_of("agent", identity), m.undone_at.is_(None)
    )
    return connection.execute(query).first() is not None


def has_merged_alias(connection: Connection, tenant_id: int, identity: str) -> bool:
    """Whether another agent is merged into this one."""
    m = person_merge.c
    query = select(m.merge_id).where(
        m.tenant_id == tenant_id, m.agent == key_of("agent", identity), m.undone_at.is_(None)
    )
    return connection.execute(query).first() is not None


def insert_merge(
    connection: Connection, tenant_id: int, *, alias: str, agent: str, reason: str, who: str
) -> int:
    """Make ``alias`` count as ``agent`` from now on."""
    values = _pair_values(tenant_id, alias, agent, reason, who)
    return int(
        connection.execute(
            insert(person_merge).values(values).returning(person_merge.c.merge_id)
        ).scalar_one()
    )


def insert_separation(
    connection: Connection, tenant_id: int, *, alias: str, agent: str, who: str
) -> None:
    """Keep as history that these two are two people: a merge that never held."""
    values = _pair_values(tenant_id, alias, agent, SEPARATE, who)
    connection.execute(insert(person_merge).values(**values, undone_at=func.now()))


def _pair_values(
    tenant_id: int, alias: str, agent: str, reason: str, who: str
) -> dict[str, int | str]:
    return {
        "tenant_id": tenant_id,
        "alias": key_of("agent", alias),
        "agent": key_of("agent", agent),
        "alias_identity": alias,
        "agent_identity": agent,
        "reason": reason,
        "who": who,
    }


def list_judged_pairs(
    connection: Connection, tenant_id: int, identities: Collection[str]
) -> set[frozenset[str]]:
    """Pairs with one of these agents of which somebody has said whether they are one person."""
    m = person_merge.c
    query = select(m.alias_identity, m.agent_identity).where(
        m.tenant_id == tenant_id,
        m.alias_identity.in_(identities) | m.agent_identity.in_(identities),
    )
    return {
        frozenset((row.alias_identity, row.agent_identity)) for row in connection.execute(query)
    }


def filter_learners(
    connection: Connection, tenant_id: int, identities: Collection[str]
) -> set[str]:
    """Those of these agents that are learners."""
    of_key = {key_of("agent", identity): identity for identity in identities}
    e = fact_episode.c
    found = connection.execute(
        select(e.learner).distinct().where(e.tenant_id == tenant_id, e.learner.in_(of_key))
    )
    return {of_key[key] for key in found.scalars()}


def list_learners(connection: Connection, tenant_id: int, after: int, rows: int) -> list[int]:
    """Up to ``rows`` learners (keys of agents), after a key, in order."""
    e = fact_episode.c
    query = (
        select(e.learner)
        .distinct()
        .where(e.tenant_id == tenant_id, e.learner > after)
        .order_by(e.learner)
        .limit(rows)
    )
    return list(connection.execute(query).scalars())


def undo_merge(connection: Connection, tenant_id: int, merge_id: int) -> tuple[str, str] | None:
    """Separate two merged agents; return (alias, agent), or None if there is no such active
    merge."""
    m = person_merge
    conditions = (m.c.tenant_id == tenant_id, m.c.merge_id == merge_id, m.c.undone_at.is_(None))
    row = connection.execute(
        update(m)
        .where(*conditions)
        .values(undone_at=func.now())
        .returning(m.c.alias_identity, m.c.agent_identity)
    ).first()
    return (row.alias_identity, row.agent_identity) if row else None


def list_merges_of_agent(
    connection: Connection, tenant_id: int, identity: str
) -> list[tuple[str, str]]:
    """(alias, agent) of every merge that names this agent, undone ones included."""
    m, key = person_merge.c, key_of("agent", identity)
    query = select(m.alias_identity, m.agent_identity).where(
        m.tenant_id == tenant_id, (m.alias == key) | (m.agent == key)
    )
    return [(row.alias_identity, row.agent_identity) for row in connection.execute(query)]


def list_agent_episodes(connection: Connection, tenant_id: int, identity: str) -> set[uuid.UUID]:
    """Every registration of a statement that names this agent, and of a fact that is attributed
    to this agent."""
    e = fact_episode.c
    related = select(e.registration).where(
        e.tenant_id == tenant_id, e.learner == key_of("agent", identity)
    )
    return {
        *feed.list_agent_registrations(connection, tenant_id, identity),
        *connection.execute(related).scalars(),
    }


def list_aliases(connection: Connection, tenant_id: int, agent: str) -> list[str]:
    """The identities that count as this agent now."""
    m = person_merge.c
    query = select(m.alias_identity).where(
        m.tenant_id == tenant_id, m.agent == key_of("agent", agent), m.undone_at.is_(None)
    )
    return list(connection.execute(query.order_by(m.merge_id)).scalars())


def delete_merges_of_agent(connection: Connection, tenant_id: int, identity: str) -> None:
    """Delete every merge that names this agent (erasure)."""
    m, key = person_merge, key_of("agent", identity)
    connection.execute(
        delete(m).where(m.c.tenant_id == tenant_id, (m.c.alias == key) | (m.c.agent == key))
    )
