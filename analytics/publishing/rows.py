"""Rows that are published: what was counted of a part of a metric over packets that are published
together, and which of them may appear."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import fsum, isclose
from types import SimpleNamespace
from typing import Any

from analytics.catalogue import PUBLISHED_METRICS, Metric, Published
from analytics.publishing.safety import Contribution, is_combination, tells_of_few
from analytics.statistics.estimates import NO_ESTIMATE, Estimate
from lrs.vocabulary import MIN_GROUP_SIZE

MAX_RELATED = 400  # sums that a row is held against; with more it waits
Sums = list[dict[str, Any]]
_ROUNDING = 1e-9  # of sums of shares, in whatever order the database adds them
_TIME_COLUMNS = ("days", "met")  # the rows of a time are one for each of their values


@dataclass(frozen=True)
class RowKey:
    """A part of a metric, ``day`` days after the certification."""

    metric: str
    part: str
    day: int


@dataclass(frozen=True)
class PublishedRow:
    """``people`` contribute to it (episodes, since somebody certified twice counts twice).
    ``contributions``: by slot the keys of the agents who do, without those erased since. A slot
    is of a packet, since somebody who is in two has two of everything (``slot_name``)."""

    key: RowKey
    version: int
    packets: tuple[int, ...]
    people: int
    sums: Sums
    contributions: Mapping[str, Sequence[int]]
    row_id: int = 0  # none yet


def add_rows(rows: Sequence[PublishedRow]) -> PublishedRow:
    """One row over the packets of all."""
    return PublishedRow(
        rows[0].key,
        rows[0].version,
        tuple(sorted(number for row in rows for number in row.packets)),
        sum(row.people for row in rows),
        add_sums(row.sums for row in rows),
        rows[0].contributions if len(rows) == 1 else _join(row.contributions for row in rows),
    )


def add_by_key(rows: Iterable[PublishedRow]) -> list[PublishedRow]:
    """One row for each key and version, without packets and contributions: what a whole needs."""
    found: dict[tuple[RowKey, int], list[PublishedRow]] = defaultdict(list)
    for row in rows:
        found[row.key, row.version].append(row)
    return [
        PublishedRow(
            key, version, (), sum(row.people for row in same), add_sums(r.sums for r in same), {}
        )
        for (key, version), same in found.items()
    ]


def add_sums(sums: Iterable[Sums]) -> Sums:
    """Sums over disjoint packets: added, column by column, in whatever order they come; times are
    kept apart."""
    found: dict[tuple[Any, ...], dict[str, list[Any]]] = {}
    for one in sums:
        for row in one:
            kept = found.setdefault(tuple(row.get(name) for name in _TIME_COLUMNS), {})
            for name, value in row.items():
                kept.setdefault(name, []).append(value)
    return [
        {
            name: values[0] if name in _TIME_COLUMNS else _add(values)
            for name, values in found[place].items()
        }
        for place in sorted(found, key=str)
    ]


def _add(values: Sequence[float]) -> float:
    """The sum, to the last digit whatever the order."""
    return sum(values) if all(isinstance(value, int) for value in values) else fsum(values)


def are_equal(one: Sums, other: Sums) -> bool:
    """Whether two sums of the same people are the same, whatever the order of adding."""
    return len(one) == len(other) and all(
        a.keys() == b.keys() and all(isclose(a[name], b[name], abs_tol=_ROUNDING) for name in a)
        for a, b in zip(one, other, strict=True)
    )


def estimate_row(metric: Metric, part: str, sums: Sums) -> Estimate:
    """The value of sums with its interval."""
    rows = [SimpleNamespace(part=part, **row) for row in sums]
    return metric.estimate(rows).get(part, NO_ESTIMATE)


@dataclass(frozen=True)
class _Sum:
    """What a row sums of a quantity."""

    row: PublishedRow
    quantity: str

    @cached_property
    def contributions(self) -> frozenset[Contribution]:
        """To what of whom the row belongs."""
        return _contributions_of(self.row, self.quantity)


_Place = tuple[str, int]  # a quantity and a packet


class Ledger:
    """What is published of one programme: whether a further row may be. Rows matter to each other
    where they sum the same quantity over the same contributions."""

    def __init__(self, rows: Iterable[PublishedRow] = ()) -> None:
        # Sums that nobody asked about yet; and of the others, those that tell of something new.
        self._unread: dict[_Place, list[_Sum]] = defaultdict(list)
        self._kept: dict[_Place, list[_Sum]] = defaultdict(list)
        for row in rows:
            self.add(row)

    def add(self, row: PublishedRow) -> None:
        """Note a row that is published."""
        for one in _sums_of(row):
            for packet in one.row.packets:
                self._unread[one.quantity, packet].append(one)

    def add_if_safe(self, row: PublishedRow) -> bool:
        """Whether a row may appear, which is noted then: enough people contribute to it, or nobody,
        and no combination of it with others tells of a few."""
        if 0 < row.people < MIN_GROUP_SIZE:
            return False
        new = []
        for one in _sums_of(row):
            own = one.contributions
            if own and _count_people(own) < MIN_GROUP_SIZE:
                return False
            related = self._related(own, row.packets, one.quantity)
            others = [item.contributions for item in related]
            if is_combination(own, others):
                continue  # it tells of nothing new
            if len(others) > MAX_RELATED or (others and tells_of_few([own, *others])):
                return False
            new.append(one)
        for one in new:
            self._keep(one)
        return True

    def add_all_if_safe(
        self, rows: Sequence[PublishedRow], most_sums: int, most_tried: int
    ) -> bool:
        """The same of rows of one metric at once: one look instead of one for each, given up where
        they matter to more than ``most_sums`` others, or after ``most_tried`` sets of people."""
        sums = [one for row in rows for one in _sums_of(row)]
        owns = [one.contributions for one in sums]
        if any(_count_people(own) < MIN_GROUP_SIZE for own in owns):
            return False
        (quantity,) = {one.quantity for one in sums}
        packets = sorted({number for row in rows for number in row.packets})
        related = self._related(frozenset().union(*owns), packets, quantity)
        others = [item.contributions for item in related]
        if len(others) > most_sums or tells_of_few([*owns, *others], most_tried=most_tried):
            return False
        for row in rows:
            self.add(row)
        return True

    def _related(
        self, own: frozenset[Contribution], packets: Sequence[int], quantity: str
    ) -> list[_Sum]:
        """The sums that share contributions with this one, with those that share contributions
        with them, and so on."""
        found: dict[int, _Sum] = {}
        reached, near = set(own), set(packets)
        while True:
            for packet in near:
                self._read(quantity, packet)
            new = {
                id(item): item
                for packet in near
                for item in self._kept.get((quantity, packet), ())
                if id(item) not in found and not item.contributions.isdisjoint(reached)
            }
            if not new:
                return list(found.values())
            found |= new
            for item in new.values():
                reached |= item.contributions
                near.update(item.row.packets)

    def _read(self, quantity: str, packet: int) -> None:
        """Keep of the sums of a packet those that others do not tell already."""
        for item in self._unread.pop((quantity, packet), ()):
            known = [
                other.contributions
                for one in item.row.packets
                for other in self._kept.get((quantity, one), ())
                if not other.contributions.isdisjoint(item.contributions)
            ]
            if not is_combination(item.contributions, known):
                self._keep(item)

    def _keep(self, item: _Sum) -> None:
        for packet in item.row.packets:
            self._kept[item.quantity, packet].append(item)


def _sums_of(row: PublishedRow) -> list[_Sum]:
    """What a row sums, of each quantity; nothing where nobody contributes to it."""
    if not any(row.contributions.values()):
        return []
    return [_Sum(row, quantity) for quantity in _published(row.key).quantities]


def _published(key: RowKey) -> Published:
    published = PUBLISHED_METRICS[key.metric].published
    assert published is not None
    return published


def slot_name(packet: int, slot: str, quantity: str = "") -> str:
    """The name of a slot of a packet. ``quantity``: of which it is alone, where a row sums some of
    more people than the rest."""
    return f"{quantity}|{packet}|{slot}"


def within_packets(row: PublishedRow, packets: Collection[int]) -> PublishedRow:
    """What some packets contribute to a row, without what it sums of that."""
    contributions = {
        name: people
        for name, people in row.contributions.items()
        if int(name.split("|", 2)[1]) in packets
    }
    kept = tuple(number for number in row.packets if number in packets)
    return replace(row, packets=kept, people=0, sums=[], contributions=contributions)


def slots_of(row: PublishedRow) -> Iterator[tuple[int, str, Sequence[int]]]:
    """Packet, slot and people of each slot that is not of one quantity alone."""
    for name, people in row.contributions.items():
        of, packet, slot = name.split("|", 2)
        if not of:
            yield int(packet), slot, people


def _contributions_of(row: PublishedRow, quantity: str) -> frozenset[Contribution]:
    """To what of whom a row belongs that it sums for a quantity."""
    found: dict[str, set[Contribution]] = defaultdict(set)
    once = quantity in _published(row.key).once
    for name, people in row.contributions.items():
        of, packet, slot = name.split("|", 2)
        found[of] |= {(person, packet if once else f"{packet}|{slot}") for person in people}
    return frozenset(found.get(quantity, found[""]))


def _count_people(contributions: Collection[Contribution]) -> int:
    return len({person for person, _ in contributions})


def with_contributions(
    packet: int, counted: Mapping[RowKey, PublishedRow]
) -> dict[RowKey, PublishedRow]:
    """The rows of one packet, with the contributions of each as the catalogue says: what is
    counted names only who contributes since the look before, and of a whole nobody."""
    slots: dict[RowKey, dict[str, Sequence[int]]] = {}
    for key in sorted(counted, key=lambda key: key.day):
        published, found = _published(key), counted[key].contributions
        slot = key.part if published.slot == "part" else published.slot
        if published.part_of:
            slots[key] = slots[RowKey(published.part_of, slot, key.day)]
        elif published.renewed:
            earlier = [day for day in published.days if day < key.day]
            before = slots.get(RowKey(key.metric, key.part, earlier[-1]), {}) if earlier else {}
            slots[key] = {**before, slot_name(packet, f"{slot}/{key.day}"): found.get("", ())}
        else:
            slots[key] = {
                slot_name(packet, slot, quantity): people for quantity, people in found.items()
            }
    result = {}
    for key, row in counted.items():
        whole = _published(key).whole
        if whole and not key.part:
            slots[key] = _join(
                [
                    found
                    for other, found in slots.items()
                    if other.metric == whole and other.part and _is_within(other, key)
                ]
            )
        result[key] = PublishedRow(
            key, row.version, row.packets, row.people, row.sums, slots[key], row.row_id
        )
    return result


def _is_within(part: RowKey, whole: RowKey) -> bool:
    """Whether a part belongs to a whole: of the same day, or intervals that were over by then."""
    return part.day == whole.day if part.metric == whole.metric else part.day <= whole.day


def _join(found: Iterable[Mapping[str, Sequence[int]]]) -> dict[str, Sequence[int]]:
    joined: dict[str, set[int]] = defaultdict(set)
    for slots in found:
        for slot, people in slots.items():
            joined[slot].update(people)
    return {slot: sorted(people) for slot, people in joined.items()}
