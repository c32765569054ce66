"""How long to wait before the next try: doubling, with jitter, capped."""

from __future__ import annotations

import random
from datetime import timedelta

FIRST_SECONDS, LONGEST_SECONDS = 30, 6 * 3_600
GIVE_UP_AFTER_TRIES = 20  # about three days of tries at the longest wait


def wait_after(tries: int) -> timedelta:
    """After ``tries`` tries, between half and all of the doubled wait, so that many rows do not come back at once."""
    full = min(FIRST_SECONDS * 2 ** min(tries - 1, 20), LONGEST_SECONDS)
    return timedelta(seconds=full * random.uniform(0.5, 1))  # noqa: S311 - spreading load, not a secret
