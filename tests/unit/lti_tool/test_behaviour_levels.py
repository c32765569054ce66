"""Weak behaviours and what became of them: arithmetic that can be looked up."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from lti_tool.assessment.behaviour_levels import (
    compare_levels,
    find_weak_behaviours,
    wilson_bounds,
)
from lti_tool.assessment.workshops_store import ObservedLevels
from lti_tool.programmes.rubrics import Criterion, Rubric

AT = datetime(2026, 12, 1, tzinfo=UTC)
PEOPLE = [uuid.UUID(int=number) for number in range(6)]
RUBRIC = Rubric(
    ["Not yet", "With help", "Alone"],
    3,
    [Criterion(key, key, "c", ["a", "b", "c"]) for key in ("first", "second")],
)


def seen(people: list[uuid.UUID], days: int, **levels: int) -> list[ObservedLevels]:
    return [ObservedLevels(one, levels, AT + timedelta(days=days)) for one in people]


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # statsmodels 0.15 proportion_confint(k, n, method="wilson")
        (42, 50, 0.7149, 0.9166),
        (0, 5, 0.0, 0.4345),
        (5, 5, 0.5655, 1.0),
    ],
)
def test_the_likely_range_is_wilson_s(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson_bounds(successes, trials) == pytest.approx((low, high), abs=0.0001)


def test_a_behaviour_is_weak_below_the_minimum_from_five_people_on() -> None:
    four = seen(PEOPLE[:4], 0, first=1, second=3)
    assert find_weak_behaviours(RUBRIC, four) == []
    (weak,) = find_weak_behaviours(RUBRIC, [*four, *seen(PEOPLE[4:5], 0, first=3)])
    assert (weak.criterion, weak.people, weak.minimum) == ("first", 5, 3)
    assert weak.mean == pytest.approx(7 / 5)


def test_only_the_latest_level_of_a_person_counts() -> None:
    observed = [*seen(PEOPLE, 0, first=1), *seen(PEOPLE, 1, first=3)]
    assert find_weak_behaviours(RUBRIC, observed) == []


def test_the_effect_is_of_people_who_were_seen_before_and_after() -> None:
    before, after = seen(PEOPLE, -1, first=1), seen(PEOPLE[:5], 1, first=3)
    assert compare_levels([*before, *after[:4]], "first", 3, AT) == (4, None)
    people, compared = compare_levels([*before, *after], "first", 3, AT)
    assert people == 5 and compared is not None
    assert [(one.reached, one.people, one.mean) for one in compared] == [(0, 5, 1), (5, 5, 3)]
