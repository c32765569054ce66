"""Read models for the transfer protocol pages: read only, one unit of work each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from core.database import UnitOfWork
from lrs.vocabulary import REPLY_KINDS, ActivityKind, Relation
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.coaching.coaching_store import GroupMember
from lti_tool.programmes import due_dates, episode_context, schedule_store, transfer_schedule
from lti_tool.programmes.due_dates import ASSESSMENT, FOLLOW_UP
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.programmes import Programme
from lti_tool.programmes.schedule_store import ScheduledAct
from lti_tool.transfer import plans_store, reviewers, transfer_store
from lti_tool.transfer.plans_store import Plan
from lti_tool.transfer.transfer_store import MappedTask, Review, Submission


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


def load_work_page(unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime) -> WorkView:
    """Load the learner's protocol page."""
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        dues = schedule_store.scheduled_acts_by_name(
            connection, session.tenant_id, context.episode.id
        )
        handed = transfer_store.submissions_by_kind(
            connection, session.tenant_id, context.episode.id
        )
        result = transfer_store.reviews_by_submission(
            connection, session.tenant_id, [item.id for item in handed.values()]
        )
        tasks = transfer_store.list_mapped_tasks(connection, session.tenant_id, context.episode.id)
        plan = plans_store.find_plan(connection, session.tenant_id, context.episode.id)
        last = transfer_store.latest_no_opportunity_at(
            connection, session.tenant_id, context.episode.id
        )
        answered = transfer_store.list_answered_follow_ups(
            connection, session.tenant_id, [context.episode.id]
        )
        peers = reviewers.list_peers(context)
    answers = {kind: result[handed[kind].id] for kind in handed if handed[kind].id in result}
    follow_up = dues.get(FOLLOW_UP)
    follow_up_is_due = (
        follow_up is not None
        and follow_up.due_at <= now
        and (context.episode.id, Relation.LEARNER) not in answered
    )
    mapped = {task.competency for task in tasks}
    unmapped = [
        competency.title
        for competency in context.programme.competencies
        if competency.key not in mapped
    ]
    return WorkView(
        context.programme,
        _protocol_steps(context.programme, dues, plan, handed, answers, now),
        tasks,
        _task_titles(context, tasks),
        handed,
        answers,
        last,
        follow_up_is_due,
        unmapped,
        peers,
    )


def list_own_steps(context: EpisodeContext, plan: Plan | None, now: datetime) -> list[ProtocolStep]:
    """The steps of the protocol that are the learner's own, with what became of them."""
    of = (context.connection, context.tenant_id, context.episode.id)
    dues = schedule_store.scheduled_acts_by_name(*of)
    handed = transfer_store.submissions_by_kind(*of)
    steps = _protocol_steps(context.programme, dues, plan, handed, {}, now)
    return [step for step in steps if step.act in (ActivityKind.PLAN, *REPLY_KINDS)]


def _protocol_steps(
    programme: Programme,
    dues: dict[str, ScheduledAct],
    plan: Plan | None,
    handed: Mapping[str, Submission],
    answers: Mapping[str, Review],
    now: datetime,
) -> list[ProtocolStep]:
    """The steps of the programme's protocol; a review is due after what it answers."""
    done = {ActivityKind.PLAN: plan.committed_at if plan else None}
    done |= {kind: handed[kind].at if kind in handed else None for kind in REPLY_KINDS}
    done |= {
        act: answers[kind].at if kind in answers else None for kind, act in REPLY_KINDS.items()
    }
    if ASSESSMENT in dues:
        done[ASSESSMENT] = dues[ASSESSMENT].done_at
    dues = dues | {
        act: replace(
            dues[act], due_at=due_dates.review_due_at(kind, dues[act].due_at, handed[kind].at)
        )
        for kind, act in REPLY_KINDS.items()
        if act in dues and kind in handed
    }
    waiting = {act for kind, act in REPLY_KINDS.items() if kind not in handed}
    return [
        _build_step(act, dues.get(act), done.get(act), now, act in waiting)
        for act in transfer_schedule.protocol_for(programme)
    ]


def _build_step(
    act: str, due: ScheduledAct | None, done_at: datetime | None, now: datetime, waiting: bool
) -> ProtocolStep:
    passed = "waiting" if waiting else "late"
    state = (
        "done" if done_at else "unasked" if due is None else passed if due.due_at < now else "due"
    )
    return ProtocolStep(act, due.due_at if due else None, done_at, state)


def _task_titles(context: EpisodeContext, tasks: list[MappedTask]) -> dict[str, str]:
    """Map task key → title: the learner's own tasks first, then the rest of the programme's
    list.
    """
    return {task.key: task.title for task in tasks} | {
        item.key: item.title
        for item in context.programme.tasks
        if item.key not in {task.key for task in tasks}
    }
