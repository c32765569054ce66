"""How the record store behaves as it fills: ``python -m bench.reads`` (part of make bench).

At 100,000 and at 1,000,000 statements: every filter of GET /statements over HTTP, ``more`` to the
end, the rate of ingest, disk per statement, memory of a web worker. The statements are put there by
COPY, which takes minutes instead of an hour; the rows are the same as those that requests make.
"""

from __future__ import annotations

import json
import random
import statistics
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from urllib.parse import urlencode

from sqlalchemy import text

from bench import load
from bench.ingest import BATCH, copy_limit, judged, over_http, packed, statement
from bench.server import TABLES, Bench, heading, keep, running

LEVELS = (100_000, 1_000_000)
CHUNK = 20_000
REQUESTS, CLIENTS = 300, 4
INGESTED = 10_000
LIMITS = {"two filters": 60.0, "one filter": 25.0}  # ms, p95


def _agent(n: int) -> str:
    return json.dumps(
        {"account": {"homePage": "https://bench.example", "name": f"person-{n % 200}"}}
    )


def filters(begun: datetime, ended: datetime) -> dict[str, tuple[str, Iterator[dict[str, str]]]]:
    """Name → (which limit holds, parameters for each request)."""
    pick = random.Random(1)
    span = (ended - begun) / timedelta(seconds=1)

    def each(make: object) -> Iterator[dict[str, str]]:
        assert callable(make)
        while True:
            yield make(pick.randrange(10_000))

    def when(n: int) -> str:
        return (
            (begun + timedelta(seconds=span * (n % 1_000) / 1_000))
            .isoformat()
            .replace("+00:00", "Z")
        )

    verb, item = "https://bench.example/verbs/{}", "https://bench.example/items/{}"
    check = "https://bench.example/checks/{}"
    return {
        "the latest": ("one filter", each(lambda n: {})),
        "ascending": ("one filter", each(lambda n: {"ascending": "true"})),
        "agent": ("one filter", each(lambda n: {"agent": _agent(n)})),
        "verb": ("one filter", each(lambda n: {"verb": verb.format(n % 8)})),
        "activity": ("one filter", each(lambda n: {"activity": item.format(n % 100)})),
        "registration that does not exist": (
            "one filter",
            each(lambda n: {"registration": f"00000000-0000-4000-8000-{n:012d}"}),
        ),
        "since": ("one filter", each(lambda n: {"since": when(n), "ascending": "true"})),
        "until": ("one filter", each(lambda n: {"until": when(n)})),
        "agent, related": (
            "one filter",
            each(lambda n: {"agent": _agent(n), "related_agents": "true"}),
        ),
        "activity, related": (
            "one filter",
            each(lambda n: {"activity": check.format(n % 10), "related_activities": "true"}),
        ),
        "agent and verb": (
            "two filters",
            each(lambda n: {"agent": _agent(n), "verb": verb.format(n % 8)}),
        ),
        "verb and activity": (
            "two filters",
            each(lambda n: {"verb": verb.format(n % 4 * 2), "activity": item.format(n % 4 * 2)}),
        ),
        "agent and activity": (
            "two filters",
            each(lambda n: {"agent": _agent(n), "activity": item.format(n % 100)}),
        ),
        "agent, related, and verb": (
            "two filters",
            each(
                lambda n: {"agent": _agent(n), "related_agents": "true", "verb": verb.format(n % 8)}
            ),
        ),
    }


def fill(bench: Bench, count: int, first: int) -> None:
    """Put ``count`` statements there, as requests would have."""
    for start in range(0, count, CHUNK):
        rows = range(first + start, first + min(start + CHUNK, count))
        bodies = [
            b"[" + b",".join(statement(n) for n in rows[at : at + BATCH]) + b"]"
            for at in range(0, len(rows), BATCH)
        ]
        copy_limit(bench.owner, [packed(judged(body)) for body in bodies])
    with bench.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(
            text("VACUUM ANALYZE lrs.statement, lrs.statement_payload, lrs.statement_rel")
        )


