"""How near ingest comes to its limit: ``python -m bench.ingest`` (part of make bench).

In one run and one database, in turns: the limit is a COPY of the same statement and relation rows,
with the same indexes, in one transaction. Beside it the parts of the way (decode and judge; the
database step) and the whole way over HTTP, with tenant, sign-in, full validation, row-level
security and ``uncounted``; without the worker, and while it counts what arrives. Ratios within one run can be compared; absolute figures tell of the
machine, which client, server and database share.
"""

from __future__ import annotations

import statistics
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from functools import partial

import psycopg
from msgspec import structs
from sqlalchemy import Engine

from bench import load
from bench.server import Bench, heading, keep, running
from core import clock
from core.database import Use, driver_cursor, make_engine
from lrs.store import statements as store
from lrs.store.payloads import pack_payload
from lrs.xapi.statement_parser import Authority, Incoming, StatementParser

STATEMENTS, BATCH, ROUNDS = 10_000, 100, 3
SINGLES = 6_000
AUTHORITY_ID = 1  # of the key with which the bench signs in
AUTHORITY = Authority.from_json(b"{}", AUTHORITY_ID)
READER = StatementParser(family_2_0=False)
LIMIT = "COPY, one transaction (the limit)"
# (statements in a request, clients)
HTTP_CASES = (
    (1, 1),
    (1, 8),
    (1, 32),
    (50, 1),
    (50, 4),
    (50, 16),
    (100, 1),
    (100, 4),
    (100, 8),
    (100, 16),
)
WORKER_CASES = ((1, 1), (1, 8), (1, 32), (100, 1), (100, 8))
WITH_WORKER = ", while the worker counts"


def statement(n: int) -> bytes:
    """An answer of about 1.1 kB: 200 people, 100 items, 8 verbs, a registration of its own."""
    return (
        f'{{"id":"{uuid.uuid4()}","actor":{{"objectType":"Agent","account":{{"homePage":"https://bench.example","name":"person-{n % 200}"}}}},'
        f'"verb":{{"id":"https://bench.example/verbs/{n % 8}","display":{{"en":"answered"}}}},'
        f'"object":{{"objectType":"Activity","id":"https://bench.example/items/{n % 100}","definition":{{"type":'
        f'"http://adlnet.gov/expapi/activities/cmi.interaction","interactionType":"choice","correctResponsesPattern":["a"],"name":{{"en":"{"x" * 220}"}},'
        '"choices":[{"id":"a","description":{"en":"first '
        'choice"}},{"id":"b","description":{"en":"second choice"}}]}},'
        f'"result":{{"success":true,"response":"a","duration":"PT12.34S","score":{{"scaled":0.{n % 100:02d}}}}},'
        f'"context":{{"registration":"{uuid.uuid4()}","contextActivities":{{"parent":[{{"id":"https://bench.example/checks/{n % 10}"}}],'
        f'"grouping":[{{"id":"https://bench.example/programmes/1"}}]}}}},"timestamp":"2026-11-23T09:30:00.{n % 1000:03d}Z"}}'
    ).encode()


def bodies(count: int, batch: int = BATCH) -> list[bytes]:
    """Batches of statements, as they are posted."""
    made = [statement(n) for n in range(count)]
    return [
        b"[" + b",".join(made[start : start + batch]) + b"]" for start in range(0, count, batch)
    ]


def judge_all(raw: list[bytes]) -> list[list[Incoming]]:
    """What a server does before it stores, for each of these bodies."""
    return [judged(body) for body in raw]


def judged(body: bytes) -> list[Incoming]:
    """A batch, ready to store."""
    return READER.statements(body, AUTHORITY)


def packed(batch: list[Incoming]) -> list[Incoming]:
    """The statements with the bytes that the store writes."""
    return [structs.replace(one, payload=pack_payload(one.payload)) for one in batch]


def copy_limit(owner: Engine, batches: list[list[Incoming]]) -> None:
    """The raw limit: the same rows by COPY, one transaction, the same indexes."""
    base = clock.to_microseconds(clock.now())
    # As the owner: COPY into a table does not go together with row-level security.
    with owner.begin() as connection, driver_cursor(connection) as cursor:
        flat = [
            (((base + n) << 10) | 1023, one)
            for n, one in enumerate(one for batch in batches for one in batch)
        ]
        with cursor.copy(
            "COPY lrs.statement (tenant_id, ord, id, verb, registration, timestamp_given, "
            "authority) FROM STDIN (FORMAT BINARY)"
        ) as copy:
            copy.set_types(["int4", "int8", "uuid", "int8", "uuid", "bool", "int4"])
            for ord_, one in flat:
                row = (1, ord_, one.id, one.verb, one.registration, one.timestamp_given)
                copy.write_row((*row, one.authority_id))
        with cursor.copy(
            "COPY lrs.statement_payload (tenant_id, ord, payload) FROM STDIN (FORMAT BINARY)"
        ) as copy:
            copy.set_types(["int4", "int8", "bytea"])
            for ord_, one in flat:
                copy.write_row((1, ord_, one.payload))
        with cursor.copy(
            "COPY lrs.statement_rel (tenant_id, key, ord) FROM STDIN (FORMAT BINARY)"
        ) as copy:
            copy.set_types(["int4", "int8", "int8"])
            for ord_, one in flat:
                for key in one.related:
                    copy.write_row((1, key, ord_))


