"""Taking a quiz: begin or resume, answer one question at a time, see feedback at once, get a
score at the end.

Checks and the baseline measure; reinforcement, remediation and practice do not, and draw
from a pool that checks never use. Practice sends no statement: no manager ever sees it.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters import xapi_statements
from adapters.questions.models import QuestionItem
from core.database import UnitOfWork
from core.errors import BadInput, NotFound
from lrs.vocabulary import INTERVALS, AnswerKind
from lti_tool.base.sessions_store import LaunchSession
from lti_tool.checks import (
    attempts_store,
    attention,
    grades_store,
    refresher_quizzes,
    remediation_schedule,
)
from lti_tool.checks.attempts_store import Answer, Attempt
from lti_tool.checks.grades_store import NewGrade
from lti_tool.programmes import activity_pages, episode_context, episodes_store
from lti_tool.programmes.episode_context import EpisodeContext
from lti_tool.programmes.programmes import Programme
from lti_tool.questions import item_responses
from lti_tool.questions.item_sampling import sample_check_items
from lti_tool.tables.checks import AttemptKind

INTERVAL_LABELS = {interval.key: interval.label for interval in INTERVALS}
KINDS_WITHOUT_INTERVAL = frozenset(AttemptKind) - {AttemptKind.CHECK}
CONFIDENCE_LEVELS = (1, 2, 3)


@dataclass(frozen=True)
class AttemptProgress:
    """An attempt as its learner sees it: the questions and the answers so far."""

    attempt: Attempt
    programme: Programme
    answers: list[Answer]

    @property
    def position(self) -> int | None:
        """The next question, counted from 1; None if all are answered."""
        return len(self.answers) + 1 if len(self.answers) < len(self.attempt.items) else None

    @property
    def label(self) -> str:
        """The label of the interval; empty for a quiz without one."""
        return INTERVAL_LABELS.get(self.attempt.interval, "")

    def item(self, position: int) -> QuestionItem:
        """The question at a position, counted from 1."""
        return self.programme.item(self.attempt.items[position - 1])


def begin_check(
    unit_of_work: UnitOfWork, *, session: LaunchSession, interval: str, now: datetime
) -> uuid.UUID:
    """Begin or resume the check of an interval; return the attempt's id. BadInput outside
    its window, or while the learner is on hold."""
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        check = next(
            (
                check
                for check in episodes_store.list_scheduled_checks(
                    connection, session.tenant_id, context.episode.id
                )
                if check.interval == interval
            ),
            None,
        )
        if check is None:
            raise NotFound("This check is not on your schedule.")
        attempts = attempts_store.list_attempts(connection, session.tenant_id, context.episode.id)
        known = _latest_attempt(attempts, AttemptKind.CHECK, interval)
        if known is not None:
            return known.id
        if not check.opens_at <= now < check.closes_at:
            raise BadInput("This check is not open now; your page shows when it is.")
        _require_active_episode(context, now)
        return _start_attempt(
            context,
            session,
            AttemptKind.CHECK,
            interval,
            _draw_check_items(context, interval, attempts),
            now,
        )


def _draw_check_items(
    context: EpisodeContext, interval: str, attempts: Sequence[Attempt]
) -> list[str]:
    met = {
        item for attempt in attempts if attempt.kind == AttemptKind.CHECK for item in attempt.items
    }
    return sample_check_items(context.programme, context.episode.id, interval, met)


def next_check_item(context: EpisodeContext, interval: str) -> str:
    """Return the key of the question that the check of an interval asks next, also before it has
    begun; empty if all are answered."""
    attempts = attempts_store.list_attempts(
        context.connection, context.tenant_id, context.episode.id
    )
    known = _latest_attempt(attempts, AttemptKind.CHECK, interval)
    if known is None:
        items, answered = _draw_check_items(context, interval, attempts), 0
    else:
        items, answered = known.items, _count_answers(context, known)
    return items[answered] if answered < len(items) else ""


def next_refresher_item(context: EpisodeContext, now: datetime) -> tuple[str, str] | None:
    """Return (kind, key of the next question) of the refresher that is open now: after a lapse
    remediation, otherwise reinforcement; None if there is neither."""
    attempts = attempts_store.list_attempts(
        context.connection, context.tenant_id, context.episode.id
    )
    offered = offered_quizzes(context, attempts, now)
    for kind in (AttemptKind.REMEDIATION, AttemptKind.REINFORCEMENT):
        running = _find_running(attempts, kind)
        if running is not None:
            return kind, running.items[_count_answers(context, running)]
        if offered.get(kind):
            return kind, offered[kind][0]
    return None


def _count_answers(context: EpisodeContext, attempt: Attempt) -> int:
    return len(attempts_store.list_answers(context.connection, context.tenant_id, attempt.id))


def begin_quiz(
    unit_of_work: UnitOfWork, *, session: LaunchSession, kind: str, now: datetime, first: str = ""
) -> uuid.UUID:
    """Begin or resume a quiz that belongs to no interval: the baseline, reinforcement,
    remediation or practice. ``first``: a question that was sent to the learner; one that begins
    now asks it first, and asks it alone where nothing of this kind is offered any more."""
    if kind not in KINDS_WITHOUT_INTERVAL:
        raise NotFound("There is no such quiz.")
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        attempts = attempts_store.list_attempts(connection, session.tenant_id, context.episode.id)
        running = _find_running(attempts, kind)
        if running is not None:
            return running.id
        if kind != AttemptKind.PRACTICE:
            _require_active_episode(context, now)
        chosen = offered_quizzes(context, attempts, now).get(AttemptKind(kind)) or (
            [first] if first else []
        )
        if not chosen:
            raise BadInput("There is nothing of this kind to do now; your page shows what is next.")
        chance = random.Random(f"{context.episode.id} {kind} {len(attempts)}")  # noqa: S311 - the order of questions, not a secret
        items = list(chosen)
        chance.shuffle(items)
        if first:
            items = [first, *(item for item in items if item != first)][: len(items)]
        return _start_attempt(context, session, kind, "", items, now)


def _find_running(attempts: Sequence[Attempt], kind: str) -> Attempt | None:
    """The attempt of this kind that goes on; a finished baseline is not asked again."""
    return next(
        (
            attempt
            for attempt in attempts
            if attempt.kind == kind
            and (attempt.finished_at is None or kind == AttemptKind.BASELINE)
        ),
        None,
    )


def offered_quizzes(
    context: EpisodeContext, attempts: Sequence[Attempt], now: datetime
) -> Mapping[AttemptKind, Sequence[str]]:
    """Return quiz kind → keys of the questions that it would ask now, as far as the person's week
    has minutes left for them."""
    connection, tenant_id, episode = context.connection, context.tenant_id, context.episode
    offered = refresher_quizzes.select_quizzes(
        context.programme,
        episode,
        episodes_store.list_scheduled_checks(connection, tenant_id, episode.id),
        attempts,
        attempts_store.list_memory_states(connection, tenant_id, episode.id),
        now,
    )
    running = frozenset(attempt.kind for attempt in attempts if attempt.finished_at is None)
    return attention.keep_within_budget(context, offered, running, now)


def _require_active_episode(context: EpisodeContext, now: datetime) -> None:
    if context.episode.left_at is not None:
        raise BadInput("You left this programme; nothing is due any more.")
    if any(
        hold.holds(now)
        for hold in episodes_store.list_holds(
            context.connection, context.tenant_id, context.episode.id
        )
    ):
        raise BadInput("You are on hold; nothing is due until it ends.")


def _start_attempt(
    context: EpisodeContext,
    session: LaunchSession,
    kind: str,
    interval: str,
    items: list[str],
    now: datetime,
) -> uuid.UUID:
    place = (
        attempts_store.find_grade_place(
            context.connection, context.tenant_id, session.person_id, session.programme
        )
        if session.course_id is None
        else None
    )
    created = Attempt(
        id=uuid.uuid4(),
        episode_id=context.episode.id,
        interval=interval,
        kind=kind,
        items=items,
        line_item_url=session.line_item_url,
        line_items_url=place.line_items_url if place else session.line_items_url,
        course_id=place.course_id if place else session.course_id,
        registration_id=place.registration_id if place else session.registration_id,
        subject=place.subject if place else session.subject,
        started_at=now,
        finished_at=None,
        right_answers=None,
    )
    if not attempts_store.insert_attempt(context.connection, context.tenant_id, created):
        # A concurrent request, such as another tab, has begun it.
        other = _latest_attempt(
            attempts_store.list_attempts(context.connection, context.tenant_id, context.episode.id),
            kind,
            interval,
        )
        assert other is not None
        return other.id
    if kind != AttemptKind.PRACTICE:
        context.enqueue_statements(
            [
                xapi_statements.attempted_statement(
                    context.act(f"attempt {created.id}", now), attempt_quiz(created)
                )
            ]
        )
    return created.id


def attempt_quiz(attempt: Attempt) -> xapi_statements.Quiz:
    """The attempt's quiz, as named in statements."""
    return xapi_statements.Quiz(
        AnswerKind(attempt.kind), attempt.interval, INTERVAL_LABELS.get(attempt.interval, "")
    )


