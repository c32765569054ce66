"""Sending grades while the sender is killed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import text

from lti_tool.checks import grades_store
from lti_tool.checks.grades_store import NewGrade
from tests.conftest import environ_for
from tests.support.tool import TOOL, Tool

Place = tuple[str, str]  # a column's path, a person


@dataclass
class Gradebook:
    """As strict as Moodle's: a score must be newer by a whole second, and what is there can be
    asked for.
    """

    accepted: defaultdict[Place, list[dict[str, Any]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, asked: Any) -> Any:
        method, url, _, body = asked
        parts = urlsplit(url)
        column = parts.path.rpartition("/")[0]
        with self.lock:
            if method == "GET":
                user = parse_qs(parts.query)["user_id"][0]
                held = self.accepted[(column, user)][-1:]
                return (
                    200,
                    "OK",
                    [
                        {
                            "userId": user,
                            "resultScore": one["scoreGiven"],
                            "resultMaximum": one["scoreMaximum"],
                        }
                        for one in held
                    ],
                )
            score = json.loads(body)
            before = self.accepted[(column, score["userId"])]
            if before and _second(before[-1]) >= _second(score):
                self.refused += 1
                return (409, "Refusing score with an earlier timestamp", [])
            before.append(score)
            return (200, "OK", "")


def _second(score: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(score["timestamp"]).timestamp())


def queue(
    tool: Tool, columns: list[str], people: int, rounds: int, pause: float
) -> dict[Place, float]:
    """Grades of all people for all columns, round after round while the sender runs; gives the
    newest of each.
    """
    home = tool.launch().location
    tool.post(f"{home}checks/1w", tool.get(home))
    (like,) = tool.sql("SELECT * FROM lti_tool.attempt")
    newest: dict[Place, float] = {}
    chance = random.Random(20_261_124)
    for number in range(rounds):
        wanted = [(column, f"p{person}") for column in columns for person in range(people)]
        chance.shuffle(wanted)
        for start in range(0, len(wanted), 100):
            with tool.deps.unit_of_work(tool.tenant_id) as connection:
                for column, subject in wanted[start : start + 100]:
                    score = chance.randint(0, 1_000)
                    attempt = _attempt(connection, like.id)
                    grades_store.enqueue_grade(
                        connection,
                        tool.tenant_id,
                        NewGrade(
                            attempt,
                            like.registration_id,
                            None,
                            column,
                            "",
                            "",
                            "",
                            subject,
                            score,
                            1_000,
                            "",
                            datetime.now(UTC),
                        ),
                    )
                    newest[(urlsplit(column).path, subject)] = score
        if number + 1 < rounds:
            time.sleep(pause)
    return newest


def _attempt(connection: Any, like: Any) -> Any:
    return connection.execute(
        text(
            "INSERT INTO lti_tool.attempt SELECT gen_random_uuid(), tenant_id, episode_id, 'x', "
            "'remediation', items, line_item_url, registration_id,"
            " subject, started_at, finished_at, right_answers, line_items_url, course_id FROM "
            "lti_tool.attempt WHERE id = :like RETURNING id"
        ),
        {"like": like},
    ).scalar_one()


def run(
    tool: Tool,
    servers: Any,
    folder: Path,
    *,
    columns: int,
    people: int,
    rounds: int,
    still: float = 45,
) -> dict[str, float]:
    """The whole test; gives figures for the record. It fails when no grade moves for ``still``
    seconds.
    """
    server, book = tool.moodle.server, Gradebook()
    server.otherwise = book
    server.says("/token", (200, "OK", {"access_token": "t", "expires_in": 3_600}))
    environ = {
        **environ_for(servers, "x", folder),
        "CARRYOVER_DATABASE_URL": tool.deps.settings.database_url,
        "CARRYOVER_BASE_URL": TOOL,
    }
    began = time.monotonic()
    program = Path(__file__).with_name("sender.py")
    sender = subprocess.Popen(
        [sys.executable, str(program), str(folder), str(tool.tenant_id), "3"],
        env={**os.environ, **environ},
    )
    try:
        newest = queue(
            tool,
            [f"{server.url}/columns/{number}/lineitem" for number in range(columns)],
            people,
            rounds,
            1.5,
        )
        waiting = (
            "SELECT count(*) AS n FROM lti_tool.grade_outbox WHERE sent_at IS NULL AND refused "
            "IS NULL AND NOT replaced"
        )
        left, moved = -1, time.monotonic()
        while now_left := tool.sql(waiting)[0].n:
            if now_left != left:
                left, moved = now_left, time.monotonic()
            assert time.monotonic() < moved + still, (
                f"{left} grades wait, and none moved for {still} s: {_example(tool)}"
            )
            time.sleep(0.2)
    finally:
        (folder / "stop").touch()
        sender.wait(20)
    took = time.monotonic() - began
    rows = tool.sql(
        "SELECT place, subject, score, at, sent_at, replaced, refused FROM lti_tool.grade_outbox "
        "ORDER BY at"
    )
    assert [row for row in rows if row.refused] == []
    by_place: defaultdict[Place, list[Any]] = defaultdict(list)
    for row in rows:
        by_place[(urlsplit(row.place).path, row.subject)].append(row)
    assert set(by_place) == set(newest)
    for place, score in newest.items():
        arrived = book.accepted[place]
        assert arrived[-1]["scoreGiven"] == score, "the newest one is what the gradebook holds"
        times = [one["timestamp"] for one in arrived]
        assert times == sorted(set(times)), "once each, in the order of the acts"
        queued = {
            (row.score, row.at.replace(microsecond=row.at.microsecond // 1000 * 1000))
            for row in by_place[place]
        }
        assert {
            (one["scoreGiven"], datetime.fromisoformat(one["timestamp"])) for one in arrived
        } <= queued, "nothing that was not queued"
        assert sum(not row.replaced for row in by_place[place]) >= 1
        for row in by_place[place]:
            assert row.sent_at is not None or row.replaced, "none is lost"
    kills = len((folder / "kills").read_text())
    assert kills >= 2
    return {
        "queued": len(rows),
        "arrived": sum(map(len, book.accepted.values())),
        "refused as not newer": book.refused,
        "kills": kills,
        "seconds": took,
    }


def _example(tool: Tool) -> str:
    rows = tool.sql(
        "SELECT tries, trouble, next_try_at - now() AS due_in, leased_until - now() AS "
        "leased_for FROM lti_tool.grade_outbox"
        " WHERE sent_at IS NULL AND refused IS NULL AND NOT replaced ORDER BY id LIMIT 3"
    )
    return "; ".join(str(row._asdict()) for row in rows)