def over_http(bench: Bench, batch: int, clients: int, count: int) -> tuple[float, load.Outcome]:
    """Statements a second over HTTP."""
    if batch == 1:
        requests = [
            load.request("POST", "/xapi/statements", bench.token, statement(n))
            for n in range(count)
        ]
    else:
        requests = [
            load.request("POST", "/xapi/statements", bench.token, body)
            for body in bodies(count, batch)
        ]
    outcome = load.run(bench.port, iter(requests), clients)
    outcome.require(200)
    return count / outcome.seconds, outcome


def _timed(work: Callable[[], object], count: int) -> float:
    begun = time.perf_counter()
    work()
    return count / (time.perf_counter() - begun)


def measured(bench: Bench) -> tuple[dict[str, list[float]], dict[str, list[load.Outcome]]]:
    """Every piece of work in turn, several rounds."""

    def database(batches: list[list[Incoming]]) -> None:
        engine = make_engine(bench.environ["CARRYOVER_DATABASE_URL"], Use.INSERTS)
        pooled = engine.raw_connection()
        driver = pooled.driver_connection
        assert isinstance(driver, psycopg.Connection)
        for batch in batches:
            store.insert_all_statements(driver, 1, batch)
        pooled.close()
        engine.dispose()

    rates: dict[str, list[float]] = defaultdict(list)
    outcomes: dict[str, list[load.Outcome]] = defaultdict(list)
    for _ in range(ROUNDS):
        # New ids for each piece of work; those that begin at the database get their batches judged
        # beforehand.
        ready = [[judged(body) for body in bodies(STATEMENTS)] for _ in range(2)]
        raw = bodies(STATEMENTS)
        rows = [packed(batch) for batch in ready[0]]
        bench.empty()
        rates[LIMIT].append(_timed(partial(copy_limit, bench.owner, rows), STATEMENTS))
        bench.empty()
        rates["database step, batches of 100"].append(
            _timed(partial(database, ready[1]), STATEMENTS)
        )
        rates["decode and judge alone"].append(_timed(partial(judge_all, raw), STATEMENTS))
        _measure_http(bench, rates, outcomes, HTTP_CASES, "")
        with bench.counting():
            _measure_http(bench, rates, outcomes, WORKER_CASES, WITH_WORKER)
    return rates, outcomes


def _measure_http(
    bench: Bench,
    rates: dict[str, list[float]],
    outcomes: dict[str, list[load.Outcome]],
    cases: tuple[tuple[int, int], ...],
    beside: str,
) -> None:
    """Each case once, on an empty store."""
    for batch, clients in cases:
        bench.empty()
        name = (
            f"HTTP, {'single posts' if batch == 1 else f'batches of {batch}'}, {clients} "
            f"client{'s' if clients > 1 else ''}{beside}"
        )
        rate, outcome = over_http(bench, batch, clients, SINGLES if batch == 1 else STATEMENTS)
        rates[name].append(rate)
        outcomes[name].append(outcome)
        if beside:
            bench.wait_until_counted()


def main() -> None:
    """Measure, print and keep."""
    with running() as bench:
        over_http(bench, 1, 8, 500)  # every worker has been asked once
        rates, outcomes = measured(bench)
        limit = statistics.median(rates[LIMIT])
        size = len(statement(0))
        how = (
            f"{STATEMENTS:,} statements of about {size:,} bytes ({SINGLES:,} for single posts), "
            f"2 web workers, {ROUNDS} rounds in turns. `python -m bench.ingest`"
        )
        lines = heading("Ingest against its limit", how)
        lines += [
            "| step | statements/s, median (least – most) | of the limit | p50 · p95 · p99 of a "
            "request, ms |",
            "|---|---|---|---|",
        ]
        for name, found in rates.items():
            typical_rate = statistics.median(found)
            latency = "–"
            if name in outcomes:
                typical = sorted(outcomes[name], key=lambda one: one.seconds)[
                    len(outcomes[name]) // 2
                ]
                latency = " · ".join(
                    f"{typical.quantile(share):.1f}" for share in (0.5, 0.95, 0.99)
                )
            lines.append(
                f"| {name} | {typical_rate:,.0f} ({min(found):,.0f} – {max(found):,.0f}) | "
                f"{typical_rate / limit:.2f} | {latency} |"
            )
        middle = {name: statistics.median(found) for name, found in rates.items()}
        figures = {
            "copy": limit,
            "database step": middle["database step, batches of 100"] / limit,
            "batch 100, 8 clients": middle["HTTP, batches of 100, 8 clients"] / limit,
            "batch 100, 16 of 4 clients": middle["HTTP, batches of 100, 16 clients"]
            / middle["HTTP, batches of 100, 4 clients"],
            "single, 8 clients": middle["HTTP, single posts, 8 clients"],
            "single, 32 clients": middle["HTTP, single posts, 32 clients"],
            "single, 8 clients, worker": middle[f"HTTP, single posts, 8 clients{WITH_WORKER}"],
            "batch 100, 8 clients, worker": middle[f"HTTP, batches of 100, 8 clients{WITH_WORKER}"]
            / limit,
        }
        keep("ingest", lines, figures)


if __name__ == "__main__":
    main()
