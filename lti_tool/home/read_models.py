"""Read models for pages: read only, one unit of work each."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.lrs_client import VisibilityScope
from adapters.questions.models import Picture
from core.database import UnitOfWork
from core.errors import NotFound
from lrs.vocabulary import INTERVALS
from lti_tool.base import platforms_store, roles, tenants_store
from lti_tool.base.platforms_store import Platform
from lti_tool.checks import grades_store, refresher_quizzes
from lti_tool.coaching.coaching_store import GroupMember
from lti_tool.people import people_store
from lti_tool.people.people_store import LaunchSession
from lti_tool.programmes import episode_context, episodes_store, pictures_store, programmes
from lti_tool.programmes.episodes_store import Attempt, JobUse, Plan
from lti_tool.programmes.programmes import Programme
from lti_tool.transfer import reviewers, transfer_store

PLAN_DUE_DAYS = 7  # a plan is due within a week of certification


@dataclass(frozen=True)
class CheckLine:
    """A check on the learner's page. ``state``: done, open, begun, later, missed, held. ``grade``: sent, waiting, refused or empty."""

    interval: str
    label: str
    state: str
    due_at: datetime
    closes_at: datetime
    right: int | None
    asked: int
    attempt_id: uuid.UUID | None
    grade: str
    grade_reason: str


@dataclass(frozen=True)
class TodayView:
    """Data for the learner's page."""

    programme: Programme
    certified_at: datetime
    checks: list[CheckLine]
    plan: Plan | None
    plan_due_at: datetime
    uses: int
    offers: Mapping[str, Sequence[str]]
    running: Attempt | None
    held: bool
    left: bool
    fresh: bool  # the learner has no attempts yet

    @property
    def next_check(self) -> CheckLine | None:
        """The check that can be taken now."""
        return next((one for one in self.checks if one.state in ("begun", "open")), None)

    @property
    def refresher(self) -> str:
        """The kind of the refresher quiz that is recommended now if no check is open; empty if
        there is none.
        """
        return next((kind for kind in ("baseline", "remediation", "reinforcement") if kind in self.offers), "")


@dataclass(frozen=True)
class PlanView:
    """Data for the plan's page."""

    programme: Programme
    plan: Plan | None
    uses: list[JobUse]
    certified_at: datetime
    peers: list[GroupMember]


def load_figure_scope(unit_of_work: UnitOfWork, *, session: LaunchSession) -> VisibilityScope:
    """Return the people whose figures this session may see in its programme."""
    if not roles.sees_only_own_courses(session.roles):
        return VisibilityScope(bool(session.roles & roles.INDIVIDUAL_ACCESS_ROLES))
    with unit_of_work(session.tenant_id) as connection:
        there = (
            session.registration_id if session.joined_by in people_store.CLAIM_KINDS else None
        )  # a claim of an LMS grants access only within that LMS
        taught = episodes_store.list_taught_episodes(connection, session.tenant_id, session.person_id, session.programme, there)
    return VisibilityScope(True, tuple(str(one) for one in taught))


@dataclass(frozen=True)
class VisitContext:
    """The context of every page: the platform of the session (None if it began without an LMS),
    whether the data are practice data, whether the person participates in the programme, and
    whether something is requested of the person.
    """

    platform: Platform | None
    practice: bool
    takes_part: bool
    asked: bool


def load_visit_context(unit_of_work: UnitOfWork, *, session: LaunchSession) -> VisitContext:
    """Load the context of this session's pages."""
    with unit_of_work(session.tenant_id) as connection:
        platform = (
            platforms_store.get_platform(connection, session.tenant_id, session.registration_id) if session.registration_id is not None else None
        )
        takes_part = episodes_store.find_episode(connection, session.tenant_id, session.person_id, session.programme) is not None
        asked = transfer_store.has_open_peer_request(connection, session.tenant_id, session.person_id)
        return VisitContext(platform, tenants_store.get_tenant(connection, session.tenant_id).practice, takes_part, asked)


def has_certification(unit_of_work: UnitOfWork, *, session: LaunchSession) -> bool:
    """Whether a certification of this person is on record in the session's programme."""
    with unit_of_work(session.tenant_id) as connection:
        return episode_context.find_episode_context(connection, session) is not None


def is_practice_tenant(unit_of_work: UnitOfWork, *, tenant_id: int) -> bool:
    """Whether a tenant's data are practice data."""
    with unit_of_work(tenant_id) as connection:
        return tenants_store.get_tenant(connection, tenant_id).practice


