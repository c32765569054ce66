"""Published values: the facts of a million statements put into packets, counted and published, for
the first time and in the weeks after; one packet of very many people, and one programme of very
many packets; and what a page that reads published values costs the server.

``python -m bench.publishing [episodes]``
"""

from __future__ import annotations

import base64
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import text

from analytics.jobs import publishing
from analytics.publishing.packets import monday_of
from analytics.store.tables import (
    fact_activity,
    fact_check,
    fact_competency,
    fact_episode,
    fact_rating,
    fact_recall,
    fact_use,
)
from bench.server import heading, keep
from carryover import composition
from carryover.composition import StoreAndAnalytics
from core import clock, embedded, settings
from core.child_processes import Supervisor
from core.settings import Settings
from lrs import operator_api
from lrs.vocabulary import BASE, BASELINE, INTERVALS

EPISODES, PROGRAMMES, TEAMS, DAYS = 33_000, 20, 200, 425
STATEMENTS_EACH = 30  # of an episode, with half of all checks answered
WEEKS = 5  # that are published after the first time; one of them begins a month
HUGE = 10_000  # people who are certified in one team in one week
MANY = 5_000  # packets of one programme
ROUNDS = 100
AIM_FIRST, AIM_PAGE_MS = 60.0, 30.0
HEADLINES = ("retention_observed", "transfer_rate", "adoption_due", "sustainability")
DAY = 86_400
RESPONSE = 0.7  # the share of checks that are answered
# activities of an episode: kind, days after the certification, the share that is done
SCHEDULE = (
    ("plan", 7, 0.6),
    ("exercise", 21, 0.5),
    ("case study", 30, 0.4),
    ("meeting", 14, 0.6),
    ("meeting", 42, 0.5),
    ("follow-up", 90, 0.5),
)
RATED = 0.3  # the share of episodes whose work somebody looks at


@dataclass(frozen=True)
class Shape:
    """Episodes of one programme: ``teams`` of its own, certified over ``days`` up to ``end``, four
    waves a year."""

    programme: str
    episodes: int
    teams: int
    end: datetime
    days: float = DAYS
    waves: bool = True


