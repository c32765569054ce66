"""The tool as a Flask application."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from flask import Flask, render_template

from lti_tool.lti.deps import ToolDeps
from lti_tool.views import home, launch, learner, pages

LARGEST_FORM = 1024 * 1024  # an id_token with every claim is a few kB
_VIEWS = Path(__file__).parent / "views"


def create_app(deps: ToolDeps) -> Flask:
    """``/lti``, the pages after a launch below ``/t``, and a first page that says what this is."""
    app = Flask("lti_tool", root_path=str(_VIEWS))
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_FORM
    app.jinja_env.filters["day"] = day
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    pages.finish(app)
    app.register_blueprint(launch.blueprint(deps))
    app.register_blueprint(home.blueprint(deps))
    app.register_blueprint(learner.blueprint(deps))

    @app.get("/")
    def front() -> str:
        return render_template("front.html", base_url=deps.settings.base_url)

    return app


def day(instant: datetime | date) -> str:
    """23 November 2026."""
    return f"{instant.day} {instant:%B %Y}"
