"""Retry backoff: doubling, with jitter, capped."""

from __future__ import annotations

import random
from datetime import timedelta

FIRST_DELAY_SECONDS, MAX_DELAY_SECONDS = 30, 6 * 3_600
MAX_TRIES = 20  # About three days of retries at the longest delay.


def backoff_delay(tries: int) -> timedelta:
    """The delay after ``tries`` attempts: between half and all of the doubled delay, so that
    many rows do not retry at once."""
    full = min(FIRST_DELAY_SECONDS * 2 ** min(tries - 1, 20), MAX_DELAY_SECONDS)
    return timedelta(seconds=full * random.uniform(0.5, 1))  # noqa: S311 - spreading load, not a secret
