"""Whether sums that are published of the same quantity tell of a few people: whether any linear
combination of them is a sum over fewer than five.

Sums are rows of a matrix, contributions of people its columns. A combination whose support is a few
people's contributions exists exactly where the rows lose rank when the columns of these people are
taken out. Columns of which five people or more have an equal one stay whoever is taken out, so only
the others are tried.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

from lrs.vocabulary import MIN_GROUP_SIZE

Contribution = tuple[
    int, str
]  # a person (key of the agent), and to what of it: an interval, a kind
MAX_TRIED = 5_000  # sets of people; beyond, the sums count as unsafe, and wait for more people
_PRIME = 2**61 - 1  # ranks are taken modulo a large prime, which changes none of small 0-1 matrices


def tells_of_few(rows: Sequence[Collection[Contribution]], fewest: int = MIN_GROUP_SIZE) -> bool:
    """Whether a combination of sums over these contributions is one of fewer than ``fewest``
    people (and of somebody)."""
    columns: dict[Contribution, int] = defaultdict(int)
    for number, row in enumerate(rows):
        for contribution in row:
            columns[contribution] |= 1 << number
    holders: dict[int, set[int]] = defaultdict(set)
    for (person, _), column in columns.items():
        holders[column].add(person)
    rare = {column: people for column, people in holders.items() if len(people) < fewest}
    if not rare:
        return False
    tried = _small_unions([frozenset(people) for people in rare.values()], fewest)
    if tried is None:
        return True
    whole = _rank(holders)
    return any(
        _rank([column for column, people in holders.items() if not people <= chosen]) < whole
        for chosen in tried
    )


def _small_unions(sets: Sequence[frozenset[int]], fewest: int) -> set[frozenset[int]] | None:
    """All unions of these sets that have fewer than ``fewest`` members; None if they are too
    many."""
    found: set[frozenset[int]] = set()
    for one in set(sets):
        found |= {one} | {one | other for other in found if len(one | other) < fewest}
        if len(found) > MAX_TRIED:
            return None
    return found


def _rank(columns: Collection[int]) -> int:
    """The rank of a 0-1 matrix; each column is a number whose bits are its entries."""
    height = max((column.bit_length() for column in columns), default=0)
    basis: dict[int, list[int]] = {}  # place of the first entry → a row of the echelon form
    for column in columns:
        vector = [column >> bit & 1 for bit in range(height)]
        for place in range(height):
            if not vector[place]:
                continue
            pivot = basis.get(place)
            if pivot is None:
                inverse = pow(vector[place], -1, _PRIME)
                basis[place] = [value * inverse % _PRIME for value in vector]
                break
            factor = vector[place]
            vector = [(a - factor * b) % _PRIME for a, b in zip(vector, pivot, strict=True)]
    return len(basis)
