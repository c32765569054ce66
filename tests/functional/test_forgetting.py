"""A person goes: out of the tool, the record store, the mailbox and the logs, by one command;
figures move back.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import carryover
from tests.support.demo import Browser, Demo, wait_until


@pytest.fixture
def alone(home: Path) -> Iterator[Demo]:
    """A demo of its own: its learner does not come back."""
    running = Demo.start(home)
    running.settled()
    yield running
    running.stop()


def command(demo: Demo, *arguments: str) -> str:
    ended = carryover({**os.environ, "CARRYOVER_HOME": str(demo.home)}, *arguments)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_erasing_a_person_leaves_no_trace_in_either_house(alone: Demo, browser: Browser) -> None:
    home = str(browser.launch(alone.told["launch"]["learner"]).url)
    browser.submit("/checks/1w")
    attempt = str(browser.page.url)
    browser.get(f"{home}work")
    browser.submit("/hand-in/exercise", task="inbox", words="Something of my own.", kind="exercise")
    mailbox = alone.home / "mailbox"
    wait_until(
        lambda: any(
            "Practice learner waits" in file.read_text(errors="replace")
            for file in mailbox.rglob("*")
            if file.is_file()
        ),
    )
    browser.get(attempt)
    for position in range(1, 6):
        browser.submit(choice="a", position=str(position))
        browser.get(attempt)
    person = json.loads(browser.get(f"{home}me/data.json").text)["person"]
    alone.settled()
    before = alone.figure("transfer_rate")[1]
    agent = json.dumps(
        {
            "account": {
                "homePage": alone.xapi("GET", params={"limit": 1}).json()["statements"][0]["actor"][
                    "account"
                ]["homePage"],
                "name": person,
            }
        }
    )
    assert alone.xapi("GET", params={"agent": agent}).json()["statements"]

    looked = command(alone, "erase", "learner@example.org")
    assert looked.startswith("Would erase:") and "statements" in looked and "1 episode" in looked
    assert alone.xapi("GET", params={"agent": agent}).json()["statements"], "a look changes nothing"
    told = command(alone, "erase", "learner@example.org", "--really")
    assert told.startswith("Erased:") or "Erased:" in told
    assert alone.xapi("GET", params={"agent": agent}).json()["statements"] == []
    wait_until(lambda: alone.figure("transfer_rate")[1] == before - 1)
    assert browser.get(home).status_code == 401
    for file in mailbox.rglob("*"):
        assert not file.is_file() or not any(
            mark in file.read_text(errors="replace")
            for mark in ("learner@example.org", "Practice learner")
        )
    assert (
        person not in alone.log.read_text() and "learner@example.org" not in alone.log.read_text()
    )
