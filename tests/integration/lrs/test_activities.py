"""What the store holds of an activity: the same whatever came first, whoever wrote at once
(xAPI-Data 2.4.4.1).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lrs.xapi import definitions, json_codec
from tests.support.store import Caller

Make = Callable[..., dict[str, Any]]

TEXTS = st.dictionaries(st.sampled_from(["en", "de", "fr"]), st.text(max_size=3), max_size=3)
DEFINITIONS = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXTS,
        "description": TEXTS,
        "type": st.sampled_from(["https://t.example/1", "https://t.example/2"]),
        "interactionType": st.sampled_from(["choice", "numeric"]),
        "correctResponsesPattern": st.lists(st.text(max_size=2), max_size=2),
    },
)


@given(st.lists(st.tuples(st.integers(0, 5), DEFINITIONS), max_size=5), st.randoms())
def test_the_merged_definition_does_not_depend_on_the_order(
    said: list[tuple[int, dict[str, Any]]], random: Any
) -> None:
    rows = [
        (seen, number, json_codec.encode_canonical(definition))
        for number, (seen, definition) in enumerate(said)
        if definition
    ]
    mixed = list(rows)
    random.shuffle(mixed)
    assert definitions.merge_definitions(rows) == definitions.merge_definitions(mixed)


def test_every_order_of_arrival_gives_the_same_definition(one: Caller, statement: Make) -> None:
    said = [
        ({"name": {"en": "Old"}, "type": "https://t.example/1"}, "2026-01-01T00:00:00Z"),
        ({"name": {"en": "New", "de": "Neu"}}, "2026-02-01T00:00:00Z"),
        (
            {"name": {"en": "Old"}, "type": "https://t.example/1"},
            "2026-03-01T00:00:00Z",
        ),  # an old copy that goes on sending
        (
            {"description": {"en": "Text"}, "extensions": {"https://e.example": {"deep": [1]}}},
            "2026-01-15T00:00:00Z",
        ),
    ]
    for number, order in enumerate(itertools.permutations(said)):
        iri = f"https://o.example/{number}"
        for definition, timestamp in order:
            assert (
                one.post(
                    statement(object={"id": iri, "definition": definition}, timestamp=timestamp)
                ).status_code
                == 200
            )
        found = one.get("/xapi/activities", activityId=iri).json
        assert found["definition"] == {
            "name": {"en": "New", "de": "Neu"},
            "type": "https://t.example/1",
            "description": {"en": "Text"},
            "extensions": {"https://e.example": {"deep": [1]}},
        }


def test_a_clock_that_is_years_ahead_does_not_pin_a_definition(
    one: Caller, statement: Make
) -> None:
    def said(name: str, **more: Any) -> None:
        one.post(
            statement(
                object={"id": "https://o.example/1", "definition": {"name": {"en": name}}}, **more
            )
        )

    said("typo", timestamp="2999-01-01T00:00:00Z")
    said("right")
    assert one.get("/xapi/activities", activityId="https://o.example/1").json["definition"] == {
        "name": {"en": "right"}
    }


def test_many_who_define_at_once_lose_nothing(one: Caller, statement: Make) -> None:
    languages = ["en", "de", "fr", "it", "es", "pt", "nl", "da"]

    def batch(language: str) -> int:
        order = range(30) if languages.index(language) % 2 else range(29, -1, -1)
        return one.post(
            [
                statement(
                    object={"id": f"https://o.example/{n}", "definition": {"name": {language: "x"}}}
                )
                for n in order
            ]
        ).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(batch, languages * 2)) == {200}
    for n in range(30):
        assert set(
            one.get("/xapi/activities", activityId=f"https://o.example/{n}").json["definition"][
                "name"
            ]
        ) == set(languages)
