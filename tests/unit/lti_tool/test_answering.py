"""Answers to every kind of question: read from its form, judged as a whole, told in words."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.questions import AcceptedAnswer, Choice, QuestionItem
from adapters.questions.models import Kind, assign_letter_keys, find_item_faults, key_from_name
from core.errors import BadInput
from lti_tool.questions import item_responses

ABC = [
    Choice("a", "Alpha", "Said to alpha"),
    Choice("b", "Beta", "Said to beta"),
    Choice("c", "Gamma", "Said to gamma"),
]


def item(kind: Kind, **parts: object) -> QuestionItem:
    return QuestionItem(key="i", competency="c", stem="Why?", kind=kind, **parts)  # type: ignore[arg-type]  # parts of tests


SINGLE = item("single", choices=ABC, correct=["b"], explanation="Because.")
MULTIPLE = item("multiple", choices=ABC, correct=["a", "c"])
NUMERIC = item(
    "numeric",
    accepted=[AcceptedAnswer("12.5", "0.5", "Close enough"), AcceptedAnswer("100")],
    when_wrong="Count again",
)
SHORT = item("short", accepted=[AcceptedAnswer("call*back"), AcceptedAnswer("Ring them")])
MATCHING = item(
    "matching",
    choices=[
        Choice("a", "Dog", match="barks"),
        Choice("b", "Cat", match="meows"),
        Choice("c", "Cow", match="moos"),
    ],
    other_matches=["sings"],
)
ORDERING = item("ordering", choices=ABC, correct=["c", "a", "b"])


@pytest.mark.parametrize(
    ("asked", "form", "response", "right"),
    [
        (SINGLE, {"choice": ["b"]}, "b", True),
        (SINGLE, {"choice": ["a"]}, "a", False),
        (MULTIPLE, {"choice": ["c", "a"]}, "a[,]c", True),
        (MULTIPLE, {"choice": ["a"]}, "a", False),
        (MULTIPLE, {"choice": ["a", "b", "c"]}, "a[,]b[,]c", False),
        (NUMERIC, {"text": ["12,9"]}, "12.9", True),
        (NUMERIC, {"text": [" 13.1 "]}, "13.1", False),
        (NUMERIC, {"text": ["100"]}, "100", True),
        (SHORT, {"text": ["  Call   them BACK "]}, "Call them BACK", True),
        (SHORT, {"text": ["ring them"]}, "ring them", True),
        (SHORT, {"text": ["ring"]}, "ring", False),
        (
            MATCHING,
            {"match-a": ["m0"], "match-b": ["m1"], "match-c": ["m2"]},
            "a[.]m0[,]b[.]m1[,]c[.]m2",
            True,
        ),
        (
            MATCHING,
            {"match-a": ["m0"], "match-b": ["m1"], "match-c": ["m3"]},
            "a[.]m0[,]b[.]m1[,]c[.]m3",
            False,
        ),
        (ORDERING, {"place-1": ["c"], "place-2": ["a"], "place-3": ["b"]}, "c[,]a[,]b", True),
        (ORDERING, {"place-1": ["a"], "place-2": ["b"], "place-3": ["c"]}, "a[,]b[,]c", False),
    ],
)
def test_a_form_is_read_and_judged(
    asked: QuestionItem, form: dict[str, list[str]], response: str, right: bool
) -> None:
    assert not find_item_faults(asked)
    assert item_responses.parse_response(asked, form) == response
    assert item_responses.is_correct(asked, response) is right
    assert all(item_responses.render_response(asked, response)) and all(
        item_responses.render_correct_answer(asked)
    )
    named = item_responses.to_xapi_item(asked, "Competency")
    assert named.patterns and named.interaction in (
        "choice",
        "numeric",
        "fill-in",
        "matching",
        "sequencing",
    )


@pytest.mark.parametrize(
    ("asked", "form"),
    [
        (SINGLE, {}),
        (SINGLE, {"choice": ["z"]}),
        (SINGLE, {"choice": ["a", "b"]}),
        (MULTIPLE, {"choice": []}),
        (MULTIPLE, {"choice": ["a", "z"]}),
        (NUMERIC, {"text": ["twelve"]}),
        (NUMERIC, {"text": ["1e99"]}),
        (NUMERIC, {"text": ["NaN"]}),
        (SHORT, {"text": ["   "]}),
        (SHORT, {"text": ["x" * 501]}),
        (MATCHING, {"match-a": ["m0"], "match-b": ["m1"]}),
        (MATCHING, {"match-a": ["m0"], "match-b": ["m1"], "match-c": ["m9"]}),
        (ORDERING, {"place-1": ["a"], "place-2": ["a"], "place-3": ["b"]}),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_taken(
    asked: QuestionItem, form: dict[str, list[str]]
) -> None:
    with pytest.raises(BadInput):
        item_responses.parse_response(asked, form)


def test_what_is_said_to_an_answer() -> None:
    assert item_responses.select_feedback(SINGLE, "b") == item_responses.ResponseFeedback(
        ["Said to beta"], [], ["Because."]
    )
    told = item_responses.select_feedback(SINGLE, "a")
    assert told == item_responses.ResponseFeedback(
        ["Said to alpha"], ["Said to beta"], ["Because."]
    ), "who is wrong is told why what is right is right"
    assert item_responses.select_feedback(NUMERIC, "12.6").to_answer == ["Close enough"]
    assert item_responses.select_feedback(NUMERIC, "1").to_answer == ["Count again"]


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("12.5", "12.5"),
        ("12,5", "12.5"),
        ("1 234,5", "1234.5"),
        ("1'234.5", "1234.5"),
        ("1.234,5", "1234.5"),
        ("−3", "-3"),
        (".5", "0.5"),
        ("1,234,567", None),
        ("٣", None),
    ],
)
def test_numbers_as_people_type_them(typed: str, number: str | None) -> None:
    found = item_responses.parse_typed_number(typed)
    assert (format(found, "f") if found is not None else None) == number


@given(
    st.sampled_from([SINGLE, MULTIPLE, NUMERIC, SHORT, MATCHING, ORDERING]),
    st.dictionaries(
        st.sampled_from(
            ["choice", "text", "match-a", "match-b", "match-c", "place-1", "place-2", "place-3"]
        ),
        st.lists(st.text(max_size=8), max_size=3),
    ),
)
def test_any_form_is_an_answer_or_a_clear_no(
    asked: QuestionItem, form: dict[str, list[str]]
) -> None:
    try:
        response = item_responses.parse_response(asked, form)
    except BadInput:
        return
    item_responses.is_correct(asked, response)
    item_responses.select_feedback(asked, response)


def test_an_answer_faster_than_reading_is_a_rapid_guess() -> None:
    assert item_responses.is_rapid_guess(SINGLE, 1.0) and not item_responses.is_rapid_guess(
        SINGLE, 3.5
    )
    long = msgspec.structs.replace(SINGLE, stem=" ".join(["word"] * 100))
    assert item_responses.is_rapid_guess(long, 8) and not item_responses.is_rapid_guess(long, 20)


@given(st.lists(st.text(min_size=1, max_size=10), unique=True, min_size=2, max_size=20))
def test_keys_tell_nothing_of_the_order_in_which_an_author_wrote(texts: list[str]) -> None:
    assert assign_letter_keys(texts) == assign_letter_keys(texts[::-1]) or len(
        {text.casefold() for text in texts}
    ) < len(texts)
    assert len(set(assign_letter_keys(texts).values())) == len(texts)


def test_keys_from_names() -> None:
    assert key_from_name("Who's calling? (2)", set(), "q") == "who-s-calling-2"
    assert key_from_name("???", set(), "q") == "q"
    assert key_from_name("A", {"a", "a-2"}, "q") == "a-3"
