"""Third-party notices: what is installed to run, by its lock, and under which licence; and what may
not be in that lock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

RUN_LOCK = Path(__file__).parents[1] / "requirements-run.txt"
_PINNED = re.compile(r"^([A-Za-z0-9_.-]+)==([^ \\;]+)", re.MULTILINE)
# Copyleft of the whole work. The Lesser GPL asks for nothing of whoever calls a library, and may
# stay.
_REFUSED = re.compile(r"\bA?GPL|(?<!lesser )general public license|affero", re.IGNORECASE)
_LESSER = re.compile(
    r"\bLGPL[-\w.+]*|lesser general public license|library general public license", re.IGNORECASE
)
# Packages whose metadata name no licence in one line; read in their own files.
_READ = {"fsrs": "MIT", "polars": "MIT", "pylti1p3next": "MIT", "scipy": "BSD-3-Clause"}


@dataclass(frozen=True)
class Dependency:
    """A pinned package, its licence in the words of its own metadata, and where it lives."""

    name: str
    version: str
    licence: str
    address: str


def run_dependencies() -> Iterator[Dependency]:
    """What the run lock holds, by name."""
    for name, version in sorted(_PINNED.findall(RUN_LOCK.read_text())):
        known = metadata.distribution(name).metadata
        addresses = dict(
            text.split(", ", 1) for text in known.get_all("Project-URL") or () if ", " in text
        )
        home = next(
            (
                addresses[label]
                for label in ("Homepage", "homepage", "Repository", "Source", "Source Code")
                if label in addresses
            ),
            "",
        )
        yield Dependency(name, version, _licence(name, known), home or _one(known, "Home-page"))


def _one(known: metadata.PackageMetadata, field: str) -> str:
    return known[field] if field in known else ""  # noqa: SIM401 - the protocol has no get before Python 3.12


def _licence(name: str, known: metadata.PackageMetadata) -> str:
    said = _one(known, "License-Expression") or _READ.get(name)
    if said:
        return said
    classifiers = [
        one.rpartition("::")[2].strip()
        for one in known.get_all("Classifier") or ()
        if one.startswith("License ::")
    ]
    short = _one(known, "License").strip()
    return "; ".join(classifiers) or (short if "\n" not in short else "")


def refused(licence: str) -> bool:
    """Whether a licence may not stand in the run lock: GPL or AGPL, or none that is said, where no
    other is offered beside it.
    """
    ways = re.split(r"\bOR\b", licence)
    return not licence or all(_REFUSED.search(_LESSER.sub("", one)) for one in ways)


def page() -> str:
    """The notices, as a table."""
    lines = [
        "# Third-party notices",
        "",
        "Carryover is licensed under the Apache License 2.0 (LICENSE). Installed beside it, each "
        "under a licence of its own whose text lies in the",
        "package (`*.dist-info`), are these; the list is made from `requirements-run.txt` by "
        "`make docs`.",
        "",
        "| package | version | licence | home |",
        "|---|---|---|---|",
        *(
            f"| {one.name} | {one.version} | {one.licence} | {one.address} |"
            for one in run_dependencies()
        ),
    ]
    return "\n".join(lines) + "\n"
