"""The queue and who works on it: requests are coalesced and fail no page; short jobs run in one
process that outlives whatever a job does; nothing is enqueued where there is no work.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import redis
from sqlalchemy import text

from core import jobs, queue
from core.child_processes import ForkedProcess
from core.database import driver_cursor
from core.deps import Deps
from core.job_runner import ShortJobs
from core.jobs import JobHandler, JobHandlers
from core.queue import LONG_QUEUE, QUEUE, Job, JobRequests
from core.settings import Settings

NEVER = 86_400  # by the timetable: within a test
# Every kind of query that a job may be in when its time is over.
SLOW = text("SELECT pg_sleep(60)")
ALIVE = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)%' AND state = 'active' AND pid <> pg_backend_pid()"


@pytest.fixture
def own_queue(lrs_settings: Settings) -> Settings:
    """A database of Redis that no other test uses: requests leave by threads, which may outlive
    the test whose they are."""
    return replace(lrs_settings, redis_url=f"{lrs_settings.redis_url}?db=1")


@pytest.fixture
def connection(own_queue: Settings) -> Iterator[redis.Redis]:
    made = queue.connect_redis(own_queue.redis_url)
    made.flushdb()
    yield made
    made.flushdb()
    made.close()


def handled(
    act: Callable[[Deps], object],
    name: str = "tests.short",
    queue_name: str = QUEUE,
    has_work: Callable[[Deps], bool] = lambda deps: True,
) -> dict[str, JobHandler]:
    """A job that the timetable does not run within a test, and what runs it."""
    return {name: JobHandler(Job(name, NEVER, queue_name), act, has_work)}  # type: ignore[arg-type]  # what it returns is nobody's business


@pytest.fixture
def worker(
    own_queue: Settings, connection: redis.Redis
) -> Iterator[Callable[[dict[str, JobHandler]], ShortJobs]]:
    """Makes a worker with these jobs in this process."""
    made: list[ShortJobs] = []

    def make(handlers: dict[str, JobHandler]) -> ShortJobs:
        made.append(ShortJobs(own_queue, handlers, {"tests.former": "tests.short"}))
        return made[-1]

    yield make
    for each in made:
        each._deps.engine.dispose()


def work(worker: ShortJobs, connection: redis.Redis) -> None:
    """The next job of the queue."""
    worker.run_requested_job(queue.open_queue(QUEUE, connection), 5)


def until(reached: Callable[[], bool]) -> None:
    """Requests leave by a thread of their own."""
    deadline = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < deadline, "not reached in time"
        time.sleep(0.01)


def waiting(connection: redis.Redis, name: str = QUEUE) -> int:
    return int(queue.open_queue(name, connection).count)


JOB, OTHER = Job("tests.short", NEVER), Job("tests.other", NEVER)


def test_a_request_while_one_waits_adds_nothing_and_after_it_began_adds_one(
    connection: redis.Redis, worker: Callable[[dict[str, JobHandler]], ShortJobs]
) -> None:
    ran: list[int] = []
    one = worker(handled(lambda deps: ran.append(waiting(connection))))
    for _ in range(5):
        queue.enqueue_job(connection, JOB)
    assert waiting(connection) == 1
    queue.mark_job_started(connection, JOB.name)
    queue.enqueue_job(connection, JOB)
    assert waiting(connection) == 2
    work(one, connection)
    work(one, connection)
    assert ran == [1, 0]
    assert not connection.keys("rq:job:*"), "what ran leaves nothing behind"


def test_a_process_requests_a_job_once_a_second_and_another_at_once(
    connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is an hour here, and then no time at all: how busy the machine is says nothing."""
    monkeypatch.setattr(queue, "ENQUEUE_INTERVAL_SECONDS", 3_600.0)
    requests = JobRequests(connection)
    requests.request_job(JOB)
    until(lambda: waiting(connection) == 1)
    queue.mark_job_started(connection, JOB.name)
    requests.request_job(JOB)
    requests.request_job(OTHER)
    until(lambda: waiting(connection) == 2)
    monkeypatch.setattr(queue, "ENQUEUE_INTERVAL_SECONDS", 0.0)
    requests.request_job(OTHER)
    until(lambda: waiting(connection) == 3)


def test_a_queue_that_is_down_fails_no_request() -> None:
    requests = JobRequests(queue.connect_redis("unix:///nowhere/redis.sock"))
    requests.request_job(JOB)
    assert requests.count_waiting_jobs() is None


def test_a_request_that_was_lost_with_its_queue_does_not_silence_the_next_ones_for_long(
    connection: redis.Redis,
) -> None:
    JobRequests(connection).request_job(JOB)
    until(lambda: bool(connection.keys("carryover:waiting:*")))
    (key,) = connection.keys("carryover:waiting:*")
    assert 0 < connection.ttl(key) <= queue.PENDING_KEY_SECONDS


def test_short_jobs_run_in_the_process_of_the_worker_on_the_same_connection(
    connection: redis.Redis, worker: Callable[[dict[str, JobHandler]], ShortJobs]
) -> None:
    """Each was a fork that built its own: 134 ms of CPU for a job of 2."""
    where: list[tuple[int, int]] = []

    def job(deps: Deps) -> None:
        with deps.engine.connect() as database:
            backend = database.execute(text("SELECT pg_backend_pid()")).scalar_one()
        where.append((os.getpid(), backend))

    one = worker(handled(job))
    for _ in range(3):
        queue.enqueue_job(connection, JOB)
        work(one, connection)
    assert len(where) == 3 and len(set(where)) == 1
    assert where[0][0] == os.getpid()


