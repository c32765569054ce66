"""A million statements: making all facts from them, taking 10,000 new ones in, and what a page of
figures costs the server.

``python -m bench.metrics [learners]``
"""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import text

from analytics.jobs import counting, materialize_reports
from analytics.reports.registry import REPORT_BUILDERS
from analytics.store import facts
from bench.server import heading, keep
from carryover import composition
from carryover.composition import StoreAndAnalytics
from core import embedded, settings
from core.child_processes import Supervisor
from core.clock import format_instant, to_microseconds
from core.settings import Settings
from lrs import feed, operator_api
from lrs.vocabulary import (
    ACTIVITY_TYPES,
    BASE,
    EXTENSIONS,
    INTERVALS,
    VERBS,
    ActivityKind,
    ExtensionName,
    VerbName,
)
from lrs.xapi.index_keys import key_of
from lrs.xapi.statement_rendering import ORD_SHIFT

LEARNERS, NEW, WORKERS = 20_000, 10_000, 2
ROUNDS = 40
AIM_REBUILD, AIM_NEW, AIM_PAGE_MS = 60.0, 2.0, 200.0
PROGRAMME = f"{BASE}programmes/bench"
HEADLINES = ("retention_observed", "transfer_rate", "adoption_due", "sustainability")
START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=220)


class Made:
    """Statements as they are stored: 50 of each learner, spread over programme, competencies,
    teams.
    """

    def __init__(self, learner: int) -> None:
        self.learner, self.registration = learner, uuid.UUID(int=learner + 1, version=4)
        self.certified = START + timedelta(minutes=learner % 40_000)
        self.audience = {
            "team": f"team {learner % 40}",
            "site": f"site {learner % 6}",
            "wave": f"wave {learner % 3}",
        }

    def one(
        self, verb: str, iri: str, kind: str, days: float, extensions: dict[str, Any], **parts: Any
    ) -> tuple[uuid.UUID, str, bytes]:
        statement_id = uuid.uuid5(self.registration, f"{verb} {iri} {days}")
        grouping: list[dict[str, Any]] = [
            {
                "objectType": "Activity",
                "id": PROGRAMME,
                "definition": {
                    "type": ACTIVITY_TYPES[ActivityKind.PROGRAMME],
                    "name": {"en": "Bench"},
                },
            }
        ]
        grouping += parts.pop("grouping", [])
        value = {
            "id": str(statement_id),
            "actor": {
                "objectType": "Agent",
                "account": {
                    "homePage": f"{BASE}installations/bench",
                    "name": str(self.registration),
                },
            },
            "verb": {"id": VERBS[VerbName(verb)].id, "display": {"en": verb}},
            "object": {
                "objectType": "Activity",
                "id": iri,
                "definition": {
                    "type": ACTIVITY_TYPES[ActivityKind(kind)],
                    "name": {"en": iri[-20:]},
                },
            },
            "context": {
                "registration": str(self.registration),
                "contextActivities": {
                    "grouping": grouping,
                    "category": [{"id": f"{BASE}profile/v0.1"}],
                },
                "extensions": {
                    EXTENSIONS[ExtensionName(name)]: given
                    for name, given in {
                        "programme_version": "1",
                        **self.audience,
                        **extensions,
                    }.items()
                },
            },
            "timestamp": format_instant(self.certified + timedelta(days=days)),
            "version": "1.0.3",
            **parts,
        }
        return (
            statement_id,
            VERBS[VerbName(verb)].id,
            json.dumps(value, separators=(",", ":")).encode(),
        )

    def every(self) -> Iterator[tuple[uuid.UUID, str, bytes]]:
        """All of one learner."""
        yield self.one("registered", PROGRAMME, "programme", -1, {})
        yield self.one(
            "certified",
            f"{PROGRAMME}/certification",
            "certification",
            0,
            {},
            result={"score": {"scaled": 0.85}},
        )
        for interval in INTERVALS:
            check = f"{PROGRAMME}/checks/{interval.key}"
            due = {
                "due_date": format_instant(self.certified + timedelta(days=interval.due_days)),
                "interval": interval.key,
                "kind": "check",
            }
            yield self.one("scheduled", check, "check", 0, due)
            yield from self.answers(interval.key, interval.due_days + 0.2)
        plan = f"{BASE}plans/{self.registration}"
        yield self.one(
            "scheduled",
            plan,
            "plan",
            0,
            {"due_date": format_instant(self.certified + timedelta(days=7))},
        )
        yield self.one("committed", plan, "plan", 3, {})
        for day in (12, 40, 70):
            yield self.one(
                "applied",
                f"{PROGRAMME}/tasks/{day % 4}",
                "task",
                day,
                {"evidence_grade": 1 + (self.learner + day) % 3},
            )
        for n in range(3):
            meeting = f"{BASE}groups/{self.learner // 4}/meetings/{n}"
            yield self.one(
                "scheduled",
                meeting,
                "meeting",
                0,
                {"due_date": format_instant(self.certified + timedelta(days=14 * (n + 1)))},
            )

    def answers(self, interval: str, days: float) -> Iterator[tuple[uuid.UUID, str, bytes]]:
        """A check that somebody takes: begun, five answers, finished."""
        check, told = f"{PROGRAMME}/checks/{interval}", {"interval": interval, "kind": "check"}
        yield self.one("attempted", check, "check", days, told)
        for n in range(5):
            competency = {
                "objectType": "Activity",
                "id": f"{PROGRAMME}/competencies/{n}",
                "definition": {"type": ACTIVITY_TYPES[ActivityKind.COMPETENCY]},
            }
            result = {
                "success": (self.learner * 7 + n * 3 + int(days)) % 10 < 7,
                "response": "a",
                "duration": "PT14.00S",
            }
            item = f"{PROGRAMME}/items/{(self.learner + n * 5 + int(days)) % 60}"
            yield self.one(
                "answered",
                item,
                "item",
                days + n / 1_000,
                told,
                result=result,
                grouping=[competency],
            )
        yield self.one(
            "passed", check, "check", days + 0.01, told, result={"score": {"scaled": 0.8}}
        )


