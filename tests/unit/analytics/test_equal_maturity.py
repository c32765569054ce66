"""Groups are compared in one window, the last that at least two of them have reached."""

from __future__ import annotations

import pytest

from analytics.catalogue import METRICS_BY_KEY
from analytics.reports.equal_maturity import (
    Comparison,
    Window,
    describe_hidden,
    last_common_window,
)

WEEK, MONTH, QUARTER = Window("1w", 15), Window("1m", 60), Window("3m", 135)


@pytest.mark.parametrize(
    ("week", "month", "quarter", "chosen"),
    [
        ("abc", "ab", "a", MONTH),
        ("abc", "ab", "ab", QUARTER),
        ("abc", "a", "b", WEEK),
        ("a", "a", "", MONTH),
        ("", "", "", None),
    ],
)
def test_the_window_is_the_last_that_two_groups_have_reached(
    week: str, month: str, quarter: str, chosen: Window | None
) -> None:
    groups = {WEEK: week, MONTH: month, QUARTER: quarter}
    assert last_common_window([WEEK, MONTH, QUARTER], groups) == chosen


def test_groups_that_are_not_shown_are_named_with_the_reason() -> None:
    later = "it is told on 2026-12-24 or later"
    hidden = {"south": later, "": later, "west": "fewer than 5 people"}
    told = Comparison(METRICS_BY_KEY["retention_observed"], MONTH, {}, hidden)
    assert describe_hidden(told, {"": "without a team"}) == (
        "Retention, 1 month, by day 60, not shown: west: fewer than 5 people; "
        "south, without a team: it is told on 2026-12-24 or later."
    )
    many = {f"{number:02}": later for number in range(25)}
    sentence = describe_hidden(Comparison(METRICS_BY_KEY["reach"], Window("", 30), {}, many), {})
    assert sentence.startswith("Reach, by day 30, not shown: 00, 01, ")
    assert "19 and 5 more: it is told" in sentence
    assert describe_hidden(Comparison(METRICS_BY_KEY["reach"], Window("", 30), {}, {}), {}) == ""