@pytest.mark.parametrize("driver", [False, True], ids=["SQLAlchemy", "the driver's cursor"])
def test_a_job_that_takes_too_long_ends_with_its_query_and_the_next_one_works(
    driver: bool,
    connection: redis.Redis,
    worker: Callable[[dict[str, JobHandler]], ShortJobs],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(jobs, "JOB_TIMEOUT_SECONDS", 1)
    ended: list[str] = []

    def slow(deps: Deps) -> None:
        try:
            with deps.unit_of_work(1) as database:
                if driver:
                    with driver_cursor(database) as cursor:
                        cursor.execute(SLOW.text)
                else:
                    database.execute(SLOW)
        except Exception:  # noqa: BLE001 - as jobs do that go on with the next tenant
            ended.append("a job that takes errors for its own goes on for ever")

    def quick(deps: Deps) -> None:
        with deps.unit_of_work(1) as database:
            ended.append(f"{database.execute(text(ALIVE)).scalar()} queries go on")

    one = worker({**handled(slow), **handled(quick, OTHER.name)})
    for job in (JOB, OTHER):
        queue.enqueue_job(connection, job)
        work(one, connection)
    assert ended == ["0 queries go on"]
    assert "tests.short: the job took longer than 1 s" in caplog.text


def test_a_lost_connection_to_the_database_costs_one_job_at_most(
    connection: redis.Redis, worker: Callable[[dict[str, JobHandler]], ShortJobs]
) -> None:
    ran: list[str] = []

    def job(deps: Deps) -> None:
        with deps.engine.connect() as database:
            ran.append("ran")
            if len(ran) == 1:
                database.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    one = worker(handled(job))
    for _ in range(2):
        queue.enqueue_job(connection, JOB)
        work(one, connection)
    assert ran == ["ran", "ran"]


def test_a_job_of_the_long_queue_is_enqueued_where_there_is_work_and_never_run_here(
    connection: redis.Redis, worker: Callable[[dict[str, JobHandler]], ShortJobs]
) -> None:
    ran: list[str] = []
    idle = handled(lambda deps: ran.append("idle"), "tests.idle", LONG_QUEUE, lambda deps: False)
    busy = handled(lambda deps: ran.append("busy"), "tests.busy", LONG_QUEUE)
    due = worker({**idle, **busy, **handled(lambda deps: ran.append("short"))}).run_due_jobs()
    assert ran == ["short"], "by the timetable, without a way through the queue"
    assert due > time.monotonic() + NEVER / 2
    assert (waiting(connection), waiting(connection, LONG_QUEUE)) == (0, 1)
    assert queue.take_job(queue.open_queue(LONG_QUEUE, connection), 1) == "tests.busy"


def test_of_two_workers_side_by_side_one_has_a_long_job_run_in_its_interval(
    connection: redis.Redis, worker: Callable[[dict[str, JobHandler]], ShortJobs]
) -> None:
    """A recount of everything once a day is enough, however many workers there are."""
    for each in (worker(handled(print, "tests.busy", LONG_QUEUE)) for _ in range(2)):
        each.run_due_jobs()
        queue.mark_job_started(connection, "tests.busy")
    assert waiting(connection, LONG_QUEUE) == 1


def test_a_job_whose_name_nobody_knows_is_an_error_that_is_told(
    connection: redis.Redis,
    worker: Callable[[dict[str, JobHandler]], ShortJobs],
    caplog: pytest.LogCaptureFixture,
) -> None:
    ran: list[str] = []
    one = worker(handled(lambda deps: ran.append("ran")))
    for name in ("tests.misspelt", "tests.former"):
        queue.enqueue_job(connection, Job(name, NEVER))
        work(one, connection)
    assert "no function handles the job tests.misspelt" in caplog.text
    assert ran == ["ran"], "one that a version before called otherwise runs"


def test_a_function_handles_the_job_of_its_name_alone() -> None:
    def job(deps: Deps) -> None:
        """Not this one."""

    with pytest.raises(ValueError, match=r"the job lrs\.worker\.other is handled by"):
        JobHandlers(lambda deps: deps).handles(Job("lrs.worker.other", 5))(job)


@pytest.mark.parametrize("signals", [1, 2])
def test_a_stop_lets_a_job_end_and_a_second_one_ends_it(
    signals: int, own_queue: Settings, connection: redis.Redis
) -> None:
    """The supervisor asks again after three seconds."""

    def job(deps: Deps) -> None:
        connection.set("tests:begun", 1)
        time.sleep(2)
        connection.set("tests:ended", 1)

    def run() -> None:
        logging.disable()
        ShortJobs(own_queue, handled(job), {}).work(requested=True)

    process = ForkedProcess(run, heard=False)
    until(lambda: bool(connection.exists("tests:begun")))
    for _ in range(signals):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
    assert process.wait(20) == 0
    assert connection.exists("tests:ended") == (signals == 1)
    assert connection.exists(queue._heartbeat_key(QUEUE)), "it said that it was alive meanwhile"


def test_a_job_that_hangs_where_no_signal_reaches_it_takes_its_process_with_it(
    own_queue: Settings, connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "JOB_TIMEOUT_SECONDS", 1)
    monkeypatch.setattr(jobs, "STUCK_SECONDS", 1)

    def deaf(deps: Deps) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGTERM})
        time.sleep(60)

    process = ForkedProcess(
        lambda: ShortJobs(own_queue, handled(deaf), {}).work(requested=True), heard=True
    )
    try:
        assert process.wait(20) == 1
        assert process.stdout is not None
        with process.stdout as output:
            assert b"deaf" in output.read(), "it says where it hung"
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        raise
