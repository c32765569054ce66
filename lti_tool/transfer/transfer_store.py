"""Transfer of learning to work: tasks of the learner's job, acts due apart from the checks,
submissions, reviews and confirmations."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.checks.content_gaps import ContentGap
from lti_tool.tables.name_order import by_name
from lti_tool.tables.people import person
from lti_tool.tables.programmes import episode
from lti_tool.tables.transfer import (
    confirmation,
    document,
    follow_up,
    handed_in,
    job_use,
    mapped_task,
    no_opportunity,
    plan,
    plan_revision,
    review,
)
from lti_tool.transfer.plans_store import Plan

MAX_ROWS = 200


@dataclass(frozen=True)
class MappedTask:
    """A task of the learner's own job; ``own``: it is not from the programme's list."""

    key: str
    title: str
    competency: str
    own: bool


@dataclass(frozen=True)
class Submission:
    """A submitted exercise or case study."""

    id: uuid.UUID
    kind: str
    task: str
    words: str
    document_id: uuid.UUID | None
    document_name: str
    peer_id: uuid.UUID | None
    revision: int
    at: datetime


@dataclass(frozen=True)
class Review:
    """A review of a submission."""

    handed_in_id: uuid.UUID
    reviewer_name: str
    relation: str
    good: str
    next_step: str
    weak_content: str
    at: datetime


@dataclass(frozen=True)
class ReportedUse:
    """A use on the job with its evidence, as its reviewers and the learner see it."""

    id: uuid.UUID
    episode_id: uuid.UUID
    plan_id: uuid.UUID
    task: str
    used_on: date
    words: str
    reported_at: datetime
    grade: int
    revision: int
    peer_id: uuid.UUID | None


@dataclass(frozen=True)
class LearnerEpisode:
    """An episode that a reviewer is responsible for: its learner with their manager and mentor."""

    episode_id: uuid.UUID
    person_id: uuid.UUID
    name: str
    manager_id: uuid.UUID | None
    mentor_id: uuid.UUID | None


def list_mapped_tasks(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID
) -> list[MappedTask]:
    """Tasks of the learner's own job, in the order in which they were added."""
    m = mapped_task.c
    query = (
        select(m.key, m.title, m.competency, m.own)
        .where(m.tenant_id == tenant_id, m.episode_id == episode_id)
        .order_by(m.created_at, m.key)
    )
    return [MappedTask(**row._mapping) for row in connection.execute(query)]


def insert_mapped_task(
    connection: Connection,
    tenant_id: int,
    episode_id: uuid.UUID,
    created: MappedTask,
    by: uuid.UUID,
) -> bool:
    """Insert a task; False if it already exists."""
    row = upsert(mapped_task).values(
        tenant_id=tenant_id, episode_id=episode_id, added_by=by, **vars(created)
    )
    return (
        connection.execute(row.on_conflict_do_nothing().returning(mapped_task.c.key)).first()
        is not None
    )


def delete_mapped_task(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID, key: str
) -> None:
    """Remove a task from the learner's job."""
    m = mapped_task.c
    connection.execute(
        delete(mapped_task).where(
            m.tenant_id == tenant_id, m.episode_id == episode_id, m.key == key
        )
    )


def insert_plan_revision(
    connection: Connection, tenant_id: int, created: Plan, revision: int, at: datetime
) -> bool:
    """Store the plan after a commitment or revision; False if this revision is already on
    record."""
    values = {
        name: getattr(created, name)
        for name in ("task", "what", "by_when", "with_whom", "evidence", "obstacle")
    }
    row = upsert(plan_revision).values(
        tenant_id=tenant_id, plan_id=created.id, revision=revision, at=at, **values
    )
    if (
        connection.execute(row.on_conflict_do_nothing().returning(plan_revision.c.revision)).first()
        is None
    ):
        return False
    connection.execute(
        update(plan)
        .where(plan.c.tenant_id == tenant_id, plan.c.id == created.id)
        .values(revision=revision, saved_at=at, **values)
    )
    return True


def list_plan_revisions(connection: Connection, tenant_id: int, plan_id: uuid.UUID) -> list[Any]:
    """All revisions of a plan, newest first."""
    r = plan_revision.c
    query = (
        select(plan_revision)
        .where(r.tenant_id == tenant_id, r.plan_id == plan_id)
        .order_by(r.revision.desc())
        .limit(MAX_ROWS)
    )
    return list(connection.execute(query))


