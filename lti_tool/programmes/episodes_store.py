"""Programmes, episodes, checks, attempts, plans and reported uses on the job."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.tables.checks import AttemptKind, attempt
from lti_tool.tables.name_order import by_name, names_after
from lti_tool.tables.people import course, membership, person
from lti_tool.tables.programmes import episode, exam_score, hold, programme_version, scheduled_check

PAGE_SIZE = 100


@dataclass(frozen=True)
class Episode:
    """One certification of one learner; its id is the registration of its statements."""

    id: uuid.UUID
    person_id: uuid.UUID
    programme: str
    programme_version: int
    certified_at: datetime
    wave: str = ""
    source: str = "teacher"
    left_at: datetime | None = None


@dataclass(frozen=True)
class ScheduledCheck:
    """A scheduled check of an episode: its due time and its window [opens_at, closes_at)."""

    interval: str
    due_at: datetime
    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True)
class Hold:
    """A hold: a period in which nothing is due for a learner; ``until_at`` is None while its
    end is unknown."""

    id: uuid.UUID
    from_at: datetime
    until_at: datetime | None

    def holds(self, at: datetime) -> bool:
        """Whether the hold is in effect at this moment."""
        return self.from_at <= at and (self.until_at is None or at < self.until_at)

    def covers(self, check: ScheduledCheck) -> bool:
        """Whether the hold excuses a check: it was in effect when the check was due or when its
        window closed."""
        last = check.closes_at - timedelta(microseconds=1)
        return self.holds(check.due_at) or self.holds(last)


@dataclass(frozen=True)
class Participant:
    """A person in a programme. ``held``: on hold now; ``done``: finished checks, out of those
    scheduled."""

    episode_id: uuid.UUID
    name: str
    team: str
    wave: str
    programme_version: int
    certified_at: datetime
    left_at: datetime | None
    held: bool
    done: int
    scheduled: int


def insert_programme_version(
    connection: Connection, tenant_id: int, key: str, version: int, document: dict[str, Any]
) -> None:
    """Insert a version of a programme; an existing version is left unchanged."""
    row = {"tenant_id": tenant_id, "key": key, "version": version, "document": document}
    connection.execute(upsert(programme_version).values(**row).on_conflict_do_nothing())


def get_programme_document(
    connection: Connection, tenant_id: int, key: str, version: int
) -> dict[str, Any]:
    """Load the document of a version that is known to exist."""
    p = programme_version.c
    query = select(p.document).where(p.tenant_id == tenant_id, p.key == key, p.version == version)
    result: dict[str, Any] = connection.execute(query).scalar_one()
    return result


def newest_programme_versions(connection: Connection, tenant_id: int) -> dict[str, int]:
    """Programme key → newest version."""
    p = programme_version.c
    rows = connection.execute(
        select(p.key, p.version).where(p.tenant_id == tenant_id).order_by(p.key, p.version)
    )
    return {row.key: row.version for row in rows}


def find_last_certification(
    connection: Connection, tenant_id: int, programme: str
) -> datetime | None:
    """When the last of those was certified who have not left the programme."""
    e = episode.c
    query = select(func.max(e.certified_at)).where(
        e.tenant_id == tenant_id, e.programme == programme, e.left_at.is_(None)
    )
    found: datetime | None = connection.execute(query).scalar_one()
    return found


def insert_episode(
    connection: Connection, tenant_id: int, created: Episode, checks: Sequence[ScheduledCheck]
) -> bool:
    """Insert an episode with its checks; False if this person already has one in this
    programme."""
    inserted = connection.execute(
        upsert(episode)
        .values(tenant_id=tenant_id, **vars(created))
        .on_conflict_do_nothing()
        .returning(episode.c.id)
    ).first()
    if inserted and checks:
        connection.execute(
            insert(scheduled_check),
            [{"tenant_id": tenant_id, "episode_id": created.id, **vars(check)} for check in checks],
        )
    return inserted is not None


def _select_episodes() -> Any:
    return select(*(episode.c[name] for name in Episode.__dataclass_fields__))


def find_episode(
    connection: Connection, tenant_id: int, person_id: uuid.UUID, programme: str
) -> Episode | None:
    """A person's episode in a programme, if any."""
    e = episode.c
    query = _select_episodes().where(
        e.tenant_id == tenant_id, e.person_id == person_id, e.programme == programme
    )
    row = connection.execute(query).first()
    return Episode(**row._mapping) if row else None


def filter_people_with_episode(
    connection: Connection, tenant_id: int, programme: str, person_ids: Sequence[uuid.UUID]
) -> set[uuid.UUID]:
    """Which of these people have an episode in a programme."""
    e = episode.c
    return set(
        connection.execute(
            select(e.person_id).where(
                e.tenant_id == tenant_id, e.programme == programme, e.person_id.in_(person_ids)
            )
        ).scalars()
    )


def list_person_episodes(
    connection: Connection, tenant_id: int, person_id: uuid.UUID
) -> list[Episode]:
    """All episodes of a person, the latest certification first."""
    e = episode.c
    query = (
        _select_episodes()
        .where(e.tenant_id == tenant_id, e.person_id == person_id)
        .order_by(e.certified_at.desc())
    )
    return [Episode(**row._mapping) for row in connection.execute(query)]