class Facts:
    """Rows of the tables of facts, as counting writes them, of people who use their product as
    people do: more forget it than use it."""

    def __init__(self, tenant: int, seed: int) -> None:
        self.tenant, self.random, self.number = tenant, random.Random(seed), seed * 10_000_000
        self.ord = self.number << 8
        self.rows: dict[str, list[dict[str, Any]]] = {}

    def add(self, shape: Shape) -> None:
        """The facts of a programme."""
        for n in range(shape.episodes):
            self._add_episode(shape, n)

    def _keep(self, table: str, **columns: Any) -> None:
        self.rows.setdefault(table, []).append({"tenant_id": self.tenant, **columns})

    def _add_episode(self, shape: Shape, n: int) -> None:
        draw = self.random
        self.number += 1
        anchor = shape.end - timedelta(days=shape.days * draw.random())
        of: dict[str, Any] = {
            "registration": uuid.UUID(int=self.number, version=4),
            "learner": self.number,
            "programme": shape.programme,
        }
        uses = self._add_uses(of)
        checks = self._add_checks(of, anchor)
        self._add_activities(of, anchor)
        if draw.random() < RATED:
            self._add_ratings(of, anchor)
        quarter = f"{anchor.year} Q{(anchor.month - 1) // 3 + 1}" if shape.waves else "one"
        self._keep(
            "fact_episode",
            **of,
            programme_version="1",
            anchor=anchor,
            wave=quarter,
            team=f"{shape.programme[-12:]} team {n % shape.teams}",
            site=f"site {n % 6}",
            role=f"role {n % 4}",
            experience="none",
            registered_at=anchor - timedelta(days=1),
            left_at=anchor + timedelta(days=100) if draw.random() < 0.05 else None,
            exam=round(draw.uniform(0.6, 1), 2),
            pre_test=round(draw.uniform(0.2, 0.6), 2) if draw.random() < 0.5 else None,
            training_seconds=8 * 3_600,
            planned_seconds=3 * DAY if draw.random() < 0.6 else None,
            no_opportunity_seconds=20 * DAY if draw.random() < 0.1 else None,
            **uses,
            competent_seconds=120 * DAY if draw.random() < 0.2 else None,
            sustained=(draw.random() < 0.7) if checks and draw.random() < 0.3 else None,
        )

    def _add_uses(self, of: dict[str, Any]) -> dict[str, Any]:
        draw, first = self.random, dict.fromkeys(range(1, 5))
        tasks: set[int] = set()
        verified: set[int] = set()
        for _ in range(draw.choice((0, 0, 1, 2, 3, 4))):
            at, grade, task = (
                draw.randrange(3 * DAY, 150 * DAY),
                draw.choice((1, 1, 2, 3)),
                draw.randrange(4),
            )
            self._keep(
                "fact_use",
                **of,
                ord=self._next_ord(),
                task=f"{of['programme']}/tasks/{task}",
                evidence_grade=grade,
                seconds_since_anchor=at,
            )
            tasks.add(task)
            verified |= {task} if grade > 1 else set()
            for least in range(1, grade + 1):
                first[least] = min(at, first[least] or at)
        return {
            **{f"used_{grade}_seconds": at for grade, at in first.items()},
            "tasks_used": len(tasks),
            "tasks_verified": len(verified),
        }

    def _add_checks(self, of: dict[str, Any], anchor: datetime) -> int:
        draw, answered = self.random, 0
        for key, due_days in ((BASELINE, 0), *((item.key, item.due_days) for item in INTERVALS)):
            due = anchor + timedelta(days=due_days)
            asked = 5 if draw.random() < RESPONSE else 0
            done = due + timedelta(hours=draw.randrange(1, 40)) if asked else None
            right = 0
            for n in range(asked):
                success = draw.random() < 0.7
                right += success
                self._keep(
                    "fact_recall",
                    **of,
                    interval=key,
                    item=f"{of['programme']}/items/{key}{n}",
                    ord=self._next_ord(),
                    competency=f"{of['programme']}/competencies/{n}",
                    seconds_since_anchor=due_days * DAY + 3_600,
                    success=success,
                    rapid=False,
                    took_seconds=14.0,
                    response="a",
                )
            answered += bool(asked)
            counted = {
                "asked": asked,
                "right": right,
                "rapid": int(draw.random() < 0.1 and asked > 0),
            }
            self._keep("fact_check", **of, interval=key, due_at=due, done_at=done, **counted)
            if key != BASELINE:
                self._add_activity(of, f"checks/{key}", "check", due, done)
        for n in range(5):
            totals = {"asked": answered, "right": answered * 7 // 10, "rated": 0, "reached": 0}
            self._keep(
                "fact_competency", **of, competency=f"{of['programme']}/competencies/{n}", **totals
            )
        return answered

    def _add_activities(self, of: dict[str, Any], anchor: datetime) -> None:
        for n, (kind, days, share) in enumerate(SCHEDULE):
            due = anchor + timedelta(days=days)
            done = due - timedelta(hours=20) if self.random.random() < share else None
            self._add_activity(of, f"{kind}/{n}", kind, due, done)
            answer = {"exercise": "exercise review", "case study": "feedback"}.get(kind)
            if answer:
                replied = due + timedelta(days=3) if done else None
                self._add_activity(of, f"{answer}/{n}", answer, due + timedelta(days=7), replied)

    def _add_activity(
        self, of: dict[str, Any], name: str, kind: str, due: datetime, done: datetime | None
    ) -> None:
        self._keep(
            "fact_activity",
            **of,
            activity=f"{of['programme']}/{name}",
            kind=kind,
            due_at=due,
            started_at=done,
            done_at=done,
        )

    def _add_ratings(self, of: dict[str, Any], anchor: datetime) -> None:
        ord_ = self._next_ord()
        for n in range(3):
            self._keep(
                "fact_rating",
                registration=of["registration"],
                programme=of["programme"],
                ord=ord_,
                criterion=f"criterion {n}",
                subject=str(of["registration"]),
                calibration=False,
                competency=None,
                rater=1,
                relation=self.random.choice(("manager", "mentor", "peer")),
                at=anchor + timedelta(days=100),
                level=self.random.randrange(1, 5),
                levels=4,
                reached=True,
            )

    def _next_ord(self) -> int:
        self.ord += 1
        return self.ord


TABLES = (
    fact_episode,
    fact_recall,
    fact_check,
    fact_competency,
    fact_use,
    fact_activity,
    fact_rating,
)


def store(read: Settings, tenant: int, seed: int, shapes: Sequence[Shape]) -> None:
    """Put the facts of programmes into the database, one programme after the other."""
    address = read.migration_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address) as connection:
        for number, shape in enumerate(shapes):
            facts = Facts(tenant, seed + number)
            facts.add(shape)
            for table in TABLES:
                _copy(connection, table.name, facts.rows.get(table.name, []))
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE")


