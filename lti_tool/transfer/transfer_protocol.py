"""The transfer protocol apart from checks and plan: tasks of the learner's own job, exercise,
case study, their reviews, confirmed uses, "no opportunity", the follow-up. Each act and its
statements are one transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Connection

from adapters import xapi_statements
from core.database import UnitOfWork
from core.errors import BadInput, Conflict, Forbidden, NotFound
from core.messages import Number, gettext_noop, lazy_gettext
from lrs.vocabulary import REPLY_KINDS, ActivityKind, Relation, VerbName
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.text_limits import require_length
from lti_tool.programmes import episode_context, schedule_store
from lti_tool.programmes.due_dates import FOLLOW_UP, FOLLOW_UP_DAYS
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.transfer_schedule import _scheduled_statement
from lti_tool.transfer import review_requests, reviewers, transfer_plan, transfer_store
from lti_tool.transfer.review_requests import ReviewSubject
from lti_tool.transfer.reviewers import LEARNER, MANAGER, MENTOR, PEER
from lti_tool.transfer.task_titles import find_task_title, statement_task_title
from lti_tool.transfer.transfer_store import MappedTask, ReportedUse, Submission

# Relation → evidence grade of a confirmation. A mentor knows the work but not the job, so
# counts like a peer.
EVIDENCE_GRADES = {PEER: 2, MENTOR: 2, MANAGER: 3}
WORK_RECORD_GRADE = 4
MAX_RECORD_LENGTH = 300
VERIFIED_GRADE = 2  # a use with at least this grade is verified
MAX_FILE_BYTES = 10_000_000
MAX_TEXT_LENGTH = 5_000
USE_FREQUENCIES = ("daily", "weekly", "monthly", "rarely")


def add_task(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    episode_id: uuid.UUID | None,
    key: str,
    title: str,
    competency: str,
    now: datetime,
) -> None:
    """Map a task of the learner's own job to a competency: one from the programme's list
    (``key``), or a custom one (``title``).

    ``episode_id`` is set if a manager or a mentor does it for the learner.
    """
    with unit_of_work(session.tenant_id) as connection:
        context = _context_of(connection, session, episode_id)
        if competency not in {competency.key for competency in context.programme.competencies}:
            raise BadInput("Choose the competency.", field="competency")
        own_title = " ".join(title.split())
        listed = context.programme.task_title(key) if key else None
        if key and listed is None:
            raise BadInput("Choose one of the tasks.", field="task")
        if not key and (not own_title or len(own_title) > transfer_plan.MAX_TITLE_LENGTH):
            raise BadInput(
                lazy_gettext(
                    "Name the task in up to %(most)s characters.",
                    most=transfer_plan.MAX_TITLE_LENGTH,
                ),
                field="title",
            )
        # The id is derived from the text, so that resubmitting the form creates no second task.
        created = MappedTask(
            key or f"own-{uuid.uuid5(context.episode.id, f'{competency} {own_title}')}",
            listed or own_title,
            competency,
            not key,
        )
        if transfer_store.insert_mapped_task(
            connection, session.tenant_id, context.episode.id, created, session.person_id
        ):
            act = context.act(f"mapped {context.episode.id} {created.key} {now.isoformat()}", now)
            titled = context.programme.competency_title(competency)
            context.enqueue_statements(
                [
                    xapi_statements.task_mapped_statement(
                        act,
                        task=created.key,
                        task_title=statement_task_title(context, created.key),
                        competency=competency,
                        competency_title=titled,
                    )
                ]
            )


def remove_task(unit_of_work: UnitOfWork, *, session: LaunchSession, key: str) -> None:
    """Remove a task from the learner's job; statements about it stay on record."""
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        transfer_store.delete_mapped_task(connection, session.tenant_id, context.episode.id, key)


