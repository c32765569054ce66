"""People, how platforms name them, and their launches."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.store.tables import course, deployment, episode, identity, launch, membership, person, platform_registration

SEEN_EVERY = timedelta(minutes=5)
LONGEST_LIST = 200  # learners of one course on one page; the rest follow as these are certified


@dataclass(frozen=True)
class LaunchSession:
    """One launch and who made it: what every page after it knows. ``deep_linking`` holds the settings of a choice of content."""

    id: uuid.UUID
    tenant_id: int
    person_id: uuid.UUID
    person_name: str
    registration_id: int
    course_id: uuid.UUID
    context_title: str
    message: str
    subject: str
    role: str
    administers: bool
    locale: str
    deployment_id: str
    resource_link_id: str
    resource_link_title: str
    return_url: str
    line_item_url: str
    line_items_url: str
    programme: str
    page: str
    deep_linking: dict[str, Any] | None
    review_of: str


def person_of(connection: Connection, tenant_id: int, registration_id: int, subject: str) -> uuid.UUID | None:
    """The person whom a platform calls ``subject``, if we met them."""
    i = identity.c
    query = select(i.person_id).where(i.tenant_id == tenant_id, i.registration_id == registration_id, i.subject == subject)
    found: uuid.UUID | None = connection.execute(query).scalar()
    return found


def name_of(connection: Connection, tenant_id: int, person_id: uuid.UUID) -> str:
    """What a person is called; empty where no platform said it."""
    return str(connection.execute(select(person.c.name).where(person.c.tenant_id == tenant_id, person.c.id == person_id)).scalar_one())


def ensure_person(connection: Connection, tenant_id: int, registration_id: int, subject: str, name: str, email: str) -> uuid.UUID:
    """The person whom a platform calls ``subject``, made when first met; name and e-mail as the platform said them last."""
    known = person_of(connection, tenant_id, registration_id, subject)
    if known is None:
        made = uuid.uuid4()
        connection.execute(insert(person).values(id=made, tenant_id=tenant_id, name=name, email=email))
        row = {"tenant_id": tenant_id, "registration_id": registration_id, "subject": subject, "person_id": made}
        connection.execute(upsert(identity).values(**row).on_conflict_do_nothing())
        # Met twice at once: the database kept one of the two identities.
        known = person_of(connection, tenant_id, registration_id, subject)
        assert known is not None
        if known != made:
            connection.execute(delete(person).where(person.c.tenant_id == tenant_id, person.c.id == made))
        return known
    given = {field: value for field, value in (("name", name), ("email", email)) if value}
    if given:
        same = (person.c.tenant_id == tenant_id) & (person.c.id == known)
        new = or_(*(person.c[field] != value for field, value in given.items()))
        connection.execute(update(person).where(same, new).values(**given))
    return known


def ensure_people(connection: Connection, tenant_id: int, registration_id: int, given: Mapping[str, tuple[str, str]]) -> dict[str, uuid.UUID]:
    """Many people at once (subject → name, e-mail): the person of each subject."""
    i = identity.c
    query = (
        select(i.subject, i.person_id, person.c.name, person.c.email)
        .join(person, person.c.id == i.person_id)
        .where(i.tenant_id == tenant_id, i.registration_id == registration_id, i.subject.in_(list(given)))
    )
    known = {row.subject: row for row in connection.execute(query)}
    found = {subject: row.person_id for subject, row in known.items()}
    for subject in sorted(given):
        name, email = given[subject]
        if subject not in known or (name and name != known[subject].name) or (email and email != known[subject].email):
            found[subject] = ensure_person(connection, tenant_id, registration_id, subject, name, email)
    return found


def remember_launch(connection: Connection, values: dict[str, Any]) -> None:
    """Keep a launch."""
    connection.execute(insert(launch).values(**values))


def forget_launches(connection: Connection, tenant_id: int, before: datetime) -> int:
    """Sessions that ended before."""
    return connection.execute(delete(launch).where(launch.c.tenant_id == tenant_id, launch.c.expires_at < before)).rowcount


def launch_secret(engine: Engine, launch_id: uuid.UUID) -> tuple[int, bytes] | None:
    """Tenant and secret's hash of a launch that has not expired."""
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM lti_tool.find_launch(:id)"), {"id": launch_id}).first()
    return (row.tenant_id, bytes(row.secret_hash)) if row else None


_NOT_OF_THE_LAUNCH = {"person_name": person.c.name, "context_title": course.c.title}
_SESSION = tuple(
    _NOT_OF_THE_LAUNCH[name].label(name) if name in _NOT_OF_THE_LAUNCH else launch.c[name] for name in LaunchSession.__dataclass_fields__
)


def session(connection: Connection, tenant_id: int, launch_id: uuid.UUID) -> LaunchSession | None:
    """A launch that is known to exist; None where its platform or its deployment is not approved any more."""
    p, d = platform_registration.c, deployment.c
    query = (
        select(*_SESSION)
        .join(person, person.c.id == launch.c.person_id)
        .join(course, course.c.id == launch.c.course_id)
        .join(platform_registration, (p.id == launch.c.registration_id) & (p.status == "approved"))
        .join(
            deployment,
            (d.tenant_id == tenant_id)
            & (d.registration_id == launch.c.registration_id)
            & (d.deployment_id == launch.c.deployment_id)
            & (d.status == "approved"),
        )
        .where(launch.c.tenant_id == tenant_id, launch.c.id == launch_id)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    # Written to now and then only: a session that is left alone ends sooner (the function find_launch says when).
    seen = (launch.c.tenant_id == tenant_id) & (launch.c.id == launch_id) & (launch.c.seen_at < func.now() - SEEN_EVERY)
    connection.execute(update(launch).where(seen).values(seen_at=func.now()))
    return LaunchSession(**row._mapping)


def learners_without_certification(connection: Connection, session: LaunchSession) -> list[tuple[uuid.UUID, str, datetime]]:
    """Learners of this course, by its roster or because they opened the activity, who have no certification on record: id, name, last seen."""
    m = membership.c
    certified = select(episode.c.id).where(
        episode.c.tenant_id == session.tenant_id, episode.c.person_id == m.person_id, episode.c.programme == session.programme
    )
    query = (
        select(m.person_id, person.c.name, m.seen_at)
        .join(person, person.c.id == m.person_id)
        .where(m.tenant_id == session.tenant_id, m.course_id == session.course_id, m.role == "learner", m.active, ~certified.exists())
        .order_by(person.c.name, m.seen_at)
        .limit(LONGEST_LIST)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]
