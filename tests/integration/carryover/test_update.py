"""A database of version 0.1 (``tests/captures/carryover-0.1``) goes on as it was: the same figures, and
nothing that a recount would change."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command

from analytics.jobs import counting
from carryover import composition
from carryover.composition import StoreAndAnalytics
from core import migrations, queue, settings
from core.database import ensure_roles, make_engine
from core.embedded import EmbeddedServers
from lrs.store import schema
from tests.conftest import environ_for
from tests.support.store import Caller

BEFORE = Path(__file__).parents[2] / "captures" / "carryover-0.1"
LAST_MIGRATION = "0006"
KNOWN: dict[str, Any] = json.loads((BEFORE / "figures.json").read_text())
PARTS = (
    "part",
    "numerator",
    "denominator",
    "value",
    "ci_low",
    "ci_high",
    "learners",
    "version",
)


@pytest.fixture
def environ(
    servers: EmbeddedServers, new_database: Callable[..., str], tmp_path: Path
) -> dict[str, str]:
    """A database as version 0.1 left it."""
    made = environ_for(servers, new_database(), tmp_path)
    owner = make_engine(made["CARRYOVER_MIGRATION_URL"])
    ensure_roles(owner, made["CARRYOVER_DATABASE_URL"])
    with owner.begin() as connection:
        folder = schema.MIGRATIONS_FOLDER
        command.upgrade(migrations.build_alembic_config(folder, connection), LAST_MIGRATION)
    owner.dispose()
    address = made["CARRYOVER_MIGRATION_URL"].replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(address) as raw:
        raw.execute((BEFORE / "lrs.sql").read_bytes())
    return made


@pytest.fixture
def joined(environ: dict[str, str]) -> Iterator[StoreAndAnalytics]:
    composition.migrate_store(settings.read_settings(environ))
    made = composition.build_from_environ(environ)
    yield made
    made.close()


def figures(joined: StoreAndAnalytics) -> dict[str, Any]:
    """The figures of the metrics that version 0.1 had; what was added since is no change."""
    client = composition.create_store_app(joined).test_client()
    answer = Caller(client, KNOWN["key"], KNOWN["secret"]).get("/api/v1/figures").json or {}
    return {
        figure["key"]: [{name: value.get(name) for name in PARTS} for value in figure["values"]]
        for figure in answer["figures"]
        if figure["key"] in KNOWN["figures"]
    }


def test_the_figures_are_as_they_were_and_a_recount_changes_none(joined: StoreAndAnalytics) -> None:
    assert figures(joined) == KNOWN["figures"]
    counting.count_all_tenants(joined.analytics)
    assert not counting.reconcile_tenant(joined.analytics.unit_of_work, 1)
    assert figures(joined) == KNOWN["figures"]


def test_a_job_that_version_0_1_left_in_the_queue_runs(
    joined: StoreAndAnalytics, environ: dict[str, str], servers: EmbeddedServers
) -> None:
    with joined.analytics.unit_of_work(1) as connection:
        connection.exec_driver_sql(
            "INSERT INTO lrs.uncounted (tenant_id, ord) SELECT tenant_id, ord FROM lrs.statement"
        )
    assert queue.enqueue_job(
        queue.connect_redis(servers.redis_url), queue.Job("lrs.worker.count", interval_seconds=5)
    )
    worker = subprocess.Popen(
        [sys.executable, "-m", "carryover", "worker", "--part", "queue"],
        env={**os.environ, **environ},
    )
    try:
        for _ in range(300):
            with joined.analytics.unit_of_work(1) as connection:
                waiting = connection.exec_driver_sql("SELECT count(*) FROM lrs.uncounted").scalar()
            if not waiting:
                break
            time.sleep(0.1)
        assert waiting == 0
    finally:
        worker.terminate()
        worker.wait(30)
