"""People, their identities on platforms, and their launches."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.base import journal_store, platforms_store
from lti_tool.base.platforms_store import NAMES_BY_ID_OR_ADDRESS, NAMES_NOBODY, Platform
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.tables.name_order import by_name
from lti_tool.tables.people import identity, membership, person, role_grant
from lti_tool.tables.programmes import episode

# Values of ``identity.joined_by``, why an LMS user is a person: "met" if only that launch is
# known; a claim if the LMS sent an id or address of the list; or a proof.
UNLINKED = "met"
BY_MAIL, BY_SIGN_IN, BY_ADMINISTRATOR = "mail", "sign-in", "administrator"
LINK_UNDONE = "undone"  # linked before and undone: no claim links it again
SECOND_CLAIM_ACT = "was asked for one person by two users"
MAX_ROWS = 200  # learners of one course on one page; the rest appear as these are certified


def find_person_id(
    connection: Connection, tenant_id: int, registration_id: int, subject: str
) -> uuid.UUID | None:
    """The person id that belongs to ``subject`` of a platform, if it is known."""
    i = identity.c
    query = select(i.person_id).where(
        i.tenant_id == tenant_id, i.registration_id == registration_id, i.subject == subject
    )
    result: uuid.UUID | None = connection.execute(query).scalar()
    return result


def person_exists(connection: Connection, tenant_id: int, person_id: uuid.UUID) -> bool:
    """Whether this person exists."""
    return (
        connection.execute(
            select(person.c.id).where(person.c.tenant_id == tenant_id, person.c.id == person_id)
        ).first()
        is not None
    )


def get_person_name(connection: Connection, tenant_id: int, person_id: uuid.UUID) -> str:
    """A person's name; empty if no platform sent one."""
    return str(
        connection.execute(
            select(person.c.name).where(person.c.tenant_id == tenant_id, person.c.id == person_id)
        ).scalar_one()
    )


@dataclass(frozen=True)
class PlatformUser:
    """A user as a platform describes them. Empty: not given. ``sourced_id`` is the
    organisation's id."""

    subject: str
    name: str
    email: str
    sourced_id: str = ""
    by_parameter: bool = False


def ensure_person(
    connection: Connection, tenant_id: int, registration_id: int, named: PlatformUser
) -> uuid.UUID:
    """The person of a platform user: somebody on the organisation's list if the platform is
    trusted to say so, else a new person at first sight.

    Name and e-mail follow what the platform sent last, except for people on the list, whose
    data come from the list.
    """
    person_id = find_person_id(connection, tenant_id, registration_id, named.subject)
    if person_id is None:
        return _insert_identity(connection, tenant_id, registration_id, named)
    fields = {
        field: value for field, value in (("name", named.name), ("email", named.email)) if value
    }
    if fields:
        same = (
            (person.c.tenant_id == tenant_id)
            & (person.c.id == person_id)
            & person.c.imported_at.is_(None)
        )
        new = or_(*(person.c[field] != value for field, value in fields.items()))
        connection.execute(update(person).where(same, new).values(**fields))
    if named.sourced_id and (
        not named.by_parameter
        or platforms_store.get_platform(connection, tenant_id, registration_id).wide_parameter
    ):
        i = identity.c
        own = (
            (i.tenant_id == tenant_id)
            & (i.registration_id == registration_id)
            & (i.subject == named.subject)
            & (i.sourced_id != named.sourced_id)
        )
        connection.execute(update(identity).where(own).values(sourced_id=named.sourced_id))
    return person_id


def _insert_identity(
    connection: Connection, tenant_id: int, registration_id: int, named: PlatformUser
) -> uuid.UUID:
    """Insert the identity of a user whom this platform names for the first time."""
    platform = platforms_store.get_platform(connection, tenant_id, registration_id)
    if named.by_parameter and not platform.wide_parameter:
        named = replace(named, sourced_id="")
    listed, how = _match_listed_person(connection, tenant_id, platform, named)
    created = listed or uuid.uuid4()
    if listed is None:
        connection.execute(
            insert(person).values(
                id=created, tenant_id=tenant_id, name=named.name, email=named.email
            )
        )
    row = {
        "tenant_id": tenant_id,
        "registration_id": registration_id,
        "subject": named.subject,
        "person_id": created,
        "sourced_id": named.sourced_id,
        "joined_by": how,
    }
    connection.execute(upsert(identity).values(**row).on_conflict_do_nothing())
    # Two concurrent first launches: the database kept one of the two identities.
    person_id = find_person_id(connection, tenant_id, registration_id, named.subject)
    assert person_id is not None
    if person_id != created and listed is None:
        connection.execute(
            delete(person).where(person.c.tenant_id == tenant_id, person.c.id == created)
        )
    return person_id


