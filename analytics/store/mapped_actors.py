"""Who did something in activities of other systems that count (analytics.facts.external): the
actors that their statements name, whether or not anybody knows who they are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from analytics.store.tables import activity_mapping, mapped_actor
from lrs.feed import key_of, key_pair

# Who somebody is, and whether that person has an episode: of the mapping's programme, or of any.
_STATES = """
  SELECT m.mapping_id, m.activity_key, m.programme, a.agent, a.identity,
    coalesce(p.agent, a.agent) AS person,
    p.agent IS NOT NULL OR EXISTS (SELECT FROM analytics.fact_episode e
      WHERE e.tenant_id = a.tenant_id AND e.learner = coalesce(p.agent, a.agent)) AS known,
    EXISTS (SELECT FROM analytics.fact_episode e WHERE e.tenant_id = a.tenant_id
      AND e.learner = coalesce(p.agent, a.agent) AND e.programme = m.programme) AS certified
  FROM analytics.activity_mapping m
  JOIN analytics.mapped_actor a ON a.tenant_id = m.tenant_id AND a.mapping_id = m.mapping_id
  LEFT JOIN analytics.person_merge p ON p.tenant_id = a.tenant_id AND p.alias = a.agent
    AND p.undone_at IS NULL
  WHERE m.tenant_id = :tenant AND m.undone_at IS NULL
