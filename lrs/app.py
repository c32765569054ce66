"""The record store as a Flask application."""

from __future__ import annotations

import logging

from flask import Flask, Response

from core import errors
from core.health import blueprint as health_blueprint
from core.redirects import keep_to_this_site
from lrs.actions.deps import StoreDeps
from lrs.api import browse, business, counting, credentials, health, metrics, operations, resources, watching
from lrs.api.alternate import AlternateSyntax
from lrs.api.ending import ReadToTheEnd
from lrs.api.protocol import CONSISTENT, FOR_OTHER_ORIGINS, LARGEST_BODY, Horizon
from lrs.api.quick import QuickPost
from lrs.api.statements import COUNT_JOB

_HARMLESS = [("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]


def create_app(deps: StoreDeps) -> Flask:
    """Create the Flask application that serves ``/xapi``, ``/api/v1`` and ``/health``."""
    seen = Horizon(deps)
    # It logs a warning for every malformed body, which any caller can send at will; the error
    # response already says what was wrong.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    app = Flask("lrs", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it; the base class does not declare it
    errors.answer_with_json(app)
    keep_to_this_site(app)
    resources.register(app, deps, seen)
    app.register_blueprint(metrics.blueprint(deps))
    app.register_blueprint(business.blueprint(deps))
    app.register_blueprint(counting.blueprint(deps))
    app.register_blueprint(watching.blueprint(deps))
    app.register_blueprint(operations.blueprint(deps))
    app.register_blueprint(credentials.blueprint(deps))
    app.register_blueprint(browse.blueprint(deps))
    app.register_blueprint(health_blueprint([health.check(deps)]))

    @app.after_request
    def harmless(response: Response) -> Response:
        for name, value in _HARMLESS:
            response.headers[name] = value
        return response

    quick = QuickPost(
        app.wsgi_app, deps, LARGEST_BODY, lambda: [*_HARMLESS, *FOR_OTHER_ORIGINS, (CONSISTENT, seen.text())], lambda: deps.nudges.nudge(COUNT_JOB)
    )
    app.wsgi_app = ReadToTheEnd(AlternateSyntax(quick))  # type: ignore[method-assign]  # the place that Flask documents for middleware
    return app