def store(
    made: Settings, tenant: int, statements: Iterator[tuple[uuid.UUID, uuid.UUID, str, bytes]]
) -> int:
    """Put statements where the store puts them, without its HTTP, with their lines in
    ``uncounted``; how many.
    """
    address = made.migration_url.replace("postgresql+psycopg://", "postgresql://")
    base, stored = to_microseconds(datetime.now(UTC)) - 10_000_000, 0
    keys = {verb.id: key_of("verb", verb.id) for verb in VERBS.values()}
    payloads: list[tuple[int, int, bytes]] = []
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        first = base << ORD_SHIFT
        with cursor.copy(
            "COPY lrs.statement (tenant_id, ord, id, verb, registration, timestamp_given) "
            "FROM STDIN"
        ) as copy:
            for registration, statement_id, verb, payload in statements:
                ord_ = (base + stored) << ORD_SHIFT
                copy.write_row((tenant, ord_, statement_id, keys[verb], registration, True))
                payloads.append((tenant, ord_, payload))
                stored += 1
        with cursor.copy("COPY lrs.statement_payload FROM STDIN") as copy:
            for row in payloads:
                copy.write_row(row)
        cursor.execute(
            "INSERT INTO lrs.uncounted (tenant_id, ord) SELECT tenant_id, ord FROM lrs.statement "
            "WHERE tenant_id = %s AND ord >= %s",
            (tenant, first),
        )
        connection.commit()
        connection.autocommit = True
        cursor.execute("ANALYZE")
    return stored


def work(environ: dict[str, str]) -> None:
    """What one worker's process does."""
    made = composition.build_from_environ(environ)
    counting.count_all_tenants(made.analytics)
    made.close()


def side_by_side(environ: dict[str, str]) -> float:
    """Seconds until everything is counted by the workers."""
    context = multiprocessing.get_context(
        "fork"
    )  # as rq does it: what a job needs is imported before
    processes = [context.Process(target=work, args=(environ,)) for _ in range(WORKERS)]
    begun = time.perf_counter()
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        if process.exitcode:
            raise SystemExit("a worker failed")
    return time.perf_counter() - begun


def rebuild(made: StoreAndAnalytics, tenant: int, environ: dict[str, str]) -> float:
    """Seconds to make every fact anew: all episodes are put on the list, and the workers take them."""
    begun = time.perf_counter()
    with made.analytics.unit_of_work(tenant) as connection:
        feed.mark_episodes(connection, tenant, facts.list_registrations(connection, tenant))
    listed = time.perf_counter() - begun
    return listed + side_by_side(environ)


