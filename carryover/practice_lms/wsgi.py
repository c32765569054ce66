"""The demo's application: the record store, the tool, and the practice LMS beside them."""

from __future__ import annotations

import json
import os
from pathlib import Path

from flask import Flask, redirect
from flask.typing import ResponseReturnValue

from carryover.practice_lms.app import PRACTICE_FILE, lms_address
from carryover.practice_lms.app import create_app as practice_app
from carryover.wsgi import Door, houses
from core import settings
from core.health import Check, Health
from core.processes import settle_collector


def _seeded(file: Path) -> Check:
    """Health check: not ready until the practice cohort is stored and counted."""

    def look(health: Health) -> None:
        if not json.loads(file.read_text()).get("seeded"):
            health.ready = False
            health.degraded.append("practice data")

    return look


def create_app() -> Door:
    """Create the application from the environment that ``carryover demo`` sets up."""
    read = settings.read(os.environ)
    others, tool = houses(_seeded(read.home / PRACTICE_FILE))
    front = Flask("front", static_folder=None)

    @front.get("/")
    def first_page() -> ResponseReturnValue:
        """Anyone who opens the demo's root URL wants to see the course."""
        return redirect(f"{lms_address(read.base_url)}/practice/")

    door = Door({**others, "practice": practice_app(read.home, read.base_url), "": front.wsgi_app}, tool)
    settle_collector()
    return door
