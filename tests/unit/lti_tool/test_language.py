"""The language of a page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from flask import Flask, render_template_string
from hypothesis import given
from hypothesis import strategies as st

from lti_tool.base import page_language, translations
from lti_tool.checks.quiz_attempts import INTERVAL_LABELS
from lti_tool.nudges import reminders

TEMPLATES = Path(page_language.__file__).parents[1]
LANGUAGES = ("de", "es", "fr")
_TEXT = r'"((?:[^"\\]|\\.)*)"'


def texts() -> set[str]:
    """Every text that a template marks as one to translate or that a mail says, and the names of
    the intervals.
    """
    found = set(INTERVAL_LABELS.values()) | {
        text for _, *prompt in reminders.MANAGER_PROMPTS for text in prompt
    }
    for path in TEMPLATES.glob("*/*.py"):
        found |= set(_translated_texts(ast.parse(path.read_text())))
    for path in TEMPLATES.glob("*/templates/*.html"):
        said = path.read_text()
        found |= set(re.findall(rf"\b_\({_TEXT}", said))
        for pair in re.findall(rf"ngettext\({_TEXT}, {_TEXT}", said):
            found |= set(pair[:1])
    return found


def _translated_texts(tree: ast.AST) -> Iterator[str]:
    """The texts that a module has translated: constants given to a function called translate…"""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in ("translate_text", "translate"):
                for argument in node.args[:2]:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield argument.value


def catalogue(tag: str) -> Catalog:
    with (translations.CATALOGUE_DIR / f"{tag}.po").open("rb") as lines:
        return read_po(lines, locale=tag)


def _translations(known: Catalog, text: str) -> list[str]:
    """All forms; none where one is missing."""
    message = known.get(text)
    forms = (
        []
        if message is None
        else [message.string]
        if isinstance(message.string, str)
        else list(message.string or ())
    )
    return forms if all(forms) else []


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_text_has_its_translation(tag: str) -> None:
    known = catalogue(tag)
    missing = [text for text in texts() if not _translations(known, text)]
    assert len(texts()) > 80, "the templates were found"
    assert missing == []


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_translation_holds_the_same_values(tag: str) -> None:
    for message in catalogue(tag):
        if message.id:
            ids, strings = (
                [one] if isinstance(one, str) else list(one or ())
                for one in (message.id, message.string)
            )
            wanted = [sorted(re.findall(r"%\(\w+\)s", one)) for one in ids]
            for said in strings:
                assert sorted(re.findall(r"%\(\w+\)s", said)) in wanted, message.id


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
    ("tag", "written"),
    [
        ("en", "5 March 2027"),
        ("de", "5. März 2027"),
        ("fr", "5 mars 2027"),
        ("es", "5 de marzo de 2027"),
    ],
)
def test_a_day_is_written_as_the_language_does(tag: str, written: str) -> None:
    with Flask("x").app_context():
        page_language.use_launch_language(tag)
        assert page_language.format_day(date(2027, 3, 5)) == written


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
