"""What is shown of teams to who has no individual access."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lti_tool.home import teams
from lti_tool.home.teams_store import ProgressCounts


def team(name: str, people: int) -> ProgressCounts:
    return ProgressCounts(name, people, 5 * people, 3 * people, people, 0, 0, 0)


def test_small_teams_are_put_together() -> None:
    lines, hidden = teams.suppress_small_teams(
        [team("North", 7), team("South", 3), team("West", 2)]
    )
    assert [(one.name, one.people, one.checks_due) for one in lines] == [
        ("North", 7, 35),
        ("", 5, 25),
    ] and hidden == 0


def test_one_small_team_takes_the_smallest_large_one_along() -> None:
    """Else whoever knows the total takes the shown lines from it."""
    lines, hidden = teams.suppress_small_teams(
        [team("North", 9), team("South", 3), team("West", 6)]
    )
    assert [(one.name, one.people) for one in lines] == [("North", 9), ("", 9)] and hidden == 0


def test_fewer_than_five_in_all_are_not_shown() -> None:
    assert teams.suppress_small_teams([team("North", 2), team("", 2)]) == ([], 4)
    assert teams.suppress_small_teams([]) == ([], 0)


@given(
    st.lists(
        st.tuples(st.sampled_from(["", "a", "b", "c", "d", "e"]), st.integers(1, 12)),
        unique_by=lambda one: one[0],
    )
)
def test_no_line_and_no_rest_is_of_fewer_than_five(sizes: list[tuple[str, int]]) -> None:
    every = [team(name, people) for name, people in sizes]
    lines, hidden = teams.suppress_small_teams(every)
    total = sum(one.people for one in every)
    assert all(one.people >= 5 for one in lines)
    assert sum(one.people for one in lines) + hidden == total
    assert hidden == 0 or not lines, "a rest beside lines would be found by subtraction"
