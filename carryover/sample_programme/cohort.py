"""A practice cohort: 24 pseudonymous people, certified between one day and six months ago, with
a realistic forgetting curve.

Invented data, labelled as such wherever it is shown. The same seed gives the same people; dates
are relative to ``now``.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from adapters import xapi_statements
from adapters.xapi_statements import Act, Statement
from lrs.vocabulary import INTERVALS, AnswerKind
from lti_tool.programmes.programmes import Programme, parse_programme
from lti_tool.questions import item_responses
from lti_tool.questions.item_sampling import sample_check_items

COHORT_SIZE = 24
SEED = 20_261_123
OLDEST_DAYS, NEWEST_DAYS = 183, 1
# Share of correct answers at each interval: a forgetting curve of the kind that recall studies
# report, for practice only.
RECALL_BY_INTERVAL = {"1d": 0.92, "1w": 0.84, "1m": 0.74, "3m": 0.66, "6m": 0.6}
PARTICIPATION_RATE, COMMITMENT_RATE, APPLICATION_RATE = 0.8, 0.7, 0.55  # shares of people, invented
# Scores of the pre-test and the exam as shares, and the hours of training. Also invented.
PRETEST_RANGE, EXAM_RANGE, TRAINING_HOURS_RANGE = (0.25, 0.6), (0.75, 0.98), (6.0, 9.0)
TEAMS = ("North desk", "South desk", "Finance")


def cohort_statements(
    installation: uuid.UUID, tenant: str, document: dict[str, object], now: datetime
) -> Iterator[Statement]:
    """Yield all statements of the cohort, person by person."""
    programme = parse_programme(dict(document))
    chance = random.Random(SEED)  # noqa: S311 - practice data, not a secret
    for number in range(COHORT_SIZE):
        days = NEWEST_DAYS + (OLDEST_DAYS - NEWEST_DAYS) * number / (COHORT_SIZE - 1)
        yield from _person_statements(
            installation,
            tenant,
            programme,
            now - timedelta(days=days, hours=2),
            now,
            number,
            chance,
        )


def _person_statements(
    installation: uuid.UUID,
    tenant: str,
    programme: Programme,
    certified_at: datetime,
    now: datetime,
    number: int,
    chance: random.Random,
) -> Iterator[Statement]:
    learner = uuid.uuid5(installation, f"{tenant} practice learner {number}")
    episode = uuid.uuid5(learner, programme.key)
    audience = {"team": TEAMS[number % len(TEAMS)], "wave": "Practice wave"}

    def make_act(name: str, at: datetime) -> Act:
        return Act(
            installation,
            tenant,
            f"practice {number} {name}",
            learner,
            episode,
            programme.for_statements(),
            at,
            audience,
        )

    yield xapi_statements.registered_statement(make_act("registered", certified_at))
    own = random.Random(f"{SEED} training {number}")  # noqa: S311 - practice data; a separate generator, so that the random sequence of the rest does not change
    training = xapi_statements.Training(
        round(own.uniform(*PRETEST_RANGE), 2), round(own.uniform(*TRAINING_HOURS_RANGE), 1)
    )
    yield xapi_statements.certified_statement(
        make_act("certified", certified_at), {"": round(own.uniform(*EXAM_RANGE), 2)}, training
    )
    met: set[str] = set()
    for interval in INTERVALS:
        due_at = certified_at + timedelta(days=interval.due_days)
        quiz = xapi_statements.Quiz(AnswerKind.CHECK, interval.key, interval.label)
        yield xapi_statements.check_scheduled_statement(
            make_act(f"scheduled {interval.key}", certified_at), quiz, due_at=due_at
        )
        begun_at = due_at + timedelta(hours=chance.uniform(0.5, 20))
        if begun_at < now and chance.random() < PARTICIPATION_RATE:
            keys = sample_check_items(programme, episode, interval.key, met)
            met.update(keys)
            yield from _check_statements(make_act, programme, keys, quiz, begun_at, chance)
    if chance.random() < COMMITMENT_RATE:
        yield from _transfer_statements(make_act, programme, episode, certified_at, now, chance)


def _check_statements(
    act: Callable[[str, datetime], Act],
    programme: Programme,
    keys: list[str],
    quiz: xapi_statements.Quiz,
    at: datetime,
    chance: random.Random,
) -> Iterator[Statement]:
    interval = quiz.interval
    yield xapi_statements.attempted_statement(act(f"attempted {interval}", at), quiz)
    right, begun_at = 0, at
    for key in keys:
        item, took = programme.item(key), timedelta(seconds=chance.uniform(15, 70))
        at += took
        success = chance.random() < RECALL_BY_INTERVAL[interval]
        right += success
        wrong = [choice.key for choice in item.choices if choice.key not in item.correct]
        response = xapi_statements.ItemResponse(
            item.correct[0] if success else chance.choice(wrong), success, took
        )
        named = item_responses.to_xapi_item(item, programme.competency_title(item.competency))
        yield xapi_statements.answered_statement(
            act(f"answered {interval} {key}", at), quiz, item=named, response=response
        )
    passed = right / len(keys) >= programme.pass_mark
    yield xapi_statements.quiz_finished_statement(
        act(f"finished {interval}", at),
        quiz,
        right=right,
        asked=len(keys),
        passed=passed,
        took=at - begun_at,
    )


def _transfer_statements(
    act: Callable[[str, datetime], Act],
    programme: Programme,
    episode: uuid.UUID,
    certified_at: datetime,
    now: datetime,
    chance: random.Random,
) -> Iterator[Statement]:
    plan, task = uuid.uuid5(episode, "plan"), chance.choice(programme.tasks)
    committed_at = certified_at + timedelta(days=chance.uniform(1, 7))
    applied_at = certified_at + timedelta(days=chance.uniform(8, 60))
    applies = chance.random() < APPLICATION_RATE
    if committed_at < now:
        due_at = certified_at + timedelta(days=60)
        yield xapi_statements.committed_statement(
            act("committed", committed_at),
            plan=plan,
            task=task.key,
            task_title=task.title,
            due_at=due_at,
        )
    if applies and applied_at < now:
        yield xapi_statements.applied_statement(
            act("applied", applied_at),
            plan=plan,
            task=task.key,
            task_title=task.title,
            evidence_grade=1,
        )
