"""Whether somebody who adds and subtracts sums can learn of a few people: the least number of people
whose contributions a linear combination of the sums consists of. Written apart from
``analytics.publishing.safety``, by another method: combinations in which everything of many people
cancels out are a small space, whose thinnest members are found by looking at where they vanish.
Numbers are taken modulo a prime, another one than there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence

Vector = tuple[int, ...]
_PRIME = 2**89 - 1
_Seen = tuple[set[Vector], list[Hashable]]  # what is seen of a class of people, and they


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
    """Directions of the space that vanish on all but fewer than ``below`` people: one after the
    other is left out or not, as long as a direction remains."""
    pending: list[tuple[int, int, dict[int, list[int]]]] = [(0, 0, {})]
    while pending:
        place, left_out, reduced = pending.pop()
        if len(reduced) == size:
            continue
        if place == len(seen):
            yield from _orthogonal(reduced, size)
            continue
        vectors, people = seen[place]
        if left_out + len(people) < below:
            pending.append((place + 1, left_out + len(people), reduced))
        more = dict(reduced)
        for vector in vectors:
            _reduce(more, vector)
        pending.append((place + 1, left_out, more))


def null_space(vectors: Iterable[Vector], size: int) -> list[Vector]:
    """A basis of all that is orthogonal to these vectors."""
    reduced: dict[int, list[int]] = {}  # place of the first entry, which is 1 -> vector
    for vector in vectors:
        _reduce(reduced, vector)
        if len(reduced) == size:
            return []
    return _orthogonal(reduced, size)


def _orthogonal(reduced: Mapping[int, Sequence[int]], size: int) -> list[Vector]:
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
