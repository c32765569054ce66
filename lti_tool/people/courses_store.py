"""LMS courses: their members, their placements, and the log of roster synchronizations."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    case,
    false,
    func,
    insert,
    null,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from core.queue import LONG_QUEUE, Job
from lti_tool.tables.launch import placement
from lti_tool.tables.name_order import by_name
from lti_tool.tables.people import course, membership, person, roster_run
from lti_tool.tables.programmes import episode

SYNC_ROSTERS = Job("lti_tool.worker.sync_rosters", interval_seconds=60, queue=LONG_QUEUE)
MAX_WAVE_CHARS = 300  # as the titles of a programme's waves
MAX_ROWS = 200  # people of one course shown on a page


@dataclass(frozen=True)
class Course:
    """A course and the URLs of its services; a URL that the LMS did not give is empty.

    ``copied``: the LMS says that it is a copy; ``term``: as in :class:`adapters.lms.Launch`;
    ``waves``: programme → wave (key or name) of who is certified in it."""

    id: uuid.UUID
    registration_id: int
    key: str
    context_id: str
    title: str
    memberships_url: str
    line_items_url: str
    groups_url: str
    roster_due_at: datetime | None
    copied: bool
    term: str
    waves: Mapping[str, str]

    @property
    def suggested_wave(self) -> str:
        """A name from the course's title and its term, unless the title names that already."""
        parts = [self.title] if self.term in self.title else [self.title, self.term]
        return ", ".join(filter(None, parts))[:MAX_WAVE_CHARS]


@dataclass(frozen=True)
class Placement:
    """The programme page that an activity of a course opens."""

    resource_link_id: str
    programme: str
    page: str
    title: str


@dataclass(frozen=True)
class CoursePerson:
    """A member of a course."""

    person_id: uuid.UUID
    name: str
    role: str
    active: bool
    seen_at: datetime
    certified: bool


@dataclass(frozen=True)
class RosterRun:
    """One synchronization of a roster. ``finished_at`` is None while it runs; ``reason`` says
    why it failed, ``groups_reason`` why the groups of the course were not read with it."""

    id: int
    course_title: str
    started_at: datetime
    finished_at: datetime | None
    pages: int
    members: int
    arrived: int
    departed: int
    reason: str
    skipped: int
    turn: str
    groups: int
    groups_skipped: int
    groups_reason: str


@dataclass(frozen=True)
class FirstReading:
    """A course whose roster was never read to its end: the latest attempt, if there was one, and
    when the next one is due."""

    run: RosterRun | None
    due_at: datetime | None


@dataclass
class RosterReading:
    """A reading of a roster while it goes on, over as many attempts as it takes: the page that
    comes next, what was read so far, and whether it can have missed somebody."""

    id: int
    started_at: datetime
    next_url: str
    pages: int
    members: int
    arrived: int
    skipped: int
    whole: bool


_KEPT_TEXTS = ("title", "memberships_url", "line_items_url", "groups_url", "term")
_COURSE_FIELDS = tuple(course.c[name] for name in Course.__dataclass_fields__)


def ensure_course(connection: Connection, tenant_id: int, values: dict[str, Any]) -> Course:
    """Insert or update the course of a launch, with title and URLs as the launch had them. It
    writes only if something changed, so that launches of the same course do not wait for each
    other's row locks."""
    c = course.c
    query = select(*_COURSE_FIELDS).where(
        c.tenant_id == tenant_id,
        c.registration_id == values["registration_id"],
        c.key == values["key"],
    )
    row = connection.execute(query).first()
    # A URL that a launch omits is kept: Moodle omits the services that one activity may not
    # use.
    launch_values = {name: values[name] for name in (*_KEPT_TEXTS, "copied") if values[name]}
    if row is not None and all(
        row._mapping[name] == value for name, value in launch_values.items()
    ):
        return Course(**row._mapping)
    created = upsert(course).values(tenant_id=tenant_id, **values)
    changed: dict[str, Any] = {
        name: func.coalesce(func.nullif(created.excluded[name], ""), c[name])
        for name in _KEPT_TEXTS
    }
    changed["copied"] = created.excluded.copied | c.copied
    statement = created.on_conflict_do_update(
        index_elements=["tenant_id", "registration_id", "key"], set_=changed
    )
    return Course(**connection.execute(statement.returning(*_COURSE_FIELDS)).one()._mapping)