def _copy(connection: Any, table: str, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    if not rows:
        return
    names = ", ".join(f'"{name}"' for name in rows[0])
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY analytics.{table} ({names}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(tuple(row.values()))


@dataclass(frozen=True)
class Release:
    """What a publication took: seconds, MB of the job's process at most; and what came of it."""

    seconds: float
    megabytes: float
    packets: int
    rows: int
    corrected: int
    values: int


def release(environ: dict[str, str], tenant: int, at: datetime) -> Release:
    """Publish as if it were ``at``, in a process of its own."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_release, args=(environ, tenant, at, theirs))
    process.start()
    theirs.close()
    found = ours.recv()
    process.join()
    assert isinstance(found, Release)
    return found


def _release(environ: dict[str, str], tenant: int, at: datetime, answer: Any) -> None:
    made = composition.build_from_environ(environ)
    # The time, and up to when statements are counted, are those of then.
    with (
        patch.object(clock, "now", lambda: at),
        patch.object(publishing, "counted_up_to", lambda *_: at),
    ):
        begun = time.perf_counter()
        if not publishing.publish_tenant(made.analytics.long_unit_of_work, tenant):
            raise SystemExit("nothing was published")
        took = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    with made.analytics.unit_of_work(tenant) as connection:
        connection.execute(
            text("UPDATE analytics.publication SET at = :at WHERE at > :at"), {"at": at}
        )  # the table's default is the real time
        packets, rows, corrected = connection.execute(
            text(
                "SELECT packets, rows, corrected FROM analytics.publication "
                "ORDER BY publication_id DESC LIMIT 1"
            )
        ).one()
        values = connection.execute(
            text("SELECT count(*) FROM analytics.published_value")
        ).scalar_one()
    made.close()
    answer.send(Release(took, peak, packets, rows, corrected, values))


def pages(
    made: StoreAndAnalytics, key: str, secret: str, programme: str
) -> Iterator[tuple[str, float, float, float]]:
    """(request, p50, p95, max) in milliseconds of the server."""
    client = composition.create_store_app(made).test_client()
    signed = {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}
    chosen = f"programme={programme}&people=groups"
    team = f"{chosen}&team={programme[-12:]} team 1".replace(" ", "%20")
    keys = "&".join(f"key={one}" for one in HEADLINES)
    for name, path in {
        "figures, all metrics": f"/api/v1/figures?{chosen}",
        "figures, the four headlines": f"/api/v1/figures?{keys}&{chosen}",
        "figures, the four headlines, one team": f"/api/v1/figures?{keys}&{team}",
        "values of one metric": f"/api/v1/metrics/retention_observed/values?{chosen}",
        "values of one metric, one team": f"/api/v1/metrics/retention_observed/values?{team}",
        "values of one metric, all programmes": "/api/v1/metrics/transfer_rate/values?people=groups",
        "report teams": f"/api/v1/reports?key=teams&{chosen}",
        "report scorecard": f"/api/v1/reports?key=scorecard&{chosen}",
    }.items():
        took = []
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            answer = client.get(path, headers=signed)
            took.append(1_000 * (time.perf_counter() - begun))
            if answer.status_code != 200:
                raise SystemExit(f"{name}: {answer.status_code} {answer.text}")
        took.sort()
        yield name, took[len(took) // 2], took[int(len(took) * 0.95)], took[-1]


def main() -> None:
    """All of it."""
    episodes = int(sys.argv[1]) if len(sys.argv) > 1 else EPISODES
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
    try:
        _measure(read, environ, episodes)
    finally:
        children.stop()
        servers.forget_sockets()


def _apart(work: partial[None]) -> None:
    """In a process of its own, so that the memory of those after it is theirs."""
    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit("the facts could not be stored")


def _measure(read: Settings, environ: dict[str, str], episodes: int) -> None:
    end = datetime.combine(monday_of(datetime.now(UTC).date()), datetime.min.time(), UTC)
    first = end - timedelta(weeks=WEEKS)
    names = ("bench", "huge", "many")
    keys = [operator_api.create_tenant(read, name, [(name, ("all",))])[0] for name in names]
    programmes = [f"{BASE}programmes/bench-{n:02}" for n in range(PROGRAMMES)]
    shapes = {
        "bench": [
            Shape(one, episodes // PROGRAMMES, TEAMS // PROGRAMMES, end) for one in programmes
        ],
        "huge": [
            Shape(f"{BASE}programmes/huge", HUGE, 1, first - timedelta(days=300), 6, waves=False)
        ],
        "many": [Shape(f"{BASE}programmes/many", MANY * 8 * 5 // 4, MANY // 20, first)],
    }
    made = composition.build_from_settings(read)
    with made.analytics.engine.connect() as connection:
        tenants = connection.execute(text("SELECT * FROM lrs.tenant_ids()")).scalars().all()
    made.analytics.engine.dispose()
    releases: list[tuple[str, Release]] = []
    for number, (name, tenant) in enumerate(zip(names, sorted(tenants), strict=True)):
        _apart(partial(store, read, tenant, 1 + 100 * number, shapes[name]))
        weeks = WEEKS if name == "bench" else 1
        for week in range(weeks + 1):
            at = first + timedelta(weeks=week, hours=3)
            found = release(environ, tenant, at)
            releases.append((_label(name, week), found))
            sys.stdout.write(f"{releases[-1]}\n")
    made = composition.build_from_settings(read)
    looked = list(pages(made, *keys[0], programmes[3]))
    made.close()
    _keep(episodes, releases, looked)


def _label(name: str, week: int) -> str:
    what = {
        "bench": "",
        "huge": f", {HUGE:,} people of one team at once",
        "many": ", one programme",
    }[name]
    return ("the first time" if not week else f"week {week} after") + what


def _keep(
    episodes: int,
    releases: Sequence[tuple[str, Release]],
    looked: Sequence[tuple[str, float, float, float]],
) -> None:
    first = releases[0][1]
    lines = [
        *heading("Publishing", "The job runs in one process, beside PostgreSQL."),
        f"Facts as of {episodes * STATEMENTS_EACH:,} statements: {episodes:,} episodes over 14 "
        f"months, {PROGRAMMES} programmes, {TEAMS} teams, {RESPONSE:.0%} of all checks answered.",
        f"The first time is to take {AIM_FIRST:.0f} s at most.",
        "",
        "| publication | took | memory | packets | rows | corrected | values kept |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {name} | {one.seconds:.1f} s | {one.megabytes:.0f} MB | {one.packets:,} | {one.rows:,} | "
            f"{one.corrected:,} | {one.values:,} |"
            for name, one in releases
        ),
        "",
        "| GET /api/v1, with people=groups | p50 | p95 | at most | aim p95 |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {p50:.1f} ms | {p95:.1f} ms | {most:.0f} ms | {AIM_PAGE_MS:.0f} ms |"
            for name, p50, p95, most in looked
        ),
    ]
    weekly = max(one.seconds for _, one in releases[1 : WEEKS + 1])
    figures = {
        "publishing_first_s": first.seconds,
        "publishing_week_s": weekly,
        "published_page_p95_ms": max(p95 for _, _, p95, _ in looked),
    }
    keep("publishing", lines, figures)


if __name__ == "__main__":
    main()
