"""Groups by rule: three to five, of one wave, of one site where there are enough, of different
teams; six meetings on working days.
"""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from lti_tool.coaching import coaching_groups
from lti_tool.coaching.coaching_store import GroupCandidate
from lti_tool.programmes import working_time
from lti_tool.programmes.programmes import Calendar

people = st.lists(
    st.builds(
        GroupCandidate,
        st.uuids(),
        st.sampled_from(["", "w1", "w2"]),
        st.sampled_from(["Berlin", "Madrid"]),
        st.sampled_from(["a", "b", "c"]),
        st.just("UTC"),
    ),
    max_size=40,
    unique_by=lambda one: one.episode_id,
)


@given(people)
def test_every_group_has_three_to_five_of_one_wave_and_nobody_is_in_two(
    candidates: list[GroupCandidate],
) -> None:
    groups = coaching_groups.split_into_groups(candidates)
    placed = [one.episode_id for group in groups for one in group]
    assert len(set(placed)) == len(placed) and set(placed) <= {one.episode_id for one in candidates}
    for group in groups:
        assert coaching_groups.MIN_GROUP_SIZE <= len(group) <= coaching_groups.MAX_GROUP_SIZE
        assert len({one.wave for one in group}) == 1
    left = Counter(one.wave for one in candidates if one.episode_id not in set(placed))
    for wave, count in left.items():
        mine = [group for group in groups if group[0].wave == wave]
        assert count < coaching_groups.MIN_GROUP_SIZE and not any(
            len(group) < coaching_groups.MAX_GROUP_SIZE for group in mine
        ), "who waits could not be placed"


def test_teams_are_mixed() -> None:
    candidates = [
        GroupCandidate(uuid.uuid4(), "w", "Berlin", "a" if n < 4 else "b", "UTC") for n in range(8)
    ]
    for group in coaching_groups.split_into_groups(candidates):
        assert Counter(one.team for one in group) == {"a": 2, "b": 2}


@given(st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the strategy adds the zone
def test_six_meetings_two_weeks_apart_at_ten_on_working_days(now: datetime) -> None:
    when = working_time.resolve_working_time("Europe/Berlin", [], Calendar())
    planned = coaching_groups.meeting_times(when, now)
    assert len(planned) == 6
    for number, at in enumerate(planned):
        local = at.astimezone(when.zone)
        assert local.hour == 10 and when.works_on(local.date())
        assert (
            timedelta(days=6) + coaching_groups.MEETING_INTERVAL * number
            <= at - now
            <= timedelta(days=10) + coaching_groups.MEETING_INTERVAL * number
        )
