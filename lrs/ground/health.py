"""``/health``: is the process alive, can it do its work. Each house brings its checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout


@dataclass
class Health:
    """``facts`` are shown; ``degraded`` names parts that do not work; ``ready`` is false when requests cannot be served."""

    ready: bool = True
    facts: dict[str, Any] = field(default_factory=dict)
    degraded: list[str] = field(default_factory=list)


Check = Callable[[Health], None]


def blueprint(checks: Sequence[Check]) -> Blueprint:
    """The routes: live (200 while the process answers), ready (503 when the database cannot be written)."""
    pages = Blueprint("health", __name__, url_prefix="/health")

    @pages.get("/live")
    def live() -> ResponseReturnValue:
        return jsonify({"status": "live"})

    @pages.get("/ready")
    def ready() -> ResponseReturnValue:
        health = Health()
        for check in checks:
            try:
                check(health)
            except (SQLAlchemyError, PoolTimeout):
                health.ready = False
                health.degraded.append("database")
        health.degraded = sorted(set(health.degraded))
        body = {"status": "ready" if health.ready else "not ready", **health.facts, "degraded": health.degraded}
        return jsonify(body), 200 if health.ready else 503

    return pages
