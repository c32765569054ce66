"""What an operator is told: ready means ready, and what cannot be stored now says when to come
back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import redis

from core import health, queue
from core.errors import FatalError
from lrs import app, operator_api
from lrs.actions.deps import ChangeListener, StoreDeps
from tests.support.store import Caller


def ready(one: Caller) -> tuple[int, dict[str, Any]]:
    answer = one.client.get("/health/ready")
    said: dict[str, Any] = answer.get_json()
    return answer.status_code, said


@pytest.fixture
def workers(deps: StoreDeps) -> Iterator[redis.Redis]:
    """A worker on each queue: what each says of itself while it waits."""
    connection = queue.connect_redis(deps.settings.redis_url)
    for name in queue.QUEUES:
        queue.record_heartbeat(connection, name)
    yield connection
    connection.delete(*(queue._heartbeat_key(name) for name in queue.QUEUES))


def test_ready_means_that_somebody_works_on_each_queue(one: Caller, workers: redis.Redis) -> None:
    """Three killed workers left `"status": "ready", "degraded": []` for as long as rq listed them."""
    status, said = ready(one)
    assert (status, said["status"], said["degraded"]) == (200, "ready", [])
    assert one.client.get("/health/worker").status_code == 200
    assert 0 < workers.ttl(queue._heartbeat_key(queue.LONG_QUEUE)) <= queue.WORKER_DEAD_SECONDS, (
        "a killed one is silent, and missed after that"
    )
    workers.delete(queue._heartbeat_key(queue.LONG_QUEUE))
    status, said = ready(one)
    assert (status, said["status"], said["degraded"]) == (200, "degraded", ["worker"]), (
        "statements are taken and wait"
    )
    assert said["queue"]["without_worker"] == [queue.LONG_QUEUE]
    refused = one.client.get("/health/worker")
    assert refused.status_code == 503 and refused.json["status"] == "not working"


def test_a_backlog_older_than_a_minute_is_told(
    one: Caller, deps: StoreDeps, workers: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where somebody counts; a store alone, from which nobody does, is not behind."""
    counted = replace(deps, listener=ChangeListener(lambda: None, lambda tenant_id: None))
    alone, one = one, replace(one, client=app.create_app(counted).test_client())
    one.post(
        {
            "actor": {"mbox": "mailto:a@example.org"},
            "verb": {"id": "https://v.example"},
            "object": {"id": "https://o.example"},
        }
    )
    assert ready(one)[1]["degraded"] == [], "what came a moment ago is not late"
    real = health.MAX_COUNTING_DELAY
    assert real == timedelta(minutes=1)
    monkeypatch.setattr(
        "lrs.api.health.now", lambda: datetime.now(UTC) + real + timedelta(seconds=1)
    )
    assert ready(one)[1]["degraded"] == ["counting"]
    assert ready(alone)[1]["degraded"] == []


def test_the_doctor_tells_of_the_same_backlog(
    one: Caller, deps: StoreDeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.post(
        {
            "actor": {"mbox": "mailto:a@example.org"},
            "verb": {"id": "https://v.example"},
            "object": {"id": "https://o.example"},
        }
    )
    look = operator_api.doctor_checks(deps.settings)["counting"]
    assert look() == "1 statements wait to be counted"
    monkeypatch.setattr(operator_api, "MAX_COUNTING_DELAY", timedelta(seconds=-1))
    with pytest.raises(FatalError, match="the oldest for"):
        look()


def test_a_disk_without_room_is_told_before_it_is_full(
    one: Caller, workers: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "lrs.api.health.measure_free_bytes", lambda folder: health.MIN_FREE_BYTES - 1
    )
    assert ready(one)[1]["degraded"] == ["disk"]
    monkeypatch.setattr(
        "lrs.api.health.measure_free_bytes", lambda folder: health.MAX_REQUEST_BYTES - 1
    )
    assert (ready(one)[0], ready(one)[1]["status"]) == (503, "not ready"), (
        "the next batch may not fit"
    )


def test_what_ready_writes_needs_a_new_page_each_time(
    deps: StoreDeps, one: Caller, workers: redis.Redis
) -> None:
    """A number of a sequence is drawn on a full disk as well."""
    for _ in range(3):
        assert ready(one)[0] == 200
    with deps.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        size = raw.execute("SELECT pg_relation_size('pg_temp.needs_a_page')").fetchone()
    assert size == (0,), "it was emptied, so that the next row needs a page again"


def test_a_database_that_only_reads_takes_nothing_and_says_when_to_come_back(
    one: Caller, deps: StoreDeps, workers: redis.Redis
) -> None:
    """A replica before it takes over: 22 of 22 batches were answered with 500."""
    database = deps.engine.url.database
    owner = deps.settings.migration_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(owner.replace("carryover_owner@", "postgres@"), autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on')
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid "
            "<> pg_backend_pid()",
            (database,),
        )
    deps.engine.dispose()
    statement = {
        "actor": {"mbox": "mailto:a@example.org"},
        "verb": {"id": "https://v.example"},
        "object": {"id": "https://o.example"},
    }
    for answer in (
        one.post(statement),
        one.put(str(uuid.uuid4()), statement),
        one.send(
            "PUT",
            "/xapi/activities/state",
            {
                "activityId": "https://o.example",
                "agent": '{"mbox":"mailto:a@example.org"}',
                "stateId": "s",
            },
            data=b"x",
        ),
        one.client.get("/health/ready"),
    ):
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) > 0