def get_course(connection: Connection, tenant_id: int, course_id: uuid.UUID) -> Course:
    """Load a course that is known to exist."""
    return Course(
        **connection.execute(
            select(*_COURSE_FIELDS).where(course.c.tenant_id == tenant_id, course.c.id == course_id)
        )
        .one()
        ._mapping
    )


def set_wave(
    connection: Connection, tenant_id: int, course_id: uuid.UUID, programme: str, wave: str
) -> None:
    """Set the wave of who is certified in this course for a programme."""
    c = course.c
    connection.execute(
        update(course)
        .where(c.tenant_id == tenant_id, c.id == course_id)
        .values(waves=c.waves.concat({programme: wave}))
    )


def find_wave(
    connection: Connection, tenant_id: int, course_id: uuid.UUID | None, programme: str
) -> str:
    """The wave of who is certified in a course; empty if it has none, or there is no course."""
    c = course.c
    query = select(c.waves[programme].astext).where(c.tenant_id == tenant_id, c.id == course_id)
    return connection.execute(query).scalar() or ""


def find_membership_role(
    connection: Connection, tenant_id: int, course_id: uuid.UUID | None, person_id: uuid.UUID
) -> str:
    """The role of somebody who is in a course now; empty for nobody of it."""
    m = membership.c
    query = select(m.role).where(
        m.tenant_id == tenant_id, m.course_id == course_id, m.person_id == person_id, m.active
    )
    return connection.execute(query).scalar() or ""


def upsert_launched_member(
    connection: Connection,
    tenant_id: int,
    course_id: uuid.UUID,
    person_id: uuid.UUID,
    role: str,
    now: datetime,
) -> None:
    """Upsert the membership of somebody who launches, with the launch's role."""
    statement = upsert(membership).values(
        tenant_id=tenant_id,
        course_id=course_id,
        person_id=person_id,
        role=role,
        active=True,
        seen_at=now,
        launched_at=now,
    )
    taken = ("role", "active", "seen_at", "launched_at")
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "course_id", "person_id"],
            set_={name: statement.excluded[name] for name in taken},
        )
    )


def upsert_listed_members(
    connection: Connection,
    tenant_id: int,
    course_id: uuid.UUID,
    people: Sequence[tuple[uuid.UUID, str]],
    now: datetime,
    teaching_since: datetime | None,
) -> int:
    """Upsert the memberships of people whom a roster lists, with its roles; returns how many of
    them were missing or inactive before. ``teaching_since``: whom a launch made a teacher since
    then, and whom no roster ever listed as one, stays a teacher; None: nobody does."""
    if not people:
        return 0
    m = membership.c
    before = select(m.person_id).where(
        m.tenant_id == tenant_id,
        m.course_id == course_id,
        m.active,
        m.person_id.in_([item for item, _ in people]),
    )
    active_ids = set(connection.execute(before).scalars())
    rows = [
        {
            "tenant_id": tenant_id,
            "course_id": course_id,
            "person_id": person_id,
            "role": role,
            "active": True,
            "seen_at": now,
            "launched_at": None,
            "listed_as_teacher": role == "teacher",
        }
        for person_id, role in sorted(people)
    ]
    statement = upsert(membership)
    listed = m.listed_as_teacher | statement.excluded.listed_as_teacher
    stays = (
        m.active & (m.role == "teacher") & ~listed & (m.launched_at >= teaching_since)
        if teaching_since is not None
        else false()
    )
    statement = statement.on_conflict_do_update(
        index_elements=["tenant_id", "course_id", "person_id"],
        set_={
            "role": case((stays, m.role), else_=statement.excluded.role),
            "launched_at": case((stays, m.launched_at), else_=null()),
            "listed_as_teacher": listed,
            "active": True,
            "seen_at": statement.excluded.seen_at,
        },
    )
    connection.execute(statement, rows)
    return len({person_id for person_id, _ in people} - active_ids)


def deactivate_memberships(
    connection: Connection, tenant_id: int, course_id: uuid.UUID, before: datetime
) -> int:
    """Deactivate the members whom a complete roster read, started at ``before``, did not list;
    returns how many."""
    m = membership.c
    removed = (
        update(membership)
        .where(m.tenant_id == tenant_id, m.course_id == course_id, m.active, m.seen_at < before)
        .values(active=False)
    )
    return connection.execute(removed).rowcount


