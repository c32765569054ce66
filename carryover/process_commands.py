"""How the product's processes are started: web server, workers of the two queues."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from functools import partial

from granian import Granian as Server
from granian.constants import Interfaces
from granian.log import LogLevels

from analytics import long_worker as analytics_long_worker
from analytics import worker as analytics_worker
from core import connection_balance, job_runner, jobs
from core.child_processes import ChildProcess, fork_starter, name_process
from core.settings import Settings
from lrs import long_worker as lrs_long_worker
from lrs import worker as lrs_worker
from lti_tool import worker as tool_worker

JOB_HANDLERS = jobs.join_handlers(
    (
        lrs_worker.jobs,
        lrs_long_worker.jobs,
        analytics_worker.jobs,
        analytics_long_worker.jobs,
        tool_worker.jobs,
    )
)
# Jobs that version 0.1 enqueued under other names: what lies in the queue during an update still
# runs.
RENAMED_JOBS = {
    "lrs.worker.count": "analytics.worker.count",
    "lrs.long_worker.compute": "analytics.long_worker.compute",
    "lrs.long_worker.export": "analytics.long_worker.export",
    "lrs.long_worker.watch": "analytics.long_worker.watch",
    "lrs.long_worker.reconcile": "analytics.long_worker.reconcile",
}
WEB_KILL_SECONDS = 3  # after which a web worker that was asked to stop is killed
# The two processes of a worker; and the timetable alone, for those who run short jobs elsewhere.
WORKER_PARTS, TIMER = ("queue", "long"), "timer"


def serve_web(settings: Settings, factory: str) -> None:
    """Serve HTTP until SIGTERM, by workers that are forks of this process and share what it has
    imported; ``factory``: dotted module, colon, function. With granian's default of blocking
    threads: pages that call the record store in the same process need many.
    """
    name_process("carryover web")
    importlib.import_module(factory.partition(":")[0])
    connection_balance.share_among(settings.web_workers, settings.port)
    Server(
        factory,
        factory=True,
        interface=Interfaces.WSGI,
        address=settings.host,
        port=settings.port,
        websockets=False,
        workers=settings.web_workers,
        respawn_failed_workers=True,
        workers_kill_timeout=WEB_KILL_SECONDS,
        log_level=LogLevels.error,
    ).serve()


def web_child(settings: Settings, factory: str, environ: Mapping[str, str]) -> ChildProcess:
    """The web server as a fork of this process; ``environ`` is what the application reads."""

    def run() -> None:
        os.environ.update(environ)
        serve_web(settings, factory)

    return ChildProcess("the web server", fork_starter(run, heard=True))


def worker_children(settings: Settings, name: str, *, heard: bool = False) -> list[ChildProcess]:
    """The processes of a worker: forks of this one, which has imported what jobs need. ``name`` is
    the worker's, and ``heard`` that their output is piped to the child objects.
    """
    return [
        ChildProcess(
            f"{name} {part}",
            fork_starter(partial(run_worker_part, settings, part), heard=heard),
        )
        for part in WORKER_PARTS
    ]


def run_worker_part(settings: Settings, part: str) -> None:
    """Work on jobs until SIGTERM: short ones here, by the timetable and (``queue``) when they are
    requested; long ones each in a fork of this process.
    """
    name_process(f"carryover {part}")
    if part == "long":
        job_runner.run_long_jobs(settings, JOB_HANDLERS, RENAMED_JOBS)
    else:
        job_runner.ShortJobs(settings, JOB_HANDLERS, RENAMED_JOBS).work(requested=part == "queue")
