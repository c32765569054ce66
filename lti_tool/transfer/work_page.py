"""Read models for the transfer protocol pages: read only, one unit of work each."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from core.database import UnitOfWork
from lrs.vocabulary import REPLY_KINDS
from lti_tool.assessment import assessments_store, behaviour_assessment
from lti_tool.coaching.coaching_store import GroupMember
from lti_tool.people.people_store import LaunchSession
from lti_tool.programmes import episode_context, episodes_store, programmes
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.programmes import Programme
from lti_tool.transfer import reviewers, transfer_protocol, transfer_store
from lti_tool.transfer.transfer_protocol import ASSESSMENT, FOLLOW_UP
from lti_tool.transfer.transfer_store import LearnerEpisode, MappedTask, ReportedUse, Review, ScheduledAct, Submission


@dataclass(frozen=True)
class ProtocolStep:
    """A step of the protocol. ``state``: done, due, late, unasked (its due date passed before
    it was scheduled), waiting (its due date has passed, but nothing was handed in to review, so
    nobody is late)."""

    act: str
    due_at: datetime | None
    done_at: datetime | None
    state: str


@dataclass(frozen=True)
class WorkView:
    """Data for the learner's protocol page."""

    programme: Programme
    steps: list[ProtocolStep]
    tasks: list[MappedTask]
    titles: dict[str, str]
    handed: dict[str, Submission]
    answers: dict[str, Review]
    no_opportunity_at: datetime | None
    follow_up_asked: bool
    unmapped: list[str]
    peers: list[GroupMember]


@dataclass(frozen=True)
class InboxItem:
    """An item that waits for a reviewer, with its task's title and the due date of the answer.

    ``words``: what the learner wrote when requesting an assessment.
    """

    learner: LearnerEpisode
    relation: str
    programme: str
    title: str
    handed: Submission | None
    use: ReportedUse | None
    due_at: datetime | None
    words: str = ""


@dataclass(frozen=True)
class Inbox:
    """A reviewer's page: submissions, uses to confirm, assessments, follow-ups, and the people
    whom the reviewer leads or mentors.
    """

    handed: list[InboxItem]
    uses: list[InboxItem]
    assessments: list[InboxItem]
    follow_ups: list[InboxItem]
    people: list[LearnerEpisode]
    assessable: frozenset[uuid.UUID]
    exercises: dict[str, str]


def load_work_page(unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime) -> WorkView:
    """Load the learner's protocol page."""
    with unit_of_work(session.tenant_id) as connection:
        stage = episode_context.require_episode_context(connection, session)
        dues = transfer_store.scheduled_acts_by_name(connection, session.tenant_id, stage.episode.id)
        handed = transfer_store.submissions_by_kind(connection, session.tenant_id, stage.episode.id)
        found = transfer_store.reviews_by_submission(connection, session.tenant_id, [one.id for one in handed.values()])
        tasks = transfer_store.list_mapped_tasks(connection, session.tenant_id, stage.episode.id)
        plan = episodes_store.find_plan(connection, session.tenant_id, stage.episode.id)
        last = transfer_store.latest_no_opportunity_at(connection, session.tenant_id, stage.episode.id)
        answered = transfer_store.list_answered_follow_ups(connection, session.tenant_id, [stage.episode.id])
        peers = reviewers.list_peers(stage)
    done = {"plan": plan.committed_at if plan else None}
    done |= {kind: handed[kind].at if kind in handed else None for kind in REPLY_KINDS}
    answers = {kind: found[handed[kind].id] for kind in handed if handed[kind].id in found}
    done |= {act: answers[kind].at if kind in answers else None for kind, act in REPLY_KINDS.items()}
    if ASSESSMENT in dues:
        done[ASSESSMENT] = dues[ASSESSMENT].done_at
    for kind, act in REPLY_KINDS.items():
        if act in dues and kind in handed:
            dues[act] = replace(dues[act], due_at=transfer_protocol.review_due_at(kind, dues[act].due_at, handed[kind].at))
    waiting = {act for kind, act in REPLY_KINDS.items() if kind not in handed}
    steps = [_build_step(act, dues.get(act), done.get(act), now, act in waiting) for act in transfer_protocol.protocol_for(stage.programme)]
    follow_up = dues.get(FOLLOW_UP)
    asked = follow_up is not None and follow_up.due_at <= now and (stage.episode.id, "learner") not in answered
    mapped = {one.competency for one in tasks}
    unmapped = [one.title for one in stage.programme.competencies if one.key not in mapped]
    return WorkView(stage.programme, steps, tasks, _task_titles(stage, tasks), handed, answers, last, asked, unmapped, peers)


def _build_step(act: str, due: ScheduledAct | None, done_at: datetime | None, now: datetime, waiting: bool) -> ProtocolStep:
    passed = "waiting" if waiting else "late"
    state = "done" if done_at else "unasked" if due is None else passed if due.due_at < now else "due"
    return ProtocolStep(act, due.due_at if due else None, done_at, state)


def _task_titles(stage: EpisodeContext, tasks: list[MappedTask]) -> dict[str, str]:
    """Map task key → title: the learner's own tasks first, then the rest of the programme's
    list.
    """
    return {one.key: one.title for one in tasks} | {
        one.key: one.title for one in stage.programme.tasks if one.key not in {task.key for task in tasks}
    }


def list_task_titles(unit_of_work: UnitOfWork, *, session: LaunchSession) -> dict[str, str]:
    """List the tasks that a learner may choose from."""
    with unit_of_work(session.tenant_id) as connection:
        stage = episode_context.require_episode_context(connection, session)
        return _task_titles(stage, transfer_store.list_mapped_tasks(connection, session.tenant_id, stage.episode.id))


