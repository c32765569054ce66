"""Links between LMS users and people of the organisation's list: existing links and their
reasons, suggested ones, and the codes that prove a link."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.base.sessions_store import CLAIM_KINDS
from lti_tool.people.people_store import LINK_UNDONE, UNLINKED
from lti_tool.tables.base import platform_registration
from lti_tool.tables.checks import grade_place
from lti_tool.tables.people import (
    course,
    course_group_member,
    identity,
    join_code,
    membership,
    person,
)
from lti_tool.tables.visits import launch


@dataclass(frozen=True)
class IdentityLink:
    """A platform user linked to a person of the list: by what means, since when and by whom
    (lti_tool.people.people_store)."""

    registration_id: int
    platform: str
    subject: str
    sourced_id: str
    person_id: uuid.UUID
    name: str
    external_id: str
    joined_by: str
    joined_at: datetime
    joined_who: str

    @property
    def claimed(self) -> bool:
        """Whether the link rests only on what the LMS claimed."""
        return self.joined_by in CLAIM_KINDS


@dataclass(frozen=True)
class LinkSuggestion:
    """An unlinked platform user whose id or address matches a person of the list. ``unambiguous``:
    neither of them matches anybody else."""

    met: uuid.UUID
    platform: str
    name: str
    email: str
    sourced_id: str
    listed: uuid.UUID
    listed_name: str
    listed_email: str
    external_id: str
    by: str
    unambiguous: bool


def list_identity_links(
    connection: Connection, tenant_id: int, rows: int, search: str = ""
) -> list[IdentityLink]:
    """Links that match the search (name, id, user, platform): those that rest only on an LMS's
    claim first, then the newest."""
    i, p = identity.c, person.c
    query = (
        select(
            i.registration_id,
            platform_registration.c.name.label("platform"),
            i.subject,
            i.sourced_id,
            i.person_id,
            p.name,
            func.coalesce(p.external_id, "").label("external_id"),
            i.joined_by,
            i.joined_at,
            i.joined_who,
        )
        .join(person, p.id == i.person_id)
        .join(platform_registration, platform_registration.c.id == i.registration_id)
        .where(i.tenant_id == tenant_id, i.joined_by.not_in((UNLINKED, LINK_UNDONE)))
        .order_by(i.joined_by.in_(CLAIM_KINDS).desc(), i.joined_at.desc(), i.subject)
    )
    if search:
        search_text = search.lower()
        query = query.where(
            or_(
                *(
                    func.lower(column).contains(search_text, autoescape=True)
                    for column in (
                        p.name,
                        p.external_id,
                        i.subject,
                        platform_registration.c.name,
                    )
                )
            )
        )
    return [IdentityLink(**row._mapping) for row in connection.execute(query.limit(rows))]


def count_claimed_links(connection: Connection, tenant_id: int) -> int:
    """How many links rest only on an LMS's claim."""
    i = identity.c
    return int(
        connection.execute(
            select(func.count()).where(i.tenant_id == tenant_id, i.joined_by.in_(CLAIM_KINDS))
        ).scalar_one()
    )


def list_link_suggestions(
    connection: Connection, tenant_id: int, rows: int
) -> list[LinkSuggestion]:
    """Platform users whose id, or else address, matches a person of the list who has no
    identity on that platform yet."""
    i, met, listed = identity.alias(), person.alias(), person.alias()
    linked = select(identity.c.subject).where(
        identity.c.tenant_id == tenant_id,
        identity.c.registration_id == i.c.registration_id,
        identity.c.person_id == listed.c.id,
    )
    by_id = (i.c.sourced_id != "") & (i.c.sourced_id == listed.c.external_id)
    by_address = (met.c.email != "") & (func.lower(met.c.email) == func.lower(listed.c.email))
    query = (
        select(
            met.c.id.label("met"),
            platform_registration.c.name.label("platform"),
            met.c.name,
            met.c.email,
            i.c.sourced_id,
            listed.c.id.label("listed"),
            listed.c.name.label("listed_name"),
            listed.c.email.label("listed_email"),
            func.coalesce(listed.c.external_id, "").label("external_id"),
            by_id.label("by_id"),
        )
        .select_from(i)
        .join(met, met.c.id == i.c.person_id)
        .join(platform_registration, platform_registration.c.id == i.c.registration_id)
        .join(
            listed,
            (listed.c.tenant_id == tenant_id)
            & listed.c.imported_at.is_not(None)
            & (by_id | by_address),
        )
        .where(
            i.c.tenant_id == tenant_id,
            met.c.imported_at.is_(None),
            i.c.joined_by == UNLINKED,
            ~linked.exists(),
        )
        .distinct()
        .order_by(listed.c.name, text("by_id DESC"), met.c.id)
    )
    result = []
    for row in connection.execute(query.limit(rows)):
        values = dict(row._mapping)
        by = "id" if values.pop("by_id") else "address"
        result.append(LinkSuggestion(**values, by=by, unambiguous=True))
    users, people = Counter(item.met for item in result), Counter(item.listed for item in result)
    return [
        replace(item, unambiguous=users[item.met] == people[item.listed] == 1) for item in result
    ]


