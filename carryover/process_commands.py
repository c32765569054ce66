"""The commands that start the product's processes: web server, workers of the two queues,
timer.
"""

from __future__ import annotations

import sys

from analytics import long_worker as analytics_long_worker
from analytics import worker as analytics_worker
from core import queue
from core.queue import TimedJob
from core.settings import Settings
from lrs import long_worker as lrs_long_worker
from lrs import worker as lrs_worker
from lti_tool import worker as tool_worker

ALL_TIMED_JOBS: tuple[TimedJob, ...] = (
    *lrs_worker.TIMED_JOBS,
    *lrs_long_worker.TIMED_JOBS,
    *analytics_worker.TIMED_JOBS,
    *analytics_long_worker.TIMED_JOBS,
    *tool_worker.TIMED_JOBS,
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
WORKER_PARTS = ("queue", "long", "timer")  # of the worker, each a separate process


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


def worker_part_command(part: str) -> list[str]:
    """Command for one part of the worker as a separate process."""
    return [sys.executable, "-m", "carryover", "worker", "--part", part]


def run_worker_part(settings: Settings, part: str) -> None:
    """Run until SIGTERM: enqueue the timed jobs, or work on a queue. The jobs' modules are
    already imported, so a forked job starts at once.
    """
    if part == "timer":
        queue.run_job_timer(settings.redis_url, ALL_TIMED_JOBS)
    else:
        queue.run_worker(
            settings.redis_url, queue.LONG_QUEUE if part == "long" else queue.QUEUE, RENAMED_JOBS
        )
