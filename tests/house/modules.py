"""The product's modules."""

from __future__ import annotations

import ast
import functools
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "lrs", "analytics", "lti_tool", "adapters", "carryover")


def modules() -> Iterator[Path]:
    """Every file of the product, migrations left out."""
    for package in PACKAGES:
        yield from (
            file for file in sorted((ROOT / package).rglob("*.py")) if "versions" not in file.parts
        )


@functools.cache
def tree_of(file: Path) -> ast.Module:
    """A file as parsed, once a run."""
    return ast.parse(file.read_text())


@functools.cache
def prose_of(file: Path) -> tuple[str, ...]:
    """Docstrings and comments."""
    return tuple(_prose_of(file))


def _prose_of(file: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(file)):
        # The docstring of a command is its --help, a text for users.
        decorators = getattr(node, "decorator_list", [])
        is_command = any("command(" in ast.unparse(one) for one in decorators)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and not is_command:
            yield ast.get_docstring(node) or ""
    for token in tokenize.generate_tokens(io.StringIO(file.read_text()).readline):
        if token.type == tokenize.COMMENT:
            yield token.string
