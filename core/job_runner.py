"""The processes that run jobs: short ones one after the other in a process that goes on, long ones
each in a fork, whose memory ends with it.

Whoever runs short jobs also keeps the timetable: it runs a short job when its time has come,
without a way through the queue, and enqueues a long one where its tables hold work. Several such
processes side by side do more looking, and nothing wrong: a job finds its work in tables and locks
what it changes.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import FrameType
from typing import Any

import redis
from redis.client import Pipeline
from rq import Queue, Worker
from rq.job import Job as QueuedJob
from rq.serializers import JSONSerializer

from core.deps import build_deps
from core.jobs import JobHandler, UnknownJob, find_handler, limit_job_time
from core.queue import (
    LONG_QUEUE,
    QUEUE,
    JobTimedOut,
    claim_interval,
    connect_redis,
    enqueue_job,
    mark_job_started,
    open_queue,
    record_heartbeat,
    take_job,
)
from core.settings import Settings

log = logging.getLogger(__name__)

# Between two heartbeats: a Redis that was started again has forgotten them.
HEARTBEAT_SECONDS = 3.0
MAX_WAIT_SECONDS = 10.0  # for a request; a Redis that says nothing for longer is lost
RETRY_SECONDS = 1.0
# rq then reports twice as often while idle, and twice a minute while a job runs
WORKER_TTL_SECONDS = 30


class ShortJobs:
    """Runs short jobs in this process; dependencies are built once."""

    def __init__(
        self, settings: Settings, handlers: Mapping[str, JobHandler], renamed: Mapping[str, str]
    ) -> None:
        self._deps = build_deps(settings)
        self._url = settings.redis_url
        self._connection = connect_redis(self._url, answer_seconds=2 * MAX_WAIT_SECONDS)
        self._handlers, self._renamed = handlers, renamed
        self._due = dict.fromkeys(handlers, 0.0)  # when each runs next (time.monotonic)
        self._running = self._stopping = False

    def work(self, requested: bool) -> None:
        """Run what the timetable says and, if ``requested``, what the queue holds, until SIGTERM or
        SIGINT.
        """
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        queue = open_queue(QUEUE, self._connection) if requested else None
        if queue is not None:
            threading.Thread(
                target=_report_alive, args=(self._url, QUEUE), name="heartbeat", daemon=True
            ).start()
        while not self._stopping:
            wait = min(self.run_due_jobs() - time.monotonic(), MAX_WAIT_SECONDS)
            if wait <= 0 or self._stopping:
                continue
            if queue is None:
                time.sleep(wait)
            else:
                self.run_requested_job(queue, wait)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """A job in progress may end; a second signal ends it, and its transaction."""
        first, self._stopping = not self._stopping, True
        if not (first and self._running):
            raise SystemExit(0)

    def run_due_jobs(self) -> float:
        """Run what is due by the timetable; return when the next job is."""
        for name, handler in self._handlers.items():
            if self._stopping:
                break
            if self._due[name] <= time.monotonic():
                self._due[name] = time.monotonic() + handler.job.interval_seconds
                if handler.job.queue == LONG_QUEUE:
                    self._run(name, partial(self._enqueue_if_work, handler))
                else:
                    self._run(name, partial(handler.run, self._deps))
        return min(self._due.values())

    def run_requested_job(self, queue: Queue, seconds: float) -> None:
        """Run the next job of the queue, if one comes within ``seconds``."""
        try:
            name = take_job(queue, seconds)
            if name is None:
                return
            mark_job_started(self._connection, name)
            handler = find_handler(self._handlers, self._renamed, name)
        except redis.RedisError as error:
            log.warning("the queue does not answer (%s)", type(error).__name__)
            time.sleep(min(seconds, RETRY_SECONDS))
        except UnknownJob as error:
            log.error("the queue: %s", error)
        else:
            self._run(name, partial(handler.run, self._deps))

    def _enqueue_if_work(self, handler: JobHandler) -> None:
        if handler.has_work(self._deps) and claim_interval(self._connection, handler.job):
            enqueue_job(self._connection, handler.job)

    def _run(self, name: str, act: Callable[[], object]) -> None:
        """Run one job; its failure is logged, and it runs again when its time comes."""
        self._running = True
        try:
            with limit_job_time():
                act()
        except JobTimedOut as error:
            log.error("%s: %s", name, error)
        except redis.RedisError as error:
            log.warning("%s: the queue does not answer (%s)", name, type(error).__name__)
        except Exception:
            log.exception("the job %s failed", name)
        finally:
            self._running = False


def _report_alive(url: str, name: str) -> None:
    """Say again and again that a queue has a worker, whatever a job takes."""
    connection = connect_redis(url)
    while True:
        try:
            record_heartbeat(connection, name)
        except redis.RedisError as error:
            log.debug("no heartbeat: %s", error)
        time.sleep(HEARTBEAT_SECONDS)


class _ReportingWorker(Worker):
    """A worker of rq that sets our heartbeat key as well."""

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Called while the worker is idle and while a job runs."""
        super().heartbeat(timeout, pipeline)
        for queue in self.queues:
            record_heartbeat(pipeline if pipeline is not None else self.connection, queue.name)


def run_long_jobs(
    settings: Settings, handlers: Mapping[str, JobHandler], renamed: Mapping[str, str]
) -> None:
    """Run the jobs of the long queue, each in a fork, until SIGTERM or SIGINT. What they need is
    imported beforehand, so that a fork starts at once.
    """
    connection = connect_redis(settings.redis_url)

    class HandledJob(QueuedJob):
        """A job that is run by its handler."""

        @property
        def func(self) -> Callable[..., Any]:
            """What the fork calls."""
            name = str(self.func_name)
            return partial(_run_in_fork, settings, name, find_handler(handlers, renamed, name))

    worker = _ReportingWorker(
        [open_queue(LONG_QUEUE, connection)],
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_SECONDS,
        job_class=HandledJob,
    )
    worker.work(logging_level="WARNING", with_scheduler=False)


def _run_in_fork(settings: Settings, name: str, handler: JobHandler) -> None:
    """Dependencies are built here: a connection must never be shared across a fork."""
    mark_job_started(connect_redis(settings.redis_url), name)
    with limit_job_time():
        handler.run(build_deps(settings))
