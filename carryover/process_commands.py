"""How the product's processes are started: web server, workers of the two queues."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial

from analytics import long_worker as analytics_long_worker
from analytics import worker as analytics_worker
from core import job_runner, jobs
from core.child_processes import ChildProcess, command_starter, fork_starter, name_process
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
# The two processes of a worker; and the timetable alone, for those who run short jobs elsewhere.
WORKER_PARTS, TIMER = ("queue", "long"), "timer"


def web_command(settings: Settings, factory: str) -> list[str]:
    """Command for granian with its default of blocking threads: pages that call the record
    store in the same process need many.
    """
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        settings.host,
        "--port",
        str(settings.port),
        "--no-ws",
    ]
    command += [
        "--workers",
        str(settings.web_workers),
        "--respawn-failed-workers",
        "--workers-kill-timeout",
        "3",
        "--log-level",
        "error",
        "--factory",
        factory,
    ]
    return command


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


def worker_commands(environ: Mapping[str, str], name: str) -> list[ChildProcess]:
    """The same as commands of their own, which read the code when they start."""
    command = [sys.executable, "-m", "carryover", "worker", "--part"]
    return [
        ChildProcess(f"{name} {part}", command_starter([*command, part], environ, heard=True))
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
        job_runner.ShortJobs(settings, JOB_HANDLERS, RENAMED_JOBS).work(nudged=part == "queue")
