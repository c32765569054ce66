"""Taking a check: begin or go on, answer one question after the other, see feedback at once, be scored at the end."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters import xapi
from lrs.ground.database import UnitOfWork
from lrs.ground.errors import BadInput, NotFound
from lrs.vocabulary import INTERVALS
from lti_tool.actions import acts, choices
from lti_tool.actions.acts import Stage
from lti_tool.actions.drawing import drawn
from lti_tool.actions.programmes import Item, Programme
from lti_tool.store import grades, learning
from lti_tool.store.grades import NewGrade
from lti_tool.store.learning import Answer, Attempt
from lti_tool.store.people import LaunchSession

LABELS = {interval.key: interval.label for interval in INTERVALS}


@dataclass(frozen=True)
class Progress:
    """An attempt as its learner sees it: the questions, the answers so far."""

    attempt: Attempt
    programme: Programme
    answers: list[Answer]

    @property
    def position(self) -> int | None:
        """The next question, counted from 1; None when all are answered."""
        return len(self.answers) + 1 if len(self.answers) < len(self.attempt.items) else None

    def item(self, position: int) -> Item:
        """The question at a position, counted from 1."""
        return self.programme.item(self.attempt.items[position - 1])


def begin(unit_of_work: UnitOfWork, *, session: LaunchSession, interval: str, now: datetime) -> uuid.UUID:
    """Begin the check of an interval, or go on with it; gives the attempt's id. BadInput outside its window."""
    with unit_of_work(session.tenant_id) as connection:
        stage = acts.required_stage(connection, session)
        check = next((one for one in learning.checks_of(connection, session.tenant_id, stage.episode.id) if one.interval == interval), None)
        if check is None:
            raise NotFound("This check is not on your schedule.")
        known = _check_attempt(stage, interval)
        if known is not None:
            return known.id
        if not check.opens_at <= now < check.closes_at:
            raise BadInput("This check is not open now; your page shows when it is.")
        made = Attempt(
            id=uuid.uuid4(),
            episode_id=stage.episode.id,
            interval=interval,
            kind="check",
            items=drawn(stage.programme, stage.episode.id, interval),
            line_item_url=session.line_item_url,
            line_items_url=session.line_items_url,
            course_id=session.course_id,
            registration_id=session.registration_id,
            subject=session.subject,
            started_at=now,
            finished_at=None,
            right_answers=None,
        )
        if not learning.begin_attempt(connection, session.tenant_id, made):
            other = _check_attempt(stage, interval)  # begun in another tab at the same moment
            assert other is not None
            return other.id
        act = stage.act(f"attempt {made.id}", now)
        stage.say([xapi.attempted(act, interval=interval, label=LABELS[interval], kind=made.kind)])
    return made.id


def progress(unit_of_work: UnitOfWork, *, session: LaunchSession, attempt_id: uuid.UUID) -> Progress:
    """How far the learner is; NotFound for an attempt of somebody else."""
    with unit_of_work(session.tenant_id) as connection:
        return _progress(acts.required_stage(connection, session), attempt_id)


def answer(unit_of_work: UnitOfWork, *, session: LaunchSession, attempt_id: uuid.UUID, position: int, choice: str, now: datetime) -> None:
    """Keep an answer. A question that was answered keeps its first answer. The last one scores the attempt."""
    with unit_of_work(session.tenant_id) as connection:
        stage = acts.required_stage(connection, session)
        state = _progress(stage, attempt_id)
        if 1 <= position <= len(state.answers):
            return  # sent twice: the first answer stands
        if position != state.position:
            raise BadInput("This question is not the next one; go on from your page.")
        item = state.item(position)
        if choice not in {one.key for one in item.choices}:
            raise BadInput("Choose one of the answers, then send it.", field="choice")
        made = Answer(position, item.key, choice, choice == item.correct, now)
        learning.keep_answer(connection, session.tenant_id, attempt_id, made)
        stage.say([_answered(stage, state, item, made)])
        if position == len(state.attempt.items):
            _finish(stage, state, [*state.answers, made], now)


def _check_attempt(stage: Stage, interval: str) -> Attempt | None:
    attempts = learning.attempts_of(stage.connection, stage.tenant_id, stage.episode.id)
    return next((one for one in attempts if one.kind == "check" and one.interval == interval), None)


def _progress(stage: Stage, attempt_id: uuid.UUID) -> Progress:
    attempt = learning.attempt_for_update(stage.connection, stage.tenant_id, stage.episode.id, attempt_id)
    if attempt is None:
        raise NotFound("There is no such check of yours.")
    return Progress(attempt, stage.programme, learning.answers_of(stage.connection, stage.tenant_id, attempt_id))


def _answered(stage: Stage, state: Progress, item: Item, made: Answer) -> xapi.Statement:
    since = state.answers[-1].answered_at if state.answers else state.attempt.started_at
    named = xapi.Item(
        key=item.key,
        stem=item.stem,
        choices=[(one.key, one.text) for one in item.choices],
        correct=item.correct,
        competency=item.competency,
        competency_title=stage.programme.competency_title(item.competency),
    )
    return xapi.answered(
        stage.act(f"answer {state.attempt.id} {made.position}", made.answered_at),
        interval=state.attempt.interval,
        label=LABELS[state.attempt.interval],
        kind=state.attempt.kind,
        item=named,
        response=made.choice,
        success=made.correct,
        took=made.answered_at - since,
    )


def _finish(stage: Stage, state: Progress, answers: list[Answer], now: datetime) -> None:
    right, asked = sum(one.correct for one in answers), len(answers)
    attempt = state.attempt
    learning.finish_attempt(stage.connection, stage.tenant_id, attempt.id, now, right)
    finished = xapi.finished(
        # One microsecond later than the last answer, so that the order is told even where both share a clock tick.
        stage.act(f"finish {attempt.id}", now + timedelta(microseconds=1)),
        interval=attempt.interval,
        label=LABELS[attempt.interval],
        kind=attempt.kind,
        right=right,
        asked=asked,
        passed=right / asked >= stage.programme.pass_mark,
        took=now - attempt.started_at,
    )
    stage.say([finished])
    if attempt.kind == "check" and (attempt.line_item_url or attempt.line_items_url):
        column = choices.column(stage.programme, attempt.interval)
        made = NewGrade(
            attempt_id=attempt.id,
            registration_id=attempt.registration_id,
            course_id=attempt.course_id,
            line_item_url=attempt.line_item_url,
            line_items_url=attempt.line_items_url,
            resource_id=column.resource_id,
            label=column.label,
            subject=attempt.subject,
            score=right,
            maximum=asked,
            comment=f"{column.label}: {right} of {asked}",
            at=now,
        )
        grades.add(stage.connection, stage.tenant_id, made)
