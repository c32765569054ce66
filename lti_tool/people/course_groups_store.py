"""The groups that an LMS has in a course, and who is in them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from adapters.lms import CourseGroup
from lti_tool.tables.name_order import by_name
from lti_tool.tables.people import course_group, course_group_member, person

MAX_GROUPS = 2_000  # Of one course.
MAX_ROWS = 20_000  # People in the groups of one course that a page looks at.


@dataclass(frozen=True)
class ListedGroup:
    """A group of a course; ``key`` is the LMS's id of it. ``listed``: the LMS still has it."""

    key: str
    name: str
    listed: bool


@dataclass(frozen=True)
class GroupPerson:
    """Somebody who is in a group of a course."""

    key: str
    person_id: uuid.UUID
    name: str


def save_groups(
    connection: Connection,
    tenant_id: int,
    course_id: uuid.UUID,
    groups: Sequence[CourseGroup],
    whole: bool,
) -> None:
    """Store the groups that the LMS lists; the others are listed no more, if ``whole`` says that
    none can have been missed."""
    g = course_group.c
    if whole:
        others = (g.tenant_id == tenant_id) & (g.course_id == course_id) & g.listed
        connection.execute(
            update(course_group)
            .where(others, g.key.not_in([group.id for group in groups]))
            .values(listed=False)
        )
    if not groups:
        return
    statement = upsert(course_group)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "course_id", "key"],
            set_={"name": statement.excluded.name, "listed": True},
        ),
        [
            {
                "tenant_id": tenant_id,
                "course_id": course_id,
                "key": group.id,
                "name": group.name,
                "listed": True,
            }
            for group in groups
        ],
    )


def list_groups(connection: Connection, tenant_id: int, course_id: uuid.UUID) -> list[ListedGroup]:
    """All groups of a course that the LMS ever listed, by name."""
    g = course_group.c
    query = (
        select(g.key, g.name, g.listed)
        .where(g.tenant_id == tenant_id, g.course_id == course_id)
        .order_by(g.name, g.key)
        .limit(MAX_GROUPS)
    )
    return [ListedGroup(*row) for row in connection.execute(query)]


def upsert_members(
    connection: Connection,
    tenant_id: int,
    course_id: uuid.UUID,
    enrolled: Sequence[tuple[str, uuid.UUID]],
    now: datetime,
) -> None:
    """Store who is in which group (key, person) now."""
    if not enrolled:
        return
    statement = upsert(course_group_member)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "course_id", "key", "person_id"],
            set_={"seen_at": statement.excluded.seen_at},
        ),
        [
            {
                "tenant_id": tenant_id,
                "course_id": course_id,
                "key": key,
                "person_id": person_id,
                "seen_at": now,
            }
            for key, person_id in sorted(set(enrolled))
        ],
    )


def delete_unseen_members(
    connection: Connection, tenant_id: int, course_id: uuid.UUID, before: datetime
) -> None:
    """Delete who was in a group before, and whom a complete roster read, started at ``before``, did
    not say to be in it."""
    m = course_group_member.c
    connection.execute(
        delete(course_group_member).where(
            m.tenant_id == tenant_id, m.course_id == course_id, m.seen_at < before
        )
    )


def list_group_people(
    connection: Connection, tenant_id: int, course_id: uuid.UUID
) -> list[GroupPerson]:
    """Who is in the groups of a course, by name."""
    m = course_group_member.c
    query = (
        select(m.key, m.person_id, person.c.name)
        .join(person, person.c.id == m.person_id)
        .where(m.tenant_id == tenant_id, m.course_id == course_id)
        .order_by(*by_name(person.c.name), m.person_id)
        .limit(MAX_ROWS)
    )
    return [GroupPerson(*row) for row in connection.execute(query)]
