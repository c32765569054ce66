"""The language of a page."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from flask import Flask, render_template_string
from hypothesis import given
from hypothesis import strategies as st

from core import clock, page_language, translations
from core.messages import MessageError, lazy_gettext, lazy_ngettext
from docs.messages import ERRORS, KEYWORDS, ROOT, extract_messages, update_catalogue
from lti_tool import app
from lti_tool.launch.openid_connect import SignInFailed

LANGUAGES = ("de", "es", "fr")
_VALUE = re.compile(r"%\((\w+)\)s")
# Pages of teachers, managers and administrators are in English; their texts may wait for their
# translation. They extend one of the first two templates, or stand here by name.
STAFF_BASES = ("staff_base.html", "admin_base.html")
STAFF_PAGES = frozenset(
    {
        *STAFF_BASES,
        "admin_enter.html",
        "admin_facts.html",
        "admin_top.html",
        "behind.html",
        "course.html",
        "figures.html",
        "front.html",
        "pick.html",
        "register.html",
        "registered.html",
        "report.html",
        "send.html",
    }
)
# Texts that read the same in a language as in English: words that it shares.
SAME_AS_ENGLISH = {
    "de": {
        *("Checks", "Name", "Peers", "Person", "Plan", "Teams", "Transfer"),
        "%(name)s (%(role)s)",
    },
    "es": {"Plan", "mentor"},
    "fr": {
        *("Adoption", "Mentors", "Plan", "Programmes", "description", "mentor"),
        "services (scopes)",
        "%(num)s question.",
    },
}


@functools.cache
def marked_texts() -> Catalog:
    """All texts that code and templates mark."""
    return extract_messages()


def is_staff_page(place: str) -> bool:
    """Whether a place of a text is a template of staff pages."""
    path = ROOT / place
    if path.suffix != ".html":
        return False
    extended = re.search(r'{% extends "(\w+\.html)" %}', path.read_text())
    return path.name in STAFF_PAGES or (extended is not None and extended[1] in STAFF_BASES)


def ids_of(message: Message) -> tuple[str, ...]:
    """The text of a message, and its plural form if it has one."""
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def forms_of(message: Message) -> tuple[str, ...]:
    """The translation of a message, in each of its forms."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def must_be_translated() -> list[Message]:
    """Refusals, mails, and the texts of pages for learners, mentors and launches."""
    return [
        message
        for message in marked_texts()
        if message.id and not all(is_staff_page(place) for place, _ in message.locations)
    ]


def refusals() -> list[Message]:
    """Texts that a module marks: refusals, mails, labels."""
    return [
        message
        for message in marked_texts()
        if message.id and any(place.endswith(".py") for place, _ in message.locations)
    ]


def catalogue(tag: str) -> Catalog:
    with (translations.CATALOGUE_DIR / f"{tag}.po").open("rb") as lines:
        return read_po(lines, locale=tag)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_catalogues_hold_what_is_marked_and_nothing_else(tag: str) -> None:
    path = translations.CATALOGUE_DIR / f"{tag}.po"
    wanted, found = marked_texts(), catalogue(tag)
    assert [m.id for m in wanted if m.id and m.id not in found] == [], "make messages"
    assert [m.id for m in found if m.id and m.id not in wanted] == [], "make messages"
    assert update_catalogue(path, wanted) == path.read_text(), "make messages"


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_text_has_its_translation(tag: str) -> None:
    known = catalogue(tag)
    texts = must_be_translated()
    missing = []
    for message in texts:
        found = known.get(ids_of(message)[0])
        if found is None or not all(forms_of(found)):
            missing.append(ids_of(message)[0])
    assert len(texts) > 900, "the texts were found"
    assert missing == []


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_translation_holds_the_same_values(tag: str) -> None:
    for message in catalogue(tag):
        if message.id:
            wanted = [sorted(_VALUE.findall(one)) for one in ids_of(message)]
            for translation in forms_of(message):
                if translation:
                    assert sorted(_VALUE.findall(translation)) in wanted, message.id


@pytest.mark.parametrize("tag", ["en", *LANGUAGES])
def test_every_refusal_in_every_language(tag: str) -> None:
    same = []
    for message in refusals():
        ids = ids_of(message)
        values = {name: f"100 % {name} %s" for name in _VALUE.findall(" ".join(ids))}
        values.pop("num", None)
        for num in (0, 1, 2, 5):
            marked = (
                lazy_gettext(ids[0], **values)
                if len(ids) == 1
                else lazy_ngettext(ids[0], ids[1], num, **values)
            )
            shown = translations.translate_text(tag, marked)
            assert shown.strip(), ids
            assert "%(" not in shown, ids
            assert all(value in shown for value in values.values()), ids
            if shown == str(marked):
                same.append(ids[0])
    if tag != "en":
        words = {text for text in same if _VALUE.sub("", text).strip(" .:;()")}
        assert words - SAME_AS_ENGLISH[tag] == set()


def test_every_error_for_people_is_read() -> None:
    """docs/messages.py names each error whose first argument is a text for a person."""

    def named(kind: type[Exception]) -> Iterator[str]:
        # The first argument of SignInFailed is for the log; it says one text.
        if kind.__module__.startswith(("core.", "adapters.", "lti_tool.")) and (
            kind is not SignInFailed
        ):
            yield kind.__name__
        for derived in kind.__subclasses__():
            yield from named(derived)

    assert app, "every error of the tool is imported with it"
    ours = set(named(MessageError))
    assert ours - set(ERRORS) == set()


