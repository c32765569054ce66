"""Whether somebody who adds and subtracts sums can learn of a few people: the least number of people
whose contributions a linear combination of the sums consists of. Written apart from
``analytics.publishing.safety``, by another method: combinations in which everything of many people
cancels out are a small space, whose thinnest members are found by looking at where they vanish.
Numbers are taken modulo a prime, another one than there.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence

Vector = tuple[int, ...]
_PRIME = 2**89 - 1
_Seen = tuple[set[Vector], list[Hashable]]  # what is seen of a class of people, and they
MOST_LOOKS = 20_000  # of one search; worlds are made so small that it is enough


def fewest_told_of(
    sums: Sequence[Collection[Hashable]],
    person_of: Mapping[Hashable, Hashable],
    known: set[frozenset[frozenset[Hashable]]],
    below: int = 5,
) -> frozenset[Hashable]:
    """The people of a combination that consists of what fewer than ``below`` people contribute;
    nobody where there is none. ``sums``: what each is the sum of; ``person_of``: whose that is;
    ``known``: sums that were found to tell of nobody, to which these are added."""
    for component in _components(sums):
        if frozenset(component) in known:
            continue
        found = _fewest_of_component(component, person_of, below)
        if found:
            return found
        known.add(frozenset(component))
    return frozenset()


def _components(sums: Sequence[Collection[Hashable]]) -> Iterator[list[frozenset[Hashable]]]:
    """Sums that share a contribution, with those that share one with them, and so on."""
    left = {frozenset(item) for item in sums if item}
    while left:
        component = [left.pop()]
        for item in component:
            near = {other for other in left if not item.isdisjoint(other)}
            left -= near
            component += near
        yield component


def _fewest_of_component(
    sums: Sequence[frozenset[Hashable]], person_of: Mapping[Hashable, Hashable], below: int
) -> frozenset[Hashable]:
    """People whose contributions stand in the same sums are a class: they are told of together or
    not at all."""
    sums = _independent(sums)
    columns: dict[Hashable, set[Vector]] = defaultdict(set)
    for item in set().union(*sums):
        columns[person_of[item]].add(tuple(int(item in one) for one in sums))
    classes: dict[frozenset[Vector], list[Hashable]] = defaultdict(list)
    for person, vectors in columns.items():
        classes[frozenset(vectors)].append(person)
    many = {vector for key, people in classes.items() if len(people) >= below for vector in key}
    few = [(key, people) for key, people in classes.items() if len(people) < below]
    if not few:
        return frozenset()
    space = null_space(many, len(sums))
    seen = [
        ({tuple(_dot(basis, vector) for basis in space) for vector in key}, people)
        for key, people in few
    ]
    for direction in _directions(seen, len(space), below):
        told = frozenset(
            person
            for key, people in seen
            if any(_dot(direction, vector) for vector in key)
            for person in people
        )
        if 0 < len(told) < below:
            return told
    return frozenset()


def _independent(sums: Sequence[frozenset[Hashable]]) -> list[frozenset[Hashable]]:
    """The sums without those that others add up to."""
    alike: dict[tuple[bool, ...], Hashable] = {}
    for item in set().union(*sums):
        alike.setdefault(tuple(item in one for one in sums), item)
    kept: list[frozenset[Hashable]] = []
    reduced: dict[int, list[int]] = {}
    for one in sums:
        if _reduce(reduced, [int(item in one) for item in alike.values()]):
            kept.append(one)
    return kept


def _directions(seen: Sequence[_Seen], size: int, below: int) -> Iterator[Vector]:
    """Directions of the space, so many that one of few people is among them if there is any: all
    that vanish on as much as a direction can (on ``size`` - 1 of the vectors, where these are
    independent), or, if that is shorter, those that vanish on all but some few people."""
    vectors = sorted({vector for key, _ in seen for vector in key if any(vector)})
    if not vectors:
        return
    most = min(below - 1, len(seen))
    sets = sum(math.comb(len(seen), number) for number in range(1, most + 1))
    if math.comb(len(vectors), size - 1) <= sets:
        for chosen in itertools.combinations(vectors, size - 1):
            found = null_space(chosen, size)
            if len(found) == 1:
                yield found[0]
        return
    if sets > MOST_LOOKS:
        raise AssertionError(f"{len(seen)} kinds of people in {size} sums are too many to look at")
    for number in range(1, most + 1):
        for left_out in itertools.combinations(range(len(seen)), number):
            if sum(len(seen[place][1]) for place in left_out) < below:
                others = (key for place, (key, _) in enumerate(seen) if place not in left_out)
                yield from null_space(set().union(*others), size)


def null_space(vectors: Iterable[Vector], size: int) -> list[Vector]:
    """A basis of all that is orthogonal to these vectors."""
    reduced: dict[int, list[int]] = {}  # place of the first entry, which is 1 -> vector
    for vector in vectors:
        _reduce(reduced, vector)
        if len(reduced) == size:
            return []
    basis = []
    for free in range(size):
        if free not in reduced:
            direction = [int(place == free) for place in range(size)]
            for place, row in reduced.items():
                direction[place] = -row[free] % _PRIME
            basis.append(tuple(direction))
    return basis


def _reduce(reduced: dict[int, list[int]], vector: Sequence[int]) -> bool:
    """Add a vector to a reduced basis, unless it is a combination of the others."""
    rest = list(vector)
    for place, row in reduced.items():
        if rest[place]:
            rest = _minus(rest, rest[place], row)
    first = next((place for place, value in enumerate(rest) if value), None)
    if first is None:
        return False
    inverse = pow(rest[first], -1, _PRIME)
    rest = [value * inverse % _PRIME for value in rest]
    for place, row in reduced.items():
        if row[first]:
            reduced[place] = _minus(row, row[first], rest)
    reduced[first] = rest
    return True


def _minus(one: Sequence[int], times: int, other: Sequence[int]) -> list[int]:
    return [(a - times * b) % _PRIME for a, b in zip(one, other, strict=True)]


def _dot(one: Sequence[int], other: Sequence[int]) -> int:
    return sum(a * b for a, b in zip(one, other, strict=True)) % _PRIME
