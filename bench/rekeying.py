"""An update that keeps people by other keys, while others write: ``python -m bench.rekeying``.

A million statements, one in ten people spelled in two ways, kept as the version before kept them;
then the job of the update, while clients post. The totals of the people must be the same before and
after, counted from the statements themselves and asked by filter.
"""

from __future__ import annotations

import json
import sys
import threading
import time
import uuid
from collections import Counter
from unittest import mock

from sqlalchemy import text

from bench import load
from bench.ingest import BATCH, copy_limit, judged, packed
from bench.server import Bench, heading, keep, running
from lrs.actions import agent_rekeying
from lrs.xapi import actors
from lrs.xapi.actors import normalize_mailbox
from lrs.xapi.index_keys import key_of

PEOPLE, CHUNK = 20_000, 20_000
SPELLED_EVERY = 10  # person of whom half of the statements are spelled in another way


def mailbox(person: int, way: int) -> str:
    """The address of a person, as one of two systems spells it."""
    domain = "Firma.Example" if way and person % SPELLED_EVERY == 0 else "firma.example"
    return f"mailto:person-{person}@{domain}"


def statement(n: int) -> bytes:
    """A small statement of one of the people."""
    return json.dumps(
        {
            "id": str(uuid.uuid4()),
            "actor": {"mbox": mailbox(n % PEOPLE, n // PEOPLE % 2)},
            "verb": {"id": f"https://bench.example/verbs/{n % 8}"},
            "object": {"id": f"https://bench.example/items/{n % 100}"},
            "timestamp": "2026-11-23T09:30:00.000Z",
        }
    ).encode()


def fill(bench: Bench, count: int) -> None:
    """Statements with the keys of the version before."""
    with mock.patch.object(actors, "normalize_mailbox", lambda mbox: mbox):
        for start in range(0, count, CHUNK):
            numbers = range(start, min(start + CHUNK, count))
            bodies = (
                b"[" + b",".join(map(statement, numbers[at : at + BATCH])) + b"]"
                for at in range(0, len(numbers), BATCH)
            )
            copy_limit(bench.owner, [packed(judged(body)) for body in bodies])
    with bench.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(
            text("VACUUM ANALYZE lrs.statement, lrs.statement_payload, lrs.statement_rel")
        )


def totals(bench: Bench) -> Counter[int]:
    """Statements by the key of each person, as filters find them."""
    keys = {key_of("agent", f"mbox {normalize_mailbox(mailbox(n, 0))}"): n for n in range(PEOPLE)}
    with bench.owner.connect() as connection:
        rows = connection.execute(
            text("SELECT key, count(*) FROM lrs.statement_rel GROUP BY key")
        ).all()
    return Counter({keys[key]: count for key, count in rows if key in keys})


def main() -> None:
    """Measure, print and keep."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with running() as bench:
        lines = heading(
            "Keeping people by new keys",
            f"{count:,} statements of {PEOPLE:,} people, one in {SPELLED_EVERY} spelled in two ways;"
            " 4 clients post batches of 100 meanwhile. `python -m bench.rekeying`",
        )
        fill(bench, count)
        expected = Counter(n % PEOPLE for n in range(count))
        before = totals(bench)
        wrong_before = sum(1 for n in range(PEOPLE) if before[n] != expected[n])
        with bench.owner.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO lrs.agent_rekeying VALUES "
                    "(1, -9223372036854775808, now() - interval '1 second')"
                )
            )
        posted = [statement(n) for n in range(40_000)]
        requests = [
            load.request(
                "POST",
                "/xapi/statements",
                bench.token,
                b"[" + b",".join(posted[at : at + BATCH]) + b"]",
            )
            for at in range(0, len(posted), BATCH)
        ]
        outcomes: list[load.Outcome] = []
        writer = threading.Thread(
            target=lambda: outcomes.append(load.run(bench.port, iter(requests), 4))
        )
        begun = time.perf_counter()
        writer.start()
        changed = agent_rekeying.rekey_agents(bench.deps, 1)
        seconds = time.perf_counter() - begun
        writer.join()
        (outcome,) = outcomes
        outcome.require(200)
        after = totals(bench)
        expected.update(n % PEOPLE for n in range(len(posted)))
        wrong_after = sum(1 for n in range(PEOPLE) if after[n] != expected[n])
        lines += [
            "| what | figure |",
            "|---|---|",
            f"| the job | {seconds:.1f} s, {count / seconds:,.0f} statements/s looked at |",
            f"| statements that got other keys | {changed:,} |",
            f"| people whose totals by filter were wrong before | {wrong_before:,} |",
            f"| people whose totals are wrong after | {wrong_after:,} of {PEOPLE:,} |",
            f"| posted meanwhile | {len(posted):,} statements, "
            f"{len(posted) / outcome.seconds:,.0f}/s, slowest answer "
            f"{outcome.quantile(1.0):.0f} ms, all 200 |",
        ]
        keep("rekeying", lines, {})


if __name__ == "__main__":
    main()
