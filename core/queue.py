"""The queue: rq with JSON jobs. A queued job is only a hint that a table holds work; the table
is authoritative.

A lost hint costs seconds (the timer enqueues the job again), never work; so a queue that is
down never fails a request. Hints for one job are coalesced: while one is pending, another adds
nothing, because the pending one will see all the work.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import redis
from redis.client import Pipeline
from rq import Queue, Worker
from rq.cron import CronJob, CronScheduler
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException
from rq.utils import import_attribute

from core.errors import FatalError

log = logging.getLogger(__name__)

QUEUE, LONG_QUEUE = "carryover", "carryover-long"
QUEUES = (QUEUE, LONG_QUEUE)
# raised inside a job that takes longer than JOB_TIMEOUT_SECONDS; an ``except Exception`` must
# re-raise it
JobTimedOut = JobTimeoutException
# how long a lost job (its worker was killed before it began) can suppress the next ones at most
PENDING_KEY_SECONDS = 10
JOB_TIMEOUT_SECONDS = 600
SOCKET_TIMEOUT_SECONDS = 5
TIMER_RETRY_SECONDS = 2
ENQUEUE_INTERVAL_SECONDS = 0.05  # requests within this time are coalesced
SENDER_IDLE_SECONDS = 60.0
WORKER_TTL_SECONDS = (
    30  # rq then reports twice as often while idle, and twice a minute while a job runs
)
WORKER_DEAD_SECONDS = 75  # after which a worker is considered dead: it missed two heartbeats


@dataclass(frozen=True)
class TimedJob:
    """A job that is also enqueued periodically: dotted name of a function without parameters,
    and the interval in seconds."""

    job: str
    interval_seconds: int


def _pending_key(job: str) -> str:
    return f"carryover:waiting:{job}"


def queue_name_for(job: str) -> str:
    """Jobs of a module called ``long_worker`` may take minutes: they have their own queue and
    worker, so that they do not delay counting."""
    return LONG_QUEUE if job.rpartition(".")[0].endswith(".long_worker") else QUEUE


def connect_redis(url: str) -> redis.Redis:
    """Create a client of the queue's server; no connection is opened yet."""
    return redis.Redis.from_url(
        url, socket_connect_timeout=SOCKET_TIMEOUT_SECONDS, health_check_interval=30
    )


class JobRequests:
    """Requests to run jobs, sent to the queue by a background thread: a request never waits for
    the queue, and never fails with it."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._wanted: set[str] = set()
        self._changed = threading.Condition()
        self._sender: tuple[int, threading.Thread] | None = None

    def request_job(self, job: str) -> None:
        """Request ``job`` soon. Never raises: the timer enqueues it again."""
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

    def _send(self) -> None:
        while True:
            with self._changed:
                if not self._changed.wait_for(
                    lambda: bool(self._wanted), timeout=SENDER_IDLE_SECONDS
                ):
                    self._sender = None
                    return
                wanted, self._wanted = self._wanted, set()
            for job in sorted(wanted):
                try:
                    enqueue_job(self._connection, job)
                except redis.RedisError as error:
                    log.warning(
                        "the queue does not answer (%s); the timer will pick the work up",
                        type(error).__name__,
                    )
            time.sleep(ENQUEUE_INTERVAL_SECONDS)

    def mark_job_started(self, job: str) -> None:
        """Called first by every job: a request from now on means new work and is enqueued
        again."""
        self._connection.delete(_pending_key(job))

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
            return sum(int(_open_queue(name, self._connection).count) for name in QUEUES)
        except redis.RedisError:
            return None


def enqueue_job(connection: redis.Redis, job: str) -> Job | None:
    """Enqueue ``job`` unless it is pending already."""
    if not connection.set(_pending_key(job), 1, nx=True, ex=PENDING_KEY_SECONDS):
        return None
    return _open_queue(queue_name_for(job), connection).enqueue(
        job, job_timeout=JOB_TIMEOUT_SECONDS, result_ttl=0, failure_ttl=86_400
    )


def _open_queue(name: str, connection: redis.Redis) -> Queue:
    return Queue(name, connection=connection, serializer=JSONSerializer)


class _CoalescedCronJob(CronJob):
    """rq's own CronJob creates a queue without the JSON serializer, which a JSON worker cannot
    read, and its jobs pile up."""

    def enqueue(self, connection: redis.Redis) -> Job:
        return enqueue_job(connection, self.func_name)  # type: ignore[return-value]  # rq ignores what comes back here


def run_job_timer(url: str, timed: tuple[TimedJob, ...]) -> None:
    """Enqueue every timed job at its interval until SIGTERM or SIGINT."""
    while True:
        scheduler = CronScheduler(connection=connect_redis(url), logging_level="WARNING")
        for entry in timed:
            scheduler.get_jobs().append(
                _CoalescedCronJob(
                    queue_name_for(entry.job), func_name=entry.job, interval=entry.interval_seconds
                )
            )
        try:
            scheduler.start()  # type: ignore[no-untyped-call]  # rq leaves this method without annotations
            return
        except redis.RedisError as error:
            log.warning(
                "the queue does not answer (%s); the timer tries again", type(error).__name__
            )
        try:
            time.sleep(TIMER_RETRY_SECONDS)
        except StopRequested:  # rq's own handler of SIGTERM and SIGINT is still installed
            return


class _ReportingWorker(Worker):
    """A worker that sets its own heartbeat key: rq's list loses live workers when Redis
    restarts, and keeps killed ones."""

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Called while the worker is idle and while a job runs."""
        super().heartbeat(timeout, pipeline)
        for queue in self.queues:
            (pipeline if pipeline is not None else self.connection).set(
                _heartbeat_key(queue.name), 1, ex=WORKER_DEAD_SECONDS
            )


def _heartbeat_key(name: str) -> str:
    return f"carryover:alive:{name}"


def run_worker(url: str, name: str, renamed: Mapping[str, str]) -> None:
    """Process one of QUEUES until SIGTERM or SIGINT. Import what jobs need beforehand, so that
    a forked job starts at once.

    ``renamed``: names under which a version before enqueued a job, with today's names.
    """
    connection = connect_redis(url)

    class RenamedJob(Job):
        """A job that may have been enqueued by a version that called it otherwise."""

        @property
        def func(self) -> Callable[..., Any]:
            """The function to call."""
            name = str(self.func_name)
            return import_attribute(renamed.get(name, name))

    worker = _ReportingWorker(
        [_open_queue(name, connection)],
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_SECONDS,
        job_class=RenamedJob,
    )
    worker.work(logging_level="WARNING", with_scheduler=False)


def for_each_tenant(tenant_ids: Iterable[int], what: str, act: Callable[[int], object]) -> None:
    """Run a job's work for each tenant; one tenant's failure is logged and does not hold up the
    others, and its rows stay and are tried again.
    """
    for tenant_id in tenant_ids:
        try:
            act(tenant_id)
        except JobTimedOut:
            raise
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