def hand_in_work(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    kind: str,
    task: str,
    words: str,
    file: tuple[str, bytes] | None,
    peer: str = "",
    now: datetime,
) -> None:
    """Submit the exercise or the case study: text, a file, or both. It can be changed until it
    has been reviewed.

    ``peer``: the id of a coaching group member who may also see and review the exercise, or
    empty.
    """
    if kind not in REPLY_KINDS:
        raise NotFound("There is nothing of this kind to hand in.")
    _require_content(words, file)
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        if find_task_title(context, task) is None:
            raise BadInput("Choose one of the tasks.", field="task")
        before = _lock_unreviewed_submission(context, kind)
        document_id = (
            transfer_store.insert_document(connection, session.tenant_id, session.person_id, *file)
            if file
            else before.document_id
            if before
            else None
        )
        peer_id = reviewers.peer_from_form(context, peer) if kind == ActivityKind.EXERCISE else None
        values = {
            "kind": kind,
            "task": task,
            "words": words,
            "document_id": document_id,
            "peer_id": peer_id,
            "at": now,
        }
        handed_id, revision = transfer_store.upsert_submission(
            connection, session.tenant_id, context.episode.id, values
        )
        context.enqueue_statements(
            [
                xapi_statements.submitted_statement(
                    context.act(f"handed in {handed_id} {revision}", now), ActivityKind(kind)
                )
            ]
        )
        schedule_store.mark_act_done(connection, session.tenant_id, context.episode.id, kind, now)
        message = gettext_noop(
            "Something was handed in and waits for you. Reading and answering it takes about "
            "five minutes."
        )
        review_requests.mail_reviewers(
            context,
            f"review {handed_id} {revision}",
            gettext_noop("%(name)s waits for your answer"),
            message,
            now,
            peer_id,
            about=ReviewSubject(handed_in_id=handed_id),
        )


def _require_content(words: str, file: tuple[str, bytes] | None) -> None:
    """BadInput if there is neither a text nor a file, or more than can be kept of either."""
    if not words.strip() and not file:
        raise BadInput("Write what you did, or choose a file.", field="words")
    require_length(words, MAX_TEXT_LENGTH, "words")
    if file and len(file[1]) > MAX_FILE_BYTES:
        raise BadInput(
            lazy_gettext(
                "The file has %(size)s MB; %(most)s MB is the most.",
                size=Number(len(file[1]) / 1e6),
                most=Number(MAX_FILE_BYTES / 1e6),
            ),
            field="file",
        )


def _lock_unreviewed_submission(context: EpisodeContext, kind: str) -> Submission | None:
    """What was handed in before, locked, so that a review and a change wait for each other;
    Conflict if it was reviewed."""
    connection, tenant_id = context.connection, context.tenant_id
    before = transfer_store.submissions_by_kind(connection, tenant_id, context.episode.id).get(kind)
    if before is not None:
        transfer_store.lock_submission(connection, tenant_id, before.id)
        if before.id in transfer_store.reviews_by_submission(connection, tenant_id, [before.id]):
            raise Conflict("It was answered already, so it stays as it is.")
    return before


def _context_of(
    connection: Connection, session: LaunchSession, episode_id: uuid.UUID | None
) -> EpisodeContext:
    return (
        episode_context.require_episode_context(connection, session)
        if episode_id is None
        else reviewers.require_led_episode(connection, session, episode_id)[0]
    )


def review_work(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    handed_id: uuid.UUID,
    good: str,
    next_step: str,
    weak_content: str,
    now: datetime,
) -> None:
    """Review a submission: what is good, what to do next, what the training left open. The
    first review stands.
    """
    for field, words in (("good", good), ("next_step", next_step), ("weak_content", weak_content)):
        require_length(words, MAX_TEXT_LENGTH, field)
    if not good.strip() or not next_step.strip():
        raise BadInput(
            "Write what is good, and what comes next.",
            field="good" if not good.strip() else "next_step",
        )
    with unit_of_work(session.tenant_id) as connection:
        result = transfer_store.lock_submission(connection, session.tenant_id, handed_id)
        if result is None:
            raise NotFound("This was not handed in.")
        episode_id, handed = result
        context, relation = reviewers.require_reviewable_episode(
            connection, session, episode_id, handed.peer_id
        )
        values = {
            "handed_in_id": handed_id,
            "reviewer_id": session.person_id,
            "relation": relation,
            "good": good,
            "next_step": next_step,
            "weak_content": weak_content,
            "at": now,
        }
        if not transfer_store.insert_review(connection, session.tenant_id, values):
            return
        name = REPLY_KINDS[ActivityKind(handed.kind)]
        context.enqueue_statements(
            [
                xapi_statements.reviewed_statement(
                    context.act(f"reviewed {handed_id}", now),
                    name,
                    reviewer=session.person_id,
                    relation=relation,
                )
            ]
        )
        schedule_store.mark_act_done(connection, session.tenant_id, episode_id, name, now)


