"""Names are those of the field: what an engineer would search for, and no private words."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.house.modules import ROOT, modules, prose_of, tree_of

MOST_OF_ONE_NAME = 3
# What a framework or a protocol of ours demands.
PROTOCOLS = {
    "blueprint": "every module of views has one",
    "create_app": "WSGI servers and Flask look for it",
    "close": "of files, connections and dependencies",
    "write": "of files",
    "upgrade": "of Alembic",
}
# Words that explain nothing in a name, and what is said instead.
IN_NAMES = {
    "alone": "the lock, or the mode",
    "anew": "recount, recompute, rebuild",
    "asking": "request",
    "behind": "evidence",
    "desk": "operator, staff",
    "door": "entry point, dispatcher",
    "elsewhere": "external",
    "every": "list_…, all_…",
    "gone": "removed",
    "ground": "core",
    "house": "package",
    "houses": "packages",
    "keeping": "cache, store",
    "making": "build, materialize",
    "office": "staff",
    "said": "claims, stated",
    "shelf": "index, list",
    "special": "what it is",
    "told": "notes, outcome, response",
    "whatever": "what it is",
    "whoever": "who it is",
}
# Turns of phrase that a reader of English stumbles over.
IN_PROSE = (
    r"\banew\b",
    r"careful (way|path)",
    r"quick (way|path)",
    r"\bhorizon\b",
    r"\bhouses?\b",
    r"\brooms?\b",
    r"\bthe door\b",
    r"\bis told\b",
    r"\bwhoever catches\b",
    r"architecture, decision",
    r"\bdomain, [A-G]\d",
    r"metrics reference",
)


def names_of(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name that a module defines, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno


def test_no_more_than_three_functions_share_a_name() -> None:
    found = defaultdict[str, list[Path]](list)
    for file in modules():
        for node in ast.walk(tree_of(file)):
            special = isinstance(node, ast.FunctionDef) and node.name.startswith("__")
            if isinstance(node, ast.FunctionDef) and not special and node.name not in PROTOCOLS:
                found[node.name].append(file.relative_to(ROOT))
    shared = {name: files for name, files in found.items() if len(files) > MOST_OF_ONE_NAME}
    assert shared == {}


def test_names_hold_no_riddle() -> None:
    wrong = []
    for file in modules():
        for name, line in names_of(tree_of(file)):
            words = set(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_"))
            wrong += [
                f"{file.relative_to(ROOT)}:{line} {name}: say {IN_NAMES[word]}"
                for word in words & IN_NAMES.keys()
            ]
    assert wrong == []


def test_comments_and_docstrings_hold_no_riddle() -> None:
    wrong = []
    for file in modules():
        for text in prose_of(file):
            words = " ".join(text.split())
            wrong += [
                f"{file.relative_to(ROOT)}: {words[:80]!r} ({pattern})"
                for pattern in IN_PROSE
                if re.search(pattern, words, re.IGNORECASE)
            ]
    assert wrong == []
