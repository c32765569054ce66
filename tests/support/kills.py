"""Writing while processes are killed."""

from __future__ import annotations

import os
import signal
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from core.clock import format_instant
from lrs.vocabulary import EXTENSIONS, VERBS
from tests.support.demo import Demo, wait_until


def episode() -> list[dict[str, object]]:
    """A certification and one right answer: one more in the numerator and in the denominator of
    three months.
    """
    registration, at = str(uuid.uuid4()), datetime.now(UTC) - timedelta(days=100)

    def said(verb: str, obj: str, when: datetime, **parts: object) -> dict[str, object]:
        context = {"registration": registration, "extensions": {EXTENSIONS["kind"]: "check"}}
        actor = {"account": {"homePage": "https://kills.example", "name": registration}}
        return {
            "actor": actor,
            "verb": {"id": VERBS[verb].id},
            "object": {"id": obj},
            "timestamp": format_instant(when),
            "context": context,
            **parts,
        }

    return [
        said("certified", "https://c.example", at),
        said("answered", "https://i.example", at + timedelta(days=90), result={"success": True}),
    ]


class Writer(threading.Thread):
    """Posts episodes until it is told to stop; an episode that was not acknowledged is posted
    again, with the same ids.
    """

    def __init__(self, demo: Demo) -> None:
        super().__init__(daemon=True)
        self._demo, self._ended, self.acknowledged = demo, threading.Event(), 0

    def run(self) -> None:
        while not self._ended.is_set():
            batch = [{**one, "id": str(uuid.uuid4())} for one in episode()]
            while True:
                try:
                    if self._demo.xapi("POST", json=batch).status_code == 200:
                        break
                except httpx.HTTPError:
                    time.sleep(0.05)
            self.acknowledged += 1

    def stop(self) -> int:
        self._ended.set()
        self.join(60)
        return self.acknowledged


def killed(demo: Demo, words: str) -> int:
    """SIGKILL the first process whose name or command line holds ``words``."""
    pid = wait_until(
        lambda: next((pid for pid, line in demo.processes().items() if words in line), 0)
    )
    os.kill(pid, signal.SIGKILL)
    return int(pid)


def web_processes(demo: Demo) -> list[int]:
    """The web server's workers, which are children of a process of the same name."""
    named = [pid for pid, line in demo.processes().items() if line.startswith("carryover web")]
    return [
        int(child)
        for pid in named
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ]


def web_server(demo: Demo) -> int:
    """SIGKILL the process whose children answer HTTP."""
    parent = Path(f"/proc/{max(wait_until(lambda: web_processes(demo)))}/stat").read_text()
    pid = int(parent.rpartition(")")[2].split()[1])
    os.kill(pid, signal.SIGKILL)
    return pid


def web_worker(demo: Demo) -> int:
    """SIGKILL one of the processes that answer HTTP."""
    pid = int(max(wait_until(lambda: web_processes(demo))))
    os.kill(pid, signal.SIGKILL)
    return pid


VICTIMS: dict[str, Callable[[Demo], int]] = {
    "the short jobs' worker": lambda demo: killed(demo, "carryover queue"),
    "the long jobs' worker": lambda demo: killed(demo, "carryover long"),
    "a web worker": web_worker,
    "the web server": web_server,
    "the queue server": lambda demo: killed(demo, "valkey-server"),
    "PostgreSQL": lambda demo: killed(demo, "bin/postgres -D"),
}


def counted_exactly_once(demo: Demo, victim: str) -> None:
    """Kill one process while somebody writes: the figure moves by what was acknowledged."""
    demo.settled()
    before = demo.figure("retention_observed", "3m")
    writer = Writer(demo)
    writer.start()
    try:
        wait_until(lambda: writer.acknowledged >= 5)
        VICTIMS[victim](demo)
        reached = writer.acknowledged
        wait_until(lambda: writer.acknowledged >= reached + 10)
    finally:
        count = writer.stop()
    demo.settled()
    assert demo.figure("retention_observed", "3m") == (before[0] + count, before[1] + count)
    # A queue server that was started again hears of its workers at their next heartbeats.
    wait_until(lambda: demo.ready().get("status") == "ready")


def gone(demo: Demo) -> None:
    """Wait until none of its processes is left."""
    wait_until(lambda: not demo.processes())


def starts_again(home: Path, *ends: signal.Signals) -> None:
    """A demo that ended so, in this order, keeps its data and leaves no process behind."""
    demo = Demo.start(home)
    for end in ends:
        told = demo.told
        try:
            demo.settled()
            figure = demo.figure("transfer_by_grade", "1")
            assert demo.xapi("POST", json=episode()).status_code == 200
        finally:
            demo.process.send_signal(end)
            demo.process.wait(60)
        gone(demo)
        demo = Demo.start(home, demo.port)
        try:
            demo.settled()
            told_now = demo.told
            invite, old_invite = told_now.pop("registration_url"), told.pop("registration_url")
            assert invite != old_invite, "an invite serves once: each start makes a fresh one"
            assert told_now == told, "what else was told stays true"
            assert demo.figure("transfer_by_grade", "1") == (figure[0], figure[1] + 1)
        except BaseException:
            demo.stop()
            raise
    demo.stop()
    assert not demo.processes()
