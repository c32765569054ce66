"""Texts for people: ids with values that are filled in after the translation."""

from __future__ import annotations

from gettext import NullTranslations
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.support import Translations
from hypothesis import example, given
from hypothesis import strategies as st

from core.errors import BadInput
from core.messages import (
    Message,
    MessageError,
    Number,
    fill_in,
    join_messages,
    lazy_gettext,
    lazy_ngettext,
    quote_text,
)

_TEXTS = st.text(st.sampled_from(list("ab %()s{}\0é")), max_size=30) | st.text(max_size=30)
_NAMES = st.sampled_from(["a", "b", "num", "text", "self", "plural"])
_VALUES = st.dictionaries(_NAMES, _TEXTS | st.integers() | st.none(), max_size=4)


def german(texts: dict[str | tuple[str, str], str | tuple[str, str]]) -> NullTranslations:
    """A catalogue with these translations."""
    catalogue, compiled = Catalog(locale="de"), BytesIO()
    for text, translation in texts.items():
        catalogue.add(text, translation)
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


@given(_TEXTS, _VALUES)
@example("100 % of it", {"a": 1})
@example("%(a)s %(b)s %s %d %", {"a": "%(b)s", "b": "x"})
@example("", {})
def test_any_text_takes_any_values(text: str, values: dict[str, object]) -> None:
    shown = str(lazy_gettext(text, **values))
    assert shown == fill_in(text, values)
    assert lazy_gettext(text, **values).translated(german({"x": "y"})) == shown


@given(_TEXTS, _TEXTS.filter(bool), st.integers(), _VALUES)
def test_any_number_has_a_form(text: str, plural: str, num: int, values: dict[str, object]) -> None:
    values.pop("num", None)
    shown = str(lazy_ngettext(text, plural, num, **values))
    assert shown == fill_in(text if num == 1 else plural, {"num": num, **values})


@given(_TEXTS)
def test_what_somebody_wrote_is_shown_as_it_is(text: str) -> None:
    translations = german({"%(quoted)s": "%(quoted)s"})
    assert quote_text(text).translated(translations) == text
    assert lazy_gettext("It says: %(text)s.", text=text).translated(translations) == (
        f"It says: {text}."
    )


@given(st.lists(_TEXTS, max_size=4), st.sampled_from([" ", "; ", ". "]))
def test_texts_stand_one_after_the_other(texts: list[str], between: str) -> None:
    assert str(join_messages(texts, between)) == between.join(texts)


def test_a_message_is_translated_before_its_values_are_filled_in() -> None:
    translations = german(
        {
            "Keep it to %(most)s characters.": "Höchstens %(most)s Zeichen.",
            "no reason": "kein Grund",
            "It failed: %(why)s.": "Es ging nicht: %(why)s.",
            ("%(num)s line", "%(num)s lines"): ("%(num)s Zeile", "%(num)s Zeilen"),
        }
    )
    kept = lazy_gettext("Keep it to %(most)s characters.", most=Number(2_000))
    assert (str(kept), kept.translated(translations)) == (
        "Keep it to 2,000 characters.",
        "Höchstens 2.000 Zeichen.",
    )
    failed = lazy_gettext("It failed: %(why)s.", why=lazy_gettext("no reason"))
    assert failed.translated(translations) == "Es ging nicht: kein Grund."
    lines = [lazy_ngettext("%(num)s line", "%(num)s lines", num) for num in (0, 1, 2)]
    assert [line.translated(translations) for line in lines] == [
        "0 Zeilen",
        "1 Zeile",
        "2 Zeilen",
    ]
    assert join_messages(["no reason", kept]).translated(translations) == (
        "kein Grund Höchstens 2.000 Zeichen."
    )


@pytest.mark.parametrize(
    ("number", "english", "written"),
    [
        (Number(1_500), "1,500", "1.500"),
        (Number(2.25, digits=1), "2.2", "2,2"),
        (Number(31.7), "32", "32"),
    ],
)
def test_a_number_is_written_as_the_language_does(
    number: Number, english: str, written: str
) -> None:
    assert str(lazy_gettext("%(n)s", n=number)) == english
    assert lazy_gettext("%(n)s", n=number).translated(german({"x": "y"})) == written


def test_no_text_is_nothing_to_show() -> None:
    assert not Message("") and not join_messages([]) and Message("x")
    assert Message("").translated(german({"x": "y"})) == "", "not the catalogue's header"


def test_an_error_says_its_message() -> None:
    error = BadInput(lazy_gettext("Line %(line)s is wrong.", line=3), field="file")
    assert isinstance(error, MessageError)
    assert (str(error), error.where) == ("Line 3 is wrong.", {"field": "file"})
    assert BadInput("It is wrong.").message == Message("It is wrong.")
