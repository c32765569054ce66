"""The record store as a Flask application."""

from __future__ import annotations

import logging

from flask import Flask, Response

from core import errors
from core.health import blueprint as health_blueprint
from core.redirects import make_redirects_relative
from lrs.actions.deps import StoreDeps
from lrs.api import browse, business, counting, credentials, health, metrics, operations, resources, watching
from lrs.api.alternate import AlternateSyntax
from lrs.api.ending import DrainRequestBody
from lrs.api.protocol import CONSISTENT_THROUGH_HEADER, CORS_HEADERS, MAX_BODY_BYTES, CachedHighWaterMark
from lrs.api.quick import FastPathPost
from lrs.api.statements import COUNT_JOB

_SECURITY_HEADERS = [("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]


def create_app(deps: StoreDeps) -> Flask:
    """Create the Flask application that serves ``/xapi``, ``/api/v1`` and ``/health``."""
    seen = CachedHighWaterMark(deps)
    # It logs a warning for every malformed body, which any caller can send at will; the error
    # response already says what was wrong.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    app = Flask("lrs", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it; the base class does not declare it
    errors.register_error_handlers(app)
    make_redirects_relative(app)
    resources.register_xapi(app, deps, seen)
    app.register_blueprint(metrics.blueprint(deps))
    app.register_blueprint(business.blueprint(deps))
    app.register_blueprint(counting.blueprint(deps))
    app.register_blueprint(watching.blueprint(deps))
    app.register_blueprint(operations.blueprint(deps))
    app.register_blueprint(credentials.blueprint(deps))
    app.register_blueprint(browse.blueprint(deps))
    app.register_blueprint(health_blueprint([health.record_store_check(deps)]))

    @app.after_request
    def add_security_headers(response: Response) -> Response:
        for name, value in _SECURITY_HEADERS:
            response.headers[name] = value
        return response

    quick = FastPathPost(
        app.wsgi_app,
        deps,
        MAX_BODY_BYTES,
        lambda: [*_SECURITY_HEADERS, *CORS_HEADERS, (CONSISTENT_THROUGH_HEADER, seen.text())],
        lambda: deps.job_requests.request_job(COUNT_JOB),
    )
    app.wsgi_app = DrainRequestBody(AlternateSyntax(quick))  # type: ignore[method-assign]  # the place that Flask documents for middleware
    return app