def insert_document(
    connection: Connection, tenant_id: int, person_id: uuid.UUID, name: str, content: bytes
) -> uuid.UUID:
    """Store a file that a learner submits; returns its id."""
    created = uuid.uuid4()
    connection.execute(
        insert(document).values(
            id=created, tenant_id=tenant_id, person_id=person_id, name=name, content=content
        )
    )
    return created


def find_document(
    connection: Connection, tenant_id: int, document_id: uuid.UUID
) -> tuple[uuid.UUID, str, bytes] | None:
    """(owner, name, content) of a file, if it exists."""
    d = document.c
    row = connection.execute(
        select(d.person_id, d.name, d.content).where(d.tenant_id == tenant_id, d.id == document_id)
    ).first()
    return (row.person_id, row.name, bytes(row.content)) if row else None


def _select_submissions() -> Any:
    h = handed_in.c
    return select(
        h.id,
        h.kind,
        h.task,
        h.words,
        h.document_id,
        document.c.name.label("document_name"),
        h.peer_id,
        h.revision,
        h.at,
    ).outerjoin(document, document.c.id == h.document_id)


def _to_submission(row: Any) -> Submission:
    return Submission(**{**row._mapping, "document_name": row.document_name or ""})


def submissions_by_kind(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID
) -> dict[str, Submission]:
    """Kind → submission, of one episode."""
    query = _select_submissions().where(
        handed_in.c.tenant_id == tenant_id, handed_in.c.episode_id == episode_id
    )
    return {row.kind: _to_submission(row) for row in connection.execute(query)}


def lock_submission(
    connection: Connection, tenant_id: int, handed_id: uuid.UUID
) -> tuple[uuid.UUID, Submission] | None:
    """(episode, submission) with the row locked, so that a review and a change are serialized."""
    h = handed_in.c
    locked = connection.execute(
        select(h.episode_id).where(h.tenant_id == tenant_id, h.id == handed_id).with_for_update()
    ).first()
    if locked is None:
        return None
    row = connection.execute(
        _select_submissions().where(h.tenant_id == tenant_id, h.id == handed_id)
    ).one()
    return locked.episode_id, _to_submission(row)


def upsert_submission(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID, values: Mapping[str, Any]
) -> tuple[uuid.UUID, int]:
    """Insert a submission, or update the previous one of its kind; returns its id and revision."""
    row = upsert(handed_in).values(
        id=uuid.uuid4(), tenant_id=tenant_id, episode_id=episode_id, revision=1, **values
    )
    changed = {
        name: row.excluded[name] for name in ("task", "words", "document_id", "peer_id", "at")
    } | {"revision": handed_in.c.revision + 1}
    created = row.on_conflict_do_update(
        index_elements=["tenant_id", "episode_id", "kind"], set_=changed
    )
    result = connection.execute(created.returning(handed_in.c.id, handed_in.c.revision)).one()
    return result.id, result.revision


def reviews_by_submission(
    connection: Connection, tenant_id: int, handed_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Review]:
    """Submission id → its review."""
    r = review.c
    query = (
        select(
            r.handed_in_id,
            person.c.name.label("reviewer_name"),
            r.relation,
            r.good,
            r.next_step,
            r.weak_content,
            r.at,
        )
        .join(person, person.c.id == r.reviewer_id)
        .where(r.tenant_id == tenant_id, r.handed_in_id.in_(handed_ids))
    )
    return {row.handed_in_id: Review(**row._mapping) for row in connection.execute(query)}


def insert_review(connection: Connection, tenant_id: int, values: Mapping[str, Any]) -> bool:
    """Insert a review; False if there is one already."""
    row = (
        upsert(review)
        .values(id=uuid.uuid4(), tenant_id=tenant_id, **values)
        .on_conflict_do_nothing()
        .returning(review.c.id)
    )
    return connection.execute(row).first() is not None


def _select_uses() -> Any:
    u = job_use.c
    return select(
        u.id,
        plan.c.episode_id,
        u.plan_id,
        u.task,
        u.used_on,
        u.words,
        u.reported_at,
        u.grade,
        u.revision,
        u.peer_id,
    ).join(plan, plan.c.id == u.plan_id)


