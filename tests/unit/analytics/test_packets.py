"""Who is put into which packet: the rule of docs/privacy.md."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from analytics.publishing.packets import (
    POOLED_AFTER,
    NewPacket,
    Waiting,
    form_packets,
    replay_mondays,
)

MONDAY = date(2026, 3, 2)
WEEK = timedelta(weeks=1)


def people(
    count: int, *, before: date = MONDAY, value: str | None = "north", wave: str | None = "W1"
) -> list[Waiting]:
    """Certified on the day before."""
    anchor = datetime.combine(before, time(12), UTC) - timedelta(days=1)
    return [
        Waiting(uuid.uuid4(), uuid.uuid4().int % 2**60, wave, value, anchor) for _ in range(count)
    ]


def sizes(packets: list[NewPacket]) -> list[tuple[str | None, bool, int]]:
    return [(packet.value, packet.pooled, len(packet.members)) for packet in packets]


def test_eight_of_one_team_are_told_of_and_seven_wait() -> None:
    packets, waiting = form_packets([*people(8), *people(7, value="south")], MONDAY, 8)
    assert sizes(packets) == [("north", False, 8)]
    assert len(waiting) == 7 and {item.since for item in waiting} == {MONDAY}


def test_waves_are_apart() -> None:
    assert form_packets([*people(5), *people(5, wave="W2")], MONDAY, 8)[0] == []


def test_who_was_certified_on_monday_or_later_is_not_looked_at() -> None:
    late = [
        Waiting(uuid.uuid4(), n, "W1", "north", datetime.combine(MONDAY, time(), UTC))
        for n in range(9)
    ]
    packets, waiting = form_packets(late, MONDAY, 8)
    assert packets == [] and {item.since for item in waiting} == {None}


def test_somebody_certified_twice_is_one_of_eight() -> None:
    seven = people(7)
    twice = Waiting(uuid.uuid4(), seven[0].learner, "W1", "north", seven[0].anchor)
    assert form_packets([*seven, twice], MONDAY, 8)[0] == []


def test_who_was_certified_twice_is_in_a_packet_once() -> None:
    eight = people(8)
    again = Waiting(uuid.uuid4(), eight[0].learner, "W1", "north", eight[0].anchor)
    (packet,), waiting = form_packets([*eight, again], MONDAY, 8)
    assert packet.members == form_packets(eight, MONDAY, 8)[0][0].members
    assert [item.registration for item in waiting] == [again.registration]


def test_who_waited_thirteen_weeks_goes_to_the_pool_of_the_programme() -> None:
    _, waiting = form_packets([*people(4), *people(5, value="south")], MONDAY, 8)
    packets, still = form_packets(waiting, MONDAY + POOLED_AFTER - WEEK, 8)
    assert packets == [] and len(still) == 9
    packets, still = form_packets(still, MONDAY + POOLED_AFTER, 8)
    assert sizes(packets) == [(None, True, 9)] and still == []


def test_history_is_formed_monday_after_monday() -> None:
    history = [*people(8), *people(3, before=MONDAY + WEEK), *people(5, before=MONDAY + 5 * WEEK)]
    packets, waiting = replay_mondays(history, MONDAY + 20 * WEEK, 8)
    assert [(packet.formed_on, len(packet.members)) for packet in packets] == [
        (MONDAY, 8),
        (MONDAY + 5 * WEEK, 8),
    ]
    assert waiting == []


@given(
    st.lists(
        st.tuples(
            st.integers(0, 200), st.sampled_from("ab"), st.sampled_from("xy"), st.integers(0, 40)
        ),
        max_size=60,
    ),
    st.integers(5, 9),
)
def test_packets_are_disjoint_and_of_enough_people(
    certified: list[tuple[int, str, str, int]], size: int
) -> None:
    begun = datetime.combine(MONDAY, time(9), UTC)
    waiting = [
        Waiting(uuid.uuid4(), learner, wave, value, begun + timedelta(days=day))
        for day, wave, value, learner in certified
    ]
    packets, left = replay_mondays(waiting, MONDAY + 60 * WEEK, size)
    told = [item.registration for packet in packets for item in packet.members]
    assert sorted([*told, *(item.registration for item in left)]) == sorted(
        item.registration for item in waiting
    )
    for packet in packets:
        assert len({item.learner for item in packet.members}) >= size
        if not packet.pooled:
            assert {(item.wave, item.value) for item in packet.members} == {
                (packet.wave, packet.value)
            }
        midnight = datetime.combine(packet.formed_on, time(), UTC)
        assert all(item.anchor < midnight for item in packet.members)
