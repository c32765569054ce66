"""Supplemental workshops, and what managers and mentors saw of their people."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.tables.assessment import assessment, workshop, workshop_member
from lti_tool.tables.people import person

MAX_ROWS = 200


@dataclass(frozen=True)
class Workshop:
    """A workshop for a behaviour. ``title``: of the behaviour; ``by``: the name of who offers
    it."""

    id: uuid.UUID
    programme: str
    criterion: str
    title: str
    by: str
    begins_at: datetime
    place: str


@dataclass(frozen=True)
class ObservedLevels:
    """What a manager or mentor saw of a learner: criterion → level, counted from 1."""

    episode_id: uuid.UUID
    levels: Mapping[str, int]
    at: datetime


def insert_workshop(
    connection: Connection,
    tenant_id: int,
    values: Mapping[str, Any],
    episode_ids: Sequence[uuid.UUID],
) -> bool:
    """Insert a workshop with its people; False if the form was already submitted."""
    row = (
        upsert(workshop)
        .values(tenant_id=tenant_id, **values)
        .on_conflict_do_nothing()
        .returning(workshop.c.id)
    )
    if connection.execute(row).first() is None:
        return False
    connection.execute(
        insert(workshop_member),
        [
            {"tenant_id": tenant_id, "workshop_id": values["id"], "episode_id": episode_id}
            for episode_id in episode_ids
        ],
    )
    return True


def cancel_workshop(
    connection: Connection,
    tenant_id: int,
    workshop_id: uuid.UUID,
    offered_by: uuid.UUID,
    now: datetime,
) -> bool:
    """Cancel a workshop that has not begun; False if there is none of this person."""
    w = workshop.c
    own = (w.tenant_id == tenant_id) & (w.id == workshop_id) & (w.offered_by == offered_by)
    waiting = own & w.cancelled_at.is_(None) & (w.begins_at > now)
    return (
        connection.execute(update(workshop).where(waiting).values(cancelled_at=now)).rowcount == 1
    )


def _select_workshops(tenant_id: int) -> Any:
    w = workshop.c
    return (
        select(
            w.id, w.programme, w.criterion, w.title, person.c.name.label("by"), w.begins_at, w.place
        )
        .join(person, person.c.id == w.offered_by)
        .where(w.tenant_id == tenant_id, w.cancelled_at.is_(None))
        .order_by(w.begins_at.desc(), w.id)
        .limit(MAX_ROWS)
    )


def list_offered(connection: Connection, tenant_id: int, offered_by: uuid.UUID) -> list[Workshop]:
    """The workshops that somebody offers or offered, the latest first."""
    query = _select_workshops(tenant_id).where(workshop.c.offered_by == offered_by)
    return [Workshop(**row._mapping) for row in connection.execute(query)]


def list_upcoming(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID, now: datetime
) -> list[Workshop]:
    """The workshops of a learner that have not begun, the latest first."""
    query = (
        _select_workshops(tenant_id)
        .join(workshop_member, workshop_member.c.workshop_id == workshop.c.id)
        .where(
            workshop_member.c.tenant_id == tenant_id,
            workshop_member.c.episode_id == episode_id,
            workshop.c.begins_at > now,
        )
    )
    return [Workshop(**row._mapping) for row in connection.execute(query)]


def members_by_workshop(
    connection: Connection, tenant_id: int, workshop_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[uuid.UUID]]:
    """Workshop → the episodes of its people."""
    m = workshop_member.c
    query = select(m.workshop_id, m.episode_id).where(
        m.tenant_id == tenant_id, m.workshop_id.in_(workshop_ids)
    )
    found: dict[uuid.UUID, list[uuid.UUID]] = {}
    for row in connection.execute(query):
        found.setdefault(row.workshop_id, []).append(row.episode_id)
    return found


def list_observed(
    connection: Connection, tenant_id: int, episode_ids: Sequence[uuid.UUID]
) -> list[ObservedLevels]:
    """What managers and mentors saw of these learners, the oldest first."""
    a = assessment.c
    query = (
        select(a.episode_id, a.levels, a.at)
        .where(
            a.tenant_id == tenant_id,
            a.episode_id.in_(episode_ids),
            a.relation.in_(("manager", "mentor")),
        )
        .order_by(a.at, a.id)
    )
    return [ObservedLevels(**row._mapping) for row in connection.execute(query)]