def lock_use(connection: Connection, tenant_id: int, use_id: uuid.UUID) -> ReportedUse | None:
    """Load a use and lock its row, so that two confirmations are serialized."""
    u = job_use.c
    if (
        connection.execute(
            select(u.id).where(u.tenant_id == tenant_id, u.id == use_id).with_for_update()
        ).first()
        is None
    ):
        return None
    return ReportedUse(
        **connection.execute(_select_uses().where(u.tenant_id == tenant_id, u.id == use_id))
        .one()
        ._mapping
    )


def list_unanswered_uses(
    connection: Connection, tenant_id: int, episode_ids: Sequence[uuid.UUID], reviewer_id: uuid.UUID
) -> list[ReportedUse]:
    """Uses of these episodes, and of peers who named this person, that this person has not
    responded to yet; newest first."""
    c = confirmation.c
    confirmed = select(c.use_id).where(
        c.tenant_id == tenant_id, c.use_id == job_use.c.id, c.person_id == reviewer_id
    )
    shown = or_(plan.c.episode_id.in_(episode_ids), job_use.c.peer_id == reviewer_id)
    query = _select_uses().where(job_use.c.tenant_id == tenant_id, shown, ~confirmed.exists())
    return [
        ReportedUse(**row._mapping)
        for row in connection.execute(query.order_by(job_use.c.reported_at.desc()).limit(MAX_ROWS))
    ]


def update_use_grade(
    connection: Connection, tenant_id: int, use_id: uuid.UUID, grade: int, revision: int
) -> None:
    """Set a higher grade of evidence: somebody with more weight vouches for the use."""
    u = job_use.c
    connection.execute(
        update(job_use)
        .where(u.tenant_id == tenant_id, u.id == use_id)
        .values(grade=grade, revision=revision)
    )


def insert_confirmation(connection: Connection, tenant_id: int, values: Mapping[str, Any]) -> bool:
    """Insert a person's response to a use; False if there is one already."""
    row = (
        upsert(confirmation)
        .values(tenant_id=tenant_id, **values)
        .on_conflict_do_nothing()
        .returning(confirmation.c.use_id)
    )
    return connection.execute(row).first() is not None


def find_use_answer(
    connection: Connection, tenant_id: int, use_id: uuid.UUID, person_id: uuid.UUID
) -> bool | None:
    """Whether this person confirmed a use (True) or could not see it (False); None without an
    answer."""
    c = confirmation.c
    seen: bool | None = connection.execute(
        select(c.seen).where(c.tenant_id == tenant_id, c.use_id == use_id, c.person_id == person_id)
    ).scalar()
    return seen


def delete_unseen(
    connection: Connection, tenant_id: int, use_id: uuid.UUID, person_id: uuid.UUID
) -> bool:
    """Delete a person's answer that a use was not seen; False if there is none."""
    c = confirmation.c
    own = (c.tenant_id == tenant_id) & (c.use_id == use_id) & (c.person_id == person_id)
    return connection.execute(delete(confirmation).where(own, ~c.seen)).rowcount == 1


def insert_no_opportunity(
    connection: Connection,
    tenant_id: int,
    form_id: uuid.UUID,
    episode_id: uuid.UUID,
    words: str,
    at: datetime,
) -> bool:
    """Record that a learner had no opportunity for a use; False if the form was already
    submitted."""
    row = upsert(no_opportunity).values(
        id=form_id, tenant_id=tenant_id, episode_id=episode_id, words=words, at=at
    )
    return (
        connection.execute(row.on_conflict_do_nothing().returning(no_opportunity.c.id)).first()
        is not None
    )


def latest_no_opportunity_at(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID
) -> datetime | None:
    """When the learner last reported having no opportunity."""
    n = no_opportunity.c
    result: datetime | None = connection.execute(
        select(n.at)
        .where(n.tenant_id == tenant_id, n.episode_id == episode_id)
        .order_by(n.at.desc())
        .limit(1)
    ).scalar()
    return result


def insert_follow_up(connection: Connection, tenant_id: int, values: Mapping[str, Any]) -> bool:
    """Insert the answers to a follow-up; False if they were already given."""
    row = (
        upsert(follow_up)
        .values(tenant_id=tenant_id, **values)
        .on_conflict_do_nothing()
        .returning(follow_up.c.asked)
    )
    return connection.execute(row).first() is not None


