"""WSGI entry point of the record store on its own; ``carryover.wsgi`` serves it with analytics and
the tool.
"""

from __future__ import annotations

import os

from flask import Flask

from core.child_processes import tune_garbage_collector
from lrs import app, bootstrap


def create_app() -> Flask:
    """Create the application from the environment: ``granian --interface wsgi --factory
    lrs.wsgi:create_app``.
    """
    created = app.create_app(bootstrap.build_from_environ(os.environ))
    tune_garbage_collector()
    return created