def insert_exam_scores(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID, shares: Mapping[str, float]
) -> None:
    """Store the results of the certification exam by competency; the empty key is the whole
    exam."""
    if shares:
        rows = [
            {"tenant_id": tenant_id, "episode_id": episode_id, "competency": key, "share": share}
            for key, share in shares.items()
        ]
        connection.execute(insert(exam_score), rows)


def list_taught_episodes(
    connection: Connection,
    tenant_id: int,
    teacher: uuid.UUID,
    programme: str,
    registration_id: int | None,
) -> list[uuid.UUID]:
    """Episodes of a programme whose people are learners of a course that ``teacher`` teaches,
    according to rosters or launches; limited to courses of one platform, or all (None)."""
    taught, related, e = membership.alias(), membership.alias(), episode.c
    query = (
        select(e.id)
        .distinct()
        .join(related, (related.c.tenant_id == tenant_id) & (related.c.person_id == e.person_id))
        .join(
            taught, (taught.c.tenant_id == tenant_id) & (taught.c.course_id == related.c.course_id)
        )
        .where(
            e.tenant_id == tenant_id,
            e.programme == programme,
            taught.c.person_id == teacher,
            taught.c.active,
            related.c.role == "learner",
        )
        .where(taught.c.role == "teacher")
        .order_by(e.id)
    )
    if registration_id is not None:
        course_ids = select(course.c.id).where(
            course.c.tenant_id == tenant_id, course.c.registration_id == registration_id
        )
        query = query.where(taught.c.course_id.in_(course_ids))
    return list(connection.execute(query).scalars())


def get_episode(connection: Connection, tenant_id: int, episode_id: uuid.UUID) -> Episode:
    """Load an episode that is known to exist."""
    e = episode.c
    query = _select_episodes().where(e.tenant_id == tenant_id, e.id == episode_id)
    return Episode(**connection.execute(query).one()._mapping)


def get_episodes(
    connection: Connection, tenant_id: int, episode_ids: Sequence[uuid.UUID]
) -> list[Episode]:
    """These episodes."""
    e = episode.c
    return [
        Episode(**row._mapping)
        for row in connection.execute(
            _select_episodes().where(e.tenant_id == tenant_id, e.id.in_(episode_ids))
        )
    ]


def list_scheduled_checks(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID
) -> list[ScheduledCheck]:
    """The scheduled checks of an episode, ordered by due date."""
    c = scheduled_check.c
    query = (
        select(c.interval, c.due_at, c.opens_at, c.closes_at)
        .where(c.tenant_id == tenant_id, c.episode_id == episode_id)
        .order_by(c.due_at)
    )
    return [ScheduledCheck(**row._mapping) for row in connection.execute(query)]


def list_holds(connection: Connection, tenant_id: int, episode_id: uuid.UUID) -> list[Hold]:
    """The holds of an episode."""
    h = hold.c
    query = (
        select(h.id, h.from_at, h.until_at)
        .where(h.tenant_id == tenant_id, h.episode_id == episode_id)
        .order_by(h.from_at)
    )
    return [Hold(**row._mapping) for row in connection.execute(query)]


def insert_hold(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID, created: Hold, who: str
) -> None:
    """Put an episode on hold."""
    connection.execute(
        insert(hold).values(tenant_id=tenant_id, episode_id=episode_id, set_by=who, **vars(created))
    )


def end_hold(connection: Connection, tenant_id: int, hold_id: uuid.UUID, at: datetime) -> None:
    """Set the end of a hold."""
    connection.execute(
        update(hold).where(hold.c.tenant_id == tenant_id, hold.c.id == hold_id).values(until_at=at)
    )


def list_participants(
    connection: Connection,
    tenant_id: int,
    programme: str,
    after: tuple[str, uuid.UUID] | None,
    at: datetime,
) -> list[Participant]:
    """The people in a programme ordered by name, one page at a time."""
    e, p, c, a, h = episode.c, person.c, scheduled_check.c, attempt.c, hold.c
    done = (
        select(func.count())
        .where(
            a.tenant_id == tenant_id,
            a.episode_id == e.id,
            a.kind == AttemptKind.CHECK,
            a.finished_at.is_not(None),
        )
        .scalar_subquery()
    )
    scheduled = (
        select(func.count()).where(c.tenant_id == tenant_id, c.episode_id == e.id).scalar_subquery()
    )
    on_hold = (
        select(h.id)
        .where(
            h.tenant_id == tenant_id,
            h.episode_id == e.id,
            h.from_at <= at,
            h.until_at.is_(None) | (h.until_at > at),
        )
        .exists()
    )
    query = (
        select(
            e.id.label("episode_id"),
            p.name,
            p.team,
            e.wave,
            e.programme_version,
            e.certified_at,
            e.left_at,
            on_hold.label("held"),
            done.label("done"),
            scheduled.label("scheduled"),
        )
        .join(person, p.id == e.person_id)
        .where(e.tenant_id == tenant_id, e.programme == programme)
    )
    if after is not None:
        query = query.where(names_after(p.name, e.id, after))
    return [
        Participant(**row._mapping)
        for row in connection.execute(query.order_by(*by_name(p.name), e.id).limit(PAGE_SIZE))
    ]


def mark_episode_left(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID, at: datetime
) -> bool:
    """Record that the learner left the programme; False if that is already on record."""
    e = episode.c
    return (
        connection.execute(
            update(episode)
            .where(e.tenant_id == tenant_id, e.id == episode_id, e.left_at.is_(None))
            .values(left_at=at)
        ).rowcount
        == 1
    )
