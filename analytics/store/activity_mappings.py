"""Mappings of other systems' activities, and the statements about those activities that count
for an episode."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, text, update

from analytics.store import person_merges
from analytics.store.tables import (
    NO_EPISODE,
    activity_mapping,
    borrowed,
    fact_competency,
    fact_episode,
    uncountable,
)
from lrs import feed
from lrs.feed import key_of
from lrs.vocabulary import VERBS, VerbName
from lrs.vocabulary.aliases import VERB_ALIASES

_LOCK_NUMBER = 7_274_014  # an arbitrary number of our own
_CERTIFIED_VERBS = [
    key_of("verb", iri)
    for iri in (
        VERBS[VerbName.CERTIFIED].id,
        *(iri for iri, verb in VERB_ALIASES.items() if verb == VerbName.CERTIFIED),
    )
]
_LOCK_MAPPED_COUNTING = text(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER}, :tenant)")


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
    return [
        ActivityMapping(*row)
        for row in connection.execute(
            select(*_COLUMNS).where(m.tenant_id == tenant_id, m.undone_at.is_(None))
        )
    ]


def list_mappings(
    connection: Connection, tenant_id: int, after: int, rows: int
) -> list[ActivityMapping]:
    """Mappings after a cursor, undone ones included."""
    m = activity_mapping.c
    query = (
        select(*_COLUMNS)
        .where(m.tenant_id == tenant_id, m.mapping_id > after)
        .order_by(m.mapping_id)
        .limit(rows)
    )
    return [ActivityMapping(*row) for row in connection.execute(query)]


def list_competencies(connection: Connection, tenant_id: int, programme: str) -> list[str]:
    """The competencies that counted answers of a programme name, and ratings of its work."""
    f = fact_competency.c
    query = select(f.competency).where(f.tenant_id == tenant_id, f.programme == programme)
    return list(connection.execute(query.distinct().order_by(f.competency)).scalars())


def insert_mapping(
    connection: Connection, tenant_id: int, values: Mapping[str, str | int | None]
) -> int | None:
    """Make the activity count from now on; None if it already counts in this programme. The
    programme's episodes are marked for recount."""
    person_merges.lock_merges(connection, tenant_id)
    m, key = activity_mapping.c, key_of("activity", str(values["activity"]))
    place = (
        m.tenant_id == tenant_id,
        m.activity_key == key,
        m.programme == values["programme"],
        m.undone_at.is_(None),
    )
    if connection.execute(select(m.mapping_id).where(*place)).first():
        return None
    created = (
        insert(activity_mapping)
        .values(tenant_id=tenant_id, activity_key=key, **values)
        .returning(m.mapping_id)
    )
    number = int(connection.execute(created).scalar_one())
    _mark_programme_for_recount(connection, tenant_id, str(values["programme"]))
    return number


def undo_mapping(connection: Connection, tenant_id: int, mapping_id: int) -> bool:
    """Undo a mapping; return whether it was active."""
    person_merges.lock_merges(connection, tenant_id)
    m = activity_mapping
    conditions = (m.c.tenant_id == tenant_id, m.c.mapping_id == mapping_id, m.c.undone_at.is_(None))
    programme = connection.execute(
        update(m).where(*conditions).values(undone_at=func.now()).returning(m.c.programme)
    ).scalar()
    if programme is not None:
        _mark_programme_for_recount(connection, tenant_id, programme)
    return programme is not None


def _mark_programme_for_recount(connection: Connection, tenant_id: int, programme: str) -> None:
    """Mark the episodes of a programme, and those that were set aside as a whole: it is unknown
    which programme they would belong to."""
    e, u = fact_episode.c, uncountable.c
    related = (
        connection.execute(
            select(e.registration).where(e.tenant_id == tenant_id, e.programme == programme)
        )
        .scalars()
        .all()
    )
    counts = (
        select(e.registration)
        .where(e.tenant_id == tenant_id, e.registration == u.registration)
        .exists()
    )
    aside = {
        row.ord: row.registration
        for row in connection.execute(
            select(u.ord, u.registration).where(
                u.tenant_id == tenant_id, u.registration != NO_EPISODE, ~counts
            )
        )
    }
    begun = set(feed.list_registrations_of(connection, tenant_id, aside, _CERTIFIED_VERBS))
    feed.mark_episodes(connection, tenant_id, {*related, *begun.intersection(aside.values())})


def lock_if_mapped(connection: Connection, tenant_id: int) -> bool:
    """Whether activities of other systems count for this tenant. If so, take a lock so that
    only one job counts at a time until the transaction ends: an episode and a statement that is
    to count for it, both new, must not miss each other."""
    m = activity_mapping.c
    if (
        connection.execute(select(m.mapping_id).where(m.tenant_id == tenant_id).limit(1)).first()
        is None
    ):
        return False
    connection.execute(_LOCK_MAPPED_COUNTING, {"tenant": tenant_id})
    return True


def find_episode_anchors(
    connection: Connection, tenant_id: int, learner: int, programme: str
) -> dict[uuid.UUID, datetime]:
    """The anchor (certification time) of each episode of a person in a programme."""
    e = fact_episode.c
    query = select(e.registration, e.anchor).where(
        e.tenant_id == tenant_id, e.learner == learner, e.programme == programme
    )
    return {row.registration: row.anchor for row in connection.execute(query)}


EpisodeKey = tuple[uuid.UUID, int, str, datetime]  # registration, learner, programme, anchor


def find_episode_keys(
    connection: Connection, tenant_id: int, registrations: Collection[uuid.UUID]
) -> set[EpisodeKey]:
    """Those of these episodes that exist."""
    e = fact_episode.c
    query = select(e.registration, e.learner, e.programme, e.anchor).where(
        e.tenant_id == tenant_id, e.registration.in_(registrations)
    )
    return {
        (row.registration, row.learner, row.programme, row.anchor)
        for row in connection.execute(query)
    }


def list_borrowing_episodes(
    connection: Connection, tenant_id: int, ords: Sequence[int]
) -> set[uuid.UUID]:
    """The episodes for which these statements count, or for which the statements that these
    void count."""
    b = borrowed.c
    affected = [*ords, *feed.list_voided_ords(connection, tenant_id, ords)]
    query = select(b.registration).where(b.tenant_id == tenant_id, b.ord.in_(affected))
    return set(connection.execute(query).scalars())