def pages(made: StoreAndAnalytics, key: str, secret: str) -> list[tuple[str, float, float]]:
    """(page, p50, p95) in milliseconds of the server, each asked for again and again as a page
    does.
    """
    client = composition.create_store_app(made).test_client()
    signed = {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}
    asked = {
        "the four headlines": "/api/v1/figures?"
        + "&".join(f"key={one}" for one in HEADLINES)
        + f"&programme={PROGRAMME}"
    }
    asked |= {
        f"report {one}": f"/api/v1/reports?key={one}&programme={PROGRAMME}"
        for one in REPORT_BUILDERS
    }
    asked["report scorecard, one team"] = (
        f"/api/v1/reports?key=scorecard&programme={PROGRAMME}&team=team%201"
    )
    asked["the four headlines, one team"] = asked["the four headlines"] + "&team=team%201"
    found = []
    for name, path in asked.items():
        took = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            answer = client.get(path, headers=signed)
            took.append(1_000 * (time.perf_counter() - begun))
            if answer.status_code != 200:
                raise SystemExit(f"{name}: {answer.status_code} {answer.text}")
        took.sort()
        found.append((name, took[len(took) // 2], took[int(len(took) * 0.95)]))
    return found


def main() -> None:
    """All of it."""
    learners = int(sys.argv[1]) if len(sys.argv) > 1 else LEARNERS
    children, home = Supervisor(), Path(tempfile.mkdtemp())
    servers = embedded.start_embedded_servers(home, children)
    environ = {
        "CARRYOVER_HOME": str(home),
        "CARRYOVER_DATABASE_URL": servers.database_url,
        "CARRYOVER_MIGRATION_URL": servers.migration_url,
        "CARRYOVER_REDIS_URL": servers.redis_url,
        "CARRYOVER_SECRET_KEY": "bench" * 10,
    }
    os.environ.update(environ)
    read = settings.read_settings(environ)
    operator_api.migrate_store(read)
    ((key, secret),) = operator_api.create_tenant(read, "bench", [("bench", ("all",))])
    made = composition.build_from_settings(read)
    with made.analytics.engine.connect() as connection:
        (tenant,) = connection.execute(text("SELECT * FROM lrs.tenant_ids()")).scalars().all()
    stored = store(
        read,
        tenant,
        ((one.registration, *line) for one in map(Made, range(learners)) for line in one.every()),
    )
    first = side_by_side(environ)
    again = rebuild(made, tenant, environ)
    # A day's checks: begun, five answers, finished; of people who have some fifty statements each
    # already.
    fresh = (
        (one.registration, *line)
        for one in map(Made, range(min(learners, NEW // 7)))
        for line in one.answers("1m", 31.4 + one.learner / 1e6)
    )
    new = store(read, tenant, fresh)
    incremental = side_by_side(environ)
    begun = time.perf_counter()
    materialize_reports.compute_reports(made.analytics.unit_of_work, tenant)
    computing = time.perf_counter() - begun
    looked = pages(made, key, secret)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1_024
    lines = [
        *heading(
            "Metrics", f"{WORKERS} workers; the start of their processes is part of every time."
        ),
        f"{stored:,} statements of {learners:,} learners.",
        "",
        "| what | took | aim |",
        "|---|---|---|",
        f"| first count of {stored:,} statements | {first:.1f} s | |",
        f"| full rebuild of all facts | {again:.1f} s | {AIM_REBUILD:.0f} s |",
        f"| {new:,} new statements counted | {incremental:.2f} s | {AIM_NEW:.0f} s |",
        f"| all reports, made by the job | {computing:.1f} s | |",
        f"| largest worker | {peak:.0f} MB | |",
        "",
        "| page | p50 | p95 | aim p95 |",
        "|---|---|---|---|",
        *[
            f"| {name} | {p50:.0f} ms | {p95:.0f} ms | {AIM_PAGE_MS:.0f} ms |"
            for name, p50, p95 in looked
        ],
    ]
    by_page = {name: p95 for name, _, p95 in looked}
    kept = {
        "headlines_p95_ms": by_page["the four headlines"],
        "scorecard_team_p95_ms": by_page["report scorecard, one team"],
    }
    keep("metrics", lines, {"rebuild_s": again, "new_statements_s": incremental, **kept})
    made.close()
    children.stop()
    servers.forget_sockets()


if __name__ == "__main__":
    main()
