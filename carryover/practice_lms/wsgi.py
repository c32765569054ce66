"""The demo's application: the record store, the tool, and the practice LMS beside them."""

from __future__ import annotations

import json
import os
from pathlib import Path

from flask import Flask, redirect
from flask.typing import ResponseReturnValue

from carryover.practice_lms.app import PRACTICE_STATE_FILE, lms_base_url
from carryover.practice_lms.app import create_app as practice_app
from carryover.wsgi import PathDispatcher, mounted_apps
from core import settings
from core.child_processes import tune_garbage_collector
from core.health import Health, HealthCheck


def _seeding_check(file: Path) -> HealthCheck:
    """Health check: not ready until the practice cohort is stored and counted."""

    def add_facts(health: Health) -> None:
        if not json.loads(file.read_text()).get("seeded"):
            health.ready = False
            health.degraded.append("practice data")

    return add_facts


def create_app() -> PathDispatcher:
    """Create the application from the environment that ``carryover demo`` sets up."""
    read = settings.read_settings(os.environ)
    others, tool = mounted_apps(_seeding_check(read.home / PRACTICE_STATE_FILE))
    front = Flask("front", static_folder=None)

    @front.get("/")
    def redirect_to_course() -> ResponseReturnValue:
        """Anyone who opens the demo's root URL wants to see the course."""
        return redirect(f"{lms_base_url(read.base_url)}/practice/")

    dispatcher = PathDispatcher(
        {**others, "practice": practice_app(read.home, read.base_url), "": front.wsgi_app}, tool
    )
    tune_garbage_collector()
    return dispatcher
