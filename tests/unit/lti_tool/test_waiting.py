"""The wait before the next try grows, is spread, and has an end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lti_tool.base.backoff import FIRST_DELAY_SECONDS, MAX_DELAY_SECONDS, backoff_delay


@given(st.integers(1, 10_000))
def test_a_wait_is_never_shorter_than_half_the_first_nor_longer_than_the_longest(
    tries: int,
) -> None:
    seconds = backoff_delay(tries).total_seconds()
    assert FIRST_DELAY_SECONDS / 2 <= seconds <= MAX_DELAY_SECONDS


def test_waits_double() -> None:
    assert backoff_delay(4).total_seconds() >= 4 * FIRST_DELAY_SECONDS
