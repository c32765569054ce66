"""Templates: lines that a diff can show, and every text that people read marked for translation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted(
    path
    for layer in ("carryover", "lrs", "lti_tool")
    for path in (ROOT / layer).rglob("templates/*.html")
)
TRANSLATED = [path for path in TEMPLATES if path.is_relative_to(ROOT / "lti_tool")]
MAX_LINE = 120
_ENVIRONMENT = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=True)
_LETTER = re.compile(r"[^\W\d_]")
_READ_ATTRIBUTE = re.compile(
    r"""\s(?:title|aria-label|placeholder|alt|data-away|data-copied)="([^"]*)\"""", re.VERBOSE
)
# What stands in <code> is typed or copied as it is; <style> and <script> are for the browser.
_VERBATIM = re.compile(r"<(code|style|script)\b[^>]*>.*?</\1>", re.DOTALL)
# The classes of the page's frame, which a page overrides.
_CLASS_BLOCK = re.compile(r"{% block \w+_class %}.*?{% endblock %}")
_TAG = re.compile(r"<[^>]*>", re.DOTALL)
_ENTITY = re.compile(r"&\w+;")
# A constant that reads like a text: words with a space between them, or a capital letter first.
_WORDS = re.compile(r"[^\W\d_] [^\W\d_]|^[A-Z][a-z]+")
# Marks of an expression in the text of a template.
_EXPRESSION = "\N{OBJECT REPLACEMENT CHARACTER}"

# Texts that are not translated, each with its reason.
UNTRANSLATED = {
    "Carryover": "the product's name",
    "Slack": "a product's name",
    "Teams": "a product's name",
    "Moodle": "a product's name",
    "Canvas": "a product's name",
    "carryover admin link": "a command, typed as it is",
    "carryover platform approve ": "a command, typed as it is",
    "case study": "the key of a kind of task, which the form sends",
    "too few": "a state of a published value, as the record store says it",
    "id or address": "the key of a choice, which the form sends",
    "comparison": "a column of the list of people, as the file calls it",
    "id": "a column of the list of people, as the file calls it",
    "manager, mentor": "columns of the list of people, as the file calls them",
    "name, email": "columns of the list of people, as the file calls them",
    "start_date": "a column of the list of people, as the file calls it",
    "team, site, role, experience": "columns of the list of people, as the file calls them",
    "time_zone, working_days, language": "columns of the list of people, as the file calls them",
}


def place_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def without_code(source: str) -> str:
    """The markup of a template, with a mark where an expression stands."""
    parts = []
    depth = ""
    for _, kind, value in _ENVIRONMENT.lex(_CLASS_BLOCK.sub("", source)):
        if kind == "data" and not depth:
            parts.append(value)
        elif kind in ("variable_begin", "block_begin", "comment_begin"):
            depth = kind
        elif kind in ("variable_end", "block_end", "comment_end"):
            parts.append(_EXPRESSION if depth == "variable_begin" else "")
            depth = ""
    return "".join(parts)


def read_texts(markup: str) -> Iterator[str]:
    """What people read of a page: its text, and the attributes that are shown or read aloud."""
    markup = _VERBATIM.sub("", markup)
    yield from (found[1] for found in _READ_ATTRIBUTE.finditer(markup))
    yield from _TAG.split(markup)


def unmarked_texts(source: str) -> list[str]:
    """The texts of a template that no call of ``_`` or ``ngettext`` holds."""
    found = []
    for text in read_texts(without_code(source)):
        words = _ENTITY.sub("", text).replace(_EXPRESSION, "").strip(" \n·←")
        if _LETTER.search(words) and words not in UNTRANSLATED:
            found.append(" ".join(words.split()))
    return found


def unmarked_constants(source: str) -> list[str]:
    """The constants of a template's expressions that read like a text, outside ``_``."""
    tree = _ENVIRONMENT.parse(source)
    return [text for text in _constants(tree) if text not in UNTRANSLATED]


def _constants(node: nodes.Node) -> Iterator[str]:
    if isinstance(node, nodes.Call) and getattr(node.node, "name", "") in ("_", "ngettext"):
        for value in node.kwargs:
            yield from _constants(value)
        return
    if isinstance(node, nodes.Compare | nodes.Getitem | nodes.TemplateData):
        return
    if isinstance(node, nodes.Pair):
        yield from _constants(node.value)
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and _WORDS.search(node.value):
        yield node.value
    for child in node.iter_child_nodes():
        yield from _constants(child)


@pytest.mark.parametrize("path", TEMPLATES, ids=place_of)
def test_a_line_of_a_template_fits_into_a_diff(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert [n for n, line in enumerate(lines, 1) if len(line) > MAX_LINE] == []


@pytest.mark.parametrize("path", TRANSLATED, ids=place_of)
def test_every_text_of_a_page_is_marked_for_translation(path: Path) -> None:
    source = path.read_text()
    assert unmarked_texts(source) + unmarked_constants(source) == []


def test_an_unmarked_text_is_found() -> None:
    source = (
        '<p title="Read me">Two <b>words</b> {{ _("three") }}</p><code>verb</code>{# note #}'
        '{% if a == "Not shown" %}{{ "Saved" if a else _("%(x)s left", x="this one") }}{% endif %}'
    )
    assert unmarked_texts(source) == ["Read me", "Two", "words"]
    assert unmarked_constants(source) == ["Saved", "this one"]
