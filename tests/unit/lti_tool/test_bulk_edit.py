"""Changing several questions at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.questions import QuestionItem
from core.errors import BadInput
from lti_tool.questions import question_bank
from lti_tool.questions.question_bank import ItemChange

ITEMS = [QuestionItem(f"q{n}", "first", f"Question {n}?", critical=n % 2 == 0) for n in range(6)]
KEYS = st.sets(st.sampled_from([item.key for item in ITEMS]), min_size=1)
CHANGES = st.builds(
    ItemChange,
    st.sampled_from(["", "first", "second"]),
    st.sampled_from(["", "check", "practice"]),
    st.sampled_from(["", "critical", "usual"]),
).filter(lambda change: change != ItemChange())


@given(KEYS, CHANGES)
def test_the_others_stay_as_they_are_and_what_is_left_open_stays(
    keys: set[str], change: ItemChange
) -> None:
    changed, number = question_bank.change_items(ITEMS, keys, change)
    assert number == sum(new != old for new, old in zip(changed, ITEMS, strict=True))
    for new, old in zip(changed, ITEMS, strict=True):
        if old.key not in keys:
            assert new == old
            continue
        assert new.competency == (change.competency or old.competency)
        assert new.pool == (change.pool or old.pool)
        assert new.critical == ({"critical": True, "usual": False}.get(change.weight, old.critical))
        assert (new.key, new.stem, new.version) == (old.key, old.stem, old.version)
    assert question_bank.change_items(changed, keys, change) == (changed, 0), "done twice"


@given(KEYS)
def test_what_is_removed_is_named_twice(keys: set[str]) -> None:
    with pytest.raises(BadInput, match="to be removed"):
        question_bank.remove_items(ITEMS, keys, sure=False)
    left, number = question_bank.remove_items(ITEMS, keys, sure=True)
    assert (number, [item for item in ITEMS if item.key not in keys]) == (len(keys), left)


def test_nothing_chosen_and_nothing_to_change_are_said() -> None:
    with pytest.raises(BadInput, match="Tick the questions"):
        question_bank.change_items(ITEMS, {"unknown"}, ItemChange(weight="usual"))
    with pytest.raises(BadInput, match="Choose what the questions get"):
        question_bank.change_items(ITEMS, {"q1"}, ItemChange())
