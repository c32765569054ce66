"""From one month to the next: what is clear, and what is not."""

from __future__ import annotations

import pytest

from analytics.statistics.changes import Counted, direction_of_change


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        # Newcombe 1998, table II (a): 56/70 against 48/80 differ by 0.0524 to 0.3339.
        (Counted(48, 80, 80), Counted(56, 70, 70), "better"),
        (Counted(56, 70, 70), Counted(48, 80, 80), "worse"),
        # (b): 9/10 against 3/10, 0.1705 to 0.8090; (c): 6/7 against 2/7, 0.0582 to 0.8062.
        (Counted(3, 10, 10), Counted(9, 10, 10), "better"),
        (Counted(2, 7, 7), Counted(6, 7, 7), "better"),
        # (d): 5/56 against 0/29, −0.0381 to 0.1926.
        (Counted(0, 29, 29), Counted(5, 56, 56), "same"),
    ],
)
def test_a_change_is_clear_where_its_interval_leaves_out_none(
    before: Counted, after: Counted, said: str
) -> None:
    assert direction_of_change(before, after) == said


def test_many_answers_of_few_people_prove_little() -> None:
    assert direction_of_change(Counted(48, 80, 80), Counted(56, 70, 70)) == "better"
    assert direction_of_change(Counted(48, 80, 8), Counted(56, 70, 8)) == "same"
