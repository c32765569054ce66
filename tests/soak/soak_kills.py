"""The long form of the kill tests: each kind of process is killed while somebody writes; then writers
post for minutes while random processes are killed. Every figure must be exact.
"""

from __future__ import annotations

import os
import platform
import random
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.demo import Demo
from tests.support.demo_homes import demo, new_home
from tests.support.kills import VICTIMS, Writer, counted_exactly_once, gone, starts_again

__all__ = ["demo", "new_home"]
SECONDS = int(os.environ.get("SOAK_SECONDS", "180"))
WRITERS, PAUSE_SECONDS = (
    2,
    14,
)  # slower than the demo's limit of five deaths of one kind within a minute
RESULTS = Path(__file__).parent / "results" / "kills.md"


@pytest.mark.parametrize("victim", VICTIMS)
def test_every_acknowledged_statement_is_counted_exactly_once(demo: Demo, victim: str) -> None:
    counted_exactly_once(demo, victim)


def test_writers_go_on_while_processes_are_killed_at_random(tmp_path: Path) -> None:
    demo = Demo.start(tmp_path / "home")
    killed: dict[str, int] = {}
    try:
        demo.settled()
        before = demo.figure("retention_observed", "3m")
        writers = [Writer(demo) for _ in range(WRITERS)]
        for writer in writers:
            writer.start()
        end, names = time.monotonic() + SECONDS, list(VICTIMS)
        try:
            while time.monotonic() < end:
                time.sleep(PAUSE_SECONDS)
                name = random.choice(names)
                VICTIMS[name](demo)
                killed[name] = killed.get(name, 0) + 1
        finally:
            count = sum(writer.stop() for writer in writers)
        demo.settled()
        after = demo.figure("retention_observed", "3m")
    finally:
        demo.stop()
    kills = ", ".join(f"{name} ({times})" for name, times in sorted(killed.items()))
    RESULTS.write_text(
        "# Killing at random\n\n"
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, {platform.system()}, Python "
        f"{platform.python_version()}. `make soak`\n\n"
        f"{SECONDS} seconds, {WRITERS} writers, {sum(killed.values())} kills: {kills}.\n\n"
        f"Episodes acknowledged: {count:,}. Counted: {after[1] - before[1]:,} answers, "
        f"{after[0] - before[0]:,} of them right (all were). Difference: "
        f"{count - (after[1] - before[1])}.\n"
    )
    assert after == (before[0] + count, before[1] + count)


def test_a_first_start_that_was_killed_half_way_leaves_a_home_that_starts(tmp_path: Path) -> None:
    half, other = tmp_path / "home" / "postgres.new", tmp_path / "home" / "valkey"
    for folder in (half, other):
        folder.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    demo = Demo.start(tmp_path / "home")
    demo.process.send_signal(signal.SIGKILL)
    demo.process.wait(60)
    gone(demo)
    # The number of a killed server may belong to another program by now.
    (demo.home / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{demo.home}/postgres\n")
    again = Demo.start(tmp_path / "home")
    assert again.ready()["status"] == "ready"
    again.stop()


def test_another_start_keeps_the_data_and_no_process_stays_however_the_one_before_ended(
    new_home: Callable[[], Path],
) -> None:
    starts_again(new_home(), signal.SIGTERM, signal.SIGKILL)
