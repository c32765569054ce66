"""The transfer protocol apart from checks and plan: tasks of the learner's own job, exercise,
case study, their reviews, confirmed uses, "no opportunity", the follow-up. Each act and its
statements are one transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from adapters import xapi
from core.database import UnitOfWork
from core.errors import BadInput, Conflict, Forbidden, NotFound
from lrs.vocabulary import ANSWERED_BY
from lti_tool.actions import acts, asking, planning, relations
from lti_tool.actions.acts import Stage
from lti_tool.actions.programmes import Programme
from lti_tool.actions.relations import LEARNER, MANAGER, MENTOR, PEER
from lti_tool.actions.working_time import WorkingTime
from lti_tool.store import transfer
from lti_tool.store.people import LaunchSession
from lti_tool.store.transfer import Task, Use

# Act → days after the certification by which it is due.
PROTOCOL: Mapping[str, int] = {"exercise": 4, "plan": 7, "exercise review": 7, "case study": 23, "feedback": 30}
FOLLOW_UP, FOLLOW_UP_DAYS = "follow-up", 90
ASSESSMENT, ASSESSMENT_DAYS = "behaviour assessment", 90  # three months after the certification
# Relation → evidence grade of a confirmation. A mentor knows the work but not the job, so
# counts like a peer.
GRADES = {PEER: 2, MENTOR: 2, MANAGER: 3}
WORK_RECORD = 4
LONGEST_RECORD = 300
VERIFIED = 2  # a use with at least this grade is verified
LARGEST_FILE = 10_000_000
LONGEST_WORDS = 5_000
HOW_OFTEN = ("daily", "weekly", "monthly", "rarely")


def due_at(certified_at: datetime, days: int, when: WorkingTime) -> datetime:
    """Return the end of the first working day that is at least ``days`` days after the
    certification.
    """
    return when.end_of(when.workday_from(when.day_of(certified_at + timedelta(days=days))))


def answer_by(kind: str, due_at: datetime, handed_at: datetime) -> datetime:
    """Return when the review of a submission is due: on the protocol's day, but never before
    the reviewer has had the time that the protocol allows after submission (three days for an
    exercise, seven for a case study)."""
    return max(due_at, handed_at + timedelta(days=PROTOCOL[ANSWERED_BY[kind]] - PROTOCOL[kind]))


def protocol(programme: Programme) -> Mapping[str, int]:
    """Return act → days after the certification for this programme: behaviour is assessed only
    if it has a rubric.
    """
    return {**PROTOCOL, ASSESSMENT: ASSESSMENT_DAYS} if programme.rubric else PROTOCOL


def schedule(stage: Stage, when: WorkingTime, now: datetime) -> list[xapi.Statement]:
    """Schedule the acts that are due besides the checks and return their statements; acts whose
    due date had already passed are neither requested nor counted.
    """
    planned = {act: due_at(stage.episode.certified_at, days, when) for act, days in protocol(stage.programme).items()}
    dues = {act: at for act, at in planned.items() if at > now}
    transfer.schedule(stage.connection, stage.tenant_id, stage.episode.id, dues)
    return [_scheduled(stage, act, at, now) for act, at in dues.items()]


def _scheduled(stage: Stage, act: str, at: datetime, now: datetime) -> xapi.Statement:
    return xapi.act_scheduled(stage.act(f"scheduled {stage.episode.id} {act}", now), act, due_at=at)


def add_task(
    unit_of_work: UnitOfWork, *, session: LaunchSession, episode_id: uuid.UUID | None, key: str, title: str, competency: str, now: datetime
) -> None:
    """Map a task of the learner's own job to a competency: one from the programme's list
    (``key``), or a custom one (``title``).

    ``episode_id`` is set if a manager or a mentor does it for the learner.
    """
    with unit_of_work(session.tenant_id) as connection:
        stage = _stage(connection, session, episode_id)
        if competency not in {one.key for one in stage.programme.competencies}:
            raise BadInput("Choose the competency.", field="competency")
        words = " ".join(title.split())
        listed = stage.programme.task_title(key) if key else None
        if key and listed is None:
            raise BadInput("Choose one of the tasks.", field="task")
        if not key and (not words or len(words) > planning.LONGEST_TITLE):
            raise BadInput(f"Name the task in up to {planning.LONGEST_TITLE} characters.", field="title")
        # The id is derived from the text, so that resubmitting the form creates no second task.
        made = Task(key or f"own-{uuid.uuid5(stage.episode.id, f'{competency} {words}')}", listed or words, competency, not key)
        if transfer.keep_task(connection, session.tenant_id, stage.episode.id, made, session.person_id):
            act = stage.act(f"mapped {stage.episode.id} {made.key} {now.isoformat()}", now)
            titled = stage.programme.competency_title(competency)
            stage.say([xapi.mapped(act, task=made.key, task_title=stage.task_name(made.key), competency=competency, competency_title=titled)])


def drop_task(unit_of_work: UnitOfWork, *, session: LaunchSession, key: str) -> None:
    """Remove a task from the learner's job; statements about it stay on record."""
    with unit_of_work(session.tenant_id) as connection:
        stage = acts.required_stage(connection, session)
        transfer.drop_task(connection, session.tenant_id, stage.episode.id, key)


