"""A world whose truth is known: effects, forgetting, people who do not answer. The 95 % intervals
must cover the truth as often as they say.

Every run of a part is drawn anew from one seed. Effects go through the estimators; forgetting and
missing answers go the whole way, from statements over facts to the values of the API.
"""

from __future__ import annotations

import os
import platform
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from analytics.catalogue import METRICS_BY_KEY
from analytics.definitions import Scope
from analytics.deps import build_analytics_deps
from analytics.jobs import counting
from analytics.reports.metric_values import compute_estimates
from analytics.statistics import impact
from analytics.statistics.impact import Effect, Reading
from bench.metrics import Made, store
from core import deps as ground_deps
from core import settings
from core.clock import format_instant
from core.embedded import EmbeddedServers
from lrs import operator_api
from lrs.vocabulary import BASE, INTERVALS

RUNS, SEED = 2_000, 20_261_125  # the seed is the day on which this was written
LOW, HIGH = 0.93, 0.97
RESULTS = Path(__file__).parent / "results" / "truth.md"

TEAMS, PERIODS, START, EFFECT = 40, 12, 7, -3.0
WAVES, SERIES = (5, 7, 9), 36

LEARNERS, QUESTIONS = 100, 5
WEEK, QUARTER = (next(one for one in INTERVALS if one.key == key) for key in ("1w", "3m"))
STABILITY, SPREAD = 60.0, 0.8  # median days and the spread of its logarithm, over people
ANSWERS = 0.7  # share of people who answer a check


def panel(random: np.random.Generator, starts: list[int | None]) -> list[Reading]:
    """Teams with a level of their own, a trend for all, noise that hangs on from month to month,
    and an effect from the start on.
    """
    found = []
    for team, start in enumerate(starts):
        level, noise = random.normal(20, 4), 0.0
        for period in range(1, PERIODS + 1):
            noise = 0.4 * noise + random.normal(0, 2)
            effect = EFFECT if start is not None and period >= start else 0.0
            found.append(
                Reading(f"team {team}", period, level + 0.3 * period + noise + effect, start)
            )
    return found


