"""What docs, comments and docstrings point to is in the repository."""

from __future__ import annotations

import io
import re
import tokenize

from analytics.store.tables import metadata as analytics_metadata
from lrs.store.tables import metadata as store_metadata
from lti_tool import tables as tool_tables
from lti_tool.tables.metadata import metadata as tool_metadata
from tests.house.modules import PACKAGES, ROOT, modules, prose_of

# Imported, so that the metadata hold every table.
assert tool_tables.ALL

DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_TOP = "|".join((*PACKAGES, "tests", "bench", "docs"))
# A path of ours, as it is written: lrs/store/statements.py, docs/lti.md, lti_tool/transfer.
_PATH = re.compile(rf"(?<![\w/.-])((?:{_TOP})/[\w/.-]*\w)")
# After a colon: a role of Sphinx in a docstring, such as :func:`core.clock.now`.
_MODULE = re.compile(rf"(?<![\w/.])((?:{'|'.join(PACKAGES)})(?:\.[a-z_]+)+)")
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)")


# Names of tables, settings and variables that look like a module of ours.
NO_MODULES = {"carryover.tenant_id"}


def exists(path: str) -> bool:
    """Whether this file or folder is there, or files that begin so (a scope such as state/read has
    no dot and is no path of ours)."""
    return (ROOT / path).exists()


def test_every_path_in_the_docs_is_there() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}: {path}"
        for file in DOCS
        for path in _PATH.findall(file.read_text())
        if not exists(path)
    ]
    assert wrong == []


def test_every_link_in_the_docs_leads_somewhere() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}: {target}"
        for file in DOCS
        for target in _LINK.findall(file.read_text())
        if not (file.parent / target).exists()
    ]
    assert wrong == []


def test_every_path_and_module_that_the_code_points_to_is_there() -> None:
    tables = {
        f"{table.schema}.{table.name}"
        for metadata in (analytics_metadata, store_metadata, tool_metadata)
        for table in metadata.sorted_tables
    }
    wrong = []
    for file in modules():
        text = "\n".join(prose_of(file))
        here = file.relative_to(ROOT)
        wrong += [f"{here}: {path}" for path in _PATH.findall(text) if not exists(path)]
        for dotted in _MODULE.findall(text):
            parts = dotted.split(".")
            there = any(
                exists("/".join(parts[:length]) + ending)
                for length in range(len(parts), 1, -1)
                for ending in (".py", "")
            )
            if not there and ".".join(parts[:2]) not in tables | NO_MODULES:
                wrong.append(f"{here}: {dotted}")
    assert wrong == []


def test_every_name_in_a_docstring_is_a_name_of_the_code() -> None:
    """A role's target, and what is written like a constant, is an identifier somewhere; these
    names are of others.
    """
    of_others = {"CAP_SETPCAP"}
    named, known = [], set[str]()
    for file in modules():
        source = file.read_text("utf-8")
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        known |= {token.string for token in tokens if token.type == tokenize.NAME}
        for prose in prose_of(file):
            for match in re.finditer(r":\w+:`[\w.]*?(\w+)`|\b([A-Z]+(?:_[A-Z]+)+)\b", prose):
                named.append((file.relative_to(ROOT), match[1] or match[2]))
    # Strings that name a setting or an environment variable are names as well.
    settings = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", (ROOT / "core/settings.py").read_text()))
    wrong = [(str(file), name) for file, name in named if name not in known | settings | of_others]
    assert not wrong