def hand_in(
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
    if kind not in ANSWERED_BY:
        raise NotFound("There is nothing of this kind to hand in.")
    if not words.strip() and not file:
        raise BadInput("Write what you did, or choose a file.", field="words")
    if len(words) > LONGEST_WORDS:
        raise BadInput(f"Keep it to {LONGEST_WORDS} characters; this has {len(words)}.", field="words")
    if file and len(file[1]) > LARGEST_FILE:
        raise BadInput(f"The file has {len(file[1]) / 1e6:.0f} MB; {LARGEST_FILE / 1e6:.0f} MB is the most.", field="file")
    with unit_of_work(session.tenant_id) as connection:
        stage = acts.required_stage(connection, session)
        if stage.task_title(task) is None:
            raise BadInput("Choose one of the tasks.", field="task")
        before = transfer.handed(connection, session.tenant_id, stage.episode.id).get(kind)
        if before is not None:
            transfer.handed_for_update(connection, session.tenant_id, before.id)  # row lock: serializes a review and a change
        if before is not None and before.id in transfer.reviews(connection, session.tenant_id, [before.id]):
            raise Conflict("It was answered already, so it stays as it is.")
        document_id = (
            transfer.keep_document(connection, session.tenant_id, session.person_id, *file) if file else before.document_id if before else None
        )
        peer_id = relations.chosen_peer(stage, peer) if kind == "exercise" else None
        values = {"kind": kind, "task": task, "words": words, "document_id": document_id, "peer_id": peer_id, "at": now}
        handed_id, revision = transfer.keep_handed(connection, session.tenant_id, stage.episode.id, values)
        stage.say([xapi.handed_in(stage.act(f"handed in {handed_id} {revision}", now), kind)])
        transfer.finish(connection, session.tenant_id, stage.episode.id, kind, now)
        said = "Something was handed in and waits for you. Reading and answering it takes about five minutes."
        asking.tell_reviewers(stage, f"review {handed_id} {revision}", "%(name)s waits for your answer", said, now, peer_id)


def _stage(connection: Connection, session: LaunchSession, episode_id: uuid.UUID | None) -> Stage:
    return acts.required_stage(connection, session) if episode_id is None else relations.led(connection, session, episode_id)[0]


def review(
    unit_of_work: UnitOfWork, *, session: LaunchSession, handed_id: uuid.UUID, good: str, next_step: str, weak_content: str, now: datetime
) -> None:
    """Review a submission: what is good, what to do next, what the training left open. The
    first review stands.
    """
    for field, words in (("good", good), ("next_step", next_step), ("weak_content", weak_content)):
        if len(words) > LONGEST_WORDS:
            raise BadInput(f"Keep it to {LONGEST_WORDS} characters; this has {len(words)}.", field=field)
    if not good.strip() or not next_step.strip():
        raise BadInput("Write what is good, and what comes next.", field="good" if not good.strip() else "next_step")
    with unit_of_work(session.tenant_id) as connection:
        found = transfer.handed_for_update(connection, session.tenant_id, handed_id)
        if found is None:
            raise NotFound("This was not handed in.")
        episode_id, handed = found
        stage, relation = relations.asked(connection, session, episode_id, handed.peer_id)
        values = {
            "handed_in_id": handed_id,
            "reviewer_id": session.person_id,
            "relation": relation,
            "good": good,
            "next_step": next_step,
            "weak_content": weak_content,
            "at": now,
        }
        if not transfer.keep_review(connection, session.tenant_id, values):
            return
        name = ANSWERED_BY[handed.kind]
        stage.say([xapi.reviewed(stage.act(f"reviewed {handed_id}", now), name, reviewer=session.person_id, relation=relation)])
        transfer.finish(connection, session.tenant_id, episode_id, name, now)


def confirm(unit_of_work: UnitOfWork, *, session: LaunchSession, use_id: uuid.UUID, seen: bool, words: str, record: str = "", now: datetime) -> None:
    """Confirm a use on the job, or deny having seen it. The grade depends on the confirming
    person, never on the learner who claimed it.

    ``record`` refers to evidence in a work system (a ticket or an order number), which is
    stronger evidence than somebody's memory.
    """
    if len(record) > LONGEST_RECORD:
        raise BadInput(f"Keep it to {LONGEST_RECORD} characters; this has {len(record)}.", field="record")
    if len(words) > LONGEST_WORDS:
        raise BadInput(f"Keep it to {LONGEST_WORDS} characters; this has {len(words)}.", field="words")
    with unit_of_work(session.tenant_id) as connection:
        use = transfer.use_for_update(connection, session.tenant_id, use_id)
        if use is None:
            raise NotFound("There is no such use on the job.")
        stage, relation = relations.asked(connection, session, use.episode_id, use.peer_id)
        if record and relation == PEER:
            raise BadInput("A work record is vouched for by who leads or accompanies the learner.", field="record")
        grade = WORK_RECORD if record else GRADES[relation]
        values = {
            "use_id": use_id,
            "person_id": session.person_id,
            "seen": seen,
            "grade": grade,
            "words": words,
            "record": record if seen else "",
            "at": now,
        }
        if not transfer.keep_confirmation(connection, session.tenant_id, values) or not seen:
            return
        title = stage.task_name(use.task)
        act = stage.act(f"confirmed {use_id} {session.person_id}", now)
        stage.say(
            [xapi.confirmed(act, plan=use.plan_id, task=use.task, task_title=title, evidence_grade=grade, by=session.person_id, relation=relation)]
        )
        if grade > use.grade:
            _raise(stage, use, grade, title, now)


def _raise(stage: Stage, use: Use, grade: int, title: str, now: datetime) -> None:
    """Emit the use again with the higher grade and void its previous statement; the first
    verified use schedules the follow-up.
    """
    transfer.raise_grade(stage.connection, stage.tenant_id, use.id, grade, use.revision + 1)
    at = planning.moment(use.used_on, stage.episode.certified_at, use.reported_at)
    before, after = (stage.act(f"use {use.id}", at, revision=revision) for revision in (use.revision, use.revision + 1))
    stage.say(
        [
            xapi.voided(stage.act(f"void use {use.id} {use.revision}", now), xapi.statement_id(before, "applied")),
            xapi.applied(after, plan=use.plan_id, task=use.task, task_title=title, evidence_grade=grade),
        ]
    )
    asked_at = at + timedelta(days=FOLLOW_UP_DAYS)
    # Two uses may be confirmed concurrently: the database decides which came first.
    if use.grade < VERIFIED <= grade and transfer.schedule(stage.connection, stage.tenant_id, stage.episode.id, {FOLLOW_UP: asked_at}):
        stage.say([_scheduled(stage, FOLLOW_UP, asked_at, now)])


def say_no_opportunity(unit_of_work: UnitOfWork, *, session: LaunchSession, form_id: uuid.UUID, words: str, now: datetime) -> None:
    """Report that there was no opportunity to use the skill: an honest answer, and not a
    failure of the learner.
    """
    if len(words) > LONGEST_WORDS:
        raise BadInput(f"Keep it to {LONGEST_WORDS} characters; this has {len(words)}.", field="words")
    with unit_of_work(session.tenant_id) as connection:
        stage = acts.required_stage(connection, session)
        if transfer.keep_no_opportunity(connection, session.tenant_id, form_id, stage.episode.id, words, now):
            stage.say([xapi.had_no_opportunity(stage.act(f"no opportunity {form_id}", now))])


def answer_follow_up(
    unit_of_work: UnitOfWork, *, session: LaunchSession, episode_id: uuid.UUID | None, still_used: bool, how_often: str, now: datetime
) -> None:
    """Answer the two questions asked 90 days after the first verified use: as the learner, or
    (with ``episode_id``) as the learner's manager.
    """
    if how_often not in HOW_OFTEN:
        raise BadInput("Choose how often.", field="how_often")
    with unit_of_work(session.tenant_id) as connection:
        if episode_id is None:
            stage, relation = acts.required_stage(connection, session), LEARNER
        else:
            stage, relation = relations.led(connection, session, episode_id)
            if relation != MANAGER:
                raise Forbidden("The supervisor is asked this, and nobody else.")
        due = transfer.dues(connection, session.tenant_id, stage.episode.id).get(FOLLOW_UP)
        if due is None or due.due_at > now:
            raise BadInput("The follow-up is not asked yet.")
        asked = "learner" if relation == LEARNER else "supervisor"
        values = {
            "episode_id": stage.episode.id,
            "asked": asked,
            "person_id": session.person_id,
            "still_used": still_used,
            "how_often": how_often,
            "at": now,
        }
        if transfer.keep_follow_up(connection, session.tenant_id, values):
            act = stage.act(f"follow-up {stage.episode.id} {asked}", now)
            stage.say([xapi.followed_up(act, still_used=still_used, by=session.person_id, relation=relation)])
            if relation == LEARNER:
                transfer.finish(connection, session.tenant_id, stage.episode.id, FOLLOW_UP, now)


def document(unit_of_work: UnitOfWork, *, session: LaunchSession, document_id: uuid.UUID) -> tuple[str, bytes]:
    """Return (name, content) of a file: permitted for its author, the author's manager or
    mentor, and the peer who was asked.
    """
    with unit_of_work(session.tenant_id) as connection:
        found = transfer.find_document(connection, session.tenant_id, document_id)
        if found is None:
            raise NotFound("There is no such file.")
        whose, name, content = found
        shown = whose == session.person_id or transfer.asked_to_read(connection, session.tenant_id, session.person_id, document_id)
        if not shown and whose not in {one.person_id for one in transfer.led(connection, session.tenant_id, session.person_id)}:
            raise NotFound("There is no such file.")
        return name, content
