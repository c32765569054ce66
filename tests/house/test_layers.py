"""What import-linter cannot say: the kinds of files in a package of the tool, and tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.modules import ROOT

TOOL = ROOT / "lti_tool"
DATA = {"person_reference_columns", "content_gaps"}  # shapes and constants alone
TESTS = [
    file
    for folder in ("unit", "integration", "functional", "e2e", "house", "support")
    for file in sorted((ROOT / "tests" / folder).rglob("*.py"))
]


def imported(file: Path) -> Iterator[str]:
    """Every module that a file imports, with the names it takes from it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_a_store_knows_no_view_and_no_use_case_of_its_package() -> None:
    for file in TOOL.rglob("*_store.py"):
        own = f"lti_tool.{file.parent.name}."
        for module in imported(file):
            assert not module.startswith("flask"), file
            assert not module.endswith("_views"), file
            if module.startswith(own) and module.count(".") == 2:
                assert module.endswith("_store") or module.rpartition(".")[2] in DATA, file


def test_only_views_and_the_web_frame_speak_http() -> None:
    frame = {
        "routes",
        "forms",
        "sessions",
        "ways_on",
        "page_context",
        "page_responses",
        "printed_page",
        "staff_context",
        "health",
    }
    for file in TOOL.glob("*/*.py"):
        speaks = any(module.partition(".")[0] == "flask" for module in imported(file))
        if speaks:
            assert file.stem.endswith("_views") or file.stem in frame, file


def test_no_test_imports_another_test_file() -> None:
    for file in TESTS:
        for module in imported(file):
            assert not module.rpartition(".")[2].startswith("test_"), f"{file} imports {module}"