def confirm_use(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    use_id: uuid.UUID,
    seen: bool,
    words: str,
    record: str = "",
    now: datetime,
) -> None:
    """Confirm a use on the job, or deny having seen it. The grade depends on the confirming
    person, never on the learner who claimed it.

    ``record`` refers to evidence in a work system (a ticket or an order number), which is
    stronger evidence than somebody's memory.
    """
    require_length(record, MAX_RECORD_LENGTH, "record")
    require_length(words, MAX_TEXT_LENGTH, "words")
    with unit_of_work(session.tenant_id) as connection:
        _answer_use(connection, session, use_id, seen, words, record, now)


def confirm_uses(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    use_ids: Collection[uuid.UUID],
    now: datetime,
) -> int:
    """Confirm several uses on the job, each with a record and a statement of its own; return how
    many are new. Nothing is confirmed if one of them is not this person's to confirm.
    """
    if not use_ids:
        raise BadInput("Tick the uses that you know to have happened.", field="use")
    with unit_of_work(session.tenant_id) as connection:
        # In one order, so that two people who confirm the same uses do not wait for each other.
        return sum(
            _answer_use(connection, session, use_id, True, "", "", now)
            for use_id in sorted(set(use_ids))
        )


def withdraw_unseen(unit_of_work: UnitOfWork, *, session: LaunchSession, use_id: uuid.UUID) -> bool:
    """Take back that this person could not see a use, which then waits again; False if there is
    nothing to take back. A confirmation stays: it is on record."""
    with unit_of_work(session.tenant_id) as connection:
        return transfer_store.delete_unseen(
            connection, session.tenant_id, use_id, session.person_id
        )


def _answer_use(
    connection: Connection,
    session: LaunchSession,
    use_id: uuid.UUID,
    seen: bool,
    words: str,
    record: str,
    now: datetime,
) -> bool:
    """Store a person's answer to a use; False if there is one already."""
    use = transfer_store.lock_use(connection, session.tenant_id, use_id)
    if use is None:
        raise NotFound("There is no such use on the job.")
    context, relation = reviewers.require_reviewable_episode(
        connection, session, use.episode_id, use.peer_id
    )
    if record and relation == PEER:
        raise BadInput(
            "A work record is vouched for by who leads or accompanies the learner.",
            field="record",
        )
    grade = WORK_RECORD_GRADE if record else EVIDENCE_GRADES[relation]
    values = {
        "use_id": use_id,
        "person_id": session.person_id,
        "seen": seen,
        "grade": grade,
        "words": words,
        "record": record if seen else "",
        "at": now,
    }
    if not transfer_store.insert_confirmation(connection, session.tenant_id, values):
        return False
    if seen:
        _record_confirmation(context, use, grade, session.person_id, relation, now)
    return True


def _record_confirmation(
    context: EpisodeContext,
    use: ReportedUse,
    grade: int,
    person_id: uuid.UUID,
    relation: Relation,
    now: datetime,
) -> None:
    title = statement_task_title(context, use.task)
    context.enqueue_statements(
        [
            xapi_statements.confirmed_statement(
                context.act(f"confirmed {use.id} {person_id}", now),
                plan=use.plan_id,
                task=use.task,
                task_title=title,
                evidence_grade=grade,
                by=person_id,
                relation=relation,
            )
        ]
    )
    if grade > use.grade:
        _raise_grade(context, use, grade, title, now)