def two_groups(random: np.random.Generator) -> Effect | None:
    return impact.difference_in_differences(
        panel(random, [START if team < TEAMS // 2 else None for team in range(TEAMS)])
    )


def waves(random: np.random.Generator) -> Effect | None:
    return impact.group_time_effects(
        panel(random, [None if team % 4 == 3 else WAVES[team % 4] for team in range(TEAMS + 20)])
    )


def before_and_after(random: np.random.Generator) -> Effect | None:
    noise = random.normal(0, 2, SERIES)
    return impact.interrupted_time_series(
        [
            (t, 20 + 0.2 * t + noise[t] + (EFFECT if t >= SERIES // 2 else 0.0))
            for t in range(SERIES)
        ],
        SERIES // 2,
    )


METHODS: dict[str, Callable[[np.random.Generator], Effect | None]] = {
    "effect, two groups (difference-in-differences)": two_groups,
    "effect, three waves (group-time effects)": waves,
    "effect, before and after (interrupted series)": before_and_after,
}


def covered(name: str, run: int) -> bool:
    found = METHODS[name](np.random.default_rng([SEED, run, list(METHODS).index(name)]))
    assert found is not None
    return found.low <= EFFECT <= found.high


def some_covered(name: str, runs: range) -> int:
    return sum(covered(name, run) for run in runs)


def known(stability: Any, days: float) -> Any:
    """The share that a person still knows: the memory model's own curve has another form, so that
    nothing is taken for granted.
    """
    return np.exp(-np.sqrt(days / (12 * stability)))


def truth(days: float) -> float:
    """Over all people there could be."""
    logs = np.linspace(-6, 6, 20_001)
    weights = np.exp(-(logs**2) / 2)
    return float((known(STABILITY * np.exp(SPREAD * logs), days) * weights).sum() / weights.sum())


class Learner(Made):
    """Somebody of one run: certified 200 days ago, with checks after a week and after three months."""

    def __init__(self, run: int, n: int) -> None:
        super().__init__(run * LEARNERS + n)
        self.programme = f"{BASE}programmes/run-{run}"
        self.certified = datetime.now(UTC) - timedelta(days=200)

    def one(
        self, verb: str, iri: str, kind: str, days: float, extensions: dict[str, Any], **parts: Any
    ) -> tuple[uuid.UUID, str, bytes]:
        made = super().one(verb, iri, kind, days, extensions, **parts)
        return (
            made[0],
            made[1],
            made[2].replace(f"{BASE}programmes/bench".encode(), self.programme.encode()),
        )

    def told(self, random: np.random.Generator) -> Iterator[tuple[uuid.UUID, str, bytes]]:
        """A person forgets at a pace of his or her own; some do not answer, and those who do not
        would have known nothing.
        """
        yield self.one("certified", f"{self.programme}/certification", "certification", 0, {})
        stability = STABILITY * np.exp(SPREAD * random.normal())
        for interval in (WEEK, QUARTER):
            check = f"{self.programme}/checks/{interval.key}"
            due = {
                "due_date": format_instant(self.certified + timedelta(days=interval.due_days)),
                "interval": interval.key,
                "kind": "check",
            }
            yield self.one("scheduled", check, "check", 0, due)
            if random.random() > ANSWERS:
                continue
            for n in range(QUESTIONS):
                result = {"success": bool(random.random() < known(stability, interval.due_days))}
                yield self.one(
                    "answered",
                    f"{self.programme}/items/{interval.key}-{n}",
                    "item",
                    interval.due_days,
                    {"kind": "check"},
                    result=result,
                )


def world(runs: range) -> Iterator[tuple[uuid.UUID, uuid.UUID, str, bytes]]:
    for run in runs:
        random = np.random.default_rng([SEED, run, 99])
        for n in range(LEARNERS):
            one = Learner(run, n)
            for line in one.told(random):
                yield (one.registration, *line)


def work(environ: dict[str, str]) -> None:
    made = build_analytics_deps(ground_deps.build_deps(settings.read_settings(environ)))
    counting.count_all_tenants(made)
    made.engine.dispose()


def test_intervals_cover_the_truth_as_often_as_they_say(
    servers: EmbeddedServers, tmp_path: Path
) -> None:
    found: dict[str, float] = {}
    with ProcessPoolExecutor() as pool:
        for name in METHODS:
            step = RUNS // 20
            found[name] = (
                sum(
                    pool.map(
                        some_covered,
                        [name] * 20,
                        [range(start, start + step) for start in range(0, RUNS, step)],
                    )
                )
                / RUNS
            )
    found |= _the_whole_way(servers, tmp_path)
    lines = [f"| {name} | {share:.1%} |" for name, share in found.items()]
    RESULTS.write_text(
        "# Do 95 % intervals cover the truth\n\n"
        f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, {platform.system()}, Python "
        f"{platform.python_version()}. `make soak`\n\n"
        f"{RUNS:,} runs of each, seed {SEED}. Effects: {TEAMS} teams over {PERIODS} months with "
        f"noise that hangs on (0.4), a true effect of {EFFECT};"
        f" series of {SERIES} points. Retention: {LEARNERS} people a run who forget at paces of "
        f"their own, {QUESTIONS} questions a check,"
        f" {1 - ANSWERS:.0%} of whom do not answer; every run went the whole way from statements "
        "to values.\n\n"
        "| what | covered |\n|---|---|\n" + "\n".join(lines) + "\n"
    )
    assert all(LOW <= share <= HIGH for share in found.values()), found


def _the_whole_way(servers: EmbeddedServers, tmp_path: Path) -> dict[str, float]:
    """Statements are put where the store puts them, counted by two workers; then each run's
    programme is asked for its values.
    """
    database = "carryover"
    environ = {
        "CARRYOVER_HOME": str(tmp_path),
        "CARRYOVER_DATABASE_URL": servers.database_url,
        "CARRYOVER_MIGRATION_URL": servers.migration_url,
        "CARRYOVER_REDIS_URL": servers.redis_url,
        "CARRYOVER_SECRET_KEY": "soak" * 10,
    }
    assert database in servers.database_url
    read = settings.read_settings(environ)
    operator_api.migrate_store(read)
    operator_api.create_tenant(read, "soak", [("soak", ("all",))])
    store(read, 1, world(range(RUNS)))
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(work, [environ] * 2))
    made = build_analytics_deps(ground_deps.build_deps(read))
    asked = {
        "forgetting, after a week": ("retention_observed", WEEK, truth(WEEK.due_days)),
        "forgetting, after three months": ("retention_observed", QUARTER, truth(QUARTER.due_days)),
        "who answers": ("retention_response", QUARTER, ANSWERS),
        "known by all, where whoever does not answer knows nothing": (
            "retention_worst",
            QUARTER,
            ANSWERS * truth(QUARTER.due_days),
        ),
    }
    hits = dict.fromkeys(asked, 0)
    with made.unit_of_work(1) as connection:
        for run in range(RUNS):
            scope = Scope(1, datetime.now(UTC), {"programme": f"{BASE}programmes/run-{run}"})
            for name, (key, interval, true) in asked.items():
                one = compute_estimates(connection, METRICS_BY_KEY[key], scope)[interval.key]
                assert one.low is not None
                assert one.high is not None
                hits[name] += one.low <= true <= one.high
    made.engine.dispose()
    return {name: count / RUNS for name, count in hits.items()}
