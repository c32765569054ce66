"""Where the embedded servers cannot run, one sentence says what to do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from core import embedded
from core.child_processes import Supervisor
from core.embedded import postgres, valkey
from core.errors import FatalError


@pytest.mark.parametrize("place", [postgres, valkey])
def test_a_machine_without_the_servers_packages_is_told_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: object
) -> None:
    """A platform without their wheels, or an environment of the production lock."""
    monkeypatch.setattr(place, "find_spec", lambda name: None)
    with pytest.raises(FatalError, match="CARRYOVER_DATABASE_URL") as stopped:
        embedded.start_embedded_servers(tmp_path, Supervisor())
    assert "requirements-run.txt" in str(stopped.value) and "\n" not in str(stopped.value)


def test_data_of_another_major_version_are_refused_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "postgres"
    folder.mkdir(parents=True)
    (folder / "PG_VERSION").write_text("16\n")
    with pytest.raises(FatalError, match="PostgreSQL 16"):
        embedded.start_embedded_servers(tmp_path / "home", Supervisor())
    assert (folder / "PG_VERSION").read_text() == "16\n"


def test_root_elsewhere_than_on_linux_is_told_to_be_somebody_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(FatalError, match="ordinary user"):
        embedded.start_embedded_servers(tmp_path, Supervisor())