def list_platform_users(
    connection: Connection, tenant_id: int, person_id: uuid.UUID
) -> list[tuple[int, str]]:
    """The platform users linked to this person: (registration, subject)."""
    i = identity.c
    query = select(i.registration_id, i.subject).where(
        i.tenant_id == tenant_id, i.person_id == person_id
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


def lock_linked_person(
    connection: Connection, tenant_id: int, registration_id: int, subject: str
) -> uuid.UUID | None:
    """The listed person linked to this user, with the identity row locked until the transaction
    ends; None if there is no link."""
    i = identity.c
    own = (
        (i.tenant_id == tenant_id) & (i.registration_id == registration_id) & (i.subject == subject)
    )
    result: uuid.UUID | None = connection.execute(
        select(i.person_id)
        .where(own, i.joined_by.not_in((UNLINKED, LINK_UNDONE)))
        .with_for_update()
    ).scalar()
    return result


def lock_person(connection: Connection, tenant_id: int, person_id: uuid.UUID) -> None:
    """Lock the person row until the transaction ends, so that no other user is linked to it."""
    connection.execute(
        select(person.c.id)
        .where(person.c.tenant_id == tenant_id, person.c.id == person_id)
        .with_for_update()
    )


def link_identity(
    connection: Connection,
    tenant_id: int,
    registration_id: int,
    subject: str,
    *,
    person_id: uuid.UUID,
    by: str,
    who: str,
    now: datetime,
) -> None:
    """Link a user, with all the user's sessions, to a person."""
    i = identity.c
    own = (
        (i.tenant_id == tenant_id) & (i.registration_id == registration_id) & (i.subject == subject)
    )
    connection.execute(
        update(identity)
        .where(own)
        .values(person_id=person_id, joined_by=by, joined_who=who, joined_at=now)
    )
    related = (
        (launch.c.tenant_id == tenant_id)
        & (launch.c.registration_id == registration_id)
        & (launch.c.subject == subject)
    )
    connection.execute(update(launch).where(related).values(person_id=person_id))


def delete_user_places(
    connection: Connection, tenant_id: int, registration_id: int, subject: str, person_id: uuid.UUID
) -> None:
    """Delete this person's course memberships and grade places that came from the user: the
    next launch and roster assign them to whoever the user is then."""
    g = grade_place.c
    connection.execute(
        delete(grade_place).where(
            g.tenant_id == tenant_id, g.registration_id == registration_id, g.subject == subject
        )
    )
    course_ids = select(course.c.id).where(
        course.c.tenant_id == tenant_id, course.c.registration_id == registration_id
    )
    for table in (membership, course_group_member):
        m = table.c
        connection.execute(
            delete(table).where(
                m.tenant_id == tenant_id, m.person_id == person_id, m.course_id.in_(course_ids)
            )
        )


def unlink_identity(
    connection: Connection,
    tenant_id: int,
    registration_id: int,
    subject: str,
    *,
    who: str,
    now: datetime,
) -> uuid.UUID | None:
    """Unlink a user and give the user a new person of their own; returns the person linked
    before, or None if there was no link.

    The user's sessions end, and so do memberships and grade places that came from this
    platform: the next launch and the next roster assign them to whoever the user is then.
    """
    i = identity.c
    own_rows = (
        (i.tenant_id == tenant_id) & (i.registration_id == registration_id) & (i.subject == subject)
    )
    before = lock_linked_person(connection, tenant_id, registration_id, subject)
    if before is None:
        return None
    own = uuid.uuid4()
    connection.execute(insert(person).values(id=own, tenant_id=tenant_id, name="", email=""))
    connection.execute(
        update(identity)
        .where(own_rows)
        .values(person_id=own, joined_by=LINK_UNDONE, joined_who=who, joined_at=now)
    )
    c = launch.c
    connection.execute(
        delete(launch).where(
            c.tenant_id == tenant_id, c.registration_id == registration_id, c.subject == subject
        )
    )
    delete_user_places(connection, tenant_id, registration_id, subject, before)
    return before


def insert_join_code(
    connection: Connection,
    tenant_id: int,
    code_hash: bytes,
    *,
    person_id: uuid.UUID,
    by: str,
    user: tuple[int, str] | None,
    expires_at: datetime,
) -> None:
    """Store a code that links ``user`` (registration, subject; None: whoever enters it) to this
    person. An earlier code of the same kind becomes void."""
    c = join_code.c
    registration_id, subject = user or (None, None)
    same = (c.tenant_id == tenant_id) & (c.person_id == person_id) & (c.joined_by == by)
    if user is not None:
        same &= (c.registration_id == registration_id) & (c.subject == subject)
    connection.execute(delete(join_code).where(same))
    row = {
        "person_id": person_id,
        "joined_by": by,
        "registration_id": registration_id,
        "subject": subject,
        "expires_at": expires_at,
    }
    connection.execute(
        upsert(join_code)
        .values(tenant_id=tenant_id, code_hash=code_hash, **row)
        .on_conflict_do_nothing()
    )


def redeem_join_code(
    connection: Connection,
    tenant_id: int,
    code_hash: bytes,
    registration_id: int,
    subject: str,
    now: datetime,
) -> tuple[uuid.UUID, str] | None:
    """Redeem a code, once: returns (person, means of proof), or None if it does not exist, was
    issued for another user, or has expired."""
    c = join_code.c
    related = c.registration_id.is_(None) | (
        (c.registration_id == registration_id) & (c.subject == subject)
    )
    own = (c.tenant_id == tenant_id) & (c.code_hash == code_hash) & (c.expires_at > now) & related
    row = connection.execute(
        delete(join_code).where(own).returning(c.person_id, c.joined_by)
    ).first()
    return (row.person_id, row.joined_by) if row else None


def delete_expired_codes(connection: Connection, tenant_id: int, now: datetime) -> None:
    """Delete expired codes."""
    connection.execute(
        delete(join_code).where(join_code.c.tenant_id == tenant_id, join_code.c.expires_at < now)
    )