def list_course_people(
    connection: Connection, tenant_id: int, course_id: uuid.UUID, programme: str
) -> list[CoursePerson]:
    """Current and former members of a course, current ones first, then by name."""
    m = membership.c
    certified = (
        select(episode.c.id)
        .where(
            episode.c.tenant_id == tenant_id,
            episode.c.person_id == m.person_id,
            episode.c.programme == programme,
        )
        .exists()
    )
    query = (
        select(m.person_id, person.c.name, m.role, m.active, m.seen_at, certified)
        .join(person, person.c.id == m.person_id)
        .where(m.tenant_id == tenant_id, m.course_id == course_id)
        .order_by(m.active.desc(), *by_name(person.c.name), m.person_id)
        .limit(MAX_ROWS)
    )
    return [CoursePerson(*row) for row in connection.execute(query)]


def schedule_roster(
    connection: Connection, tenant_id: int, course_id: uuid.UUID, at: datetime
) -> None:
    """Schedule the roster to be read at ``at``, or sooner if that is already scheduled; does
    nothing if the LMS offers no roster."""
    c = course.c
    sooner = func.least(func.coalesce(c.roster_due_at, at), at)
    connection.execute(
        update(course)
        .where(c.tenant_id == tenant_id, c.id == course_id, c.memberships_url != "")
        .values(roster_due_at=sooner)
    )


def list_tenants_with_rosters(engine: Engine) -> list[int]:
    """Tenants that have a roster due."""
    with engine.connect() as connection:
        return list(
            connection.execute(text("SELECT * FROM lti_tool.tenants_with_rosters()")).scalars()
        )


