"""``/health``: whether the process is alive and can do its work. Each app adds its checks."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import RETRY_SECONDS

MAX_COUNTING_DELAY = timedelta(
    minutes=1
)  # a statement that waits longer is late: counting takes seconds
# below this, a busy day of attachments or PostgreSQL's own logs may fill the disk
MIN_FREE_BYTES = 2_000_000_000
MAX_REQUEST_BYTES = (
    64_000_000  # a batch with its attachments, and the same size again while it is written
)


def measure_free_bytes(folder: Path) -> int:
    """The free disk space at this folder, which need not exist yet."""
    place = folder
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free


@dataclass
class Health:
    """``facts`` are shown; ``degraded`` names the parts that do not work; ``ready`` is false
    when requests cannot be served."""

    ready: bool = True
    facts: dict[str, Any] = field(default_factory=dict)
    degraded: list[str] = field(default_factory=list)


HealthCheck = Callable[[Health], None]


def blueprint(checks: Sequence[HealthCheck]) -> Blueprint:
    """The routes: live (200 while the process answers); ready (503 if nothing can be stored,
    otherwise 200 with the degraded parts: a store that accepts statements stays available to
    its clients while its workers are down); worker (503 if a queue has no worker)."""
    pages = Blueprint("health", __name__, url_prefix="/health")

    @pages.get("/live")
    def live() -> ResponseReturnValue:
        return jsonify({"status": "live"})

    @pages.get("/ready")
    def ready() -> ResponseReturnValue:
        health = _run_checks(checks)
        return _health_response(
            health,
            "not ready" if not health.ready else "degraded" if health.degraded else "ready",
            health.ready,
        )

    @pages.get("/worker")
    def worker() -> ResponseReturnValue:
        health = _run_checks(checks)
        works = not {"worker", "queue"}.intersection(health.degraded)
        return _health_response(health, "working" if works else "not working", works)

    return pages


def _run_checks(checks: Sequence[HealthCheck]) -> Health:
    health = Health()
    for check in checks:
        try:
            check(health)
        except (SQLAlchemyError, PoolTimeout):
            health.ready = False
            health.degraded.append("database")
    health.degraded = sorted(set(health.degraded))
    return health


def _health_response(health: Health, status: str, good: bool) -> ResponseReturnValue:
    answer = jsonify({"status": status, **health.facts, "degraded": health.degraded})
    if not good:
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer, 200 if good else 503
