"""The wait before the next try grows, is spread, and has an end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lti_tool.jobs.waiting import FIRST_SECONDS, LONGEST_SECONDS, wait_after


@given(st.integers(1, 10_000))
def test_a_wait_is_never_shorter_than_half_the_first_nor_longer_than_the_longest(tries: int) -> None:
    seconds = wait_after(tries).total_seconds()
    assert FIRST_SECONDS / 2 <= seconds <= LONGEST_SECONDS


def test_waits_double() -> None:
    assert wait_after(4).total_seconds() >= 4 * FIRST_SECONDS
