"""Mappings of other systems' activities, and the statements about those activities that count
for an episode."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, or_, select, text, update

from analytics.store import facts, person_merges
from lrs.store.statements import StoredStatement
from lrs.store.tables import activity_mapping, borrowed, fact_episode, statement, uncountable, voiding
from lrs.vocabulary import VERBS
from lrs.vocabulary.aliases import VERB_ALIASES
from lrs.xapi.index_keys import key_of, key_pair

_LOCK_NUMBER = 7_274_014  # an arbitrary number of our own
_CERTIFIED_VERBS = [key_of("verb", iri) for iri in (VERBS["certified"].id, *(iri for iri, verb in VERB_ALIASES.items() if verb == "certified"))]
_LOCK_MAPPED_COUNTING = text(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER}, :tenant)")
# Statements of one person about some activities that name none of these registrations.
_SELECT_STATEMENTS_ABOUT = text(
    """
    SELECT DISTINCT s.ord, s.id, s.payload, s.timestamp_given FROM lrs.statement_rel a
    JOIN lrs.statement_rel m ON m.tenant_id = a.tenant_id AND m.ord = a.ord AND m.key = ANY (CAST(:activities AS bigint[]))
    JOIN lrs.statement s ON s.tenant_id = a.tenant_id AND s.ord = a.ord
    WHERE a.tenant_id = :tenant AND a.key = ANY (CAST(:agents AS bigint[])) AND s.verb = ANY (CAST(:verbs AS bigint[]))
      AND (s.registration IS NULL OR s.registration <> ALL (CAST(:registrations AS uuid[])))
      AND NOT EXISTS (SELECT FROM lrs.voiding v WHERE v.tenant_id = s.tenant_id AND v.target = s.id)
    """
)


@dataclass(frozen=True)
class ActivityMapping:
    """What an activity counts as in a programme, who said so, and whether it still does."""

    mapping_id: int
    activity: str
    programme: str
    counts_as: str
    competency: str | None
    evidence_grade: int | None
    who: str
    at: datetime
    undone_at: datetime | None


_COLUMNS = [activity_mapping.c[name] for name in ActivityMapping.__dataclass_fields__]


def list_active_mappings(connection: Connection, tenant_id: int) -> list[ActivityMapping]:
    """The active mappings."""
    m = activity_mapping.c
    return [ActivityMapping(*row) for row in connection.execute(select(*_COLUMNS).where(m.tenant_id == tenant_id, m.undone_at.is_(None)))]


def list_mappings(connection: Connection, tenant_id: int, after: int, rows: int) -> list[ActivityMapping]:
    """Mappings after a cursor, undone ones included."""
    m = activity_mapping.c
    query = select(*_COLUMNS).where(m.tenant_id == tenant_id, m.mapping_id > after).order_by(m.mapping_id).limit(rows)
    return [ActivityMapping(*row) for row in connection.execute(query)]


def insert_mapping(connection: Connection, tenant_id: int, values: Mapping[str, str | int | None]) -> int | None:
    """Make the activity count from now on; None if it already counts in this programme. The
    programme's episodes are marked for recount."""
    person_merges.lock_merges(connection, tenant_id)
    m, key = activity_mapping.c, key_of("activity", str(values["activity"]))
    place = (m.tenant_id == tenant_id, m.activity_key == key, m.programme == values["programme"], m.undone_at.is_(None))
    if connection.execute(select(m.mapping_id).where(*place)).first():
        return None
    made = insert(activity_mapping).values(tenant_id=tenant_id, activity_key=key, **values).returning(m.mapping_id)
    number = int(connection.execute(made).scalar_one())
    _mark_programme_for_recount(connection, tenant_id, str(values["programme"]))
    return number


def undo_mapping(connection: Connection, tenant_id: int, mapping_id: int) -> bool:
    """Undo a mapping; return whether it was active."""
    person_merges.lock_merges(connection, tenant_id)
    m = activity_mapping
    held = (m.c.tenant_id == tenant_id, m.c.mapping_id == mapping_id, m.c.undone_at.is_(None))
    programme = connection.execute(update(m).where(*held).values(undone_at=func.now()).returning(m.c.programme)).scalar()
    if programme is not None:
        _mark_programme_for_recount(connection, tenant_id, programme)
    return programme is not None