def load_attempt_progress(
    unit_of_work: UnitOfWork, *, session: LaunchSession, attempt_id: uuid.UUID
) -> AttemptProgress:
    """Load the state of an attempt; NotFound for somebody else's attempt."""
    with unit_of_work(session.tenant_id) as connection:
        return _require_progress(
            episode_context.require_episode_context(connection, session), attempt_id
        )


def submit_answer(
    unit_of_work: UnitOfWork,
    *,
    session: LaunchSession,
    attempt_id: uuid.UUID,
    position: int,
    form: Mapping[str, Sequence[str]],
    now: datetime,
    timed: bool = True,
) -> None:
    """Store an answer. A question that was answered keeps its first answer. The last answer
    scores the attempt. Not ``timed``: since when the question was before the learner is not
    known (it was read in a mail), so that the answer has no duration and is no rapid guess."""
    with unit_of_work(session.tenant_id) as connection:
        context = episode_context.require_episode_context(connection, session)
        state = _require_progress(context, attempt_id)
        if 1 <= position <= len(state.answers):
            return  # a repeated request: the first answer stands
        if position != state.position:
            raise BadInput("This question is not the next one; go on from your page.")
        item = state.item(position)
        response = item_responses.parse_response(item, form)
        since = state.answers[-1].answered_at if state.answers else state.attempt.started_at
        took = now - since if timed else None
        rapid = took is not None and item_responses.is_rapid_guess(item, took.total_seconds())
        created = Answer(
            position,
            item.key,
            response,
            item_responses.is_correct(item, response),
            now,
            rapid,
            _parse_confidence(form),
        )
        attempts_store.insert_answer(connection, session.tenant_id, attempt_id, created)
        if state.attempt.kind != AttemptKind.PRACTICE:
            context.enqueue_statements([_answered_statement(context, state, item, created, took)])
            _update_memory(context, state, item, created)
        if position == len(state.attempt.items):
            _finish_attempt(context, state, [*state.answers, created], now)


