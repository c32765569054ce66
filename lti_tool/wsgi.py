"""WSGI entry point of the tool, on its own or combined with the other services in one
process."""

from __future__ import annotations

import os

from flask import Flask

from core.health import HealthCheck
from core.health import blueprint as health_blueprint
from lti_tool import app, bootstrap
from lti_tool.base import health


def create_app() -> Flask:
    """The application, from the environment, with its own ``/health``."""
    created, check = create_app_with_check()
    created.register_blueprint(health_blueprint([check]))
    return created


def create_app_with_check() -> tuple[Flask, HealthCheck]:
    """The application and its health check, for combining several services in one process."""
    deps = bootstrap.build(os.environ)
    return app.create_app(deps), health.outbox_check(deps)
