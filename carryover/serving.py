"""The commands that start parts of the product: web server, workers of the two queues, timer."""

from __future__ import annotations

import sys

from core import queue
from core.queue import Timed
from core.settings import Settings
from lrs import long_worker as lrs_long_worker
from lrs import worker as lrs_worker
from lti_tool import worker as tool_worker

TIMED: tuple[Timed, ...] = (*lrs_worker.TIMED, *lrs_long_worker.TIMED, *tool_worker.TIMED)
PARTS = ("queue", "long", "timer")  # of the worker, each a process of its own


def web_command(settings: Settings, factory: str) -> list[str]:
    """granian with its default of blocking threads: pages that call the record store in the same process need many."""
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", settings.host, "--port", str(settings.port), "--no-ws"]
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


def part_command(part: str) -> list[str]:
    """One part of the worker, as a process of its own."""
    return [sys.executable, "-m", "carryover", "worker", "--part", part]


def run_part(settings: Settings, part: str) -> None:
    """Until SIGTERM: nudge the timed jobs, or work on a queue; the jobs' modules are imported already, so a forked job starts at once."""
    if part == "timer":
        queue.run_timer(settings.redis_url, TIMED)
    else:
        queue.run_worker(settings.redis_url, queue.LONG_QUEUE if part == "long" else queue.QUEUE)
