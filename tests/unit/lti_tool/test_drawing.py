"""The draw: the same blueprint at every interval, no item met twice, the same again when asked again."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from carryover.sample_programme import document
from lrs.vocabulary import INTERVALS
from lti_tool.actions.drawing import drawn
from lti_tool.actions.programmes import ITEMS_PER_CHECK, checked

PROGRAMME = checked(document())


@given(st.uuids())
def test_every_check_of_every_learner_keeps_the_blueprint(episode: uuid.UUID) -> None:
    met: list[str] = []
    for interval in INTERVALS:
        keys = drawn(PROGRAMME, episode, interval.key)
        assert len(keys) == ITEMS_PER_CHECK
        assert keys == drawn(PROGRAMME, episode, interval.key)
        items = [PROGRAMME.item(key) for key in keys]
        assert {item.competency for item in items} == {competency.key for competency in PROGRAMME.competencies}
        assert {item.pool for item in items} == {"check"}
        met += keys
    assert len(set(met)) == len(met)


def test_learners_meet_different_items() -> None:
    draws = {tuple(drawn(PROGRAMME, uuid.UUID(int=n), "1w")) for n in range(20)}
    assert len(draws) > 15


def test_no_interval_is_harder_by_design() -> None:
    """Over many learners each interval gets its share of critical items."""
    critical = {one.key: 0 for one in INTERVALS}
    people = 400
    for n in range(people):
        for interval in INTERVALS:
            critical[interval.key] += sum(PROGRAMME.item(key).critical for key in drawn(PROGRAMME, uuid.UUID(int=n), interval.key))
    mean = sum(critical.values()) / len(critical)
    assert all(abs(count - mean) < 0.12 * mean for count in critical.values()), critical
