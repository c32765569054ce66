"""The transfer plan: drafted, committed, revised with history; uses on the job are reported
against it.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from adapters import xapi_statements
from core.database import UnitOfWork
from core.errors import BadInput, Conflict
from core.messages import gettext_noop
from lrs.vocabulary import ActivityKind
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.base.text_limits import require_length
from lti_tool.programmes import episode_context, schedule_store
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.transfer import plans_store, review_requests, reviewers, transfer_store
from lti_tool.transfer.plans_store import JobUse, Plan
from lti_tool.transfer.review_requests import ReviewSubject
from lti_tool.transfer.task_titles import find_task_title, statement_task_title

MAX_TITLE_LENGTH = 300
MAX_TEXT_LENGTH = 2_000  # about 300 words per field, so that the plan fits on one page
SELF_REPORTED_GRADE = 1  # evidence grade of a learner's own report


def submit_plan(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    task: str,
    what: str,
    by_when: date | None,
    with_whom: str,
    evidence: str,
    obstacle: str,
    commit: bool,
    now: datetime,
) -> None:
    """Save a draft, commit to it, or revise a committed plan; BadInput names the first missing
    field.
    """
    texts = {"what": what, "with_whom": with_whom, "evidence": evidence, "obstacle": obstacle}
    for field, text in texts.items():
        require_length(text, MAX_TEXT_LENGTH, field)
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        if task and find_task_title(context, task) is None:
            raise BadInput("Choose one of the tasks.", field="task")
        before = plans_store.find_plan(connection, session.tenant_id, context.episode.id)
        if commit or (before is not None and before.committed_at is not None):
            _require_complete_plan(task, what, by_when, context)
        created = Plan(
            before.id if before else xapi_statements.plan_id(context.episode.id),
            task,
            what,
            by_when,
            with_whom,
            evidence,
            obstacle,
            now if commit else None,
        )
        if before is not None and before.committed_at is not None:
            _revise_plan(context, before, created, now)
            return
        _save_plan(context, created, now)


def _save_plan(context: EpisodeContext, plan: Plan, now: datetime) -> None:
    """Save a draft, or commit to it (``plan.committed_at``)."""
    connection, tenant_id, episode = context.connection, context.tenant_id, context.episode
    # The database decides between two concurrent submissions: one commit succeeds, the other
    # gets Conflict.
    plan_id = plans_store.upsert_plan(connection, tenant_id, episode.id, plan, now)
    if plan_id is None:
        raise Conflict("This plan was committed a moment ago. Look at it; then revise it.")
    if plan.committed_at is None:
        return
    assert plan.by_when is not None
    transfer_store.insert_plan_revision(connection, tenant_id, replace(plan, id=plan_id), 1, now)
    schedule_store.mark_act_done(connection, tenant_id, episode.id, ActivityKind.PLAN, now)
    act = context.act(f"commit {plan_id}", now)
    context.enqueue_statements(
        [
            xapi_statements.committed_statement(
                act,
                plan=plan_id,
                task=plan.task,
                task_title=statement_task_title(context, plan.task),
                due_at=_end_of_day(plan.by_when),
            )
        ]
    )


def _revise_plan(context: EpisodeContext, before: Plan, plan: Plan, now: datetime) -> None:
    """Revise a committed plan; the previous revision stays on record."""
    if replace(plan, committed_at=before.committed_at, revision=before.revision) == before:
        return
    revision = max(before.revision, 1) + 1
    if before.revision == 0:  # committed before plan revisions were stored
        transfer_store.insert_plan_revision(
            context.connection, context.tenant_id, before, 1, before.committed_at or now
        )
    if not transfer_store.insert_plan_revision(
        context.connection, context.tenant_id, plan, revision, now
    ):
        raise Conflict("This plan was revised a moment ago. Look at it; then revise it once more.")
    assert plan.by_when is not None
    act = context.act(f"revise {plan.id} {revision}", now)
    due_at = _end_of_day(plan.by_when)
    context.enqueue_statements(
        [
            xapi_statements.plan_revised_statement(
                act,
                plan=plan.id,
                task=plan.task,
                task_title=statement_task_title(context, plan.task),
                due_at=due_at,
            )
        ]
    )


def _end_of_day(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), UTC)


def _require_complete_plan(
    task: str, what: str, by_when: date | None, context: EpisodeContext
) -> None:
    if not task:
        raise BadInput("Choose the task on which you will use what you learned.", field="task")
    if not what:
        raise BadInput("Write what you will do.", field="what")
    if by_when is None:
        raise BadInput("Enter the day by which you will have done it.", field="by_when")
    if by_when < context.episode.certified_at.date():
        raise BadInput("This day lies before your certification.", field="by_when")


def report_job_use(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    form_id: uuid.UUID,
    task: str,
    used_on: date | None,
    words: str,
    peer: str = "",
    now: datetime,
) -> None:
    """Report that the skill was used at work. ``form_id`` comes from the form and makes the
    request idempotent: sending it twice reports one use.

    ``peer``: the id of a coaching group member who saw the use and is asked to confirm it, or
    empty.
    """
    require_length(words, MAX_TEXT_LENGTH, "words")
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        plan = plans_store.find_plan(connection, session.tenant_id, context.episode.id)
        if plan is None or plan.committed_at is None:
            raise BadInput("Commit to your plan first; then report how you used it.", field="task")
        if find_task_title(context, task) is None:
            raise BadInput("Choose the task on which you used it.", field="task")
        if used_on is None or used_on > now.date() + timedelta(days=1):
            raise BadInput(
                "Enter the day on which you used it; it cannot lie in the future.", field="used_on"
            )
        if used_on < context.episode.certified_at.date():
            raise BadInput("This day lies before your certification.", field="used_on")
        use = JobUse(
            form_id, task, used_on, words, now, peer_id=reviewers.peer_from_form(context, peer)
        )
        if not plans_store.insert_job_use(connection, session.tenant_id, plan.id, use):
            return
        review_requests.mail_reviewers(
            context,
            f"review uses {context.episode.id} {now:%Y-%m-%d}",
            gettext_noop("%(name)s used it at work and asks you to confirm it"),
            gettext_noop(
                "Say whether you saw it, or where a record of the work shows it. It takes a minute."
            ),
            now,
            use.peer_id,
            about=ReviewSubject(use_id=use.id),
        )
        act = context.act(
            f"use {use.id}", use_timestamp(used_on, context.episode.certified_at, now)
        )
        context.enqueue_statements(
            [
                xapi_statements.applied_statement(
                    act,
                    plan=plan.id,
                    task=task,
                    task_title=statement_task_title(context, task),
                    evidence_grade=SELF_REPORTED_GRADE,
                )
            ]
        )


def use_timestamp(used_on: date, certified_at: datetime, now: datetime) -> datetime:
    """Return noon of the reported day, but not before the certification and not in the future."""
    noon = datetime.combine(used_on, time(12), UTC)
    return min(max(noon, certified_at + timedelta(seconds=1)), now)
