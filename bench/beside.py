"""This code beside another checkout of it, each on a store of its own, in turns:
``python -m bench.beside FOLDER [STATEMENTS ...]``. The other checkout has its own environment
(``make`` there first) and its own ``bench`` package, from which the statements come.

Filled to each number of statements, both answer every filter of GET /statements and take batches,
one after the other in several rounds, so that what else the machine does meets both.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import text

LEVELS = (1_000_000, 10_000_000)
ROUNDS, REQUESTS, CLIENTS = 9, 60, 4
WAYS_IN = ((1, 1, 1_500), (1, 8, 6_000), (100, 1, 5_000), (100, 8, 10_000))  # batch, clients, count
PORTS = (18_081, 18_082)


def answer_questions(port: int) -> None:
    """In the other process: a store of the checkout in whose folder this runs, asked by lines."""
    sys.path[0] = os.getcwd()
    from bench import load, reads, server
    from bench.ingest import over_http

    server.PORT = port
    begun, filled = datetime.now(UTC), 0
    with server.running() as bench:
        wanted: dict[str, Any] = {}
        for line in sys.stdin:
            what, *arguments = json.loads(line)
            told: object = None
            if what == "fill":
                reads.fill(bench, arguments[0] - filled, filled)
                filled = arguments[0]
                wanted = {
                    name: each
                    for name, (_, each) in reads.filters(begun, datetime.now(UTC)).items()
                }
                told = [sorted(wanted), _bytes_each(bench, server.TABLES, filled)]
            elif what == "read":
                asked = [
                    load.request("GET", f"/xapi/statements?{urlencode(one)}", bench.token)
                    for one in islice(wanted[arguments[0]], REQUESTS)
                ]
                outcome = load.run(port, iter(asked), CLIENTS)
                outcome.require(200)
                told = [outcome.quantile(0.5), outcome.quantile(0.95)]
            elif what == "ingest":
                told = over_http(bench, *arguments)[0]
            print(json.dumps(told), flush=True)


def _bytes_each(bench: Any, tables: Sequence[str], count: int) -> float:
    """Disk of the record store's tables for a statement, indexes and parts included."""
    query = text(
        "SELECT sum(pg_total_relation_size(CAST(name AS regclass)) + coalesce((SELECT "
        "sum(pg_total_relation_size(relid)) FROM pg_partition_tree(CAST(name AS regclass))), 0))"
        " FROM unnest(CAST(:tables AS text[])) AS name"
    )
    named = [f"lrs.{table}" for table in tables if table != "uncounted"]
    with bench.owner.connect() as connection:
        return int(connection.execute(query, {"tables": named}).scalar_one()) / count


class Store:
    """A store in its own process."""

    def __init__(self, folder: Path, port: int) -> None:
        command = [str(folder / ".venv/bin/python"), str(Path(__file__).resolve()), str(port)]
        self._process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def tell(self, *what: object) -> None:
        """Have it do something."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def hear(self) -> Any:
        """What it answers."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("a store ended; what it printed stands above")
        return json.loads(line)

    def ask(self, *what: object) -> Any:
        """Have it do something, and hear what it answers."""
        self.tell(*what)
        return self.hear()

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def _row(name: str, before: list[float], now: list[float]) -> str:
    one, two = statistics.median(before), statistics.median(now)
    return f"| {name} | {one:,.1f} | {two:,.1f} | {two / one:.2f} |"


def main() -> None:
    """Measure and print."""
    other, levels = Path(sys.argv[1]).resolve(), [int(number) for number in sys.argv[2:]] or LEVELS
    stores = [
        Store(folder, port)
        for folder, port in zip((other, Path(__file__).parents[1]), PORTS, strict=True)
    ]
    for level in levels:
        for store in stores:
            store.tell("fill", level)
        (names, _), _ = filled = [store.hear() for store in stores]
        print(f"\n## {level:,} statements\n")
        print(f"Bytes a statement on disk: {filled[0][1]:,.0f} before, {filled[1][1]:,.0f} now.\n")
        print("| GET, 100 of a filter, 4 clients | p50 before, ms | p50 now, ms | ratio |")
        print("|---|---|---|---|")
        found: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
        for _ in range(ROUNDS):
            for name in names:
                for store, kept in zip(stores, found[name], strict=True):
                    kept.append(store.ask("read", name)[0])
        for name, (before, now) in found.items():
            print(_row(name, before, now), flush=True)
        print("\n| POST | statements/s before | now | ratio |")
        print("|---|---|---|---|")
        rates: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], []))
        for _ in range(ROUNDS):
            for batch, clients, count in WAYS_IN:
                name = f"{batch} a request, {clients} client{'s' if clients > 1 else ''}"
                for store, kept in zip(stores, rates[name], strict=True):
                    kept.append(store.ask("ingest", batch, clients, count))
        for name, (before, now) in rates.items():
            print(_row(name, before, now), flush=True)
    for store in stores:
        store.close()


if __name__ == "__main__":
    if Path(sys.argv[1]).is_dir():
        main()
    else:
        answer_questions(int(sys.argv[1]))
