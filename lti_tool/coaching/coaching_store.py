"""Coaching groups: members, meetings, attendance and agreed actions."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.programmes.episodes_store import Episode
from lti_tool.tables.coaching import (
    agreed_action,
    attendance,
    coaching_group,
    group_member,
    meeting,
)
from lti_tool.tables.name_order import by_name
from lti_tool.tables.people import person
from lti_tool.tables.programmes import episode

MAX_ROWS = 2_000


@dataclass(frozen=True)
class GroupCandidate:
    """Somebody who can be assigned to a group, with the attributes by which groups are matched."""

    episode_id: uuid.UUID
    wave: str
    site: str
    team: str
    time_zone: str


@dataclass(frozen=True)
class CoachingGroup:
    """A coaching group; ``number`` counts within the programme. One that was made from a group of a
    course has its name, the course, and the LMS's id of that group."""

    id: uuid.UUID
    programme: str
    number: int
    name: str = ""
    course_id: uuid.UUID | None = None
    course_group_key: str | None = None


_GROUP_FIELDS = tuple(coaching_group.c[name] for name in CoachingGroup.__dataclass_fields__)


@dataclass(frozen=True)
class GroupMember:
    """A member of a group."""

    episode_id: uuid.UUID
    person_id: uuid.UUID
    name: str


@dataclass(frozen=True)
class Meeting:
    """A meeting; ``attendee_ids`` holds the episodes of those who attended."""

    id: uuid.UUID
    number: int
    at: datetime
    held_at: datetime | None
    attendee_ids: frozenset[uuid.UUID]


@dataclass(frozen=True)
class AgreedAction:
    """An action that a member agreed to take."""

    id: uuid.UUID
    episode_id: uuid.UUID
    words: str
    due_on: date | None
    agreed_at: datetime
    closed_at: datetime | None


def list_group_candidates(
    connection: Connection, tenant_id: int, programme: str, since: datetime
) -> list[GroupCandidate]:
    """Learners certified since then who take part and are not in a group yet."""
    query = _select_candidates(tenant_id, programme, since)
    return [GroupCandidate(*tuple(row)[1:]) for row in connection.execute(query.limit(MAX_ROWS))]


def candidates_by_person(
    connection: Connection,
    tenant_id: int,
    programme: str,
    since: datetime,
    person_ids: Collection[uuid.UUID],
) -> dict[uuid.UUID, GroupCandidate]:
    """Person id → the candidate, for those of these people who are one."""
    query = _select_candidates(tenant_id, programme, since).where(
        episode.c.person_id.in_(person_ids)
    )
    return {row.person_id: GroupCandidate(*tuple(row)[1:]) for row in connection.execute(query)}


def _select_candidates(tenant_id: int, programme: str, since: datetime) -> Any:
    """Person id, and the fields of a candidate."""
    e, p = episode.c, person.c
    grouped = select(group_member.c.episode_id).where(
        group_member.c.tenant_id == tenant_id, group_member.c.episode_id == e.id
    )
    return (
        select(e.person_id, e.id, e.wave, p.site, p.team, p.time_zone)
        .join(person, p.id == e.person_id)
        .where(
            e.tenant_id == tenant_id,
            e.programme == programme,
            e.left_at.is_(None),
            e.certified_at >= since,
            ~grouped.exists(),
        )
        .order_by(e.certified_at, e.id)
    )


def insert_group(
    connection: Connection,
    tenant_id: int,
    programme: str,
    members: Sequence[uuid.UUID],
    dates: Sequence[datetime],
    at: datetime,
    made_from: Mapping[str, Any] | None = None,
) -> CoachingGroup:
    """Insert a group with its members and meetings. The caller holds the advisory lock that
    serializes the forming of groups. ``made_from``: the name, course and key of a course's
    group."""
    g = coaching_group.c
    last = connection.execute(
        select(func.coalesce(func.max(g.number), 0)).where(
            g.tenant_id == tenant_id, g.programme == programme
        )
    ).scalar_one()
    created = CoachingGroup(uuid.uuid4(), programme, last + 1, **(made_from or {}))
    connection.execute(
        insert(coaching_group).values(tenant_id=tenant_id, formed_at=at, **vars(created))
    )
    insert_members(connection, tenant_id, created.id, members)
    rows = [
        {
            "id": uuid.uuid4(),
            "tenant_id": tenant_id,
            "group_id": created.id,
            "number": number,
            "at": item,
        }
        for number, item in enumerate(dates, 1)
    ]
    connection.execute(insert(meeting), rows)
    return created


def insert_members(
    connection: Connection, tenant_id: int, group_id: uuid.UUID, members: Sequence[uuid.UUID]
) -> None:
    """Insert episodes that are in no group as members of this one."""
    connection.execute(
        insert(group_member),
        [
            {"tenant_id": tenant_id, "episode_id": member, "group_id": group_id}
            for member in members
        ],
    )


def rename_group(connection: Connection, tenant_id: int, group_id: uuid.UUID, name: str) -> None:
    """Give a group another name."""
    g = coaching_group.c
    connection.execute(
        update(coaching_group).where(g.tenant_id == tenant_id, g.id == group_id).values(name=name)
    )


def lock_group_forming(connection: Connection, tenant_id: int) -> None:
    """Take the advisory lock that serializes the forming of groups, so that nobody is put into
    two."""
    connection.execute(select(func.pg_advisory_xact_lock(7_274_010, tenant_id)))


