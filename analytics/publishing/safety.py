"""Whether sums that are published of the same quantity tell of a few people: whether any linear
combination of them is a sum over fewer than five.

Sums are rows of a matrix, contributions of people its columns. A combination whose support is a few
people's contributions exists exactly where the rows lose rank when the columns of these people are
taken out. Columns of which five people or more have an equal one stay whoever is taken out; to take
out others, one has to take out somebody of each set of columns that makes up the rank.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy

from lrs.vocabulary import MIN_GROUP_SIZE

Contribution = tuple[
    int, str
]  # a person (key of the agent), and to what of it: an interval, a kind
MAX_TRIED = 5_000  # sets of people; beyond, the sums count as unsafe, and wait for more people
# Ranks are taken modulo a prime: as large as it may be for products of a thousand rows to be exact.
_PRIME = 67_108_859


def tells_of_few(
    rows: Sequence[Collection[Contribution]],
    fewest: int = MIN_GROUP_SIZE,
    most_tried: int = MAX_TRIED,
) -> bool:
    """Whether a combination of sums over these contributions is one of fewer than ``fewest``
    people (and of somebody); also where it would take more than ``most_tried`` sets of people to
    know."""
    holders = _holders_of_columns(rows)
    if all(len(people) >= fewest for people in holders.values()):
        return False  # whoever is taken out, no column goes
    rank = _rank(holders, len(rows))
    return _Search(holders, rank, fewest, most_tried).finds(frozenset(), _Space(len(rows)))


def is_combination(row: frozenset[Contribution], rows: Sequence[frozenset[Contribution]]) -> bool:
    """Whether a sum can be computed from others, so that it tells of nothing new."""
    if not row or row in rows:
        return True
    if not row <= frozenset().union(*rows):
        return False
    columns = _holders_of_columns([*rows, row])
    rank = _rank(columns, len(rows) + 1)
    last = 1 << len(rows)
    return rank <= len(rows) and _rank({column & ~last for column in columns}, len(rows)) == rank


def _holders_of_columns(rows: Iterable[Collection[Contribution]]) -> dict[int, frozenset[int]]:
    """Who has each column; the bits of a column are the rows to which it belongs."""
    columns: dict[Contribution, int] = defaultdict(int)
    for number, row in enumerate(rows):
        for contribution in row:
            columns[contribution] |= 1 << number
    holders: dict[int, set[int]] = defaultdict(set)
    for (person, _), column in columns.items():
        holders[column].add(person)
    return {column: frozenset(people) for column, people in holders.items()}


def _rank(columns: Collection[int], height: int) -> int:
    """The rank of columns of zeros and ones. Modulo two it is quickly found, and never more than
    it is; so where it is all that it can be then, it is known."""
    most = min(height, len(columns))
    if _rank_modulo_two(columns) == most:
        return most
    space = _Space(height)
    for column in columns:
        space.add(column)
    return space.rank


def _rank_modulo_two(columns: Iterable[int]) -> int:
    basis: dict[int, int] = {}  # by its highest bit
    for column in columns:
        while column:
            known = basis.setdefault(column.bit_length(), column)
            if known is column:
                break
            column ^= known
    return len(basis)


class _Search:
    """A search for a few people without whose columns the rows lose rank."""

    def __init__(
        self, holders: Mapping[int, frozenset[int]], rank: int, fewest: int, most: int
    ) -> None:
        self._rank, self._fewest, self._most = rank, fewest, most
        self._tried: set[frozenset[int]] = set()
        # Columns that many have come first: so a basis has few that can be taken out.
        self._classes = sorted(holders.items(), key=lambda item: -len(item[1]))

    def finds(self, out: frozenset[int], staying: _Space) -> bool:
        """Whether it can be completed to such a set. ``staying``: columns that no completion of
        ``out`` takes out; more are found here."""
        if out in self._tried:
            return False
        self._tried.add(out)
        if len(self._tried) > self._most:
            return True
        stay = [column for column, people in self._classes if len(people | out) >= self._fewest]
        if _rank_modulo_two(stay) == self._rank:
            return False
        staying = staying.copy()
        for column in stay:
            staying.add(column)
        if staying.rank == self._rank:
            return False
        basis = staying.copy()
        removable = list(self._complete(out, basis))
        if basis.rank < self._rank:
            return True
        return any(self.finds(out | people, staying) for people in removable)

    def _complete(self, out: frozenset[int], basis: _Space) -> Iterator[frozenset[int]]:
        """Complete a basis by columns that are not taken out; the holders of each."""
        for column, people in self._classes:
            if len(people | out) < self._fewest and not people <= out and basis.add(column):
                yield people
            if basis.rank == self._rank:
                return


class _Space:
    """What columns span; each is a number whose bits are its entries. The basis is a reduced
    echelon matrix, so that one product takes a column to what is new in it."""

    def __init__(self, height: int) -> None:
        self._height = height
        self._basis = numpy.zeros((0, height), dtype=numpy.int64)
        self._pivots: list[int] = []  # of each row of the basis, the place of its first entry
        self._known: set[int] = {0}

    @property
    def rank(self) -> int:
        """Its dimension."""
        return len(self._pivots)

    def copy(self) -> _Space:
        """Another one that spans the same."""
        made = _Space(self._height)
        made._basis, made._pivots = self._basis, list(self._pivots)
        made._known = set(self._known)
        return made

    def add(self, column: int) -> bool:
        """Add a column; whether it was not in the space."""
        if column in self._known or self.rank == self._height:
            return False
        self._known.add(column)
        raw = column.to_bytes(self._height // 8 + 1, "little")
        bits = numpy.unpackbits(numpy.frombuffer(raw, numpy.uint8), bitorder="little")
        vector = bits[: self._height].astype(numpy.int64)
        vector = (vector - vector[self._pivots] @ self._basis) % _PRIME
        (places,) = vector.nonzero()
        if not len(places):
            return False
        pivot = int(places[0])
        vector = vector * pow(int(vector[pivot]), -1, _PRIME) % _PRIME
        basis = (self._basis - numpy.outer(self._basis[:, pivot], vector)) % _PRIME
        self._basis = numpy.vstack((basis, vector))
        self._pivots.append(pivot)
        return True
