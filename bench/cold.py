"""Old months: ``python -m bench.cold`` (part of make bench).

At 1,000,000 statements: how long it takes to write their bytes into files, what database and files
then take for a statement, and every filter of GET /statements over HTTP before and after, by the
same requests.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from urllib.parse import urlencode

from sqlalchemy import text

from bench import load
from bench.ingest import over_http
from bench.reads import CLIENTS, bytes_each, fill, filters
from bench.server import Bench, heading, keep, running
from lrs.actions import cold_months

STATEMENTS, REQUESTS = 1_000_000, 200


def main() -> None:
    """Measure, print and keep."""
    with running() as bench:
        over_http(bench, 1, 8, 500)
        bench.empty()
        begun = datetime.now(UTC)
        fill(bench, STATEMENTS, 0)
        ended = datetime.now(UTC)
        with bench.owner.begin() as connection:
            connection.execute(text("TRUNCATE lrs.uncounted"))
        lines = heading(
            "Old months",
            f"{STATEMENTS:,} statements; GET: {REQUESTS} requests a filter, limit 100, {CLIENTS} "
            "clients, over HTTP; 2 web workers. `python -m bench.cold`",
        )
        before, disk_before = _ask(bench, begun, ended), bytes_each(bench, STATEMENTS)
        started = time.perf_counter()
        after_all = (ended + timedelta(days=32)).replace(
            day=1, hour=0, minute=0, second=0, microsecond=0
        )
        archived = cold_months.archive_months(bench.deps, 1, after_all)
        cold_months.drop_empty_months(bench.deps, after_all)
        seconds = time.perf_counter() - started
        assert archived == STATEMENTS
        with bench.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM lrs.statement_payload"))
        after = _ask(bench, begun, ended)
        with bench.deps.unit_of_work(1) as connection:
            files = connection.execute(text("SELECT sha2, statements FROM lrs.cold_file")).all()
        sizes = [sum(len(piece) for piece in bench.deps.blobs.read(1, row.sha2)) for row in files]
        disk_after = bytes_each(bench, STATEMENTS)
        lines += [
            f"Written in {seconds:.0f} s ({STATEMENTS / seconds:,.0f}/s): {len(files)} file(s) of at "
            f"most {max(sizes) / 1e6:.1f} MB, {sum(sizes) / STATEMENTS:.0f} bytes a statement. "
            f"The database takes {disk_after:,.0f} bytes a statement then, {disk_before:,.0f} before.",
            "",
            "| filter | p50 · p95 ms, in the database | p50 · p95 ms, in files |",
            "|---|---|---|",
        ]
        for name, (half, most) in before.items():
            cold_half, cold_most = after[name]
            lines.append(
                f"| {name} | {half:.1f} · {most:.1f} | {cold_half:.1f} · {cold_most:.1f} |"
            )
        lines.append("")
        lines.append(f"Memory of the larger web worker at the end: {bench.memory_mb():.0f} MB.")
        figures = {
            "old months: bytes in files": sum(sizes) / STATEMENTS,
            "old months: bytes in the database": disk_after,
            "old months: slowest filter, p95": max(most for _, most in after.values()),
            "old months: by id, p95": after["one by its id"][1],
        }
        keep("cold", lines, figures)


def _ask(bench: Bench, begun: datetime, ended: datetime) -> dict[str, tuple[float, float]]:
    """p50 and p95 of each filter, in milliseconds."""
    asked: dict[str, Iterator[dict[str, str]]] = {
        name: wanted for name, (_, wanted) in filters(begun, ended).items()
    }
    with bench.deps.unit_of_work(1) as connection:
        found = connection.execute(
            text("SELECT id FROM lrs.statement ORDER BY id LIMIT :rows"), {"rows": REQUESTS}
        ).scalars()
        ids: list[uuid.UUID] = list(found)
    asked["one by its id"] = iter([{"statementId": str(one)} for one in ids])
    result = {}
    for name, wanted in asked.items():
        requests = [
            load.request("GET", f"/xapi/statements?{urlencode(one)}", bench.token)
            for one in islice(wanted, REQUESTS)
        ]
        outcome = load.run(bench.port, iter(requests), CLIENTS)
        outcome.require(200)
        result[name] = (outcome.quantile(0.5), outcome.quantile(0.95))
    return result


if __name__ == "__main__":
    main()
