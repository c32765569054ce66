"""What holds of everything that was ever published, checked after each publication by who knows the
packets, the rows and the facts (docs/privacy.md)."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from analytics.catalogue import PUBLISHED_METRICS
from analytics.publishing.rows import add_sums, estimate_row
from tests.support.counted_people import Told, by_what, load_episodes, things_of
from tests.support.linear_attack import fewest_told_of

FEWEST = 5  # people
_UNCHANGING = ("programme", "wave", "dimension", "value", "pooled", "formed_on", "people")
_OF_A_ROW = ("programme", "packets", "metric", "version", "part", "day", "people", "sums")
# Whose rows count episodes; those of the others, learners of a packet.
_OF_EPISODES = ("time_to_first_use", "time_to_competency")


@dataclass
class Truth:
    """Remembers everything of one tenant. ``told``: by row, what it sums."""

    tenant_id: int
    packets: dict[int, Any] = field(default_factory=dict)
    members: dict[uuid.UUID, tuple[int, int]] = field(default_factory=dict)
    rows: dict[int, Any] = field(default_factory=dict)
    told: dict[int, frozenset[Told]] = field(default_factory=dict)
    names: dict[uuid.UUID, int] = field(default_factory=dict)  # whose an episode was
    months: set[tuple[int, int]] = field(default_factory=set)
    harmless: set[frozenset[frozenset[Hashable]]] = field(default_factory=set)

    def check(self, connection: Connection, now: datetime) -> None:
        """Look at what the publication of this moment left; AssertionError if anything is
        wrong."""
        first = (now.year, now.month) not in self.months
        self.months.add((now.year, now.month))
        frozen = {number for number, one in self.packets.items() if one.frozen_at}
        self._check_packets(connection)
        new = self._check_rows(connection, first, frozen)
        self._note_what_is_told(connection, new)
        self._check_combinations({self.rows[number].programme for number in new})
        self._check_values(connection)

    def _read(self, connection: Connection, query: str) -> Any:
        return connection.execute(text(query), {"tenant": self.tenant_id}).all()

    def _check_packets(self, connection: Connection) -> None:
        """Packets are of enough people, share nobody's episode, and never change."""
        sizes = dict(
            self._read(
                connection,
                "SELECT programme, size FROM analytics.publishing_rule WHERE tenant_id = :tenant",
            )
        )
        found = {
            row.packet_id: row
            for row in self._read(
                connection, "SELECT * FROM analytics.packet WHERE tenant_id = :tenant"
            )
        }
        members = {
            row.registration: (row.packet_id, row.learner)
            for row in self._read(
                connection, "SELECT * FROM analytics.packet_member WHERE tenant_id = :tenant"
            )
        }
        people: dict[int, set[int]] = defaultdict(set)
        for number, learner in members.values():
            people[number].add(learner)
        for number, row in found.items():
            before = self.packets.get(number)
            if before is None:
                size = sizes.get(row.programme, 8)
                assert row.people == len(people[number]) >= size >= FEWEST, f"packet {row}"
                continue
            for name in _UNCHANGING:
                assert getattr(row, name) == getattr(before, name), f"packet {before} became {row}"
            assert before.frozen_at is None or row.frozen_at, f"packet {number} thawed"
        assert self.packets.keys() <= found.keys(), "a packet is gone"
        for registration, place in self.members.items():
            assert members.get(registration, place) == place, f"{registration} moved"
            erased = registration not in members
            assert not erased or found[place[0]].frozen_at, f"{place} was left, and is not frozen"
        old = {one for one, (number, _) in members.items() if number in self.packets}
        assert old <= self.members.keys(), "somebody was added to a packet"
        self.packets, self.members = found, members
        self.names |= {registration: learner for registration, (_, learner) in members.items()}

    def _check_rows(self, connection: Connection, first: bool, frozen: set[int]) -> list[int]:
        """Rows never change; one takes another's place in the first publication of a month, of the
        same people, and of packets that are whole. Return the new ones."""
        found = {
            row.row_id: row
            for row in self._read(
                connection,
                "SELECT * FROM analytics.published_row WHERE tenant_id = :tenant ORDER BY row_id",
            )
        }
        new = [number for number in found if number not in self.rows]
        by_place = {_place(found[number]): found[number] for number in new}
        taken: set[Any] = set()
        for number, before in self.rows.items():
            row = found[number]
            for name in _OF_A_ROW:
                assert getattr(row, name) == getattr(before, name), f"{before} became {row}"
            if row.replaced_at is None or before.replaced_at is not None:
                continue
            after = by_place.get(_place(row))
            assert after is not None, f"{row} was taken away"
            assert first, f"{row} was corrected in the middle of a month"
            assert not frozen & set(row.packets), f"{row} was corrected after it was frozen"
            assert after.people == row.people, f"{row} was corrected to {after}"
            assert _people(after) == _people(row), f"{row} was corrected to {after}"
            taken.add(_place(row))
        current = defaultdict(list)
        for row in found.values():
            if row.replaced_at is None:
                for packet in row.packets:
                    current[row.metric, row.part, row.day, packet].append(row)
        assert all(len(some) == 1 for some in current.values()), "a packet stands in two rows"
        for number in new:
            touched = [one for one in found[number].packets if self.packets[one].frozen_at]
            assert not touched, f"{found[number]} came after packets {touched} were frozen"
        self.rows = found
        return [number for number in new if _place(found[number]) not in taken]

    def _note_what_is_told(self, connection: Connection, new: Iterable[int]) -> None:
        """What new rows sum, worked out anew; their people are those whose that is."""
        episodes = load_episodes(connection, self.tenant_id)
        by_packet: dict[int, list[uuid.UUID]] = defaultdict(list)
        for registration, (packet, _) in self.members.items():
            by_packet[packet].append(registration)
        for number in new:
            row = self.rows[number]
            things: set[Told] = set()
            for packet in row.packets if row.sums else ():
                for one in by_packet[packet]:
                    things |= things_of(episodes[one], row.metric, row.part, row.day)
            self.told[number] = frozenset(things)
            self._check_people(row, self.told[number])

    def _check_people(self, row: Any, told: frozenset[Told]) -> None:
        """A row is of five people or more, or of nobody, and then it holds nothing."""
        for what, things in by_what(told).items():
            people = {self.names[thing.registration] for thing in things}
            assert len(people) >= FEWEST, f"{what} of {len(people)} people: {row}"
        if not told:
            assert row.people == 0 and not any(map(_holds, row.sums)), f"of nobody: {row}"
        contributing = {
            thing.registration if row.metric in _OF_EPISODES else self._place_of(thing)
            for thing in _main(row.metric, told)
        }
        assert row.people == len(contributing), f"{len(contributing)} people, says the truth: {row}"

    def _place_of(self, thing: Told) -> tuple[int, int]:
        return self.members[thing.registration]

    def _check_combinations(self, programmes: set[str]) -> None:
        """No combination of rows is a sum of what fewer than five people did."""
        for programme in programmes:
            sums: dict[str, set[frozenset[Told]]] = defaultdict(set)
            for number, told in self.told.items():
                if self.rows[number].programme == programme:
                    for what, things in by_what(told).items():
                        sums[what].add(things)
            for what, some in sums.items():
                people: dict[Hashable, Hashable] = {
                    thing: self.names[thing.registration] for things in some for thing in things
                }
                found = fewest_told_of(list(some), people, self.harmless)
                assert not found, self._describe(programme, what, found)

    def _describe(self, programme: str, what: str, found: frozenset[Any]) -> str:
        """The rows that have a part in it."""
        theirs = [
            f"row {number}: {row.metric} {row.part!r} day {row.day} of packets {row.packets}"
            for number, row in self.rows.items()
            if row.programme == programme
            and number in self.told
            and any(
                thing.what == what and self.names[thing.registration] in found
                for thing in self.told[number]
            )
        ]
        return "\n".join([f"{what} of {programme} tells of people {sorted(found)}", *theirs])

    def _check_values(self, connection: Connection) -> None:
        """Each value is that of the rows whose packets all lie in its scope."""
        current = [row for row in self.rows.values() if row.replaced_at is None]
        rows: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
        for row in current:
            rows[row.metric, row.part, row.day].append(row)
        for value in self._read(
            connection, "SELECT * FROM analytics.published_value WHERE tenant_id = :tenant"
        ):
            metric = PUBLISHED_METRICS[value.metric]
            inside = [
                row
                for row in rows[value.metric, value.part, value.day]
                if row.version == metric.version
                and all(self._is_inside(self.packets[number], value) for number in row.packets)
            ]
            people = sum(row.people for row in inside)
            assert metric.published is not None
            if value.status != "shown":
                assert value.people is None and value.numerator is None, f"{value}"
                assert people < metric.published.min_people, f"{value} of {people} people"
                continue
            assert value.people == people >= metric.published.min_people, f"{value}"
            again = estimate_row(metric, value.part, self._sum(inside))
            assert (value.numerator, value.denominator, value.value) == (
                again.numerator,
                again.denominator,
                again.value,
            ), f"{value} is not {again}"
            assert (value.ci_low, value.ci_high) == (again.low, again.high), f"{value}"

    def _sum(self, rows: Sequence[Any]) -> Any:
        """Programme by programme, and then these: the last digit of a sum depends on that."""
        by_programme: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            by_programme[self.packets[row.packets[0]].programme].append(row.sums)
        return add_sums(add_sums(sums) for sums in by_programme.values())

    def _is_inside(self, packet: Any, value: Any) -> bool:
        if value.programme == "":
            return True
        inside = {
            "programme": "",
            "month": f"{packet.certified_by - timedelta(weeks=1):%Y-%m}",
            "wave": None if packet.pooled else packet.wave or "",
            packet.dimension: None if packet.pooled else packet.value or "",
        }
        same: bool = packet.programme == value.programme
        return same and bool(inside.get(value.scope) == value.scope_value)


def _place(row: Any) -> tuple[Any, ...]:
    return (row.metric, row.part, row.day, tuple(row.packets))


def _people(row: Any) -> dict[str, set[int]]:
    return {slot: set(people) for slot, people in row.contributions.items() if people}


def _holds(sums: Mapping[str, Any]) -> bool:
    return any(sums.values())


def _main(metric: str, told: frozenset[Told]) -> frozenset[Told]:
    """Those things whose people a row is said to be of: of bounds, those who answered."""
    if metric in ("retention_worst", "retention_best"):
        return by_what(told).get("answers", frozenset())
    return told
