"""The record store as a Flask application."""

from __future__ import annotations

from flask import Flask, Response

from lrs.api import health, metrics, xapi
from lrs.ground import errors
from lrs.ground.deps import Deps
from lrs.ground.health import blueprint as health_blueprint


def create_app(deps: Deps) -> Flask:
    """``/xapi``, ``/api/v1`` and ``/health``."""
    app = Flask("lrs", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it; the base class does not say so
    errors.answer_with_json(app)
    app.register_blueprint(xapi.blueprint(deps))
    app.register_blueprint(metrics.blueprint(deps))
    app.register_blueprint(health_blueprint([health.check(deps)]))

    @app.after_request
    def harmless(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    return app
