"""People, how platforms name them, and their launches."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.store.tables import episode, identity, launch, person

LONGEST_LIST = 200  # learners of one course on one page; the rest follow as these are certified


@dataclass(frozen=True)
class LaunchSession:
    """One launch and who made it: what every page after it knows."""

    id: uuid.UUID
    tenant_id: int
    person_id: uuid.UUID
    person_name: str
    registration_id: int
    subject: str
    role: str
    locale: str
    course: str
    context_title: str
    line_item_url: str
    programme: str


def ensure_person(connection: Connection, tenant_id: int, registration_id: int, subject: str, name: str, email: str) -> uuid.UUID:
    """The person whom a platform calls ``subject``, made at the first launch; name and e-mail as the last launch had them."""
    i = identity.c
    query = select(i.person_id).where(i.tenant_id == tenant_id, i.registration_id == registration_id, i.subject == subject)
    known: uuid.UUID | None = connection.execute(query).scalar()
    if known is None:
        made = uuid.uuid4()
        connection.execute(insert(person).values(id=made, tenant_id=tenant_id, name=name, email=email))
        row = {"tenant_id": tenant_id, "registration_id": registration_id, "subject": subject, "person_id": made}
        connection.execute(upsert(identity).values(**row).on_conflict_do_nothing())
        # Two first launches at once: the database kept one of the two identities.
        known = connection.execute(query).scalar_one()
    given = {field: value for field, value in (("name", name), ("email", email)) if value}
    if given:
        connection.execute(update(person).where(person.c.tenant_id == tenant_id, person.c.id == known).values(**given))
    return known


def remember_launch(connection: Connection, values: dict[str, Any]) -> None:
    """Keep a launch."""
    connection.execute(insert(launch).values(**values))


def launch_secret(engine: Engine, launch_id: uuid.UUID) -> tuple[int, bytes] | None:
    """Tenant and secret's hash of a launch that has not expired."""
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM lti_tool.find_launch(:id)"), {"id": launch_id}).first()
    return (row.tenant_id, bytes(row.secret_hash)) if row else None


def session(connection: Connection, tenant_id: int, launch_id: uuid.UUID) -> LaunchSession:
    """A launch that is known to exist."""
    c = launch.c
    query = (
        select(
            c.id,
            c.tenant_id,
            c.person_id,
            person.c.name.label("person_name"),
            c.registration_id,
            c.subject,
            c.role,
            c.locale,
            c.course,
            c.context_title,
            c.line_item_url,
            c.programme,
        )
        .join(person, person.c.id == c.person_id)
        .where(c.tenant_id == tenant_id, c.id == launch_id)
    )
    return LaunchSession(**connection.execute(query).one()._mapping)


def learners_without_certification(connection: Connection, session: LaunchSession) -> list[tuple[uuid.UUID, str, datetime]]:
    """Learners who opened the activity in this course and have no certification on record: id, name, first launch."""
    c = launch.c
    certified = select(episode.c.id).where(
        episode.c.tenant_id == session.tenant_id, episode.c.person_id == c.person_id, episode.c.programme == session.programme
    )
    first = func.min(c.created_at)
    query = (
        select(c.person_id, person.c.name, first)
        .join(person, person.c.id == c.person_id)
        .where(
            c.tenant_id == session.tenant_id,
            c.registration_id == session.registration_id,
            c.course == session.course,
            c.programme == session.programme,
            c.role == "learner",
            ~certified.exists(),
        )
        .group_by(c.person_id, person.c.name)
        .order_by(person.c.name, first)
        .limit(LONGEST_LIST)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]
