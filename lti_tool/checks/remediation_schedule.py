"""Remediation after a lapse, scheduled by spaced repetition, and what a learner would still know by
the same model. Pure functions; the only module of the tool that uses ``fsrs``.

A competency enters the model when a check shows a lapse; from then on every answer on it moves
its next due date (FSRS-6 with the default weights; open-spaced-repetition/srs-benchmark). The
five checks keep their own dates (lti_tool.programmes.due_dates) regardless of the model, because
they measure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fsrs import Card, Rating, Scheduler

from lti_tool.checks.attempts_store import MemoryState

MAX_INTERVAL_DAYS = 180  # nothing is remediated after the last check
# No learning steps of minutes (designed for one flash card session) and no random fuzzing of
# dates.
# R(t, S) = (1 + F·t/S)^−d of FSRS-6: its default w20, and the factor that makes R(S, S) = 0.9. The
# library rounds to whole days.
_DECAY = 0.1542
_FACTOR = 0.9 ** (-1 / _DECAY) - 1
_SCHEDULER = Scheduler(
    learning_steps=(), relearning_steps=(), enable_fuzzing=False, maximum_interval=MAX_INTERVAL_DAYS
)


def update_memory(
    known: MemoryState | None, competency: str, right: bool, now: datetime
) -> MemoryState | None:
    """Return the memory state after an answer; None if nothing has lapsed."""
    if known is None and right:
        return None
    card = Card.from_dict(known.card) if known else Card(card_id=1)  # type: ignore[arg-type]  # fsrs types the dictionary by its keys; the stored JSON has them
    rating = Rating.Good if right else Rating.Again
    after, _ = _SCHEDULER.review_card(card, rating, now)
    return MemoryState(competency, dict(after.to_dict()), max(after.due, now + timedelta(days=1)))


@dataclass(frozen=True)
class Span:
    """What is known from one look at it until the next: a card of the model."""

    since: datetime
    card: Card

    def recall_at(self, at: datetime) -> float:
        """The probability of a right answer at this instant, from 0 to 1."""
        days = max(timedelta(0), at - self.since) / timedelta(days=1)
        assert self.card.stability is not None, "it was looked at"
        return float((1 + _FACTOR * days / self.card.stability) ** -_DECAY)


def trace_memory(certified_at: datetime, quizzes: Sequence[tuple[datetime, bool]]) -> list[Span]:
    """The spans of a competency: the first begins with the certification, which is taken for a
    right answer, each further one with a quiz (when, whether it was right)."""
    card = Card(card_id=1)
    spans: list[Span] = []
    for at, right in [(certified_at, True), *quizzes]:
        seen_at = max(at, spans[-1].since) if spans else at
        card, _ = _SCHEDULER.review_card(card, Rating.Good if right else Rating.Again, seen_at)
        spans.append(Span(seen_at, card))
    return spans
