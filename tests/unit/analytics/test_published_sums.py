"""No combination of published sums is one over fewer than five people, whatever is subtracted from
what."""

from __future__ import annotations

from collections.abc import Hashable
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.publishing.safety import is_combination, tells_of_few
from tests.support.linear_attack import fewest_told_of

Row = frozenset[tuple[int, str]]
SUMS = st.frozensets(st.tuples(st.integers(0, 6), st.sampled_from(("a", "b"))), min_size=1)


def of(*people: int, slot: str = "") -> Row:
    return frozenset((person, slot) for person in people)


def rank(rows: list[list[Fraction]]) -> int:
    rows, count = [list(row) for row in rows], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((row for row in rows[count:] if row[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        rows.insert(count, pivot)
        for row in rows[count + 1 :]:
            factor = row[column] / pivot[column]
            row[:] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
        count += 1
    return count


def told_by_trying(rows: list[Row], fewest: int) -> bool:
    """The same by the definition, with every set of few people: whether a combination of the rows
    vanishes on everybody else's contributions and not on theirs."""
    columns = sorted({contribution for row in rows for contribution in row})
    people = sorted({person for person, _ in columns})

    def without(few: tuple[int, ...]) -> list[list[Fraction]]:
        kept = [column for column in columns if column[0] not in few]
        return [[Fraction(column in row) for column in kept] for row in rows]

    return any(
        rank(without(few)) < rank(without(()))
        for count in range(1, fewest)
        for few in combinations(people, count)
    )


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([of(*range(8))], False),
        ([of(*range(4))], True),
        ([of(*range(8)), of(*range(8))], False),
        ([of(*range(8)), of(*range(7))], True),
        ([of(*range(10)), of(*range(5))], False),
        # The one who is in neither of the two, from their sum and the whole.
        ([of(*range(11)), of(*range(5)), of(*range(5, 10))], True),
        # Five kinds together, and four of them: what is left is a kind of three people.
        (
            [
                of(*range(8), slot="check") | of(*range(3), slot="case"),
                of(*range(8), slot="check"),
            ],
            True,
        ),
        ([of(*range(8), slot="1d"), of(*range(7), slot="1w")], False),
        # Twice the sum of two less both others: only people who are in three of them stay.
        ([of(0, 1, 2, 3, 4, 5), of(1, 2, 3, 4, 5, 6), of(0, 2, 3, 4, 5, 6)], True),
    ],
)
def test_what_tells_of_fewer_than_five(rows: list[Row], told: bool) -> None:
    assert tells_of_few(rows) is told
    assert told_by_trying(rows, 5) is told


@given(
    st.lists(SUMS, min_size=1, max_size=4),
    st.integers(2, 4),
)
def test_it_says_what_the_definition_says(rows: list[Row], fewest: int) -> None:
    assert tells_of_few(rows, fewest) is told_by_trying(rows, fewest)


def test_what_would_take_too_long_to_try_is_not_published() -> None:
    alone = [of(*range(30)) - of(person) for person in range(30)]
    assert tells_of_few(alone) is True


@given(
    st.lists(SUMS, min_size=1, max_size=5),
    st.integers(2, 5),
)
def test_the_attack_of_the_random_worlds_finds_what_the_definition_says(
    rows: list[Row], fewest: int
) -> None:
    people: dict[Hashable, Hashable] = {item: item[0] for row in rows for item in row}
    assert bool(fewest_told_of(rows, people, set(), fewest)) == told_by_trying(rows, fewest)


@given(rows=st.lists(SUMS, min_size=1, max_size=5), row=SUMS)
def test_a_sum_is_a_combination_of_others_where_it_adds_nothing_to_their_rank(
    rows: list[Row], row: Row
) -> None:
    columns = sorted({contribution for one in [*rows, row] for contribution in one})
    matrix = [[Fraction(column in one) for column in columns] for one in [*rows, row]]
    assert is_combination(row, rows) == (rank(matrix) == rank(matrix[:-1]))
