"""What is installed to run: under licences that let an organisation run it, and with what each
Python needs.
"""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from docs import notices

HOUSE = Path(__file__).parents[2]


def test_no_run_dependency_is_gpl_or_agpl() -> None:
    wrong = {
        one.name: one.licence for one in notices.run_dependencies() if notices.refused(one.licence)
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("GPL-3.0-or-later", True),
        ("GNU General Public License v3 (GPLv3)", True),
        ("GNU Affero General Public License v3", True),
        ("AGPL-3.0-only", True),
        ("", True),
        ("LGPL-3.0-only", False),
        ("GNU Lesser General Public License v3 or later (LGPLv3+)", False),
        ("MIT OR GPL-2.0-only", False),
        ("Apache-2.0 OR BSD-3-Clause", False),
    ],
)
def test_what_is_refused(licence: str, expected: bool) -> None:
    assert notices.refused(licence) is expected


def test_the_notices_are_made_from_the_lock() -> None:
    assert (HOUSE / "THIRD-PARTY-NOTICES.md").read_text() == notices.page(), "make docs"


@pytest.mark.parametrize("version", ["3.11.0", "3.11.2", "3.11.9", "3.12.3", "3.13.0", "3.14.0"])
def test_the_run_lock_holds_what_each_python_needs(version: str) -> None:
    """Debian 12 has 3.11.2, for which redis asks for async-timeout: hashes are required, so a lock
    that is resolved for one Python could not be installed by another.
    """
    pinned = {canonicalize_name(one.name) for one in notices.run_dependencies()}
    environment: dict[str, str] = {
        **{name: str(value) for name, value in default_environment().items()},
        "python_full_version": version,
        "python_version": ".".join(version.split(".")[:2]),
    }
    wanted = [(Requirement(text), "") for text in _own_requirements()]
    seen, missing = set(), set()
    while wanted:
        one, by = wanted.pop()
        if one.marker is not None and not one.marker.evaluate({**environment, "extra": ""}):
            continue
        name = canonicalize_name(one.name)
        if name not in pinned:
            missing.add(f"{name} (of {by})")
            continue
        key = (name, frozenset(one.extras))
        if key in seen:
            continue
        seen.add(key)
        for text in metadata.requires(name) or ():
            inner = Requirement(text)
            if inner.marker is None or any(
                inner.marker.evaluate({**environment, "extra": extra})
                for extra in ("", *one.extras)
            ):
                inner.marker = None
                wanted.append((inner, name))
    assert missing == set()


def _own_requirements() -> list[str]:
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text())["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["embedded"]]
