"""What launches and readings of a platform showed of how it is set up. Each query reads a bounded
number of rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from adapters.lms import MessageType
from lti_tool.base.platforms_store import PENDING
from lti_tool.tables.base import deployment, launch_log
from lti_tool.tables.launch import placement
from lti_tool.tables.people import course, identity, person

MAX_LOOKED_AT = 1_000  # launches, people, courses, activities


@dataclass(frozen=True)
class PlatformFacts:
    """What was seen of a platform. ``chosen_at``: the last choice of content in the launches that
    are still logged; ``people``: of this platform that no list names, and how many of them with
    name and address; the courses whose launches offered a roster and columns."""

    first_launch_at: datetime | None
    waiting_deployments: int
    chosen_at: datetime | None
    people: int
    with_name: int
    with_email: int
    roster_courses: int
    grade_courses: int
    placements: int


@dataclass(frozen=True)
class ServiceUrls:
    """Services of the courses that were met last, empty where no launch named one."""

    line_items_url: str
    memberships_url: str


def load_platform_facts(
    connection: Connection, tenant_id: int, registration_id: int
) -> PlatformFacts:
    """Load them."""
    d, log = deployment.c, launch_log.c
    of_platform = (d.tenant_id == tenant_id) & (d.registration_id == registration_id)
    waiting = connection.execute(
        select(func.count()).where(of_platform, d.status == PENDING)
    ).scalar_one()
    launches = (
        select(log.at, log.message)
        .where(log.tenant_id == tenant_id, log.registration_id == registration_id, log.taken)
        .order_by(log.id.desc())
        .limit(MAX_LOOKED_AT)
        .subquery()
    )
    chosen = launches.c.message == MessageType.DEEP_LINK.value
    chosen_at = connection.execute(select(func.max(launches.c.at).filter(chosen))).scalar_one()
    people = (
        select(person.c.name, person.c.email)
        .join(identity, identity.c.person_id == person.c.id)
        .where(
            identity.c.tenant_id == tenant_id,
            identity.c.registration_id == registration_id,
            person.c.imported_at.is_(None),
        )
        .limit(MAX_LOOKED_AT)
        .subquery()
    )
    named = connection.execute(
        select(
            func.count(),
            func.count().filter(people.c.name != ""),
            func.count().filter(people.c.email != ""),
        ).select_from(people)
    ).one()
    courses = (
        select(course.c.created_at, course.c.memberships_url, course.c.line_items_url)
        .where(course.c.tenant_id == tenant_id, course.c.registration_id == registration_id)
        .order_by(course.c.created_at)
        .limit(MAX_LOOKED_AT)
        .subquery()
    )
    first_launch_at, rosters, columns = connection.execute(
        select(
            func.min(courses.c.created_at),
            func.count().filter(courses.c.memberships_url != ""),
            func.count().filter(courses.c.line_items_url != ""),
        )
    ).one()
    placed = connection.execute(
        select(func.count())
        .select_from(placement)
        .join(course, course.c.id == placement.c.course_id)
        .where(placement.c.tenant_id == tenant_id, course.c.registration_id == registration_id)
    ).scalar_one()
    return PlatformFacts(first_launch_at, waiting, chosen_at, *named, rosters, columns, placed)


def find_service_urls(connection: Connection, tenant_id: int, registration_id: int) -> ServiceUrls:
    """The services of the newest courses that have them."""

    def newest(name: str) -> str:
        query = (
            select(course.c[name])
            .where(
                course.c.tenant_id == tenant_id,
                course.c.registration_id == registration_id,
                course.c[name] != "",
            )
            .order_by(course.c.created_at.desc())
            .limit(1)
        )
        return str(connection.execute(query).scalar() or "")

    return ServiceUrls(newest("line_items_url"), newest("memberships_url"))