def _raise_grade(
    context: EpisodeContext, use: ReportedUse, grade: int, title: str, now: datetime
) -> None:
    """Emit the use again with the higher grade and void its previous statement; the first
    verified use schedules the follow-up.
    """
    transfer_store.update_use_grade(
        context.connection, context.tenant_id, use.id, grade, use.revision + 1
    )
    at = transfer_plan.use_timestamp(use.used_on, context.episode.certified_at, use.reported_at)
    before, after = (
        context.act(f"use {use.id}", at, revision=revision)
        for revision in (use.revision, use.revision + 1)
    )
    context.enqueue_statements(
        [
            xapi_statements.voiding_statement(
                context.act(f"void use {use.id} {use.revision}", now),
                xapi_statements.statement_id(before, VerbName.APPLIED),
            ),
            xapi_statements.applied_statement(
                after, plan=use.plan_id, task=use.task, task_title=title, evidence_grade=grade
            ),
        ]
    )
    asked_at = at + timedelta(days=FOLLOW_UP_DAYS)
    # Two uses may be confirmed concurrently: the database decides which came first.
    if use.grade < VERIFIED_GRADE <= grade and schedule_store.insert_scheduled_acts(
        context.connection, context.tenant_id, context.episode.id, {FOLLOW_UP: asked_at}
    ):
        context.enqueue_statements([_scheduled_statement(context, FOLLOW_UP, asked_at, now)])


def report_no_opportunity(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    form_id: uuid.UUID,
    words: str,
    now: datetime,
) -> None:
    """Report that there was no opportunity to use the skill: an honest answer, and not a
    failure of the learner.
    """
    require_length(words, MAX_TEXT_LENGTH, "words")
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        if transfer_store.insert_no_opportunity(
            connection, session.tenant_id, form_id, context.episode.id, words, now
        ):
            context.enqueue_statements(
                [
                    xapi_statements.no_opportunity_statement(
                        context.act(f"no opportunity {form_id}", now)
                    )
                ]
            )


def answer_follow_up(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    episode_id: uuid.UUID | None,
    still_used: bool,
    how_often: str,
    now: datetime,
) -> None:
    """Answer the two questions asked 90 days after the first verified use: as the learner, or
    (with ``episode_id``) as the learner's manager.
    """
    if how_often not in USE_FREQUENCIES:
        raise BadInput("Choose how often.", field="how_often")
    with unit_of_work(session.tenant_id) as connection:
        if episode_id is None:
            context, relation = (
                episode_context.require_episode_context(connection, session),
                LEARNER,
            )
        else:
            context, relation = reviewers.require_led_episode(connection, session, episode_id)
            if relation != MANAGER:
                raise Forbidden("The supervisor is asked this, and nobody else.")
        due = schedule_store.scheduled_acts_by_name(
            connection, session.tenant_id, context.episode.id
        ).get(FOLLOW_UP)
        if due is None or due.due_at > now:
            raise BadInput("The follow-up is not asked yet.")
        respondent = LEARNER if relation == LEARNER else "supervisor"
        values = {
            "episode_id": context.episode.id,
            "asked": respondent,
            "person_id": session.person_id,
            "still_used": still_used,
            "how_often": how_often,
            "at": now,
        }
        if transfer_store.insert_follow_up(connection, session.tenant_id, values):
            act = context.act(f"follow-up {context.episode.id} {respondent}", now)
            context.enqueue_statements(
                [
                    xapi_statements.follow_up_statement(
                        act, still_used=still_used, by=session.person_id, relation=relation
                    )
                ]
            )
            if relation == LEARNER:
                schedule_store.mark_act_done(
                    connection, session.tenant_id, context.episode.id, FOLLOW_UP, now
                )


def load_document(
    unit_of_work: UnitOfWork, *, session: LaunchSession, document_id: uuid.UUID
) -> tuple[str, bytes]:
    """Return (name, content) of a file: permitted for its author, the author's manager or
    mentor, and the peer who was asked.
    """
    with unit_of_work(session.tenant_id) as connection:
        result = transfer_store.find_document(connection, session.tenant_id, document_id)
        if result is None:
            raise NotFound("There is no such file.")
        whose, name, content = result
        shown = whose == session.person_id or transfer_store.is_peer_of_document(
            connection, session.tenant_id, session.person_id, document_id
        )
        if not shown and whose not in {
            episode.person_id
            for episode in transfer_store.list_led_episodes(
                connection, session.tenant_id, session.person_id
            )
        }:
            raise NotFound("There is no such file.")
        return name, content