def list_answered_follow_ups(
    connection: Connection, tenant_id: int, episode_ids: Sequence[uuid.UUID]
) -> set[tuple[uuid.UUID, str]]:
    """(episode, who was asked) of every answered follow-up."""
    f = follow_up.c
    return {
        (row[0], row[1])
        for row in connection.execute(
            select(f.episode_id, f.asked).where(
                f.tenant_id == tenant_id, f.episode_id.in_(episode_ids)
            )
        )
    }


def list_content_gaps(connection: Connection, tenant_id: int, programme: str) -> list[ContentGap]:
    """Gaps in the training that reviewers reported, newest first."""
    r, h = review.c, handed_in.c
    query = (
        select(h.kind, h.task, r.weak_content.label("words"), r.at)
        .join(handed_in, h.id == r.handed_in_id)
        .join(episode, episode.c.id == h.episode_id)
        .where(r.tenant_id == tenant_id, episode.c.programme == programme, r.weak_content != "")
        .order_by(r.at.desc())
        .limit(MAX_ROWS)
    )
    return [ContentGap(**row._mapping) for row in connection.execute(query)]


def list_led_episodes(
    connection: Connection,
    tenant_id: int,
    reviewer_id: uuid.UUID,
    episode_id: uuid.UUID | None = None,
) -> list[LearnerEpisode]:
    """Episodes of the people whom a person leads or accompanies according to the list; or only
    that one episode, if it is one of them.

    A course's mentor role does not count here: some LMSs give it to guests of a single learner.
    """
    e, p = episode.c, person.c
    query = (
        select(e.id.label("episode_id"), p.id.label("person_id"), p.name, p.manager_id, p.mentor_id)
        .join(person, p.id == e.person_id)
        .where(e.tenant_id == tenant_id, e.left_at.is_(None), p.id != reviewer_id)
        .where(or_(p.manager_id == reviewer_id, p.mentor_id == reviewer_id))
        .order_by(*by_name(p.name), e.certified_at)
        .limit(1_000)
    )
    if episode_id is not None:
        query = query.where(e.id == episode_id)
    return [LearnerEpisode(**row._mapping) for row in connection.execute(query)]


def learners_by_episode(
    connection: Connection, tenant_id: int, episode_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, LearnerEpisode]:
    """Episode id → its learner, for learners who take part."""
    e, p = episode.c, person.c
    query = (
        select(e.id.label("episode_id"), p.id.label("person_id"), p.name, p.manager_id, p.mentor_id)
        .join(person, p.id == e.person_id)
        .where(e.tenant_id == tenant_id, e.left_at.is_(None), e.id.in_(episode_ids))
    )
    return {row.episode_id: LearnerEpisode(**row._mapping) for row in connection.execute(query)}


def is_peer_of_document(
    connection: Connection, tenant_id: int, reviewer_id: uuid.UUID, document_id: uuid.UUID
) -> bool:
    """Whether a file belongs to a submission that this person was asked to review."""
    h = handed_in.c
    query = select(h.id).where(
        h.tenant_id == tenant_id, h.document_id == document_id, h.peer_id == reviewer_id
    )
    return connection.execute(query).first() is not None


def list_unreviewed_submissions(
    connection: Connection, tenant_id: int, episode_ids: Sequence[uuid.UUID], reviewer_id: uuid.UUID
) -> list[tuple[uuid.UUID, Submission]]:
    """(episode, submission) without a review, of these episodes and of peers who asked this
    person; oldest first."""
    h = handed_in.c
    query = (
        _select_submissions()
        .add_columns(h.episode_id)
        .outerjoin(review, review.c.handed_in_id == h.id)
    )
    shown = or_(h.episode_id.in_(episode_ids), h.peer_id == reviewer_id)
    query = (
        query.where(h.tenant_id == tenant_id, shown, review.c.id.is_(None))
        .order_by(h.at)
        .limit(MAX_ROWS)
    )
    result = []
    for row in connection.execute(query):
        fields = dict(row._mapping)
        episode_id = fields.pop("episode_id")
        result.append(
            (episode_id, Submission(**{**fields, "document_name": fields["document_name"] or ""}))
        )
    return result