def list_plan_revisions(unit_of_work: UnitOfWork, *, session: LaunchSession) -> list[Any]:
    """List all revisions of the learner's plan, newest first."""
    with unit_of_work(session.tenant_id) as connection:
        stage = episode_context.require_episode_context(connection, session)
        plan = episodes_store.find_plan(connection, session.tenant_id, stage.episode.id)
        return transfer_store.list_plan_revisions(connection, session.tenant_id, plan.id) if plan else []


def load_inbox(unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime) -> Inbox:
    """Load a reviewer's inbox, most urgent items first."""
    with unit_of_work(session.tenant_id) as connection:
        led = transfer_store.list_led_episodes(connection, session.tenant_id, session.person_id)
        ids = [one.episode_id for one in led]
        given_in = transfer_store.list_unreviewed_submissions(connection, session.tenant_id, ids, session.person_id)
        claimed = transfer_store.list_unanswered_uses(connection, session.tenant_id, ids, session.person_id)
        wishes = assessments_store.list_requests_to_rater(connection, session.tenant_id, session.person_id)
        others = [*(one for one, _ in given_in), *(one.episode_id for one in claimed), *(one.episode_id for one in wishes)]
        # Learners who have left the programme are in neither: nothing of theirs is pending any
        # more.
        by_episode = {one.episode_id: one for one in led} | transfer_store.learners_by_episode(connection, session.tenant_id, others)
        stages: dict[uuid.UUID, EpisodeContext] = {}

        def to_inbox_item(
            episode_id: uuid.UUID, task: str, handed: Submission | None, use: ReportedUse | None, due: ScheduledAct | None, words: str = ""
        ) -> InboxItem:
            if episode_id not in stages:
                stages[episode_id] = episode_context.load_episode_context(
                    connection, session.tenant_id, episodes_store.get_episode(connection, session.tenant_id, episode_id)
                )
            stage, learner = stages[episode_id], by_episode[episode_id]
            relation = reviewers.relation_to_learner(session.person_id, learner)
            title = stage.task_title(task) or task
            return InboxItem(learner, relation, stage.programme.title, title, handed, use, due.due_at if due else None, words)

        answer_dues = {
            act: transfer_store.acts_by_episode(connection, session.tenant_id, ids, act) for act in (*REPLY_KINDS.values(), FOLLOW_UP, ASSESSMENT)
        }
        handed = [
            to_inbox_item(episode_id, one.task, one, None, _with_review_due(answer_dues[REPLY_KINDS[one.kind]].get(episode_id), one))
            for episode_id, one in given_in
            if episode_id in by_episode
        ]
        uses = [
            to_inbox_item(one.episode_id, one.task, None, one, None)
            for one in claimed
            if one.episode_id in by_episode and one.grade < _evidence_grade(by_episode[one.episode_id], session)
        ]
        to_assess = [to_inbox_item(one.episode_id, "", None, None, None, one.words) for one in wishes if one.episode_id in by_episode]
        wished = {one.episode_id for one in wishes}
        to_assess += [
            to_inbox_item(episode_id, "", None, None, due)
            for episode_id, due in answer_dues[ASSESSMENT].items()
            if due.done_at is None and due.due_at - behaviour_assessment.OPENS_BEFORE_DUE <= now and episode_id not in wished
        ]
        given = transfer_store.list_answered_follow_ups(connection, session.tenant_id, ids)
        follow_ups = [
            to_inbox_item(episode_id, "", None, None, due)
            for episode_id, due in answer_dues[FOLLOW_UP].items()
            if due.due_at <= now and (episode_id, "supervisor") not in given and by_episode[episode_id].manager_id == session.person_id
        ]
        assessable, exercises = _programmes_with_rubric(connection, session.tenant_id, ids)
    handed.sort(key=lambda one: (one.due_at is None, one.due_at, one.learner.name))
    return Inbox(handed, uses, to_assess, follow_ups, led, assessable, exercises)


def _with_review_due(due: ScheduledAct | None, handed: Submission) -> ScheduledAct | None:
    return replace(due, due_at=transfer_protocol.review_due_at(handed.kind, due.due_at, handed.at)) if due else None


def _programmes_with_rubric(connection: Connection, tenant_id: int, episode_ids: Sequence[uuid.UUID]) -> tuple[frozenset[uuid.UUID], dict[str, str]]:
    """Return the episodes whose programme has a rubric, and the programmes (key → title) whose
    newest version has cases to practise on.
    """
    episodes = episodes_store.get_episodes(connection, tenant_id, episode_ids)
    versions = {(one.programme, one.programme_version) for one in episodes}
    newest = episodes_store.newest_programme_versions(connection, tenant_id)
    wanted = versions | {(key, newest[key]) for key, _ in versions}
    loaded = {one: programmes.load_programme(connection, tenant_id, *one) for one in wanted}
    assessable = frozenset(one.id for one in episodes if loaded[one.programme, one.programme_version].rubric)
    exercises = {}
    for key in sorted({key for key, _ in versions}):
        found = loaded[key, newest[key]]
        if found.rubric and found.rubric.cases:
            exercises[key] = found.title
    return assessable, exercises


def _evidence_grade(learner: LearnerEpisode, session: LaunchSession) -> int:
    """Return the evidence grade that this person's confirmation would give: those who cannot
    raise a grade are not asked.
    """
    return transfer_protocol.EVIDENCE_GRADES[reviewers.relation_to_learner(session.person_id, learner)]
