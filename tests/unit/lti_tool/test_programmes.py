"""A programme's file is checked as a whole, and what is wrong is named."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from carryover.sample_programme import sample_document
from core.errors import BadInput
from lti_tool.programmes.programmes import parse_complete_programme, parse_programme


def test_the_sample_programme_is_complete() -> None:
    programme = parse_programme(sample_document())
    assert (len(programme.competencies), len(programme.tasks), len(programme.items)) == (4, 6, 43)
    assert sum(item.pool == "check" for item in programme.items) == 25
    for item in programme.items:
        assert all(choice.feedback for choice in item.choices)
    right = [item.correct[0] for item in programme.items]
    assert all(right.count(key) > 8 for key in "abc"), "the right answer stands in every place"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: d.pop("title"), "title"),
        (lambda d: d.update(surplus=1), "surplus"),
        (lambda d: d["items"][0].update(correct=["z"]), "none of its choices"),
        (lambda d: d["items"][0].update(competency="z"), "unknown competency"),
        (lambda d: d["items"].append(d["items"][0]), "Two items"),
        (lambda d: d["items"][0].update(pool="exam"), "exam"),
        (lambda d: d["tasks"][0].update(competency="z"), "unknown competency"),
        (lambda d: d.update(items=d["items"][:14]), "The bank holds 0 of 5 critical questions"),
    ],
)
def test_what_is_wrong_is_named(spoil: Callable[[dict[str, Any]], Any], words: str) -> None:
    spoiled = copy.deepcopy(sample_document())
    spoil(spoiled)
    with pytest.raises(BadInput, match=words):
        parse_complete_programme(spoiled)
