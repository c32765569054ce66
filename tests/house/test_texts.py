"""Texts for people in code: each is marked for translation, or stands here with its reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.messages import KEYWORDS, SOURCES
from tests.house.modules import ROOT, tree_of

MODULES = sorted(
    module
    for source in SOURCES
    for module in ((ROOT / source).rglob("*.py") if (ROOT / source).is_dir() else [ROOT / source])
    if "migrations" not in module.parts
)
# A sentence: a capital letter first, a space, and three words or a full stop.
_SENTENCE = re.compile(r"^[A-Z][\w’']* [^\W\d_]+(.* [^\W\d_]+|.*\.$)", re.DOTALL)
_SQL = re.compile(r"^(SELECT|INSERT|UPDATE|DELETE|EXISTS|WITH|CREATE)\b")
# Calls whose texts are for whoever runs or writes the program.
_FOR_OPERATORS = {"ValueError", "RuntimeError", "FatalError", "AssertionError", "KeyError", "text"}
# Modules that speak to whoever runs the servers, in English.
OPERATORS_MODULES = {"lti_tool/operator_api.py"}
# Texts that nobody reads on a page, by the module that holds them.
UNMARKED = {
    "adapters/channels/chat.py": "stored with the post, with what the channel answered in it",
    "adapters/channels/mail.py": "stored with the mail, with what the mail server answered in it",
    "lrs/api/statement_pages.py": "a header, which the browser reads",
    "lti_tool/launch/platform_registration.py": "an LMS keeps it as the tool's description",
    "lti_tool/nudges/alarm_delivery.py": "alarms are in English, as the record store words them",
    "lti_tool/checks/grade_sender.py": "stored with the grade, with the numbers in it",
    "lti_tool/people/course_groups.py": "stored with the roster, with the error's name in it",
    "lti_tool/programmes/activity_pages.py": "an LMS keeps it as the activity's description",
    "lti_tool/programmes/certification_sources_jobs.py": "stored with the reading of a source",
    "lti_tool/transfer/task_titles.py": "the title of a task in statements",
    "lti_tool/people/rosters.py": "stored with the roster, with the error's name in it",
}


def unmarked_sentences(tree: ast.Module) -> list[str]:
    """The constants of a module that read like a sentence, and that nothing marks."""
    skipped = set(_not_for_people(tree))
    return [
        f"{node.lineno}: {node.value[:80]}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in skipped
        and _SENTENCE.search(node.value)
        and not _SQL.search(node.value)
    ]


def _not_for_people(tree: ast.Module) -> Iterator[int]:
    """The ids of constants that are marked, that are docstrings, or that go to a log."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr):
            yield id(node.value)
        elif isinstance(node, ast.Assert):
            yield from (id(part) for part in ast.walk(node))
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            last = name.rpartition(".")[2]
            for place in KEYWORDS.get(last, ()):
                yield from (id(argument) for argument in node.args[place - 1 : place])
            if last in _FOR_OPERATORS or name.startswith("log."):
                yield from (id(part) for part in ast.walk(node))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_every_sentence_for_people_is_marked_for_translation(module: Path) -> None:
    place = str(module.relative_to(ROOT))
    if place not in OPERATORS_MODULES and place not in UNMARKED:
        assert unmarked_sentences(tree_of(module)) == []


def test_an_unmarked_sentence_is_found() -> None:
    source = (
        '"""What it is."""\n'
        'TEXTS = {404: "There is nothing here."}\n'
        'log.warning("The roster was not read: %s", reason)\n'
        'raise BadInput("Choose a file first.")\n'
        'abort(403, f"Only {who} may open this page.")\n'
        'flash("It is saved.")\n'
    )
    assert unmarked_sentences(ast.parse(source)) == [
        "2: There is nothing here.",
        "6: It is saved.",
    ]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_nothing_is_refused_in_the_words_of_the_framework(module: Path) -> None:
    """``abort`` with a status shows what the framework says of it; ours are errors with a text."""
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("abort", "flask.abort"):
            assert [ast.unparse(argument)[:8] for argument in node.args] == ["redirect"]
