"""Which refresher quizzes a learner may take between checks, and with which questions. Pure
functions.

Nothing here measures, and none of it draws from the pool of the checks: reinforcement keeps a
rhythm, remediation follows a lapse, practice is open at any time, the baseline is asked before
the first check.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from adapters.questions.models import QuestionItem
from lti_tool.checks.attempts_store import Attempt, MemoryState
from lti_tool.programmes.episodes_store import Episode, ScheduledCheck
from lti_tool.programmes.programmes import Programme
from lti_tool.programmes.workload import (
    QUIET_PERIOD_BEFORE_CHECK,
    REFRESHER_QUESTIONS,
    RHYTHM_PERIODS,
)
from lti_tool.tables.checks import AttemptKind

MAX_REMEDIATIONS, REMEDIATION_PERIOD = (
    4,
    timedelta(days=30),
)  # a cap: frequent lapses need help from a person, not more quizzes


def select_quizzes(
    programme: Programme,
    episode: Episode,
    checks: Sequence[ScheduledCheck],
    attempts: Sequence[Attempt],
    memories: Sequence[MemoryState],
    now: datetime,
) -> Mapping[AttemptKind, Sequence[str]]:
    """Return quiz kind → keys of the questions that it would ask now; kinds that are not open
    are omitted.
    """
    result: dict[AttemptKind, Sequence[str]] = {}
    baseline = [item.key for item in programme.items if item.pool == "baseline"]
    if baseline and _baseline_is_open(episode, checks, attempts, now):
        result[AttemptKind.BASELINE] = baseline
    pool = [item for item in programme.items if item.pool == "practice"]
    met = Counter(key for attempt in attempts for key in attempt.items)
    chance = random.Random(f"{episode.id} {len(attempts)}")  # noqa: S311 - a draw of questions, not a secret
    if pool:
        result[AttemptKind.PRACTICE] = _least_seen_items(pool, met, chance, REFRESHER_QUESTIONS)
    if not _check_is_pending(checks, attempts, now) and now < _end_of_checks(checks, episode):
        for_lapse = _items_after_lapse(pool, attempts, memories, now)
        if for_lapse:
            result[AttemptKind.REMEDIATION] = _least_seen_items(
                for_lapse, met, chance, REFRESHER_QUESTIONS
            )
        elif pool and _reinforcement_is_due(programme, episode, attempts, now):
            result[AttemptKind.REINFORCEMENT] = _least_seen_items(
                pool, met, chance, REFRESHER_QUESTIONS
            )
    return result


def _baseline_is_open(
    episode: Episode,
    checks: Sequence[ScheduledCheck],
    attempts: Sequence[Attempt],
    now: datetime,
) -> bool:
    """Whether the baseline can still be asked: soon after the certification, before any check."""
    measured = any(attempt.kind == AttemptKind.CHECK for attempt in attempts)
    first = min((check.closes_at for check in checks), default=episode.certified_at)
    return (
        not measured
        and now < min(first, episode.certified_at + timedelta(days=3))
        and not _has_finished(attempts, AttemptKind.BASELINE)
    )


def _items_after_lapse(
    pool: Sequence[QuestionItem],
    attempts: Sequence[Attempt],
    memories: Sequence[MemoryState],
    now: datetime,
) -> list[QuestionItem]:
    """The questions of the competencies that are due again; none once the cap is reached."""
    lately = sum(
        attempt.kind == AttemptKind.REMEDIATION and attempt.started_at > now - REMEDIATION_PERIOD
        for attempt in attempts
    )
    if lately >= MAX_REMEDIATIONS:
        return []
    due = {memory.competency for memory in memories if memory.due_at <= now}
    return [item for item in pool if item.competency in due]


def _has_finished(attempts: Sequence[Attempt], kind: AttemptKind) -> bool:
    return any(attempt.kind == kind and attempt.finished_at is not None for attempt in attempts)


def _check_is_pending(
    checks: Sequence[ScheduledCheck], attempts: Sequence[Attempt], now: datetime
) -> bool:
    """Whether an unfinished check is due now or within the next days: measuring takes
    precedence over training.
    """
    finished = {
        attempt.interval
        for attempt in attempts
        if attempt.kind == AttemptKind.CHECK and attempt.finished_at is not None
    }
    return any(
        check.interval not in finished
        and check.due_at - QUIET_PERIOD_BEFORE_CHECK <= now < check.closes_at
        for check in checks
    )


def _end_of_checks(checks: Sequence[ScheduledCheck], episode: Episode) -> datetime:
    return max((check.closes_at for check in checks), default=episode.certified_at)


def _reinforcement_is_due(
    programme: Programme, episode: Episode, attempts: Sequence[Attempt], now: datetime
) -> bool:
    step = RHYTHM_PERIODS[programme.rhythm]
    if step is None:
        return False
    # Any quiz except practice satisfies the rhythm: a check this week counts as this week's
    # refresher.
    start_times = [
        attempt.started_at for attempt in attempts if attempt.kind != AttemptKind.PRACTICE
    ]
    return now - max(start_times, default=episode.certified_at) >= step


def _least_seen_items(
    pool: Sequence[QuestionItem], met: Counter[str], chance: random.Random, count: int
) -> list[str]:
    """Select the questions that this learner has seen least often, critical ones first, ties at
    random.
    """
    shuffled = list(pool)
    chance.shuffle(shuffled)
    shuffled.sort(key=lambda item: (met[item.key], not item.critical))
    return [item.key for item in shuffled[:count]]