def _match_listed_person(
    connection: Connection, tenant_id: int, platform: Platform, named: PlatformUser
) -> tuple[uuid.UUID | None, str]:
    """The one listed person with this id, or else with this address, and which of the two
    matched; nobody if this platform is not trusted to say so.

    People who lead, accompany or teach others, or hold a role, are not matched this way: they
    must confirm it (lti_tool.people.identity_links). Nor is somebody whom this platform already
    names: the first user keeps the person, and the second claim is audited for the
    administrators.
    """
    if platform.names_people == NAMES_NOBODY:
        return None, UNLINKED
    p = person.c
    by_address = (p.email != "") & (func.lower(p.email) == named.email.lower())
    ways = [
        (
            named.sourced_id,
            p.external_id == named.sourced_id,
            "parameter" if named.by_parameter else "id",
        )
    ]
    if platform.names_people == NAMES_BY_ID_OR_ADDRESS:
        ways.append((named.email, by_address, "address"))
    for value, same, how in ways:
        if value:
            conditions = (p.tenant_id == tenant_id, p.imported_at.is_not(None), same)
            # Of two concurrent users with the same claim, the second waits for this lock and
            # then sees the first.
            connection.execute(select(p.id).where(*conditions).limit(2).with_for_update())
            query = select(
                p.id,
                _is_taken(tenant_id, platform.id).label("taken"),
                _is_privileged(tenant_id).label("privileged"),
            )
            result = connection.execute(query.where(*conditions).limit(2)).all()
            if len(result) == 1:
                item = result[0]
                if item.taken:
                    audit_second_claim(
                        connection,
                        tenant_id,
                        platform.name,
                        item.id,
                        (platform.id, named.subject),
                        how,
                    )
                return (None, UNLINKED) if item.taken or item.privileged else (item.id, how)
    return None, UNLINKED


def _is_taken(tenant_id: int, registration_id: int) -> ColumnElement[bool]:
    """Condition on a person: a user of this platform is this person already."""
    i = identity.c
    return (
        select(i.subject)
        .where(
            i.tenant_id == tenant_id,
            i.registration_id == registration_id,
            i.person_id == person.c.id,
        )
        .exists()
    )


def _is_privileged(tenant_id: int) -> ColumnElement[bool]:
    """Condition on a person: leads, accompanies or teaches others, or holds a role."""
    p, led = person.c, person.alias()
    leads = (
        select(led.c.id)
        .where(led.c.tenant_id == tenant_id, or_(led.c.manager_id == p.id, led.c.mentor_id == p.id))
        .exists()
    )
    holds = (
        select(role_grant.c.role)
        .where(role_grant.c.tenant_id == tenant_id, role_grant.c.person_id == p.id)
        .exists()
    )
    teaches = select(membership.c.role).where(
        membership.c.tenant_id == tenant_id,
        membership.c.person_id == p.id,
        membership.c.active,
        membership.c.role == "teacher",
    )
    return leads | holds | teaches.exists()


def audit_second_claim(
    connection: Connection,
    tenant_id: int,
    who: str,
    person_id: uuid.UUID,
    user: tuple[int, str],
    how: str,
) -> None:
    """Audit that this user (registration, subject) claimed to be a person whom another user of
    the platform already is."""
    registration_id, subject = user
    details = {"person": str(person_id), "platform": registration_id, "user": subject, "by": how}
    journal_store.insert_audit_entry(connection, tenant_id, who, SECOND_CLAIM_ACT, details)


def ensure_people(
    connection: Connection, tenant_id: int, registration_id: int, provided: Sequence[PlatformUser]
) -> dict[str, uuid.UUID]:
    """Resolve many users at once: subject → person id."""
    i = identity.c
    query = (
        select(
            i.subject,
            i.person_id,
            i.sourced_id,
            person.c.name,
            person.c.email,
            person.c.imported_at,
        )
        .join(person, person.c.id == i.person_id)
        .where(
            i.tenant_id == tenant_id,
            i.registration_id == registration_id,
            i.subject.in_([entry.subject for entry in provided]),
        )
    )
    rows_by_subject = {row.subject: row for row in connection.execute(query)}
    result = {subject: row.person_id for subject, row in rows_by_subject.items()}
    for item in sorted(provided, key=lambda entry: entry.subject):
        row = rows_by_subject.get(item.subject)
        listed = row is not None and row.imported_at is not None
        unchanged = row is not None and (
            listed
            or (
                (not item.name or item.name == row.name)
                and (not item.email or item.email == row.email)
            )
        )
        if not unchanged or (
            row is not None and item.sourced_id and item.sourced_id != row.sourced_id
        ):
            result[item.subject] = ensure_person(connection, tenant_id, registration_id, item)
    return result


def list_uncertified_learners(
    connection: Connection, session: LaunchSession
) -> list[tuple[uuid.UUID, str, datetime]]:
    """Learners of this course, from its roster or their own launches, without a certification
    on record: id, name, last seen."""
    m = membership.c
    certified = select(episode.c.id).where(
        episode.c.tenant_id == session.tenant_id,
        episode.c.person_id == m.person_id,
        episode.c.programme == session.programme,
    )
    query = (
        select(m.person_id, person.c.name, m.seen_at)
        .join(person, person.c.id == m.person_id)
        .where(
            m.tenant_id == session.tenant_id,
            m.course_id == session.course_id,
            m.role == "learner",
            m.active,
            ~certified.exists(),
        )
        .order_by(*by_name(person.c.name), m.seen_at)
        .limit(MAX_ROWS)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]
