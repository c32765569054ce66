"""WSGI entry points of the record store: on its own, or mounted beside the tool by
``carryover.wsgi``.
"""

from __future__ import annotations

import os

from flask import Flask

from core.child_processes import tune_garbage_collector
from core.health import HealthCheck
from lrs import app, bootstrap
from lrs.api import health


def create_app() -> Flask:
    """Create the application from the environment: ``granian --interface wsgi --factory
    lrs.wsgi:create_app``.
    """
    made = app.create_app(bootstrap.build_from_environ(os.environ))
    tune_garbage_collector()
    return made


def create_app_and_check() -> tuple[Flask, HealthCheck]:
    """Return the application and its health check, for mounting beside other applications."""
    deps = bootstrap.build_from_environ(os.environ)
    return app.create_app(deps), health.record_store_check(deps)
