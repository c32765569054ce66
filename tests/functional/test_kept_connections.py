"""Clients that keep their connections are spread over the web workers."""

from __future__ import annotations

import http.client
import os
import re
import threading
from collections import Counter
from pathlib import Path

import pytest

from core import connection_balance
from core.connection_balance import SharedCounts
from tests.support.demo import ANSWER_SECONDS, Demo, wait_until
from tests.support.kills import web_processes

CLIENTS = 4
ESTABLISHED = "01"


def owners(port: int) -> Counter[int]:
    """How many established connections to ``port`` each process holds, as the kernel tells."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    held = {
        row[9]
        for row in rows
        if row[3] == ESTABLISHED and int(row[1].rpartition(":")[2], 16) == port
    }
    found: Counter[int] = Counter()
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            links = [os.readlink(each) for each in folder.iterdir()]
        except OSError:  # ended meanwhile
            continue
        mine = {match[1] for link in links if (match := re.match(r"socket:\[(\d+)\]", link))}
        if mine & held:
            found[int(folder.parent.name)] = len(mine & held)
    return found


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the kernel tells it on Linux alone")
def test_kept_connections_end_in_equal_parts(demo: Demo) -> None:
    ended = threading.Event()
    failures: list[str] = []

    def ask_on() -> None:
        kept = http.client.HTTPConnection("127.0.0.1", demo.port, timeout=ANSWER_SECONDS)
        while not ended.is_set():
            kept.request("GET", "/xapi/about")
            answer = kept.getresponse()
            answer.read()
            if answer.status != 200:
                failures.append(f"{answer.status}")
        kept.close()

    clients = [threading.Thread(target=ask_on) for _ in range(CLIENTS)]
    for client in clients:
        client.start()

    def in_equal_parts() -> bool:
        """The demo's own calls are kept connections, too."""
        found = owners(demo.port)
        held = [found[worker] for worker in web_processes(demo)]
        return sum(held) >= CLIENTS and max(held) - min(held) <= 1

    try:
        wait_until(in_equal_parts)
    finally:
        ended.set()
        for client in clients:
            client.join()
    assert failures == []


def test_the_row_of_a_worker_that_ended_is_taken_by_the_next() -> None:
    counts = SharedCounts(2)
    assert counts.claim_row() == 0
    child = os.fork()
    if not child:
        os._exit(0 if counts.claim_row() else 1)
    assert os.waitpid(child, 0)[1] == 0, "the other row was taken by the other process"
    again = counts.claim_row()
    assert again, "whose process has ended"
    assert counts.claim_row() is None, "there are two"


def test_a_process_that_serves_alone_closes_nothing() -> None:
    connection_balance.share_among(1, 8080)
    assert connection_balance.join() is None