def load_today(unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime) -> TodayView | None:
    """Load the learner's page; None if no certification is on record."""
    with unit_of_work(session.tenant_id) as connection:
        stage = episode_context.find_episode_context(connection, session)
        if stage is None:
            return None
        every = episodes_store.list_attempts(connection, session.tenant_id, stage.episode.id)
        attempts = {one.interval: one for one in every if one.kind == "check"}
        holds = episodes_store.list_holds(connection, session.tenant_id, stage.episode.id)
        held, left = any(one.holds(now) for one in holds), stage.episode.left_at is not None
        planned = episodes_store.list_scheduled_checks(connection, session.tenant_id, stage.episode.id)
        memories = episodes_store.list_memory_states(connection, session.tenant_id, stage.episode.id)
        offers = refresher_quizzes.select_quizzes(stage.programme, stage.episode, planned, every, memories, now)
        sent = grades_store.states_by_attempt(connection, session.tenant_id, [one.id for one in attempts.values()])
        labels = {interval.key: interval.label for interval in INTERVALS}
        lines = []
        for check in planned:
            attempt = attempts.get(check.interval)
            if attempt and attempt.finished_at:
                state = "done"
            elif attempt:
                state = "begun" if now < check.closes_at else "missed"
            else:
                state = "later" if now < check.opens_at else "open" if now < check.closes_at else "missed"
                if left or (state == "open" and held) or (state == "missed" and any(one.covers(check) for one in holds)):
                    state = "held"  # a window during a pause is censored, not late
            grade, reason = sent.get(attempt.id, ("", "")) if attempt else ("", "")
            lines.append(
                CheckLine(
                    interval=check.interval,
                    label=labels[check.interval],
                    state=state,
                    due_at=check.due_at,
                    closes_at=check.closes_at,
                    right=attempt.right_answers if attempt else None,
                    asked=len(attempt.items) if attempt else stage.programme.questions,
                    attempt_id=attempt.id if attempt else None,
                    grade=grade,
                    grade_reason=reason,
                )
            )
        plan = episodes_store.find_plan(connection, session.tenant_id, stage.episode.id)
        uses = episodes_store.list_job_uses(connection, session.tenant_id, plan.id) if plan else []
    certified_at = stage.episode.certified_at
    if held or left:
        offers = {kind: items for kind, items in offers.items() if kind == "practice"}
    running = next((one for one in every if one.finished_at is None and one.kind in offers), None)
    due = certified_at + timedelta(days=PLAN_DUE_DAYS)
    return TodayView(stage.programme, certified_at, lines, plan, due, len(uses), offers, running, held, left, not every)


def find_grade_state(unit_of_work: UnitOfWork, *, session: LaunchSession, attempt_id: uuid.UUID) -> tuple[str, str]:
    """Return (state, reason) of an attempt's grade; both empty if there is no grade to send."""
    with unit_of_work(session.tenant_id) as connection:
        return grades_store.states_by_attempt(connection, session.tenant_id, [attempt_id]).get(attempt_id, ("", ""))


def find_picture(unit_of_work: UnitOfWork, *, tenant_id: int, digest: str) -> Picture:
    """Find a picture of this tenant."""
    with unit_of_work(tenant_id) as connection:
        found = pictures_store.find_picture(connection, tenant_id, digest)
    if found is None:
        raise NotFound("There is no such picture.")
    return found


def load_plan(unit_of_work: UnitOfWork, *, session: LaunchSession) -> PlanView:
    """Load the plan's page."""
    with unit_of_work(session.tenant_id) as connection:
        stage = episode_context.require_episode_context(connection, session)
        found = episodes_store.find_plan(connection, session.tenant_id, stage.episode.id)
        uses = episodes_store.list_job_uses(connection, session.tenant_id, found.id) if found else []
        peers = reviewers.list_peers(stage)
    return PlanView(stage.programme, found, uses, stage.episode.certified_at, peers)


def load_uncertified_learners(unit_of_work: UnitOfWork, *, session: LaunchSession) -> tuple[str, list[tuple[uuid.UUID, str, datetime]]]:
    """Return, for a teacher, the programme's title and the course's learners without a
    certification on record.
    """
    with unit_of_work(session.tenant_id) as connection:
        version = episodes_store.newest_programme_versions(connection, session.tenant_id)[session.programme]
        title = programmes.load_programme(connection, session.tenant_id, session.programme, version).title
        waiting = people_store.list_uncertified_learners(connection, session)
    return title, waiting


def learner_names(unit_of_work: UnitOfWork, *, tenant_id: int, episodes: Sequence[str]) -> dict[str, str]:
    """Map episode → its learner's name; unknown episodes are omitted."""
    ids = []
    for text in episodes:
        try:
            ids.append(uuid.UUID(text))
        except ValueError:
            continue
    with unit_of_work(tenant_id) as connection:
        found = episodes_store.get_episodes(connection, tenant_id, ids)
        return {str(one.id): people_store.get_person_name(connection, tenant_id, one.person_id) for one in found}
