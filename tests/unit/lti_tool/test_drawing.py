"""The draw: the same blueprint at every interval, no item met twice, the same again when asked
again.
"""

from __future__ import annotations

import uuid
from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapters.questions import Choice, QuestionItem
from carryover.sample_programme import sample_document
from lrs.vocabulary import INTERVALS
from lti_tool.programmes.programmes import (
    Cell,
    Competency,
    Programme,
    list_programme_gaps,
    parse_programme,
)
from lti_tool.questions.item_sampling import sample_check_items

PROGRAMME = parse_programme(sample_document())


def walk(programme: Programme, episode: uuid.UUID) -> dict[str, list[QuestionItem]]:
    """All five checks of one learner, one after the other."""
    met: set[str] = set()
    found = {}
    for interval in INTERVALS:
        keys = sample_check_items(programme, episode, interval.key, met)
        assert keys == sample_check_items(programme, episode, interval.key, met)
        met.update(keys)
        found[interval.key] = [programme.item(key) for key in keys]
    return found


@st.composite
def programmes(draw: st.DrawFn) -> Programme:
    """Any blueprint with a bank that serves it, some cells with questions to spare."""
    competencies = [Competency(f"c{n}", f"Competency {n}") for n in range(draw(st.integers(1, 5)))]
    cells = [(one.key, critical) for one in competencies for critical in (True, False)]
    chosen = draw(st.lists(st.sampled_from(cells), min_size=1, max_size=5))
    blueprint = [
        Cell(competency, critical, count)
        for (competency, critical), count in Counter(chosen).items()
    ]
    items = [
        QuestionItem(
            f"{cell.competency}-{cell.critical}-{n}".lower(),
            cell.competency,
            "Why?",
            critical=cell.critical,
            choices=[Choice("a", "A"), Choice("b", "B")],
            correct=["a"],
        )
        for cell in blueprint
        for n in range(cell.questions * len(INTERVALS) + draw(st.integers(0, 4)))
    ]
    return Programme("p", 1, "Programme", 0.8, competencies, [], items, blueprint)


@given(programmes(), st.uuids())
def test_every_check_keeps_the_blueprint_and_nothing_is_met_twice(
    programme: Programme, episode: uuid.UUID
) -> None:
    wanted = Counter(
        {(cell.competency, cell.critical): cell.questions for cell in programme.blueprint}
    )
    checks = walk(programme, episode)
    for items in checks.values():
        assert Counter((item.competency, item.critical) for item in items) == wanted
        assert {item.pool for item in items} == {"check"}
    keys = [item.key for items in checks.values() for item in items]
    assert len(set(keys)) == len(keys)


def test_a_check_that_was_missed_changes_nothing_for_the_others() -> None:
    for n in range(50):
        episode, met = uuid.UUID(int=n), set[str]()
        for interval in INTERVALS[n % 3 :]:
            keys = sample_check_items(PROGRAMME, episode, interval.key, met)
            assert len(keys) == 5 and not met.intersection(keys)
            met.update(keys)


def test_learners_meet_different_items() -> None:
    draws = {tuple(sample_check_items(PROGRAMME, uuid.UUID(int=n), "1w", set())) for n in range(20)}
    assert len(draws) > 15


def test_no_interval_gets_an_item_more_often_than_another() -> None:
    """Over many learners each question stands at each interval about as often."""
    people, seen = 1_000, Counter[tuple[str, str]]()
    for n in range(people):
        for interval, items in walk(PROGRAMME, uuid.UUID(int=n)).items():
            seen.update((item.key, interval) for item in items)
    expected = people / len(INTERVALS)
    assert len(seen) == 25 * len(INTERVALS)
    # Six standard deviations of a binomial count (200 of 1,000): one in 10^8 draws leaves them.
    assert all(abs(count - expected) < 6 * (people * 0.2 * 0.8) ** 0.5 for count in seen.values())


def test_a_programme_without_a_blueprint_gets_the_one_that_its_bank_serves() -> None:
    bare = msgspec.structs.replace(PROGRAMME, blueprint=[])
    assert {(cell.competency, cell.critical) for cell in bare.cells} == {
        (cell.competency, cell.critical) for cell in PROGRAMME.blueprint
    }
    assert bare.questions == 5 and not list_programme_gaps(bare)
