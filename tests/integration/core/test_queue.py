"""The queue: nudges are coalesced, never fail a request, and the timer's jobs can be read by a JSON
worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
import redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from core import queue
from core.embedded import EmbeddedServers
from core.queue import JobRequests

RAN: list[str] = []
JOB = f"{__name__}.job"


def job() -> None:
    """A job that leaves a mark."""
    RAN.append("ran")


@pytest.fixture
def connection(servers: EmbeddedServers) -> Iterator[redis.Redis]:
    made = queue.connect_redis(servers.redis_url)
    made.flushdb()
    RAN.clear()
    yield made
    made.flushdb()
    made.close()


def until(reached: Callable[[], bool]) -> None:
    """Nudges leave by a thread of their own."""
    for _ in range(500):
        if reached():
            return
        time.sleep(0.01)
    raise AssertionError("not reached within 5 s")


def work(connection: redis.Redis) -> None:
    """Everything that waits, by a worker that reads JSON alone."""
    jobs = Queue(queue.QUEUE, connection=connection, serializer=JSONSerializer)
    SimpleWorker([jobs], connection=connection, serializer=JSONSerializer).work(
        burst=True, logging_level="ERROR"
    )


def test_a_nudge_while_one_waits_adds_nothing_and_after_it_began_adds_one(
    connection: redis.Redis,
) -> None:
    nudges = JobRequests(connection)
    for _ in range(5):
        nudges.request_job(JOB)
    until(lambda: nudges.count_waiting_jobs() == 1)
    nudges.mark_job_started(JOB)
    nudges.request_job(JOB)
    until(lambda: nudges.count_waiting_jobs() == 2)
    work(connection)
    assert RAN == ["ran", "ran"]


def test_a_timed_job_can_be_read_by_a_json_worker(connection: redis.Redis) -> None:
    """rq's own CronJob makes a queue without the serializer, and a JSON worker fails on what it
    puts there.
    """
    queue._CoalescedCronJob(queue.QUEUE, func_name=JOB, interval=5).enqueue(connection)
    work(connection)
    assert RAN == ["ran"]


def test_a_queue_that_is_down_fails_no_request() -> None:
    nudges = JobRequests(queue.connect_redis("unix:///nowhere/redis.sock"))
    nudges.request_job(JOB)
    assert nudges.count_waiting_jobs() is None


def test_a_nudge_that_was_lost_with_its_queue_does_not_silence_the_next_ones_for_long(
    connection: redis.Redis,
) -> None:
    JobRequests(connection).request_job(JOB)
    until(lambda: bool(connection.keys("carryover:waiting:*")))
    (key,) = connection.keys("carryover:waiting:*")
    assert 0 < connection.ttl(key) <= queue.PENDING_KEY_SECONDS