def _parse_confidence(form: Mapping[str, Sequence[str]]) -> int | None:
    confidence = (form.get("confidence") or [""])[0]
    return int(confidence) if confidence in {str(item) for item in CONFIDENCE_LEVELS} else None


def _latest_attempt(attempts: list[Attempt], kind: str, interval: str) -> Attempt | None:
    result = [
        attempt for attempt in attempts if attempt.kind == kind and attempt.interval == interval
    ]
    return max(result, key=lambda item: item.started_at, default=None)


def _require_progress(context: EpisodeContext, attempt_id: uuid.UUID) -> AttemptProgress:
    attempt = attempts_store.lock_attempt(
        context.connection, context.tenant_id, context.episode.id, attempt_id
    )
    if attempt is None:
        raise NotFound("There is no such check of yours.")
    return AttemptProgress(
        attempt,
        context.programme,
        attempts_store.list_answers(context.connection, context.tenant_id, attempt_id),
    )


def _answered_statement(
    context: EpisodeContext,
    state: AttemptProgress,
    item: QuestionItem,
    answer: Answer,
    took: timedelta | None,
) -> xapi_statements.Statement:
    return xapi_statements.answered_statement(
        context.act(f"answer {state.attempt.id} {answer.position}", answer.answered_at),
        attempt_quiz(state.attempt),
        item=item_responses.to_xapi_item(item, context.programme.competency_title(item.competency)),
        response=xapi_statements.ItemResponse(
            answer.response, answer.correct, took, answer.rapid, answer.confidence
        ),
    )


def _update_memory(
    context: EpisodeContext, state: AttemptProgress, item: QuestionItem, answer: Answer
) -> None:
    """Update the memory model: a wrong answer in a check adds the competency to it, and
    every later answer moves its review date."""
    if state.attempt.kind == AttemptKind.BASELINE:
        return
    known = next(
        (
            state
            for state in attempts_store.list_memory_states(
                context.connection, context.tenant_id, context.episode.id
            )
            if state.competency == item.competency
        ),
        None,
    )
    if known is None and state.attempt.kind != AttemptKind.CHECK:
        return
    after = remediation_schedule.update_memory(
        known, item.competency, answer.correct, answer.answered_at
    )
    if after is not None:
        attempts_store.upsert_memory_state(
            context.connection, context.tenant_id, context.episode.id, after
        )


def _finish_attempt(
    context: EpisodeContext, state: AttemptProgress, answers: list[Answer], now: datetime
) -> None:
    right, total = sum(answer.correct for answer in answers), len(answers)
    attempt = state.attempt
    attempts_store.finish_attempt(context.connection, context.tenant_id, attempt.id, now, right)
    if attempt.kind == AttemptKind.PRACTICE:
        return
    finished = xapi_statements.quiz_finished_statement(
        # One microsecond after the last answer, so that the order is clear even if both share a
        # clock tick.
        context.act(f"finish {attempt.id}", now + timedelta(microseconds=1)),
        attempt_quiz(attempt),
        right=right,
        asked=total,
        passed=right / total >= context.programme.pass_mark,
        took=now - attempt.started_at,
    )
    context.enqueue_statements([finished])
    if (
        attempt.kind == AttemptKind.CHECK
        and attempt.registration_id is not None
        and (attempt.line_item_url or attempt.line_items_url)
    ):
        column = activity_pages.check_column(context.programme, attempt.interval)
        created = NewGrade(
            attempt_id=attempt.id,
            registration_id=attempt.registration_id,
            course_id=attempt.course_id,
            line_item_url=attempt.line_item_url,
            line_items_url=attempt.line_items_url,
            resource_id=column.resource_id,
            label=column.label,
            subject=attempt.subject,
            score=right,
            maximum=total,
            comment=f"{column.label}: {right} of {total}",
            at=now,
        )
        grades_store.enqueue_grade(context.connection, context.tenant_id, created)
