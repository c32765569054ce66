"""Read models for pages: read only, one unit of work each."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.lrs_client import VisibilityScope
from core.database import UnitOfWork
from lrs.vocabulary import INTERVALS
from lti_tool.base import roles, sessions_store
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.checks import attempts_store, grades_store, refresher_quizzes
from lti_tool.checks.attempts_store import Attempt
from lti_tool.people import people_store
from lti_tool.programmes import episode_context, episodes_store, programmes
from lti_tool.programmes.programmes import Programme
from lti_tool.tables.checks import AttemptKind
from lti_tool.transfer import plans_store
from lti_tool.transfer.plans_store import Plan

PLAN_DUE_DAYS = 7  # a plan is due within a week of certification


@dataclass(frozen=True)
class CheckLine:
    """A check on the learner's page. ``state``: done, open, begun, later, missed, held. ``grade``:
    sent, waiting, refused or empty.
    """

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
    offers: Mapping[AttemptKind, Sequence[str]]
    running: Attempt | None
    held: bool
    left: bool
    fresh: bool  # the learner has no attempts yet

    @property
    def next_check(self) -> CheckLine | None:
        """The check that can be taken now."""
        return next((check for check in self.checks if check.state in ("begun", "open")), None)

    @property
    def refresher(self) -> str:
        """The kind of the refresher quiz that is recommended now if no check is open; empty if
        there is none.
        """
        return next(
            (
                kind
                for kind in (
                    AttemptKind.BASELINE,
                    AttemptKind.REMEDIATION,
                    AttemptKind.REINFORCEMENT,
                )
                if kind in self.offers
            ),
            "",
        )


def load_figure_scope(unit_of_work: UnitOfWork, *, session: LaunchSession) -> VisibilityScope:
    """Return the people whose figures this session may see in its programme."""
    if not roles.sees_only_own_courses(session.roles):
        return VisibilityScope(bool(session.roles & roles.INDIVIDUAL_ACCESS_ROLES))
    with unit_of_work(session.tenant_id) as connection:
        registration_id = (
            session.registration_id if session.joined_by in sessions_store.CLAIM_KINDS else None
        )  # a claim of an LMS grants access only within that LMS
        taught = episodes_store.list_taught_episodes(
            connection, session.tenant_id, session.person_id, session.programme, registration_id
        )
    return VisibilityScope(True, tuple(str(item) for item in taught))


def has_certification(unit_of_work: UnitOfWork, *, session: LaunchSession) -> bool:
    """Whether a certification of this person is on record in the session's programme."""
    with unit_of_work(session.tenant_id) as connection:
        return episode_context.find_episode_context(connection, session) is not None


def load_today(
    unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime
) -> TodayView | None:
    """Load the learner's page; None if no certification is on record."""
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.find_episode_context(connection, session)
        if context is None:
            return None
        all_attempts = attempts_store.list_attempts(
            connection, session.tenant_id, context.episode.id
        )
        attempts = {item.interval: item for item in all_attempts if item.kind == AttemptKind.CHECK}
        holds = episodes_store.list_holds(connection, session.tenant_id, context.episode.id)
        on_hold, left = any(hold.holds(now) for hold in holds), context.episode.left_at is not None
        planned = episodes_store.list_scheduled_checks(
            connection, session.tenant_id, context.episode.id
        )
        memories = attempts_store.list_memory_states(
            connection, session.tenant_id, context.episode.id
        )
        offers = refresher_quizzes.select_quizzes(
            context.programme, context.episode, planned, all_attempts, memories, now
        )
        sent = grades_store.states_by_attempt(
            connection, session.tenant_id, [attempt.id for attempt in attempts.values()]
        )
        labels = {interval.key: interval.label for interval in INTERVALS}
        lines = []
        for check in planned:
            attempt = attempts.get(check.interval)
            if attempt and attempt.finished_at:
                state = "done"
            elif attempt:
                state = "begun" if now < check.closes_at else "missed"
            else:
                state = (
                    "later"
                    if now < check.opens_at
                    else "open"
                    if now < check.closes_at
                    else "missed"
                )
                if (
                    left
                    or (state == "open" and on_hold)
                    or (state == "missed" and any(hold.covers(check) for hold in holds))
                ):
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
                    asked=len(attempt.items) if attempt else context.programme.questions,
                    attempt_id=attempt.id if attempt else None,
                    grade=grade,
                    grade_reason=reason,
                )
            )
        plan = plans_store.find_plan(connection, session.tenant_id, context.episode.id)
        uses = plans_store.list_job_uses(connection, session.tenant_id, plan.id) if plan else []
    certified_at = context.episode.certified_at
    if on_hold or left:
        offers = {kind: items for kind, items in offers.items() if kind == AttemptKind.PRACTICE}
    running = next(
        (item for item in all_attempts if item.finished_at is None and item.kind in offers), None
    )
    due = certified_at + timedelta(days=PLAN_DUE_DAYS)
    return TodayView(
        context.programme,
        certified_at,
        lines,
        plan,
        due,
        len(uses),
        offers,
        running,
        on_hold,
        left,
        not all_attempts,
    )


def load_uncertified_learners(
    unit_of_work: UnitOfWork, *, session: LaunchSession
) -> tuple[str, list[tuple[uuid.UUID, str, datetime]]]:
    """Return, for a teacher, the programme's title and the course's learners without a
    certification on record.
    """
    with unit_of_work(session.tenant_id) as connection:
        version = episodes_store.newest_programme_versions(connection, session.tenant_id)[
            session.programme
        ]
        title = programmes.load_programme(
            connection, session.tenant_id, session.programme, version
        ).title
        waiting = people_store.list_uncertified_learners(connection, session)
    return title, waiting


def learner_names(
    unit_of_work: UnitOfWork, *, tenant_id: int, episodes: Sequence[str]
) -> dict[str, str]:
    """Map episode → its learner's name; unknown episodes are omitted."""
    ids = []
    for text in episodes:
        try:
            ids.append(uuid.UUID(text))
        except ValueError:
            continue
    with unit_of_work(tenant_id) as connection:
        result = episodes_store.get_episodes(connection, tenant_id, ids)
        return {
            str(item.id): people_store.get_person_name(connection, tenant_id, item.person_id)
            for item in result
        }
