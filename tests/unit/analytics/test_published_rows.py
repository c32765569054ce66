"""Which rows may appear beside each other, where what they sum is not what their parts say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from analytics.catalogue import DUE_CHECKS
from analytics.publishing.rows import (
    Ledger,
    PublishedRow,
    RowKey,
    add_rows,
    add_sums,
    with_contributions,
)
from lrs.vocabulary import ActivityKind

EIGHT, SEVEN, THREE = range(8), range(7), range(3)


def rows_of(
    packet: int, *counted: tuple[str, str, int, Mapping[str, Sequence[int]]]
) -> list[PublishedRow]:
    """The rows of a packet: metric, part, day, and who contributes to what."""
    found = {
        (key := RowKey(metric, part, day)): PublishedRow(
            key, 1, (packet,), len(people.get("", ())), [], people
        )
        for metric, part, day, people in counted
    }
    return list(with_contributions(packet, found).values())


def test_an_exam_is_the_same_in_every_interval() -> None:
    first, second = rows_of(
        1,
        ("retention_of_exam", "1d", 3, {"": EIGHT}),
        ("retention_of_exam", "1w", 15, {"": SEVEN}),
    )
    assert Ledger().add_if_safe(second)
    assert not Ledger([first]).add_if_safe(second), "they differ by one person's exam"


def test_bounds_are_of_the_checks_that_were_due_not_of_those_answered_alone() -> None:
    few = {"": EIGHT, DUE_CHECKS: EIGHT}
    north = rows_of(
        1, ("retention_response", "1d", 3, {"": EIGHT}), ("retention_worst", "1d", 3, few)
    )
    south = rows_of(
        2,
        ("retention_response", "1d", 3, {"": THREE}),
        ("retention_worst", "1d", 3, {"": (), DUE_CHECKS: THREE}),
    )
    assert not Ledger().add_if_safe(south[1]), "three whose checks were due, and nobody answered"
    ledger = Ledger([north[0]])
    assert ledger.add_if_safe(north[1])
    assert not ledger.add_if_safe(add_rows([north[1], south[1]])), "without the first, it is those"


def test_two_metrics_of_the_same_activities_differ_by_enough_people() -> None:
    meetings = ActivityKind.MEETING
    by_day_60, by_day_90, coaching = rows_of(
        1,
        ("adoption_due", meetings, 60, {"": EIGHT}),
        ("adoption_due", meetings, 90, {"": THREE}),
        ("coaching_attended", "", 90, {"": EIGHT}),
    )
    assert by_day_90.contributions == coaching.contributions
    assert not Ledger([by_day_60]).add_if_safe(coaching)


def test_somebody_in_two_packets_has_two_of_everything() -> None:
    north = rows_of(
        1, ("transfer_rate", "", 90, {"": EIGHT}), ("transfer_where", "planned", 90, {"": EIGHT})
    )
    south = rows_of(
        2,
        ("transfer_rate", "", 90, {"": range(9, 17)}),
        ("transfer_where", "planned", 90, {"": range(10, 17)}),
    )
    again = rows_of(3, ("transfer_rate", "", 90, {"": [*range(9, 16), 1]}))
    assert add_rows([north[0], again[0]]).contributions.keys() == {"|1|", "|3|"}
    assert not Ledger([south[0]]).add_if_safe(south[1])


def test_a_row_of_nobody_may_appear() -> None:
    (nobody,) = rows_of(1, ("behaviour", "mentor", 180, {}))
    assert Ledger().add_if_safe(nobody)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12).flatmap(
        lambda values: st.tuples(st.just(values), st.permutations(values))
    )
)
def test_a_value_is_the_same_to_the_last_digit_in_whatever_order_its_rows_come(
    orders: tuple[list[float], list[float]],
) -> None:
    one, other = (add_sums([{"people": 1, "gain": gain}] for gain in each) for each in orders)
    assert one == other
