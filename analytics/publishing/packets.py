"""Who is put into which packet: certified people of one programme, wave and value of the declared
dimension, as soon as enough of them wait; once, and for good."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from analytics.store.published import PublishingRule

DEFAULT_PACKET_SIZE = 8  # people: five are still published where three do not take part
MAX_PACKET_SIZE = 100  # that a programme may ask for
DEFAULT_RULE = PublishingRule("team", DEFAULT_PACKET_SIZE)
POOLED_AFTER = timedelta(weeks=13)
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Waiting:
    """An episode in no packet: ``value`` is that of the declared dimension, ``since`` the Monday on
    which it first could have been in one."""

    registration: uuid.UUID
    learner: int
    wave: str | None
    value: str | None
    anchor: datetime
    since: date | None = None


@dataclass(frozen=True)
class NewPacket:
    """Episodes that are published together. ``pooled``: they waited too long for their group, and
    count in the whole programme alone."""

    wave: str | None
    value: str | None
    pooled: bool
    formed_on: date
    members: tuple[Waiting, ...]


def monday_after(instant: datetime) -> date:
    """The first Monday (UTC) of which all of it is later."""
    return monday_of(instant.astimezone(UTC).date()) + _WEEK


def monday_from(day: date) -> date:
    """The next Monday from a day on: values are published on Mondays."""
    return monday_of(day - timedelta(days=1)) + _WEEK


def monday_of(day: date) -> date:
    """The Monday of a day's week (ISO 8601)."""
    return day - timedelta(days=day.weekday())


def form_packets(
    waiting: Iterable[Waiting], monday: date, size: int
) -> tuple[list[NewPacket], list[Waiting]]:
    """The packets of one programme that can be formed on a Monday, of at least ``size`` people
    each with one episode, and who goes on waiting. Who was certified on that Monday or later is not
    looked at."""
    midnight = datetime.combine(monday, time(), UTC)
    groups: dict[tuple[str | None, str | None], list[Waiting]] = defaultdict(list)
    later: list[Waiting] = []
    for item in waiting:
        if item.anchor < midnight:
            groups[item.wave, item.value].append(_begin(item, monday))
        else:
            later.append(item)
    packets: list[NewPacket] = []
    left: list[Waiting] = []
    for (wave, value), found in groups.items():
        members = _once_each(found)
        if len(members) >= size:
            packets.append(NewPacket(wave, value, False, monday, members))
            left += [item for item in found if item not in members]
        else:
            left += found
    late = _once_each(
        item for item in left if item.since is not None and item.since + POOLED_AFTER <= monday
    )
    if len(late) >= size:
        packets.append(NewPacket(None, None, True, monday, late))
        left = [item for item in left if item not in late]
    return packets, left + later


def replay_mondays(
    waiting: Sequence[Waiting], until: date, size: int
) -> tuple[list[NewPacket], list[Waiting]]:
    """The packets of a programme of which none exists yet, Monday after Monday up to ``until``, as
    if they had been formed from the beginning."""
    if not waiting:
        return [], []
    packets: list[NewPacket] = []
    arriving = sorted(waiting, key=lambda item: item.anchor)
    held: list[Waiting] = []
    monday, position = monday_of(arriving[0].anchor.astimezone(UTC).date()) + _WEEK, 0
    while monday <= until:
        midnight = datetime.combine(monday, time(), UTC)
        begin = position
        while position < len(arriving) and arriving[position].anchor < midnight:
            position += 1
        if position > begin or _somebody_waited_long(held, monday):
            formed, held = form_packets([*held, *arriving[begin:position]], monday, size)
            packets += formed
        monday += _WEEK
    return packets, held + arriving[position:]


def _somebody_waited_long(held: Iterable[Waiting], monday: date) -> bool:
    """Whether this is the Monday on which somebody's waiting ends: on others nothing changes."""
    return any(item.since is not None and item.since + POOLED_AFTER == monday for item in held)


def _begin(item: Waiting, monday: date) -> Waiting:
    if item.since is not None:
        return item
    return Waiting(
        item.registration, item.learner, item.wave, item.value, item.anchor, since=monday
    )


def _once_each(people: Iterable[Waiting]) -> tuple[Waiting, ...]:
    """One episode of each person, the first: what somebody certified twice did in one of them
    would be the difference of what both and what one of them count in."""
    first: dict[int, Waiting] = {}
    for item in people:
        first.setdefault(item.learner, item)
    return tuple(first.values())
