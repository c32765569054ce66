"""Publishing how many get a competency and a question right: parts of the answers of retention.

An answer belongs to an interval, a question and a competency, and rows sum them along each. So each
row is held against all others answer by answer, and once a packet's competencies or questions are
published, no further sum of these answers is.

Sums of other packets may still come, and tell what is left of an earlier row that these share with
packets that have parts. So parts are held a second time against what such packets contribute to
each row, and later rows against what the others do (``beyond_details``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from analytics.catalogue import CATALOGUE, DETAIL_DAY, DETAILS, PUBLISHED_METRICS
from analytics.publishing.rows import (
    Ledger,
    PublishedRow,
    RowKey,
    add_rows,
    slot_name,
    slots_of,
    within_packets,
)
from analytics.store import published as store
from analytics.store.published import Packet
from lrs.vocabulary import INTERVALS, MIN_GROUP_SIZE

ANSWERS = "answers"
_CLOSED = tuple(item.key for item in INTERVALS if item.closes_days <= DETAIL_DAY)
# Rows that sum answers of these intervals; those that are first come before any detail.
_SUMS_OF_ANSWERS = tuple(
    RowKey(metric.key, part, day)
    for metric in CATALOGUE
    if metric.published is not None and ANSWERS in metric.published.quantities
    for part, _ in metric.parts
    for day in metric.published.days_of(part)
    if day <= DETAIL_DAY
)
_FIRST = tuple(key for key in _SUMS_OF_ANSWERS if key.metric == "retention_observed")
ALL_PUBLISHED = tuple(RowKey(metric.key, "", DETAIL_DAY) for metric in DETAILS)
_COMPARED = ALL_PUBLISHED[-1]  # the key under which rows are held against each other
_DETAIL_KEYS = {metric.key for metric in DETAILS}

# Packets that are looked at together, looks of a programme in one publication, sums that parts are
# held against, and sets of people that a look tries. What is not settled by then waits for a week.
MAX_TOGETHER, MAX_LOOKS, MAX_SUMS, MAX_TRIED = 5, 8, 80, 10
Counted = Mapping[int, Mapping[RowKey, PublishedRow]]
Done = set[tuple[RowKey, int]]


@dataclass(frozen=True)
class _Answers:
    """Who answered a question in an interval."""

    interval: str
    item: str
    competency: str | None
    learners: frozenset[int]

    def belongs_to(self, key: RowKey, slot: str) -> bool:
        """Whether they belong to a slot of a row."""
        if key.metric == "competency_right":
            return self.competency == slot
        return slot == (self.item if key.metric == "question_right" else self.interval)


def release_details(
    connection: Connection,
    tenant_id: int,
    rows: Sequence[PublishedRow],
    packets: Sequence[Packet],
    counted: Counted,
    done: Done,
) -> list[PublishedRow]:
    """The rows of competencies and questions that may appear now, with what ends by that.

    ``rows``: all that are published, and ``done`` what is, by packet. ``packets``: those whose
    window is over; of these, frozen ones get no rows.
    """
    waiting = [item for item in packets if item.frozen_at is None and _is_next(item, counted, done)]
    if not any(_is_part(key) for item in waiting for key in counted[item.packet_id]):
        return list(_complete(waiting, counted, done))
    answers = _load_answers(connection, tenant_id, [item.packet_id for item in packets])
    ledger = _Comparison(rows, answers)
    released: list[PublishedRow] = []
    done = set(done)
    for whole in ALL_PUBLISHED:
        looks = MAX_LOOKS
        for together in _gather(whole, waiting, counted, done):
            if not looks:
                break
            parts = _waiting_parts(whole, together, counted, done)
            looks -= 1
            if ledger.add_all_if_safe(parts):
                released += parts
                done |= {(row.key, number) for row in parts for number in row.packets}
    return [*released, *_end(released, done), *_complete(waiting, counted, done)]


class _Comparison:
    """Rows that sum answers, held against each other answer by answer."""

    def __init__(
        self, rows: Iterable[PublishedRow], answers: Mapping[int, Sequence[_Answers]]
    ) -> None:
        self._answers = answers
        self._rows = [row for row in rows if _sums_answers(row.key)]
        self._detailed = _packets_of(row for row in self._rows if _is_part(row.key))
        self._all = self._compare(answers)

    def _compare(self, packets: Collection[int]) -> Ledger:
        """What these packets contribute to the rows, and all answers of each."""
        found = [_by_answer(within_packets(row, packets), self._answers) for row in self._rows]
        return Ledger([*found, *(_total(one, self._answers.get(one, ())) for one in packets)])

    def add_all_if_safe(self, parts: Sequence[PublishedRow]) -> bool:
        """Whether parts may appear, which are noted then."""
        inside = self._detailed | _packets_of(parts)
        compared = [_by_answer(row, self._answers) for row in parts]
        if any(_straddles(row, inside) for row in self._rows) and not self._compare(
            inside
        ).add_all_if_safe(compared, MAX_SUMS, MAX_TRIED):
            return False
        if not self._all.add_all_if_safe(compared, MAX_SUMS, MAX_TRIED):
            return False
        self._rows += parts
        self._detailed = inside
        return True


def _quantities(key: RowKey) -> tuple[str, ...]:
    published = PUBLISHED_METRICS[key.metric].published
    assert published is not None
    return published.quantities


def _packets_of(rows: Iterable[PublishedRow]) -> frozenset[int]:
    return frozenset(number for row in rows for number in row.packets)


def _straddles(row: PublishedRow, packets: Collection[int]) -> bool:
    """Whether a row is over some of these packets, and over others."""
    return len({number in packets for number in row.packets}) > 1


def beyond_details(rows: Sequence[PublishedRow]) -> list[PublishedRow]:
    """What rows hold beyond packets that have parts: as if it were published, too, for rows that
    come later."""
    detailed = _packets_of(row for row in rows if _is_part(row.key))
    return [
        within_packets(row, set(row.packets) - detailed)
        for row in rows
        if ANSWERS in _quantities(row.key) and _straddles(row, detailed)
    ]


def _gather(
    whole: RowKey, packets: Sequence[Packet], counted: Counted, done: Done
) -> Iterator[list[Packet]]:
    """Packets to look at together: those of one group, one more each time, until their parts are
    published or they are enough. The newest first: those of old times were looked at before."""
    for members in _groups(whole, packets):
        together: list[Packet] = []
        for item in reversed(members):
            together.append(item)
            if _are_enough(whole, together) and _waiting_parts(whole, together, counted, done):
                yield together
                waits = _waiting_parts(whole, together, counted, done)
                if not waits or len(together) == MAX_TOGETHER:
                    together = []


def _waiting_parts(
    whole: RowKey, packets: Sequence[Packet], counted: Counted, done: Done
) -> list[PublishedRow]:
    """Of each part that waits, the row over those of the packets that have it, where enough people
    answered."""
    found: dict[RowKey, list[PublishedRow]] = defaultdict(list)
    for item in packets:
        for key, row in counted[item.packet_id].items():
            if _is_part(key) and _whole(key) == whole and (key, item.packet_id) not in done:
                found[key].append(row)
    rows = [add_rows(found[key]) for key in sorted(found, key=lambda key: key.part)]
    return [row for row in rows if row.people >= MIN_GROUP_SIZE]


def _is_part(key: RowKey) -> bool:
    return key.metric in _DETAIL_KEYS and bool(key.part)


def _whole(key: RowKey) -> RowKey:
    return replace(key, part="")


def _sums_answers(key: RowKey) -> bool:
    return key in _SUMS_OF_ANSWERS or _is_part(key)


def _is_next(item: Packet, counted: Counted, done: Done) -> bool:
    """Whether a packet waits for details, and what comes before them is published."""
    number = item.packet_id
    return any(key in counted.get(number, ()) for key in ALL_PUBLISHED) and all(
        (key, number) in done for key in _FIRST
    )


def _groups(key: RowKey, packets: Sequence[Packet]) -> Iterator[list[Packet]]:
    """The packets whose rows appear together."""
    published = PUBLISHED_METRICS[key.metric].published
    assert published is not None
    groups: dict[tuple[object, ...], list[Packet]] = defaultdict(list)
    for item in packets:
        group = (item.pooled, item.wave, item.dimension, item.value)
        groups[group if published.grouped else ()].append(item)
    yield from groups.values()


def _are_enough(key: RowKey, packets: Iterable[Packet]) -> bool:
    """Whether the packets have as many people as it takes to publish any."""
    published = PUBLISHED_METRICS[key.metric].published
    assert published is not None
    return published.grouped or sum(item.people for item in packets) >= published.min_people


def _load_answers(
    connection: Connection, tenant_id: int, packets: Iterable[int]
) -> dict[int, list[_Answers]]:
    found: dict[int, list[_Answers]] = defaultdict(list)
    for row in store.list_answers(connection, tenant_id, list(packets), _CLOSED):
        found[row.packet_id].append(
            _Answers(row.interval, row.item, row.competency, frozenset(row.learners))
        )
    return found


def _by_answer(row: PublishedRow, answers: Mapping[int, Sequence[_Answers]]) -> PublishedRow:
    """A row with its contributions answer by answer."""
    contributions: dict[str, list[int]] = {}
    for packet, slot, people in slots_of(row):
        left = set(people)
        for item in answers.get(packet, ()):
            if item.belongs_to(row.key, slot):
                name = slot_name(packet, f"{item.interval} {item.item}")
                contributions[name] = sorted(item.learners.intersection(people))
                left -= item.learners
        if left:  # who was erased since, or whose answer was voided
            contributions[slot_name(packet, f"{row.key.metric} {slot}")] = sorted(left)
    return replace(row, key=_COMPARED, contributions=contributions)


def _total(packet: int, answers: Iterable[_Answers]) -> PublishedRow:
    """All answers of a packet: what is left of a later sum without later answers."""
    contributions = {
        slot_name(packet, f"{item.interval} {item.item}"): sorted(item.learners) for item in answers
    }
    return PublishedRow(_COMPARED, 1, (packet,), 0, [], contributions)


def _end(released: Iterable[PublishedRow], done: Done) -> Iterator[PublishedRow]:
    """What is not published of these packets' answers by now never is: a row of nobody each."""
    for number in sorted({number for row in released for number in row.packets}):
        for key in _SUMS_OF_ANSWERS:
            if (key, number) not in done:
                version = PUBLISHED_METRICS[key.metric].version
                yield PublishedRow(key, version, (number,), 0, [], {})


def _complete(packets: Iterable[Packet], counted: Counted, done: Done) -> Iterator[PublishedRow]:
    """A row of nobody for each packet of whose competencies, or questions, all are published."""
    for item in packets:
        rows = counted[item.packet_id]
        for whole in ALL_PUBLISHED:
            parts = [key for key in rows if _is_part(key) and _whole(key) == whole]
            if (whole, item.packet_id) not in done and all(
                (key, item.packet_id) in done for key in parts
            ):
                yield replace(rows[whole], people=0, sums=[], contributions={})
