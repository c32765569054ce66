"""The record store as a Flask application."""

from __future__ import annotations

import logging

from flask import Flask, Response

from analytics.api import alarms, business, identity_and_mappings, metrics
from core import errors
from core.health import blueprint as health_blueprint
from core.redirects import make_redirects_relative
from lrs.actions.deps import StoreDeps
from lrs.api import credentials, health, operations, statement_pages, xapi_blueprint
from lrs.api.middleware.alternate_request import AlternateSyntax
from lrs.api.middleware.drain_body import DrainRequestBody
from lrs.api.middleware.fast_post import FastPathPost
from lrs.api.statements import COUNT_JOB
from lrs.api.xapi_protocol import CONSISTENT_THROUGH_HEADER, CORS_HEADERS, MAX_BODY_BYTES, CachedHighWaterMark

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
    xapi_blueprint.register_xapi(app, deps, seen)
    app.register_blueprint(metrics.blueprint(deps))
    app.register_blueprint(business.blueprint(deps))
    app.register_blueprint(identity_and_mappings.blueprint(deps))
    app.register_blueprint(alarms.blueprint(deps))
    app.register_blueprint(operations.blueprint(deps))
    app.register_blueprint(credentials.blueprint(deps))
    app.register_blueprint(statement_pages.blueprint(deps))
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