"""
_COUNTS = text(
    f"""
    WITH states AS ({_STATES} AND m.programme = :programme), people AS (
      SELECT mapping_id, person, known, certified, EXISTS (
        SELECT FROM analytics.fact_episode e
        JOIN analytics.borrowed b ON b.tenant_id = e.tenant_id AND b.registration = e.registration
        JOIN unnest(CAST(:plain AS bigint[]), CAST(:related AS bigint[])) AS k (plain, related)
          ON k.plain = s.activity_key
        JOIN lrs.statement_rel r ON r.tenant_id = b.tenant_id AND r.ord = b.ord
          AND r.key IN (k.plain, k.related)
        WHERE e.tenant_id = :tenant AND e.learner = s.person AND e.programme = s.programme
      ) AS counts
      FROM (SELECT DISTINCT mapping_id, activity_key, programme, person, known, certified
            FROM states) s
    )
    SELECT m.mapping_id,
      count(s.person) FILTER (WHERE s.counts) AS counting,
      count(s.person) FILTER (WHERE s.certified AND NOT s.counts) AS idle,
      count(s.person) FILTER (WHERE s.known AND NOT s.certified) AS uncertified,
      count(s.person) FILTER (WHERE NOT s.known) AS unknown
    FROM analytics.activity_mapping m LEFT JOIN people s USING (mapping_id)
    WHERE m.tenant_id = :tenant AND m.undone_at IS NULL AND m.programme = :programme
    GROUP BY m.mapping_id ORDER BY m.mapping_id
    """  # noqa: S608 - constants of this file
)
_UNKNOWN = text(
    f"""
    SELECT agent, min(identity) AS identity, array_agg(DISTINCT programme) AS programmes
    FROM ({_STATES} AND a.agent > :after) states WHERE NOT known
    GROUP BY agent ORDER BY agent LIMIT :rows
    """  # noqa: S608 - constants of this file
)
_STATEMENTS = text(
    """
    SELECT count(*) FROM (
      SELECT FROM lrs.statement_rel r
      JOIN lrs.statement s ON s.tenant_id = r.tenant_id AND s.ord = r.ord
      WHERE r.tenant_id = :tenant AND r.key = ANY (CAST(:keys AS bigint[]))
        AND s.verb = ANY (CAST(:verbs AS bigint[]))
        AND NOT EXISTS (
          SELECT FROM lrs.voiding v WHERE v.tenant_id = s.tenant_id AND v.target = s.id)
      LIMIT :most
    ) found
    """
)
_DELETE_WITHOUT = text(
    """
    DELETE FROM analytics.mapped_actor a WHERE a.tenant_id = :tenant AND a.mapping_id = :mapping
      AND NOT EXISTS (
        SELECT FROM lrs.statement_rel mine
        JOIN lrs.statement_rel about ON about.tenant_id = mine.tenant_id AND about.ord = mine.ord
          AND about.key = ANY (CAST(:keys AS bigint[]))
        WHERE mine.tenant_id = a.tenant_id AND mine.key = a.agent)
    """
)


@dataclass(frozen=True)
class PeopleOfMapping:
    """How many people did something in a mapped activity: those for whom it counts, certified
    ones for whom nothing of it does, those who are known and are not certified in its programme,
    and those of whom nobody knows who they are.
    """

    mapping_id: int
    counting: int
    idle: int
    uncertified: int
    unknown: int


@dataclass(frozen=True)
class UnknownActor:
    """An actor whom nobody knows: key, identity (lrs.xapi.actors), programmes of the activities."""

    agent: int
    identity: str
    programmes: list[str]


@dataclass(frozen=True)
class MappingToRead:
    """A mapping, its activity, and up to where (ord) its statements were looked through."""

    mapping_id: int
    activity: str
    read_ord: int


def list_mappings_to_read(connection: Connection, tenant_id: int) -> list[MappingToRead]:
    """The active mappings."""
    m = activity_mapping.c
    query = select(m.mapping_id, m.activity, m.read_ord).where(
        m.tenant_id == tenant_id, m.undone_at.is_(None)
    )
    return [MappingToRead(*row) for row in connection.execute(query.order_by(m.mapping_id))]


def insert_actors(
    connection: Connection,
    tenant_id: int,
    mapping: MappingToRead,
    identities: Mapping[int, str],
    read_ord: int,
) -> None:
    """Keep the actors (key, identity) that were found, and up to where."""
    rows = [
        {
            "tenant_id": tenant_id,
            "mapping_id": mapping.mapping_id,
            "agent": agent,
            "identity": identity,
        }
        for agent, identity in sorted(identities.items())
    ]
    if rows:
        connection.execute(upsert(mapped_actor).on_conflict_do_nothing(), rows)
    m = activity_mapping.c
    connection.execute(
        update(activity_mapping)
        .where(m.tenant_id == tenant_id, m.mapping_id == mapping.mapping_id, m.read_ord < read_ord)
        .values(read_ord=read_ord)
    )


def delete_actor(connection: Connection, tenant_id: int, identity: str) -> None:
    """Forget an actor (erasure)."""
    a = mapped_actor.c
    connection.execute(
        delete(mapped_actor).where(a.tenant_id == tenant_id, a.agent == key_of("agent", identity))
    )


def delete_actors_of_mapping(connection: Connection, tenant_id: int, mapping_id: int) -> None:
    """Forget who did something in an activity that counts no longer."""
    a = mapped_actor.c
    connection.execute(
        delete(mapped_actor).where(a.tenant_id == tenant_id, a.mapping_id == mapping_id)
    )


def delete_actors_without_statements(connection: Connection, tenant_id: int) -> None:
    """Forget actors of whom no statement about the mapped activity is stored any more."""
    mappings = list_mappings_to_read(connection, tenant_id)
    for mapping in mappings:
        connection.execute(
            _DELETE_WITHOUT,
            {
                "tenant": tenant_id,
                "mapping": mapping.mapping_id,
                "keys": list(key_pair("activity", mapping.activity)),
            },
        )


def count_people(
    connection: Connection, tenant_id: int, programme: str, activities: Collection[str]
) -> list[PeopleOfMapping]:
    """How many people each active mapping of a programme has met; ``activities``: those that are
    mapped."""
    pairs = [key_pair("activity", activity) for activity in activities]
    rows = connection.execute(
        _COUNTS,
        {
            "tenant": tenant_id,
            "programme": programme,
            "plain": [plain for plain, _ in pairs],
            "related": [related for _, related in pairs],
        },
    )
    return [PeopleOfMapping(*row) for row in rows]


def count_statements(
    connection: Connection, tenant_id: int, activity: str, verbs: Sequence[int], most: int
) -> int:
    """How many statements with one of these verbs (keys) name an activity, up to ``most``;
    voided ones do not count."""
    parameters = {
        "tenant": tenant_id,
        "keys": list(key_pair("activity", activity)),  # a statement has one of the two
        "verbs": list(verbs),
        "most": most,
    }
    return int(connection.execute(_STATEMENTS, parameters).scalar_one())


def list_unknown_actors(
    connection: Connection, tenant_id: int, after: int, rows: int
) -> list[UnknownActor]:
    """Actors whom nobody knows, of all active mappings, after a key, in order."""
    found = connection.execute(_UNKNOWN, {"tenant": tenant_id, "after": after, "rows": rows})
    return [UnknownActor(*row) for row in found]
