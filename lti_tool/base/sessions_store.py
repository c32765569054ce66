"""Sessions: every launch and every visit without an LMS is one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, literal, select, text, update

from core.errors import NotFound
from lti_tool.tables.base import deployment, platform_registration
from lti_tool.tables.people import course, identity, person, role_grant
from lti_tool.tables.visits import launch

SEEN_INTERVAL = timedelta(minutes=5)


CLAIM_KINDS = frozenset(("id", "parameter", "address", "address or parameter"))


@dataclass(frozen=True)
class LaunchSession:
    """One visit and its person: what every later page of it needs. ``deep_linking`` holds the
    settings of a deep linking request.

    A visit is a launch from an LMS, or was started without one, by an e-mailed link or the
    organisation's sign-in: then it has no platform and no course. ``roles`` are the person's
    roles here (lti_tool.base.roles).
    """

    id: uuid.UUID
    tenant_id: int
    person_id: uuid.UUID
    person_name: str
    registration_id: int | None
    course_id: uuid.UUID | None
    context_title: str
    message: str
    subject: str
    role: str
    administers: bool
    missing_parameter: str
    joined_by: str
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
    roles: frozenset[str] = frozenset()

    def require_course(self) -> uuid.UUID:
        """The course of a launch; raises NotFound for a visit without an LMS."""
        if self.course_id is None:
            raise NotFound("This page belongs to a course. Open it from your LMS.")
        return self.course_id

    def require_platform(self) -> int:
        """The platform of a launch; raises NotFound for a visit without an LMS."""
        if self.registration_id is None:
            raise NotFound("This page belongs to an LMS. Open it from there.")
        return self.registration_id


def insert_launch(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a launch."""
    connection.execute(insert(launch).values(**values))


def delete_expired_launches(connection: Connection, tenant_id: int, before: datetime) -> int:
    """Delete sessions that expired before this time; returns how many."""
    return connection.execute(
        delete(launch).where(launch.c.tenant_id == tenant_id, launch.c.expires_at < before)
    ).rowcount


def find_launch_secret(engine: Engine, launch_id: uuid.UUID) -> tuple[int, bytes] | None:
    """Tenant and secret hash of a launch that has not expired."""
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT * FROM lti_tool.find_launch(:id)"), {"id": launch_id}
        ).first()
    return (row.tenant_id, bytes(row.secret_hash)) if row else None


_JOINED_FIELDS: dict[str, Any] = {
    "person_name": person.c.name,
    "context_title": func.coalesce(course.c.title, ""),
    "joined_by": func.coalesce(identity.c.joined_by, ""),
}


_SESSION_FIELDS = tuple(
    _JOINED_FIELDS[name].label(name) if name in _JOINED_FIELDS else launch.c[name]
    for name in LaunchSession.__dataclass_fields__
    if name != "roles"
)


def load_session(
    connection: Connection, tenant_id: int, launch_id: uuid.UUID
) -> LaunchSession | None:
    """Load the session of a launch that is known to exist; None if its platform or deployment
    is no longer approved."""
    p, d = platform_registration.c, deployment.c
    query = (
        select(*_SESSION_FIELDS)
        .join(person, person.c.id == launch.c.person_id)
        .outerjoin(course, course.c.id == launch.c.course_id)
        .outerjoin(platform_registration, p.id == launch.c.registration_id)
        .outerjoin(
            identity,
            (identity.c.tenant_id == tenant_id)
            & (identity.c.registration_id == launch.c.registration_id)
            & (identity.c.subject == launch.c.subject),
        )
        .outerjoin(
            deployment,
            (d.tenant_id == tenant_id)
            & (d.registration_id == launch.c.registration_id)
            & (d.deployment_id == launch.c.deployment_id),
        )
        .where(
            launch.c.tenant_id == tenant_id,
            launch.c.id == launch_id,
            launch.c.registration_id.is_(None)
            | ((p.status == "approved") & (d.status == "approved")),
        )
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    # Updated only every few minutes: an idle session ends sooner (the SQL function find_launch
    # decides when).
    seen = (
        (launch.c.tenant_id == tenant_id)
        & (launch.c.id == launch_id)
        & (launch.c.seen_at < func.now() - SEEN_INTERVAL)
    )
    connection.execute(update(launch).where(seen).values(seen_at=func.now()))
    return LaunchSession(**row._mapping)


@dataclass(frozen=True)
class KnownVisit:
    """What is known of a visit by its id alone, for 7 days after it ended, too: how it began
    (``message``), the language of its person, and where its course is.
    """

    id: uuid.UUID
    tenant_id: int
    person_id: uuid.UUID
    secret_hash: bytes
    message: str
    locale: str
    return_url: str


def find_visit(engine: Engine, visit_id: uuid.UUID) -> KnownVisit | None:
    """A visit that began here, ended or not; None for an id of none."""
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT * FROM lti_tool.find_visit(:id)"), {"id": visit_id}
        ).first()
    return KnownVisit(visit_id, **row._mapping) if row else None


def list_person_roles(
    connection: Connection, tenant_id: int, person_id: uuid.UUID
) -> frozenset[str]:
    """The roles of a person apart from those of a launch: granted roles, and manager or mentor
    if the list says so."""
    p = person.c
    granted = select(role_grant.c.role).where(
        role_grant.c.tenant_id == tenant_id, role_grant.c.person_id == person_id
    )
    leads = select(literal("manager")).where(
        select(p.id).where(p.tenant_id == tenant_id, p.manager_id == person_id).exists()
    )
    accompanies = select(literal("mentor")).where(
        select(p.id).where(p.tenant_id == tenant_id, p.mentor_id == person_id).exists()
    )
    return frozenset(connection.execute(granted.union_all(leads, accompanies)).scalars())


LAUNCH_SESSION_LIFETIME = timedelta(
    hours=8
)  # a working day; after that the activity has to be opened again


# An ended session opens nothing, and is known for so long: its page says how to go on, and what was
# typed in it is kept for its person.
ENDED_SESSION_RETENTION = timedelta(days=7)


LOGIN_LIFETIME = timedelta(minutes=10)


ADMIN_LINK_LIFETIME, ADMIN_SESSION_LIFETIME = timedelta(minutes=30), timedelta(hours=2)


STATE_SECONDS = 600  # between the redirect to the provider and the callback


VISIT, SIGNED_IN, SIGN_IN, JOIN = "visit", "signed in", "sign-in", "join"
