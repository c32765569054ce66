"""What the page of the transfer plan shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.database import UnitOfWork
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.coaching.coaching_store import GroupMember
from lti_tool.programmes import episode_context
from lti_tool.programmes.programmes import Programme
from lti_tool.transfer import plans_store, reviewers, transfer_store
from lti_tool.transfer.plans_store import JobUse, Plan
from lti_tool.transfer.work_page import _task_titles


@dataclass(frozen=True)
class PlanView:
    """Data for the plan's page."""

    programme: Programme
    plan: Plan | None
    uses: list[JobUse]
    certified_at: datetime
    peers: list[GroupMember]


def load_plan(unit_of_work: UnitOfWork, *, session: LaunchSession) -> PlanView:
    """Load the plan's page."""
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        result = plans_store.find_plan(connection, session.tenant_id, context.episode.id)
        uses = plans_store.list_job_uses(connection, session.tenant_id, result.id) if result else []
        peers = reviewers.list_peers(context)
    return PlanView(context.programme, result, uses, context.episode.certified_at, peers)


def list_task_titles(unit_of_work: UnitOfWork, *, session: LaunchSession) -> dict[str, str]:
    """List the tasks that a learner may choose from."""
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        return _task_titles(
            context,
            transfer_store.list_mapped_tasks(connection, session.tenant_id, context.episode.id),
        )


def list_plan_revisions(unit_of_work: UnitOfWork, *, session: LaunchSession) -> list[Any]:
    """List all revisions of the learner's plan, newest first."""
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        plan = plans_store.find_plan(connection, session.tenant_id, context.episode.id)
        return (
            transfer_store.list_plan_revisions(connection, session.tenant_id, plan.id)
            if plan
            else []
        )
