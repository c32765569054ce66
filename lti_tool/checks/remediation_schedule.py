"""Remediation after a lapse, scheduled by spaced repetition. Pure functions; the only module that
uses ``fsrs``.

A competency enters the model when a check shows a lapse; from then on every answer on it moves
its next due date (FSRS-6 with the default weights; open-spaced-repetition/srs-benchmark). The
five checks keep their own dates (lti_tool.programmes.due_dates) regardless of the model, because
they measure.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from fsrs import Card, Rating, Scheduler

from lti_tool.checks.attempts_store import MemoryState

MAX_INTERVAL_DAYS = 180  # nothing is remediated after the last check
# No learning steps of minutes (designed for one flash card session) and no random fuzzing of
# dates.
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
