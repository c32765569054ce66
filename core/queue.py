"""The queue: rq with JSON jobs. A queued job is only a hint that a table holds work; the table
is authoritative.

A lost hint costs seconds (the worker's timetable runs the job anyway), never work; so a queue that
is down never fails a request. Hints for one job are coalesced: while one is pending, another adds
nothing, because the pending one will see all the work.
"""

from __future__ import annotations

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import redis
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job as QueuedJob
from rq.serializers import JSONSerializer
from rq.utils import as_text

from core.errors import FatalError

log = logging.getLogger(__name__)

QUEUE, LONG_QUEUE = "carryover", "carryover-long"
QUEUES = (QUEUE, LONG_QUEUE)
# how long a lost job (its worker was killed before it began) can suppress the next ones at most
PENDING_KEY_SECONDS = 10
JOB_TIMEOUT_SECONDS = 600
SOCKET_TIMEOUT_SECONDS = 5
NEVER = -math.inf  # on the monotonic clock, whose zero is when the machine started
ENQUEUE_INTERVAL_SECONDS = 1.0  # a process enqueues the same job once within this time at most
SENDER_IDLE_SECONDS = 60.0
WORKER_DEAD_SECONDS = 75  # after which a worker is considered dead: it missed two heartbeats


class JobTimedOut(SystemExit):
    """Raised inside a job that takes longer than JOB_TIMEOUT_SECONDS.

    A SystemExit, because of those no ``except Exception`` takes it, psycopg cancels the query that
    runs, and SQLAlchemy gives the connection up.
    """


@dataclass(frozen=True)
class Job:
    """A job as whoever requests it names it: the dotted name of the function that handles it
    (:meth:`core.jobs.JobHandlers.handles`), after how many seconds it runs again unasked, and its
    queue. What may take minutes belongs on the long one, so that it does not delay counting.
    """

    name: str
    interval_seconds: int
    queue: str = QUEUE


def _pending_key(name: str) -> str:
    return f"carryover:waiting:{name}"


def connect_redis(url: str, answer_seconds: float | None = None) -> redis.Redis:
    """Create a client of the queue's server; no connection is opened yet. ``answer_seconds``: after
    which a server that says nothing is lost."""
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=SOCKET_TIMEOUT_SECONDS,
        socket_timeout=answer_seconds,
        health_check_interval=30,
    )


