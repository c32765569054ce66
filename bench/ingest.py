"""How near batch ingest comes to its limit: ``python -m bench.ingest`` (make bench).

In one run and one database, in turns: the limit is a COPY of the same statement and relation rows in one transaction; beside it
the database step (ready batches of 100 into the store's one SQL statement), the whole way in process (bytes to rows), and
decoding and judging alone. Ratios within one run can be compared; absolute figures tell of the machine.
"""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, text

from lrs import cli
from lrs.actions import statements as actions
from lrs.ground import clock, embedded, settings
from lrs.ground import deps as ground_deps
from lrs.ground.database import driver_cursor, make_engine
from lrs.ground.deps import Deps
from lrs.ground.processes import Children
from lrs.store import statements as store
from lrs.xapi.reading import Authority, Incoming, Reader

STATEMENTS, BATCH, ROUNDS = 10_000, 100, 5
AUTHORITY = b'{"objectType":"Agent","account":{"homePage":"https://bench.example","name":"key"}}'
READER = Reader(family_2_0=False)
LIMIT = "COPY, one transaction (the limit)"
RESULTS = Path(__file__).parent / "results"


def bodies(count: int) -> list[bytes]:
    """Batches of answers of about 1.1 kB, 200 people, 100 items, 8 verbs."""
    made = []
    for n in range(count):
        made.append(
            f'{{"id":"{uuid.uuid4()}","actor":{{"objectType":"Agent","account":{{"homePage":"https://bench.example","name":"person-{n % 200}"}}}},'
            f'"verb":{{"id":"https://bench.example/verbs/{n % 8}","display":{{"en":"answered"}}}},'
            f'"object":{{"objectType":"Activity","id":"https://bench.example/items/{n % 100}","definition":{{"type":'
            f'"http://adlnet.gov/expapi/activities/cmi.interaction","interactionType":"choice","correctResponsesPattern":["a"],"name":{{"en":"{"x" * 220}"}},'
            '"choices":[{"id":"a","description":{"en":"first choice"}},{"id":"b","description":{"en":"second choice"}}]}},'
            f'"result":{{"success":true,"response":"a","duration":"PT12.34S","score":{{"scaled":0.{n % 100:02d}}}}},'
            f'"context":{{"registration":"{uuid.uuid4()}","contextActivities":{{"parent":[{{"id":"https://bench.example/checks/{n % 10}"}}],'
            f'"grouping":[{{"id":"https://bench.example/programmes/1"}}]}}}},"timestamp":"2026-11-23T09:30:00.{n % 1000:03d}Z"}}'.encode()
        )
    return [b"[" + b",".join(made[start : start + BATCH]) + b"]" for start in range(0, count, BATCH)]


def judged(body: bytes) -> list[Incoming]:
    """A batch, ready to store."""
    return READER.statements(body, Authority.of(AUTHORITY))


def copy_limit(owner: Engine, batches: list[list[Incoming]]) -> None:
    """The raw limit: the same rows by COPY, one transaction, the same indexes."""
    base = clock.to_microseconds(clock.now())
    # As the owner: COPY into a table does not go together with row-level security.
    with owner.begin() as connection, driver_cursor(connection) as cursor:
        flat = [(((base + n) << 10) | 1023, one) for n, one in enumerate(one for batch in batches for one in batch)]
        with cursor.copy("COPY lrs.statement (ord, tenant_id, id, verb, registration, timestamp_given, payload) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "int4", "uuid", "int8", "uuid", "bool", "bytea"])
            for ord_, one in flat:
                copy.write_row((ord_, 1, one.id, one.verb, one.registration, one.timestamp_given, one.payload))
        with cursor.copy("COPY lrs.statement_rel (tenant_id, key, ord) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int4", "int8", "int8"])
            for ord_, one in flat:
                for key in one.related:
                    copy.write_row((1, key, ord_))


def rate(owner: Engine, work: Callable[[], object]) -> float:
    """Statements a second of one piece of work, into empty tables."""
    with owner.begin() as connection:
        for table in ("statement", "statement_rel", "uncounted", "voiding"):
            connection.execute(text(f"TRUNCATE lrs.{table}"))
    begun = time.perf_counter()
    work()
    return STATEMENTS / (time.perf_counter() - begun)


def measured(deps: Deps, owner: Engine) -> dict[str, list[float]]:
    """Every piece of work in turn, several rounds."""

    def database(batches: list[list[Incoming]]) -> None:
        for batch in batches:
            with deps.unit_of_work(1) as connection:
                store.insert(connection, 1, batch)

    def whole(raw: list[bytes]) -> None:
        for body in raw:
            actions.store(deps.unit_of_work, tenant_id=1, incoming=judged(body))

    def judge(raw: list[bytes]) -> None:
        for body in raw:
            judged(body)

    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        # New ids for each piece of work; those that begin at the database get their batches judged beforehand.
        ready = [[judged(body) for body in bodies(STATEMENTS)] for _ in range(2)]
        raw = [bodies(STATEMENTS) for _ in range(2)]
        found[LIMIT].append(rate(owner, partial(copy_limit, owner, ready[0])))
        found["database step, batches of 100"].append(rate(owner, partial(database, ready[1])))
        found["whole way in one process"].append(rate(owner, partial(whole, raw[0])))
        found["decode and judge alone"].append(rate(owner, partial(judge, raw[1])))
    return found


def report(found: dict[str, list[float]]) -> str:
    """The table, with machine and date."""
    limit = statistics.median(found[LIMIT])
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "unknown")
    lines = [
        "# Batch ingest against its limit",
        "",
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores ({model}), {platform.system()}, Python {platform.python_version()}, embedded PostgreSQL 18;"
        f" {STATEMENTS:,} statements of about {len(bodies(BATCH)[0]) // BATCH:,} bytes, one connection, {ROUNDS} rounds in turns. `python -m bench.ingest`",
        "",
        "| step | statements/s, median (least – most) | of the limit |",
        "|---|---|---|",
    ]
    for name, rates in found.items():
        middle = statistics.median(rates)
        lines.append(f"| {name} | {middle:,.0f} ({min(rates):,.0f} – {max(rates):,.0f}) | {middle / limit:.2f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Start a database, measure, print and keep."""
    children = Children()
    with tempfile.TemporaryDirectory() as folder:
        servers = embedded.start(Path(folder), children)
        try:
            environ = {
                "CARRYOVER_DATABASE_URL": servers.database_url,
                "CARRYOVER_MIGRATION_URL": servers.migration_url,
                "CARRYOVER_REDIS_URL": servers.redis_url,
                "CARRYOVER_SECRET_KEY": "bench" * 10,
            }
            read = settings.read(environ)
            cli.migrate(read)
            cli.create_tenant(read, "bench", [])
            deps = ground_deps.build(read)
            owner = make_engine(servers.migration_url)
            page = report(measured(deps, owner))
            deps.engine.dispose()
            owner.dispose()
        finally:
            children.stop()
            servers.forget_sockets()
    sys.stdout.write(page)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "ingest.md").write_text(page)


if __name__ == "__main__":
    main()
