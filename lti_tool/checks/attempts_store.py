"""Attempts of quizzes, their answers, memory states, and where grades of a programme go."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.tables.checks import AttemptKind, answer, attempt, memory
from lti_tool.tables.checks import grade_place as stored_grade_place
from lti_tool.tables.programmes import episode


@dataclass(frozen=True)
class Attempt:
    """A started quiz; ``items`` holds item keys in the order in which they are asked."""

    id: uuid.UUID
    episode_id: uuid.UUID
    interval: str
    kind: str
    items: list[str]
    line_item_url: str
    line_items_url: str
    course_id: uuid.UUID | None
    registration_id: int | None
    subject: str
    started_at: datetime
    finished_at: datetime | None
    right_answers: int | None


@dataclass(frozen=True)
class Answer:
    """A submitted answer; immutable."""

    position: int
    item: str
    response: str
    correct: bool
    answered_at: datetime
    rapid: bool
    confidence: int | None


@dataclass(frozen=True)
class GivenAnswer:
    """An answer with the quiz in which it was given."""

    attempt_id: uuid.UUID
    kind: str
    interval: str
    item: str
    correct: bool
    answered_at: datetime


@dataclass(frozen=True)
class GradePlace:
    """Where a learner's grades of a programme go, according to the latest launch."""

    registration_id: int
    course_id: uuid.UUID
    subject: str
    line_items_url: str


@dataclass(frozen=True)
class MemoryState:
    """The state of the memory model for one competency of one learner."""

    competency: str
    card: dict[str, Any]
    due_at: datetime


def find_attempt_learner(
    connection: Connection, tenant_id: int, attempt_id: uuid.UUID, course_id: uuid.UUID
) -> uuid.UUID | None:
    """The person who made an attempt in this course; None if there is no such attempt."""
    query = (
        select(episode.c.person_id)
        .join(attempt, attempt.c.episode_id == episode.c.id)
        .where(
            attempt.c.tenant_id == tenant_id,
            attempt.c.id == attempt_id,
            attempt.c.course_id == course_id,
        )
    )
    result: uuid.UUID | None = connection.execute(query).scalar()
    return result


def _select_attempts() -> Any:
    return select(*(attempt.c[name] for name in Attempt.__dataclass_fields__))


def insert_attempt(connection: Connection, tenant_id: int, created: Attempt) -> bool:
    """Insert an attempt; False if this check was already started."""
    row = (
        upsert(attempt)
        .values(tenant_id=tenant_id, **vars(created))
        .on_conflict_do_nothing()
        .returning(attempt.c.id)
    )
    return connection.execute(row).first() is not None


def list_attempts(connection: Connection, tenant_id: int, episode_id: uuid.UUID) -> list[Attempt]:
    """All attempts of an episode."""
    query = _select_attempts().where(
        attempt.c.tenant_id == tenant_id, attempt.c.episode_id == episode_id
    )
    return [Attempt(**row._mapping) for row in connection.execute(query)]


def lock_attempt(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID, attempt_id: uuid.UUID
) -> Attempt | None:
    """Load an attempt of this episode and lock its row, so that two concurrent answers are
    serialized."""
    query = _select_attempts().where(
        attempt.c.tenant_id == tenant_id,
        attempt.c.episode_id == episode_id,
        attempt.c.id == attempt_id,
    )
    row = connection.execute(query.with_for_update()).first()
    return Attempt(**row._mapping) if row else None


def list_answers(connection: Connection, tenant_id: int, attempt_id: uuid.UUID) -> list[Answer]:
    """The answers of an attempt, by position."""
    a = answer.c
    query = select(*(a[name] for name in Answer.__dataclass_fields__)).where(
        a.tenant_id == tenant_id, a.attempt_id == attempt_id
    )
    return [Answer(**row._mapping) for row in connection.execute(query.order_by(a.position))]


def list_given_answers(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID
) -> list[GivenAnswer]:
    """Every answer of an episode, the first ones first."""
    a, w = attempt.c, answer.c
    same = and_(w.tenant_id == a.tenant_id, w.attempt_id == a.id)
    query = (
        select(a.id, a.kind, a.interval, w.item, w.correct, w.answered_at)
        .select_from(attempt.join(answer, same))
        .where(a.tenant_id == tenant_id, a.episode_id == episode_id)
        .order_by(w.answered_at, w.position)
    )
    return [GivenAnswer(*row) for row in connection.execute(query)]


def insert_answer(
    connection: Connection, tenant_id: int, attempt_id: uuid.UUID, created: Answer
) -> None:
    """Insert an answer."""
    connection.execute(
        insert(answer).values(tenant_id=tenant_id, attempt_id=attempt_id, **vars(created))
    )


def finish_attempt(
    connection: Connection, tenant_id: int, attempt_id: uuid.UUID, at: datetime, right_answers: int
) -> None:
    """Close an attempt with its result."""
    connection.execute(
        update(attempt)
        .where(attempt.c.tenant_id == tenant_id, attempt.c.id == attempt_id)
        .values(finished_at=at, right_answers=right_answers)
    )


def list_memory_states(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID
) -> list[MemoryState]:
    """The memory model's states for an episode."""
    m = memory.c
    query = select(m.competency, m.card, m.due_at).where(
        m.tenant_id == tenant_id, m.episode_id == episode_id
    )
    return [MemoryState(**row._mapping) for row in connection.execute(query)]


def upsert_memory_state(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID, memory_state: MemoryState
) -> None:
    """Store the memory model's current state for a competency."""
    values = {"card": memory_state.card, "due_at": memory_state.due_at}
    row = upsert(memory).values(
        tenant_id=tenant_id, episode_id=episode_id, competency=memory_state.competency, **values
    )
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["tenant_id", "episode_id", "competency"], set_=values
        )
    )


def find_grade_place(
    connection: Connection, tenant_id: int, person_id: uuid.UUID, programme: str
) -> GradePlace | None:
    """Where a learner's grades go when there is no current launch."""
    g = stored_grade_place.c
    query = select(*(g[name] for name in GradePlace.__dataclass_fields__))
    row = connection.execute(
        query.where(g.tenant_id == tenant_id, g.person_id == person_id, g.programme == programme)
    ).first()
    return GradePlace(**row._mapping) if row else None


def upsert_grade_place(
    connection: Connection,
    tenant_id: int,
    person_id: uuid.UUID,
    programme: str,
    place: GradePlace,
    at: datetime,
) -> None:
    """Store where a learner's grades go."""
    values = {**vars(place), "seen_at": at}
    row = upsert(stored_grade_place).values(
        tenant_id=tenant_id, person_id=person_id, programme=programme, **values
    )
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["tenant_id", "person_id", "programme"], set_=values
        )
    )


def list_course_checks(
    connection: Connection, tenant_id: int, person_id: uuid.UUID, course_id: uuid.UUID
) -> list[Attempt]:
    """A person's check attempts that were started from this course."""
    query = (
        _select_attempts()
        .join(episode, episode.c.id == attempt.c.episode_id)
        .where(
            attempt.c.tenant_id == tenant_id,
            episode.c.person_id == person_id,
            attempt.c.course_id == course_id,
            attempt.c.kind == AttemptKind.CHECK,
        )
    )
    return [Attempt(**row._mapping) for row in connection.execute(query)]
