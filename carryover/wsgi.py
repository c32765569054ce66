"""The WSGI mount: the record store and the tool behind one server, independent of each
other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask

from carryover import composition
from core import connection_balance, errors
from core.child_processes import tune_garbage_collector
from core.health import HealthCheck, blueprint
from lrs import app as lrs_app
from lti_tool import wsgi as tool_wsgi

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class PathDispatcher:
    """Dispatches a request to the application mounted at its first path segment."""

    def __init__(self, apps: Mapping[str, WSGIApplication], default: WSGIApplication) -> None:
        self._apps, self._default_app = dict(apps), default
        self._balance = connection_balance.join()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._balance is not None and self._balance.should_close():
            start_response = _closing(start_response)
        first = environ.get("PATH_INFO", "").lstrip("/").partition("/")[0]
        return self._apps.get(first, self._default_app)(environ, start_response)


def _closing(start_response: StartResponse) -> StartResponse:
    """After this answer the client connects again."""

    def start(
        status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        return start_response(status, [*headers, ("Connection", "close")], exc_info)

    return start


def mounted_apps(*more: HealthCheck) -> tuple[dict[str, WSGIApplication], WSGIApplication]:
    """Return the applications by path segment, with their common ``/health``, and the
    default application; ``more`` adds health checks.
    """
    deps = composition.build_from_environ(os.environ)
    store, store_check = composition.create_store_app(deps), lrs_app.health_check(deps.store)
    tool, tool_check = tool_wsgi.create_app_with_check()
    health = Flask("health", static_folder=None)
    errors.register_error_handlers(health)
    health.register_blueprint(blueprint([store_check, tool_check, *more]))
    return {"xapi": store, "api": store, "browse": store, "health": health}, tool


def create_app() -> PathDispatcher:
    """Create the application from the environment: ``granian --interface wsgi --factory
    carryover.wsgi:create_app``.
    """
    dispatcher = PathDispatcher(*mounted_apps())
    tune_garbage_collector()
    return dispatcher
