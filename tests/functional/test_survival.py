"""Whatever is killed, whenever: every acknowledged statement is counted exactly once, and nothing
stays behind.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.command_line import carryover
from tests.support.demo import Browser, Demo, free_port, wait_until
from tests.support.kills import counted_exactly_once, starts_again, web_worker

# The kinds of processes; each single one is killed by make soak.
OFTEN = ("the short jobs' worker", "a web worker", "the queue server", "PostgreSQL")


@pytest.mark.parametrize("victim", OFTEN)
def test_every_acknowledged_statement_is_counted_exactly_once(demo: Demo, victim: str) -> None:
    counted_exactly_once(demo, victim)


def test_a_page_answers_again_after_a_web_worker_was_killed_between_two_requests(
    demo: Demo, browser: Browser
) -> None:
    home = str(browser.launch(demo.told["launch"]["teacher"]).url)
    web_worker(demo)

    def page() -> bool:
        try:
            return browser.get(home).status_code == 200
        except httpx.HTTPError:
            return False

    wait_until(page)


def test_another_start_keeps_the_data_and_no_process_stays_after_a_kill(home: Path) -> None:
    """make soak asks politely, too."""
    starts_again(home, signal.SIGKILL)


def refused(*arguments: str, **environ: str) -> str:
    """The one sentence with which a command ends."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARRYOVER_")}
    ended = carryover({**kept, **environ}, *arguments)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    lines = [line for line in ended.stderr.splitlines() if line]
    assert len(lines) == 1, ended.stderr
    return lines[0]


def test_a_port_in_use_is_one_sentence(demo: Demo, tmp_path: Path) -> None:
    assert f"PORT={demo.port + 1}" in refused(
        "demo", PORT=str(demo.port), CARRYOVER_HOME=str(tmp_path / "home")
    )


def test_a_home_in_use_is_one_sentence(demo: Demo) -> None:
    assert "already" in refused("demo", PORT=str(free_port()), CARRYOVER_HOME=str(demo.home))


SETTINGS = {
    "CARRYOVER_DATABASE_URL": "postgresql://carryover_app@127.0.0.1:9/none",
    "CARRYOVER_MIGRATION_URL": "postgresql://owner@127.0.0.1:9/none",
    "CARRYOVER_REDIS_URL": "redis://127.0.0.1:9/0",
    "CARRYOVER_SECRET_KEY": "s" * 48,
}


@pytest.mark.parametrize(
    "command", [("serve",), ("worker",), ("migrate",), ("tenant", "create", "x")]
)
def test_an_unreachable_database_is_one_sentence(command: tuple[str, ...]) -> None:
    assert "database cannot be reached" in refused(*command, **SETTINGS)


@pytest.mark.parametrize(
    "command", [("serve",), ("worker",), ("migrate",), ("tenant", "create", "x")]
)
def test_a_missing_setting_is_one_sentence(command: tuple[str, ...]) -> None:
    assert "is not set" in refused(*command)


@pytest.mark.parametrize("command", [("serve",), ("worker",)])
def test_an_unreachable_queue_is_one_sentence(demo: Demo, command: tuple[str, ...]) -> None:
    database = json.loads((demo.home / "servers.json").read_text())["CARRYOVER_DATABASE_URL"]
    assert "Redis cannot be reached" in refused(
        *command, **{**SETTINGS, "CARRYOVER_DATABASE_URL": database}
    )


def test_a_wrong_option_in_the_databases_address_is_one_sentence() -> None:
    assert "foo" in refused(
        "migrate",
        **{**SETTINGS, "CARRYOVER_MIGRATION_URL": "postgresql://owner@127.0.0.1:9/none?foo=bar"},
    )


def test_a_wrong_setting_is_one_sentence() -> None:
    assert "PORT" in refused("serve", PORT="x")


def test_a_home_that_cannot_be_used_is_one_sentence() -> None:
    assert "CARRYOVER_HOME" in refused(
        "demo", CARRYOVER_HOME="/proc/nothing", PORT=str(free_port())
    )


def test_help_shows_every_command_with_one_line() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "carryover", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    for command in ("demo", "serve", "worker", "migrate", "tenant"):
        line = next(line for line in shown.splitlines() if line.strip().startswith(command))
        assert len(line.split()) > 3