def lease_roster(
    connection: Connection, tenant_id: int, now: datetime, until: datetime
) -> Course | None:
    """Lease a course whose roster is due; no other worker takes it before ``until``."""
    c = course.c
    due = (
        select(c.id)
        .where(c.tenant_id == tenant_id, c.roster_due_at <= now)
        .order_by(c.roster_due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    result: uuid.UUID | None = connection.execute(due).scalar()
    if result is None:
        return None
    connection.execute(
        update(course).where(c.tenant_id == tenant_id, c.id == result).values(roster_due_at=until)
    )
    return get_course(connection, tenant_id, result)


def set_next_roster(
    connection: Connection, tenant_id: int, course_id: uuid.UUID, at: datetime | None
) -> None:
    """Set when the roster is read next; None for never."""
    connection.execute(
        update(course)
        .where(course.c.tenant_id == tenant_id, course.c.id == course_id)
        .values(roster_due_at=at)
    )


_READING_FIELDS = tuple(roster_run.c[name] for name in RosterReading.__dataclass_fields__)


def find_open_reading(
    connection: Connection, tenant_id: int, course_id: uuid.UUID, since: datetime
) -> RosterReading | None:
    """The reading of a roster that began after ``since`` and did not come to its end."""
    r = roster_run.c
    query = (
        select(*_READING_FIELDS)
        .where(
            r.tenant_id == tenant_id,
            r.course_id == course_id,
            r.finished_at.is_(None),
            r.next_url != "",
            r.started_at > since,
        )
        .order_by(r.id.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return RosterReading(*row) if row else None


def find_last_whole_reading(
    connection: Connection, tenant_id: int, course_id: uuid.UUID
) -> datetime | None:
    """When the last reading began that came to its end and missed nobody."""
    r = roster_run.c
    query = (
        select(r.started_at)
        .where(
            r.tenant_id == tenant_id,
            r.course_id == course_id,
            r.finished_at.is_not(None),
            r.reason == "",
            r.whole,
        )
        .order_by(r.id.desc())
        .limit(1)
    )
    return connection.execute(query).scalar()


def start_reading(
    connection: Connection, tenant_id: int, course_id: uuid.UUID, now: datetime, url: str
) -> RosterReading:
    """Record the start of a reading, at its first page."""
    row = {
        "tenant_id": tenant_id,
        "course_id": course_id,
        "started_at": now,
        "pages": 0,
        "members": 0,
        "arrived": 0,
        "departed": 0,
        "reason": "",
        "next_url": url,
    }
    created = insert(roster_run).values(**row).returning(*_READING_FIELDS)
    return RosterReading(*connection.execute(created).one())


def save_reading(connection: Connection, tenant_id: int, reading: RosterReading) -> None:
    """Record how far a reading has come."""
    state = asdict(reading)
    del state["id"], state["started_at"]
    update_roster_run(connection, tenant_id, reading.id, state)


def update_roster_run(
    connection: Connection, tenant_id: int, run_id: int, values: dict[str, Any]
) -> None:
    """Record the state or the result of a reading."""
    connection.execute(
        update(roster_run)
        .where(roster_run.c.tenant_id == tenant_id, roster_run.c.id == run_id)
        .values(**values)
    )


def list_roster_runs(
    connection: Connection,
    tenant_id: int,
    rows: int,
    course_id: uuid.UUID | None = None,
    registration_id: int | None = None,
) -> list[RosterRun]:
    """The latest roster reads, of one course or of all courses of a platform."""
    r = roster_run.c
    query = (
        select(
            r.id,
            course.c.title,
            r.started_at,
            r.finished_at,
            r.pages,
            r.members,
            r.arrived,
            r.departed,
            r.reason,
            r.skipped,
            r.turn,
            r.groups,
            r.groups_skipped,
            r.groups_reason,
        )
        .join(course, course.c.id == r.course_id)
        .where(r.tenant_id == tenant_id)
        .order_by(r.id.desc())
        .limit(rows)
    )
    if course_id is not None:
        query = query.where(r.course_id == course_id)
    if registration_id is not None:
        query = query.where(course.c.registration_id == registration_id)
    return [RosterRun(*tuple(row)) for row in connection.execute(query)]


def find_first_reading(
    connection: Connection, tenant_id: int, course: Course
) -> FirstReading | None:
    """The first reading of a course's roster while it has not come to its end; None after that,
    and where the LMS offers no roster."""
    r = roster_run.c
    read = select(r.id).where(
        r.tenant_id == tenant_id,
        r.course_id == course.id,
        r.finished_at.is_not(None),
        r.reason == "",
    )
    if not course.memberships_url or connection.execute(read.limit(1)).first() is not None:
        return None
    runs = list_roster_runs(connection, tenant_id, 1, course_id=course.id)
    return FirstReading(runs[0] if runs else None, course.roster_due_at)


def find_placement(
    connection: Connection, tenant_id: int, course_id: uuid.UUID, resource_link_id: str
) -> Placement | None:
    """The placement of an activity, if one was chosen."""
    p = placement.c
    query = select(p.resource_link_id, p.programme, p.page, p.title).where(
        p.tenant_id == tenant_id, p.course_id == course_id, p.resource_link_id == resource_link_id
    )
    row = connection.execute(query).first()
    return Placement(*row) if row else None


def upsert_placement(
    connection: Connection, tenant_id: int, course_id: uuid.UUID, created: Placement
) -> None:
    """Store what an activity opens."""
    values = {"programme": created.programme, "page": created.page, "title": created.title}
    statement = upsert(placement).values(
        tenant_id=tenant_id,
        course_id=course_id,
        resource_link_id=created.resource_link_id,
        **values,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "course_id", "resource_link_id"], set_=values
        )
    )


def list_links_of_page(
    connection: Connection,
    tenant_id: int,
    registration_id: int,
    line_items_url: str,
    programme: str,
    page: str,
) -> frozenset[str]:
    """The activities (resource links) that open this page of a programme in the course with these
    columns."""
    p = placement.c
    query = (
        select(p.resource_link_id)
        .join(course, course.c.id == p.course_id)
        .where(
            p.tenant_id == tenant_id,
            p.programme == programme,
            p.page == page,
            course.c.registration_id == registration_id,
            course.c.line_items_url == line_items_url,
        )
    )
    return frozenset(connection.execute(query).scalars())


def list_source_placements(
    connection: Connection, tenant_id: int, registration_id: int, context_id: str
) -> list[Placement]:
    """Placements of the course that this one was copied from, newest first."""
    p = placement.c
    query = (
        select(p.resource_link_id, p.programme, p.page, p.title)
        .join(course, course.c.id == p.course_id)
        .where(
            p.tenant_id == tenant_id,
            course.c.registration_id == registration_id,
            course.c.context_id == context_id,
        )
        .order_by(p.created_at.desc())
        .limit(MAX_ROWS)
    )
    return [Placement(*row) for row in connection.execute(query)]
