"""Read models for pages: read only, one unit of work each."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.lms import Role
from adapters.lrs_client import VisibilityScope
from core.database import UnitOfWork
from core.errors import NotFound
from lti_tool.assessment import workshops_store
from lti_tool.assessment.workshops_store import Workshop
from lti_tool.base import roles, sessions_store
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.checks import attempts_store, grades_store, quiz_attempts
from lti_tool.checks.attempts_store import Attempt
from lti_tool.checks.grades_store import GradeDelivery
from lti_tool.checks.quiz_attempts import INTERVAL_LABELS
from lti_tool.home import own_progress
from lti_tool.home.own_progress import CompetencyLine, Rhythm
from lti_tool.people import courses_store, directory_store, people_store
from lti_tool.people.courses_store import Course, FirstReading
from lti_tool.programmes import episode_context, episodes_store, programmes, working_time
from lti_tool.programmes.episodes_store import Hold, ScheduledCheck
from lti_tool.programmes.programmes import Programme
from lti_tool.tables.checks import AttemptKind
from lti_tool.transfer import plans_store, work_page
from lti_tool.transfer.plans_store import JobUse, Plan
from lti_tool.transfer.work_page import ProtocolStep

SECONDS_A_QUESTION = 36  # reading, choosing, the reason: five take about three minutes


@dataclass(frozen=True)
class CheckLine:
    """A check on the learner's page. ``state``: done, open, begun, later, missed, held."""

    interval: str
    label: str
    state: str
    due_at: datetime
    closes_at: datetime
    right: int | None
    asked: int
    attempt_id: uuid.UUID | None
    grade: GradeDelivery | None

    @property
    def minutes(self) -> int:
        """About how long it takes."""
        return -(-self.asked * SECONDS_A_QUESTION // 60)


@dataclass(frozen=True)
class TodayView:
    """Data for the learner's page."""

    programme: Programme
    certified_at: datetime
    checks: list[CheckLine]
    plan: Plan | None
    steps: list[ProtocolStep]  # of plan, exercise and case study: what is late, or due next
    competencies: list[CompetencyLine]
    rhythm: Rhythm
    uses: Sequence[JobUse]  # the last one first
    workshops: list[Workshop]  # that have not begun
    zone: ZoneInfo  # the learner's, in which hours are said
    offers: Mapping[AttemptKind, Sequence[str]]
    running: Attempt | None
    held: bool
    left: bool
    fresh: bool  # the learner has no attempts yet

    @property
    def confirmed(self) -> int:
        """Uses that somebody else or a record confirmed."""
        return sum(use.grade > 1 for use in self.uses)

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
        tenant_id, episode = session.tenant_id, context.episode
        attempts = attempts_store.list_attempts(connection, tenant_id, episode.id)
        holds = episodes_store.list_holds(connection, tenant_id, episode.id)
        planned = episodes_store.list_scheduled_checks(connection, tenant_id, episode.id)
        offers = quiz_attempts.offered_quizzes(context, attempts, now)
        measured = {item.interval: item for item in attempts if item.kind == AttemptKind.CHECK}
        sent = grades_store.deliveries_by_attempt(
            connection, tenant_id, [attempt.id for attempt in measured.values()]
        )
        plan = plans_store.find_plan(connection, tenant_id, episode.id)
        uses = plans_store.list_job_uses(connection, tenant_id, plan.id) if plan else []
        steps = work_page.list_own_steps(context, plan, now)
        answers = attempts_store.list_given_answers(connection, tenant_id, episode.id)
        memory = attempts_store.list_memory_states(connection, tenant_id, episode.id)
        upcoming = workshops_store.list_upcoming(connection, tenant_id, episode.id, now)
        me = directory_store.get_profile(connection, tenant_id, session.person_id)
    on_hold, left = any(hold.holds(now) for hold in holds), episode.left_at is not None
    lines = []
    for check in planned:
        attempt = measured.get(check.interval)
        state = _check_state(check, attempt, now, left, holds)
        grade = sent.get(attempt.id) if attempt else None
        lines.append(_check_line(check, state, attempt, context.programme.questions, grade))
    if on_hold or left:
        offers = {kind: items for kind, items in offers.items() if kind == AttemptKind.PRACTICE}
    return TodayView(
        programme=context.programme,
        certified_at=episode.certified_at,
        checks=lines,
        plan=plan,
        steps=[step for step in steps if step.state in ("late", "due")],
        competencies=own_progress.list_competencies(
            context.programme, episode.certified_at, answers, memory, now
        ),
        rhythm=own_progress.find_rhythm(
            answers, episode.certified_at, now, ZoneInfo(context.programme.calendar.time_zone)
        ),
        uses=sorted(uses, key=lambda use: (use.used_on, use.reported_at), reverse=True),
        workshops=upcoming[::-1],
        zone=working_time.resolve_working_time(
            me.time_zone, me.working_days, context.programme.calendar
        ).zone,
        offers=offers,
        running=next(
            (item for item in attempts if item.finished_at is None and item.kind in offers), None
        ),
        held=on_hold,
        left=left,
        fresh=not attempts,
    )


def _check_state(
    check: ScheduledCheck, attempt: Attempt | None, now: datetime, left: bool, holds: Sequence[Hold]
) -> str:
    if attempt:
        return _attempted_state(check, attempt, now)
    state = _open_state(check, now)
    on_hold = any(hold.holds(now) for hold in holds)
    return "held" if left or _is_paused(check, state, holds, on_hold) else state


def _attempted_state(check: ScheduledCheck, attempt: Attempt, now: datetime) -> str:
    if attempt.finished_at:
        return "done"
    return "begun" if now < check.closes_at else "missed"


def _open_state(check: ScheduledCheck, now: datetime) -> str:
    """The state of a check that nobody began, by its window alone."""
    if now < check.opens_at:
        return "later"
    return "open" if now < check.closes_at else "missed"


def _is_paused(check: ScheduledCheck, state: str, holds: Sequence[Hold], on_hold: bool) -> bool:
    """Whether a pause takes this check: a window during a pause is censored, not late."""
    return (state == "open" and on_hold) or (
        state == "missed" and any(hold.covers(check) for hold in holds)
    )


def _check_line(
    check: ScheduledCheck,
    state: str,
    attempt: Attempt | None,
    questions: int,
    grade: GradeDelivery | None,
) -> CheckLine:
    return CheckLine(
        interval=check.interval,
        label=INTERVAL_LABELS[check.interval],
        state=state,
        due_at=check.due_at,
        closes_at=check.closes_at,
        right=attempt.right_answers if attempt else None,
        asked=len(attempt.items) if attempt else questions,
        attempt_id=attempt.id if attempt else None,
        grade=grade,
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


def looks_as_learner(unit_of_work: UnitOfWork, *, session: LaunchSession) -> bool:
    """Whether this session is of a teacher of the course whom the LMS shows it as to a learner."""
    if session.role != Role.LEARNER or session.course_id is None:
        return False
    with unit_of_work(session.tenant_id) as connection:
        return courses_store.find_membership_role(
            connection, session.tenant_id, session.course_id, session.person_id
        ) == (Role.VISITOR)


def take_part(unit_of_work: UnitOfWork, *, session: LaunchSession, now: datetime) -> None:
    """Be a learner of the course: for somebody who taught it before."""
    if not looks_as_learner(unit_of_work, session=session):
        raise NotFound("You take part in this course already.")
    with unit_of_work(session.tenant_id) as connection:
        courses_store.upsert_launched_member(
            connection,
            session.tenant_id,
            session.require_course(),
            session.person_id,
            Role.LEARNER.value,
            now,
        )


def load_programme(unit_of_work: UnitOfWork, *, session: LaunchSession) -> Programme:
    """The newest version of the session's programme."""
    with unit_of_work(session.tenant_id) as connection:
        version = episodes_store.newest_programme_versions(connection, session.tenant_id)[
            session.programme
        ]
        return programmes.load_programme(connection, session.tenant_id, session.programme, version)


def load_course(
    unit_of_work: UnitOfWork, *, session: LaunchSession
) -> tuple[Course | None, FirstReading | None]:
    """The course of a session that teaches in one, and its first reading as long as that has not
    come to its end."""
    if session.course_id is None or not session.roles & roles.TEACHING_ROLES:
        return None, None
    with unit_of_work(session.tenant_id) as connection:
        course = courses_store.get_course(connection, session.tenant_id, session.course_id)
        return course, courses_store.find_first_reading(connection, session.tenant_id, course)


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
