"""Which of several languages of one text a reader gets."""

from __future__ import annotations

import pytest

from core.translations import choose_translation, list_languages


def test_languages_are_listed_english_first() -> None:
    assert list_languages() == ["en", "de", "es", "fr"]


@pytest.mark.parametrize(
    ("texts", "tag", "chosen"),
    [
        ({"en": "a", "de": "b"}, "de", "b"),
        ({"en-US": "a", "de-CH": "b"}, "de", "b"),
        ({"en-GB": "a", "de": "b"}, "fr", "a"),
        ({"nl": "a", "it": "b"}, "fr", "b"),
        ({"und": "a", "not a tag": "b"}, "en", "b"),
    ],
)
def test_of_several_languages_the_readers_own_comes_first_then_english(
    texts: dict[str, str], tag: str, chosen: str
) -> None:
    assert choose_translation(tag, texts) == chosen
