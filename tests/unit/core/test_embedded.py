"""Where the embedded servers cannot run, one sentence says what to do."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from core import embedded
from core.child_processes import Supervisor
from core.errors import FatalError


@pytest.mark.parametrize(
    ("system", "machine"), [("Darwin", "arm64"), ("Linux", "aarch64"), ("Windows", "AMD64")]
)
def test_an_unsupported_machine_is_told_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, machine: str
) -> None:
    monkeypatch.setattr(platform, "system", lambda: system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(FatalError, match="CARRYOVER_DATABASE_URL") as stopped:
        embedded.start_embedded_servers(tmp_path, Supervisor())
    assert machine in str(stopped.value)


def test_data_of_another_major_version_are_refused_and_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "postgres"
    folder.mkdir(parents=True)
    (folder / "PG_VERSION").write_text("16\n")
    with pytest.raises(FatalError, match="PostgreSQL 16"):
        embedded.start_embedded_servers(tmp_path / "home", Supervisor())
    assert (folder / "PG_VERSION").read_text() == "16\n"