def pages(bench: Bench, parameters: dict[str, str]) -> tuple[int, list[float]]:
    """Follow ``more`` to the end: statements seen, milliseconds of each page; ends the run when one
    comes twice.
    """
    address, seen, times = f"/xapi/statements?{urlencode(parameters)}", set[str](), []
    while address:
        request = urllib.request.Request(f"http://127.0.0.1:{bench.port}{address}")
        request.add_header("Authorization", f"Basic {bench.token}")
        request.add_header("X-Experience-API-Version", "1.0.3")
        begun = time.perf_counter()
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            page = json.load(answer)
        times.append((time.perf_counter() - begun) * 1_000)
        found = {one["id"] for one in page["statements"]}
        if found & seen:
            raise SystemExit("a statement came twice on the way through more")
        seen |= found
        address = page["more"]
    return len(seen), times


def bytes_each(bench: Bench, count: int) -> float:
    """Disk of the record store's tables for a statement, indexes included."""
    query = text(
        "SELECT sum(pg_total_relation_size(CAST(name AS regclass)) + coalesce((SELECT "
        "sum(pg_total_relation_size(relid)) FROM pg_partition_tree(CAST(name AS regclass))), 0))"
        " FROM unnest(CAST(:tables AS text[])) AS name"
    )
    tables = [f"lrs.{table}" for table in TABLES if table != "uncounted"]
    with bench.owner.connect() as connection:
        return int(connection.execute(query, {"tables": tables}).scalar_one()) / count


def main() -> None:
    """Measure, print and keep."""
    with running() as bench:
        how = (
            f"GET: {REQUESTS} requests a filter, limit 100, {CLIENTS} clients, over HTTP; 2 web "
            "workers. `python -m bench.reads`"
        )
        lines = heading("As it fills", how)
        over_http(bench, 1, 8, 500)
        bench.empty()
        rates = {0: _ingest(bench)}
        bench.empty()
        begun = datetime.now(UTC)
        filled = 0
        figures: dict[str, float] = {}
        for level in LEVELS:
            fill(bench, level - filled, filled)
            filled = level
            lines += [
                f"## {level:,} statements",
                "",
                "| filter | p50 ms | p95 ms | limit for p95 |",
                "|---|---|---|---|",
            ]
            figures.update(dict.fromkeys((f"{kind}, p95" for kind in LIMITS), 0.0))
            for name, (kind, wanted) in filters(begun, datetime.now(UTC)).items():
                asked = [
                    load.request("GET", f"/xapi/statements?{urlencode(one)}", bench.token)
                    for one in islice(wanted, REQUESTS)
                ]
                outcome = load.run(bench.port, iter(asked), CLIENTS)
                outcome.require(200)
                slowest = figures[f"{kind}, p95"]
                figures[f"{kind}, p95"] = max(outcome.quantile(0.95), slowest)
                lines.append(
                    f"| {name} | {outcome.quantile(0.5):.1f} | {outcome.quantile(0.95):.1f} | "
                    f"{LIMITS[kind]:.0f} |"
                )
            seen, times = pages(bench, {"activity": "https://bench.example/items/7"})
            edge = max(len(times) // 10, 1)
            first, last = statistics.median(times[:edge]), statistics.median(times[-edge:])
            lines += [
                "",
                f"`more` to the end of one activity: {seen:,} statements once each, {len(times)} "
                f"pages; first tenth {first:.1f} ms a page, last {last:.1f} ms.",
            ]
            lines += [
                f"On disk: {bytes_each(bench, level):,.0f} bytes a statement of "
                f"{len(statement(0)):,} bytes, indexes included."
            ]
            with bench.owner.begin() as connection:
                connection.execute(text("TRUNCATE lrs.uncounted"))
            disk = bytes_each(bench, level)
            rates[level] = _ingest(bench)
            figures.update({"disk": disk, "ingest when full": rates[level] / rates[0]})
            filled += INGESTED * 3
            lines += [
                f"Ingest, batches of 100 by 8 clients: {rates[level]:,.0f} statements/s, "
                f"{rates[level] / rates[0]:.2f} of the empty table's {rates[0]:,.0f}.",
                "",
            ]
        lines.append(
            f"Memory of the larger web worker at the end: {bench.memory_mb():.0f} MB at its "
            "highest."
        )
        figures["memory"] = bench.memory_mb()
        keep("reads", lines, figures)


def _ingest(bench: Bench) -> float:
    return statistics.median(over_http(bench, 100, 8, INGESTED)[0] for _ in range(3))


if __name__ == "__main__":
    main()
