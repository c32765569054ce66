"""The record store as a Flask application."""

from __future__ import annotations

from flask import Flask, Response

from lrs.actions.deps import StoreDeps
from lrs.api import health, metrics, resources
from lrs.api.alternate import AlternateSyntax
from lrs.ground import errors
from lrs.ground.health import blueprint as health_blueprint


def create_app(deps: StoreDeps) -> Flask:
    """``/xapi``, ``/api/v1`` and ``/health``."""
    app = Flask("lrs", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it; the base class does not say so
    errors.answer_with_json(app)
    app.register_blueprint(resources.blueprint(deps))
    app.register_blueprint(metrics.blueprint(deps))
    app.register_blueprint(health_blueprint([health.check(deps)]))

    @app.after_request
    def harmless(response: Response) -> Response:
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"
        return response

    app.wsgi_app = AlternateSyntax(app.wsgi_app)  # type: ignore[method-assign]  # Flask's own documented place for middleware
    return app