def test_no_text_is_put_together_before_it_is_translated() -> None:
    """An f-string, or a text made from another error, is in no catalogue."""
    found = []
    for folder in ("adapters", "lti_tool"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and _is_put_together(node):
                    found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def _is_put_together(call: ast.Call) -> bool:
    name = ast.unparse(call.func).rpartition(".")[2]
    places = KEYWORDS.get(name, ())
    return any(
        isinstance(argument, ast.JoinedStr | ast.BinOp)
        or (isinstance(argument, ast.Call) and ast.unparse(argument.func) in ("str", "' '.join"))
        for place in places
        for argument in call.args[place - 1 : place]
    )


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (["de"], "de"),
        (["de-AT"], "de"),
        (["de_du"], "de"),  # Moodle's informal German
        (["FR-ca"], "fr"),
        (["pt-BR", "es"], "es"),
        (["en-GB", "de"], "en"),
        (["zh-Hant-TW"], "en"),
        ([""], "en"),
        ([], "en"),
    ],
)
def test_the_first_language_that_we_speak(wanted: list[str], chosen: str) -> None:
    assert translations.choose_language(wanted) == chosen


@given(st.lists(st.text(max_size=60), max_size=4))
def test_no_tag_is_too_odd(tags: list[str]) -> None:
    assert translations.choose_language(tags) in ("en", *LANGUAGES)


@pytest.mark.parametrize(
    ("tag", "other_year", "same_year", "this_week"),
    [
        ("en", "1 March 2027", "1 March", "Monday, 1 March"),
        ("de", "1. März 2027", "1. März", "Montag, 1. März"),
        ("fr", "1er mars 2027", "1er mars", "lundi 1er mars"),
        ("es", "1 de marzo de 2027", "1 de marzo", "lunes, 1 de marzo"),
    ],
)
def test_a_day_is_written_as_people_say_it(
    tag: str, other_year: str, same_year: str, this_week: str
) -> None:
    """With its year if that is another, with its day of the week if it is near."""
    day = date(2027, 3, 1)
    for today, written in (
        (date(2026, 12, 1), other_year),
        (date(2027, 1, 5), same_year),
        (date(2027, 3, 2), same_year),
        (date(2027, 2, 22), same_year),
        (date(2027, 2, 23), this_week),
        (day, this_week),
    ):
        assert translations.format_close_day(tag, day, today) == written
    assert translations.format_day(tag, day) == other_year


def test_a_day_of_a_page_is_written_for_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2027, 1, 5, tzinfo=UTC))
    with Flask("x").app_context():
        page_language.use_launch_language("de")
        assert page_language.format_day(date(2027, 3, 1)) == "1. März"
        assert page_language.format_day(datetime(2026, 3, 1, 12, tzinfo=UTC)) == "1. März 2026"


@pytest.mark.parametrize(
    ("tag", "weekday", "month"),
    [
        ("en", "Friday, 5 March 2027", "March 2027"),
        ("de", "Freitag, 5. März 2027", "März 2027"),
        ("fr", "vendredi 5 mars 2027", "mars 2027"),
        ("es", "viernes, 5 de marzo de 2027", "marzo de 2027"),
    ],
)
def test_days_and_months_of_the_record_store_are_written_as_the_language_does(
    tag: str, weekday: str, month: str
) -> None:
    with Flask("x").app_context():
        page_language.use_launch_language(tag)
        assert page_language.format_weekday(date(2027, 3, 5)) == weekday
        assert page_language.format_month_text("2027-03") == month
        day = page_language.format_day(date(2027, 3, 5))
        assert page_language.format_day_text("2027-03-05") == day
        assert page_language.format_day_text("soon") == page_language.format_month_text("soon")


def test_numbers_have_their_form() -> None:
    one, many = "You reported %(num)s use on the job.", "You reported %(num)s uses on the job."
    with Flask("x").app_context():
        assert page_language.translate_plural(one, many, 1) == "You reported 1 use on the job."
        assert page_language.translate_plural(one, many, 2) == "You reported 2 uses on the job."
        page_language.use_launch_language("de")
        assert page_language.translate_plural(one, many, 1) != page_language.translate_plural(
            one, many, 2
        ).replace("2", "1")
        assert "%" not in page_language.translate_plural(one, many, 3)


@pytest.mark.parametrize("tag", ["en", *LANGUAGES])
@pytest.mark.parametrize("said", ["100 % <b>done</b>", "%(name)s", "%s %d", ""])
def test_what_people_wrote_is_shown_as_they_wrote_it(tag: str, said: str) -> None:
    app = Flask("x")
    app.jinja_env.globals.update(_=page_language.translate)
    with app.test_request_context():
        page_language.use_launch_language(tag)
        shown = render_template_string(
            "{{ _(said) }}|{{ _('Welcome, %(name)s', name=said) }}", said=said
        )
    escaped = said.replace("<", "&lt;").replace(">", "&gt;")
    assert shown.split("|")[0] == escaped
    assert shown.split("|")[1].endswith(escaped)
    assert "<b>" not in shown