def find_group_of_episode(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID
) -> CoachingGroup | None:
    """The group that an episode belongs to, if any."""
    g, m = coaching_group.c, group_member.c
    query = (
        select(*_GROUP_FIELDS)
        .join(group_member, m.group_id == g.id)
        .where(m.tenant_id == tenant_id, m.episode_id == episode_id)
    )
    row = connection.execute(query).first()
    return CoachingGroup(**row._mapping) if row else None


def list_groups(connection: Connection, tenant_id: int, programme: str) -> list[CoachingGroup]:
    """All groups of a programme."""
    g = coaching_group.c
    query = (
        select(*_GROUP_FIELDS)
        .where(g.tenant_id == tenant_id, g.programme == programme)
        .order_by(g.number)
        .limit(MAX_ROWS)
    )
    return [CoachingGroup(**row._mapping) for row in connection.execute(query)]


def members_by_group(
    connection: Connection, tenant_id: int, group_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[GroupMember]]:
    """Group id → its members."""
    m, e, p = group_member.c, episode.c, person.c
    query = (
        select(m.group_id, m.episode_id, p.id.label("person_id"), p.name)
        .join(episode, e.id == m.episode_id)
        .join(person, p.id == e.person_id)
        .where(m.tenant_id == tenant_id, m.group_id.in_(group_ids))
        .order_by(*by_name(p.name), m.episode_id)
    )
    result: dict[uuid.UUID, list[GroupMember]] = {}
    for row in connection.execute(query):
        result.setdefault(row.group_id, []).append(
            GroupMember(row.episode_id, row.person_id, row.name)
        )
    return result


def list_group_episodes(
    connection: Connection, tenant_id: int, group_id: uuid.UUID
) -> list[Episode]:
    """The episodes of a group's members."""
    m = group_member.c
    query = select(*(episode.c[name] for name in Episode.__dataclass_fields__)).join(
        group_member, m.episode_id == episode.c.id
    )
    return [
        Episode(**row._mapping)
        for row in connection.execute(query.where(m.tenant_id == tenant_id, m.group_id == group_id))
    ]


def meetings_by_group(
    connection: Connection, tenant_id: int, group_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[Meeting]]:
    """Group id → its meetings in order."""
    m, a = meeting.c, attendance.c
    episodes_by_meeting: dict[uuid.UUID, set[uuid.UUID]] = {}
    query: Any = (
        select(a.meeting_id, a.episode_id)
        .join(meeting, m.id == a.meeting_id)
        .where(m.tenant_id == tenant_id, m.group_id.in_(group_ids))
    )
    for row in connection.execute(query):
        episodes_by_meeting.setdefault(row.meeting_id, set()).add(row.episode_id)
    result: dict[uuid.UUID, list[Meeting]] = {}
    query = (
        select(m.group_id, m.id, m.number, m.at, m.held_at)
        .where(m.tenant_id == tenant_id, m.group_id.in_(group_ids))
        .order_by(m.number)
    )
    for row in connection.execute(query):
        created = Meeting(
            row.id, row.number, row.at, row.held_at, frozenset(episodes_by_meeting.get(row.id, ()))
        )
        result.setdefault(row.group_id, []).append(created)
    return result


def mark_meeting_held(
    connection: Connection, tenant_id: int, meeting_id: uuid.UUID, at: datetime
) -> bool:
    """Record that a meeting took place; False if that is already on record."""
    m = meeting.c
    own = (m.tenant_id == tenant_id) & (m.id == meeting_id) & m.held_at.is_(None)
    return connection.execute(update(meeting).where(own).values(held_at=at)).rowcount == 1


def insert_attendance(
    connection: Connection, tenant_id: int, meeting_id: uuid.UUID, episode_id: uuid.UUID
) -> bool:
    """Record that somebody attended; False if that is already on record."""
    row = upsert(attendance).values(
        tenant_id=tenant_id, meeting_id=meeting_id, episode_id=episode_id
    )
    return (
        connection.execute(row.on_conflict_do_nothing().returning(attendance.c.episode_id)).first()
        is not None
    )


def list_agreed_actions(
    connection: Connection, tenant_id: int, group_id: uuid.UUID
) -> list[AgreedAction]:
    """Agreed actions, open ones first."""
    a = agreed_action.c
    query = select(a.id, a.episode_id, a.words, a.due_on, a.agreed_at, a.closed_at).where(
        a.tenant_id == tenant_id, a.group_id == group_id
    )
    return [
        AgreedAction(**row._mapping)
        for row in connection.execute(
            query.order_by(a.closed_at.is_not(None), a.agreed_at).limit(MAX_ROWS)
        )
    ]


def insert_agreed_action(
    connection: Connection, tenant_id: int, group_id: uuid.UUID, values: Mapping[str, Any]
) -> bool:
    """Insert an agreed action; False if the form was already submitted."""
    row = (
        upsert(agreed_action)
        .values(tenant_id=tenant_id, group_id=group_id, **values)
        .on_conflict_do_nothing()
    )
    return connection.execute(row.returning(agreed_action.c.id)).first() is not None


def close_agreed_action(
    connection: Connection, tenant_id: int, group_id: uuid.UUID, action_id: uuid.UUID, at: datetime
) -> uuid.UUID | None:
    """Close an action; returns the episode of its owner, or None if it was already closed."""
    a = agreed_action.c
    own = (
        (a.tenant_id == tenant_id)
        & (a.group_id == group_id)
        & (a.id == action_id)
        & a.closed_at.is_(None)
    )
    result: uuid.UUID | None = connection.execute(
        update(agreed_action).where(own).values(closed_at=at).returning(a.episode_id)
    ).scalar()
    return result
