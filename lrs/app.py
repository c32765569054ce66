"""The record store as a Flask application."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from flask import Blueprint, Flask, Response

from core import errors
from core.api_routes import require_declared_access
from core.compression import install_compression
from core.errors import RequestError
from core.health import HealthCheck
from core.health import blueprint as health_blueprint
from core.openapi import API_PREFIX, ApiPart
from core.redirects import make_redirects_relative
from lrs.actions.deps import StoreDeps
from lrs.actions.scopes import SCOPE_IMPLICATIONS
from lrs.api import (
    authentication,
    credentials,
    health,
    launches,
    operations,
    statement_pages,
    xapi_blueprint,
)
from lrs.api.middleware.alternate_request import AlternateSyntax
from lrs.api.middleware.drain_body import DrainRequestBody
from lrs.api.middleware.fast_post import FastPathPost
from lrs.api.middleware.tolerant_request import TolerantRequest
from lrs.api.xapi_protocol import (
    CONSISTENT_THROUGH_HEADER,
    CORS_HEADERS,
    MAX_BODY_BYTES,
    CachedHighWaterMark,
)
from lrs.store.credentials import Caller

# /api/v1 of the record store itself
OWN_API_ROUTES = (*operations.routes, *credentials.routes, *launches.routes)
_PUBLIC_ENDPOINTS = {
    "browse.static": "style and script of a page that asks for a credential",
    "health.live": "a balancer asks without a credential",
    "health.ready": "the same",
    "health.worker": "the same",
}
_SECURITY_HEADERS = [("X-Content-Type-Options", "nosniff"), ("Cache-Control", "no-store")]


def create_app(deps: StoreDeps, parts: Sequence[ApiPart] = ()) -> Flask:
    """Create the Flask application that serves ``/xapi``, ``/health``, and ``/api/v1`` with the
    parts that others add to it.
    """
    seen = CachedHighWaterMark(deps)
    # It logs a warning for every malformed body, which any caller can send at will; the error
    # response already says what was wrong.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    app = Flask("lrs", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it; the base class does not declare it
    errors.register_error_handlers(app)
    make_redirects_relative(app)
    install_compression(app)
    xapi_blueprint.register_xapi(app, deps, seen)
    own = Blueprint("store", __name__, url_prefix=API_PREFIX)
    for module in (operations, credentials, launches):
        authentication.add_routes(own, module.routes, deps)
    joined = (ApiPart(own, OWN_API_ROUTES), *parts)
    app.extensions[operations.API_ROUTES_KEY] = [route for part in joined for route in part.routes]
    for blueprint in (*(part.blueprint for part in joined), statement_pages.blueprint(deps)):
        if blueprint.url_prefix == statement_pages.PREFIX:
            blueprint.register_error_handler(RequestError, statement_pages.render_refusal)
        app.register_blueprint(blueprint)
    app.register_blueprint(health_blueprint([health.record_store_check(deps)]))
    require_declared_access(app, SCOPE_IMPLICATIONS, _PUBLIC_ENDPOINTS)

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
        deps.notify_stored,
    )
    app.wsgi_app = DrainRequestBody(TolerantRequest(AlternateSyntax(quick), MAX_BODY_BYTES))  # type: ignore[method-assign]  # the place that Flask documents for middleware
    return app


def scope_requirement(deps: StoreDeps) -> Callable[..., Caller]:
    """Return a function of scopes that gives the caller of the current request; it raises
    Unauthorised or Forbidden where nobody known calls, or who calls has none of the scopes.
    """
    return partial(authentication.require_scope, deps)


def health_check(deps: StoreDeps) -> HealthCheck:
    """Return the health check of the record store."""
    return health.record_store_check(deps)