def _mark_programme_for_recount(connection: Connection, tenant_id: int, programme: str) -> None:
    """Mark the episodes of a programme, and those that were set aside as a whole: it is unknown
    which programme they would belong to."""
    e, s, u = fact_episode.c, statement.c, uncountable.c
    theirs = select(e.registration).where(e.tenant_id == tenant_id, e.programme == programme)
    counts = select(e.registration).where(e.tenant_id == tenant_id, e.registration == s.registration).exists()
    aside = select(s.registration).join(uncountable, (u.tenant_id == s.tenant_id) & (u.ord == s.ord) & (u.registration == s.registration))
    aside = aside.where(s.tenant_id == tenant_id, s.verb.in_(_CERTIFIED_VERBS), ~counts)
    facts.mark_episodes_for_recount(connection, tenant_id, connection.execute(theirs.union(aside)).scalars())


def lock_if_mapped(connection: Connection, tenant_id: int) -> bool:
    """Whether activities of other systems count for this tenant. If so, take a lock so that
    only one job counts at a time until the transaction ends: an episode and a statement that is
    to count for it, both new, must not miss each other."""
    m = activity_mapping.c
    if connection.execute(select(m.mapping_id).where(m.tenant_id == tenant_id).limit(1)).first() is None:
        return False
    connection.execute(_LOCK_MAPPED_COUNTING, {"tenant": tenant_id})
    return True


def list_statements_about(
    connection: Connection,
    tenant_id: int,
    agents: Collection[int],
    activities: Iterable[str],
    verbs: Collection[int],
    but: Collection[uuid.UUID],
) -> list[StoredStatement]:
    """Statements of these agents (keys) about these activities with one of these verbs that are
    not voided and name none of the registrations ``but``."""
    keys = [key for activity in activities for key in key_pair("activity", activity)]
    asked = {"tenant": tenant_id, "agents": list(agents), "activities": keys, "verbs": list(verbs), "registrations": [str(one) for one in but]}
    return [StoredStatement(*row) for row in connection.execute(_SELECT_STATEMENTS_ABOUT, asked)]


def find_episode_anchors(connection: Connection, tenant_id: int, learner: int, programme: str) -> dict[uuid.UUID, datetime]:
    """The anchor (certification time) of each episode of a person in a programme."""
    e = fact_episode.c
    query = select(e.registration, e.anchor).where(e.tenant_id == tenant_id, e.learner == learner, e.programme == programme)
    return {row.registration: row.anchor for row in connection.execute(query)}


EpisodeKey = tuple[uuid.UUID, int, str, datetime]  # registration, learner, programme, anchor


def find_episode_keys(connection: Connection, tenant_id: int, registrations: Collection[uuid.UUID]) -> set[EpisodeKey]:
    """Those of these episodes that exist."""
    e = fact_episode.c
    query = select(e.registration, e.learner, e.programme, e.anchor).where(e.tenant_id == tenant_id, e.registration.in_(registrations))
    return {(row.registration, row.learner, row.programme, row.anchor) for row in connection.execute(query)}


def list_borrowing_episodes(connection: Connection, tenant_id: int, ords: Sequence[int]) -> set[uuid.UUID]:
    """The episodes for which these statements count, or for which the statements that these
    void count."""
    b, s, v = borrowed.c, statement.c, voiding.c
    targets = select(s.ord).join(voiding, (v.tenant_id == s.tenant_id) & (v.target == s.id)).where(v.tenant_id == tenant_id, v.ord.in_(ords))
    query = select(b.registration).where(b.tenant_id == tenant_id, or_(b.ord.in_(ords), b.ord.in_(targets)))
    return set(connection.execute(query).scalars())


def list_statements_with_verbs(connection: Connection, tenant_id: int, ords: Sequence[int], verbs: Collection[int]) -> list[StoredStatement]:
    """Those of these statements with one of these verbs, voided or not."""
    s = statement.c
    query = select(s.ord, s.id, s.payload, s.timestamp_given).where(s.tenant_id == tenant_id, s.ord.in_(ords), s.verb.in_(verbs))
    return [StoredStatement(*row) for row in connection.execute(query)]