class JobRequests:
    """Requests to run jobs, sent to the queue by a background thread: a request never waits for
    the queue, and never fails with it."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._wanted: set[Job] = set()
        self._sent: dict[Job, float] = {}  # when each was enqueued last
        self._changed = threading.Condition()
        self._sender: tuple[int, threading.Thread] | None = None

    def request_job(self, job: Job) -> None:
        """Request ``job`` soon. Never raises: the timetable runs it anyway."""
        with self._changed:
            if job in self._wanted:
                return
            self._wanted.add(job)
            # Threads do not survive a fork, so each process starts its own.
            if (
                self._sender is None
                or self._sender[0] != os.getpid()
                or not self._sender[1].is_alive()
            ):
                self._sender = (
                    os.getpid(),
                    threading.Thread(target=self._send, name="job-requests", daemon=True),
                )
                self._sender[1].start()
            self._changed.notify()

    def _next_due(self) -> float:
        """When the first of those wanted may be enqueued."""
        return min(
            (self._sent.get(job, NEVER) + ENQUEUE_INTERVAL_SECONDS for job in self._wanted),
            default=time.monotonic() + SENDER_IDLE_SECONDS,
        )

    def _send(self) -> None:
        while True:
            with self._changed:
                wait = self._next_due() - time.monotonic()
                if wait > 0 and not self._changed.wait(wait) and not self._wanted:
                    self._sender = None
                    return
                now = time.monotonic()
                due = {
                    job
                    for job in self._wanted
                    if now >= self._sent.get(job, NEVER) + ENQUEUE_INTERVAL_SECONDS
                }
                self._wanted -= due
                self._sent |= dict.fromkeys(due, now)
            for job in sorted(due, key=lambda job: job.name):
                try:
                    enqueue_job(self._connection, job)
                # redis raises ValueError where its connection is closed while it is read.
                except (redis.RedisError, ValueError) as error:
                    log.warning(
                        "the queue does not answer (%s); the timetable will pick the work up",
                        type(error).__name__,
                    )

    def queues_without_worker(self) -> list[str]:
        """The queues without a recent heartbeat of a worker; empty if the queue does not
        answer, which :meth:`count_waiting_jobs` reports."""
        try:
            return _queues_without_worker(self._connection)
        except redis.RedisError:
            return []

    def count_waiting_jobs(self) -> int | None:
        """The number of jobs in the queues, or None if the queue does not answer."""
        try:
            return sum(int(open_queue(name, self._connection).count) for name in QUEUES)
        except redis.RedisError:
            return None


def enqueue_job(connection: redis.Redis, job: Job) -> bool:
    """Enqueue ``job`` unless it is pending already; return whether that was so."""
    if not connection.set(_pending_key(job.name), 1, nx=True, ex=PENDING_KEY_SECONDS):
        return False
    open_queue(job.queue, connection).enqueue(
        job.name, job_timeout=JOB_TIMEOUT_SECONDS, result_ttl=0, failure_ttl=86_400
    )
    return True


def claim_interval(connection: redis.Redis, job: Job) -> bool:
    """Whether the caller is the first of several timetables that wants ``job`` in this interval:
    what is long should not run once for each of them."""
    seconds = max(1, job.interval_seconds - 1)
    return bool(connection.set(f"carryover:interval:{job.name}", 1, nx=True, ex=seconds))


def mark_job_started(connection: redis.Redis, name: str) -> None:
    """Called before a queued job runs: a request from now on means new work and is enqueued
    again."""
    connection.delete(_pending_key(name))


def open_queue(name: str, connection: redis.Redis) -> Queue:
    """One of QUEUES, with the serializer that both sides use."""
    return Queue(name, connection=connection, serializer=JSONSerializer)


def take_job(queue: Queue, seconds: float) -> str | None:
    """Take the next job off the queue, and return its name; None if none came within ``seconds``,
    or what came was removed in the meantime."""
    taken = queue.connection.blpop([queue.key], seconds)
    if taken is None:
        return None
    try:
        found = QueuedJob.fetch(
            as_text(taken[1]), connection=queue.connection, serializer=JSONSerializer
        )
    except NoSuchJobError:
        return None
    queue.connection.delete(found.key)
    return str(found.func_name)


def record_heartbeat(connection: redis.Redis, name: str) -> None:
    """Say that the queue ``name`` has a worker that is alive. rq's own list of workers loses live
    ones when Redis restarts, and keeps killed ones."""
    connection.set(_heartbeat_key(name), 1, ex=WORKER_DEAD_SECONDS)


def _heartbeat_key(name: str) -> str:
    return f"carryover:alive:{name}"


def for_each_tenant(tenant_ids: Iterable[int], what: str, act: Callable[[int], object]) -> None:
    """Run a job's work for each tenant; one tenant's failure is logged and does not hold up the
    others, and its rows stay and are tried again.
    """
    for tenant_id in tenant_ids:
        try:
            act(tenant_id)
        except Exception:
            log.exception("tenant %s: %s failed; it is tried again", tenant_id, what)


def require_redis(url: str) -> None:
    """Exit with a one-sentence message if the queue does not answer."""
    try:
        connect_redis(url).ping()
    except (redis.RedisError, ValueError) as error:
        raise FatalError(
            f"Redis cannot be reached ({type(error).__name__}); start it, or correct "
            "CARRYOVER_REDIS_URL."
        ) from None


def has_live_workers(url: str) -> bool:
    """Whether each queue has a recent heartbeat of a worker."""
    connection = connect_redis(url)
    return not _queues_without_worker(connection)


def _queues_without_worker(connection: redis.Redis) -> list[str]:
    return [name for name in QUEUES if not connection.exists(_heartbeat_key(name))]
