"""Concurrency is part of conformance: many writers that share everything, readers beside them, on
the real server.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import threading
import time
import uuid
from typing import Any
from urllib.parse import urlencode

from tests.support.store import Live

WRITERS, BATCH, ACTIVITIES = 16, 50, 100
SECONDS = 3.0  # make soak takes 60


def statement(n: int, pick: random.Random) -> dict[str, Any]:
    activity = pick.randrange(ACTIVITIES)
    return {
        "id": str(uuid.uuid4()),
        "actor": {"account": {"homePage": "https://h.example", "name": f"p{pick.randrange(50)}"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": {
            "id": f"https://o.example/{activity}",
            "definition": {"name": {pick.choice(["en", "de", "fr"]): f"Thing {activity}"}},
        },
        "context": {
            "contextActivities": {
                "parent": [
                    {
                        "id": f"https://o.example/{pick.randrange(ACTIVITIES)}",
                        "definition": {"type": "https://t.example"},
                    }
                ]
            }
        },
        "result": {"score": {"raw": n}},
    }


def call(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    headers: dict[str, str],
    body: str | None = None,
) -> tuple[int, Any, Any]:
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    data = answer.read()
    return answer.status, answer.headers, json.loads(data) if data else None


def test_many_writers_that_share_activities_never_fail_and_readers_miss_nothing(live: Live) -> None:
    log_before = live.postgres_log.read_text() if live.postgres_log.exists() else ""
    acknowledged: set[str] = set()
    statuses: dict[int, int] = {}
    done, lock = threading.Event(), threading.Lock()
    failures: list[BaseException] = []

    def guarded(act: Any, *given: Any) -> None:
        try:
            act(*given)
        except BaseException as error:  # noqa: BLE001 - raised again in the test's own thread
            failures.append(error)
            done.set()

    def write(number: int) -> None:
        pick = random.Random(number)
        shared = [statement(n, pick) for n in range(BATCH)]
        with contextlib.closing(live.connection()) as connection:
            while not done.is_set():
                batch = [statement(n, pick) for n in range(BATCH)]
                if pick.random() < 0.1:
                    batch = (
                        shared[::-1] if pick.random() < 0.5 else shared
                    )  # sent before: accepted, and stored once
                pick.shuffle(batch)
                status, _, said = call(
                    connection, "POST", "/xapi/statements", live.headers(), json.dumps(batch)
                )
                with lock:
                    statuses[status] = statuses.get(status, 0) + 1
                    if status == 200:
                        acknowledged.update(said)

    paged: list[str] = []
    polled: list[str] = []

    def read_to_the_end(
        connection: http.client.HTTPConnection, first: str
    ) -> tuple[list[str], str]:
        """Follow more; gives the ids and the moment up to which the first page was consistent."""
        found, path, through = [], first, ""
        while path:
            status, headers, page = call(connection, "GET", path, live.headers())
            assert status == 200, page
            through = headers["X-Experience-API-Consistent-Through"]
            found += [one["id"] for one in page["statements"]]
            path = page["more"]
        return found, through

    def page() -> None:
        """Goes on from the stored time of the last statement seen, by more and by since."""
        with contextlib.closing(live.connection()) as connection:
            since, last = "2000-01-01T00:00:00Z", False
            while not last:
                last = done.is_set() and writers_ended.is_set()
                time.sleep(0.05)
                found, _ = read_to_the_end(
                    connection,
                    "/xapi/statements?"
                    + urlencode(
                        {
                            "ascending": "true",
                            "since": since,
                            "until": (edge := horizon(connection)),
                        }
                    ),
                )
                paged.extend(found)
                since = edge

    def horizon(connection: http.client.HTTPConnection) -> str:
        return str(
            call(connection, "GET", "/xapi/statements?ascending=true&limit=1", live.headers())[1][
                "X-Experience-API-Consistent-Through"
            ]
        )

    def poll() -> None:
        """since=Consistent-Through, as the standard means it."""
        with contextlib.closing(live.connection()) as connection:
            since, last = "2000-01-01T00:00:00Z", False
            while not last:
                last = done.is_set() and writers_ended.is_set()
                time.sleep(0.05)
                found, through = read_to_the_end(
                    connection,
                    "/xapi/statements?" + urlencode({"ascending": "true", "since": since}),
                )
                polled.extend(found)
                since = through

    writers_ended = threading.Event()
    writers = [threading.Thread(target=guarded, args=(write, number)) for number in range(WRITERS)]
    readers = [threading.Thread(target=guarded, args=(act,)) for act in (page, poll)]
    for thread in writers + readers:
        thread.start()
    done.wait(SECONDS)
    done.set()
    for thread in writers:
        thread.join(120)
    time.sleep(0.1)
    writers_ended.set()
    for thread in readers:
        thread.join(300)
    if failures:
        raise failures[0]
    assert set(statuses) == {200}, statuses
    with contextlib.closing(live.connection()) as connection:
        stored, _ = read_to_the_end(connection, "/xapi/statements?ascending=true")
    assert len(stored) == len(set(stored))
    assert set(stored) == acknowledged
    assert sorted(paged) == sorted(stored), (len(paged), len(set(paged)), len(stored))
    # Polling may meet the millisecond of the edge again, never leave one out.
    assert set(polled) == set(stored), (len(set(polled)), len(stored))
    assert len(polled) == len(set(polled)), len(polled) - len(set(polled))
    log = live.postgres_log.read_text()[len(log_before) :]
    assert "deadlock detected" not in log
    print(  # noqa: T201 - the soak's result
        f"{sum(statuses.values())} batches, {len(acknowledged)} statements in {SECONDS:.0f} s by "
        f"{WRITERS} writers; none failed, each read once"
    )
