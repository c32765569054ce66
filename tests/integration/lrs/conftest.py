"""A fresh record store for each test: its deps, its tenants, a client of its HTTP."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core import deps as ground_deps
from core.embedded import EmbeddedServers
from core.settings import Settings
from lrs import app, operator_api
from lrs.actions.deps import StoreDeps, build_store_deps
from tests.support.store import Caller, Live


@pytest.fixture
def deps(lrs_settings: Settings) -> Iterator[StoreDeps]:
    made = build_store_deps(ground_deps.build_deps(lrs_settings))
    yield made
    made.close()


@pytest.fixture
def tenant(lrs_settings: Settings, deps: StoreDeps) -> Callable[..., Caller]:
    """Makes a tenant and gives its client."""
    client = app.create_app(deps).test_client()

    def make(name: str = "one", scopes: tuple[str, ...] = ("all",)) -> Caller:
        ((key, secret),) = operator_api.create_tenant(
            lrs_settings, name, [("test", scopes)], again=True
        )
        return Caller(client, key, secret)

    return make


@pytest.fixture
def one(tenant: Callable[..., Caller]) -> Caller:
    return tenant()


@pytest.fixture
def live(lrs_settings: Settings, servers: EmbeddedServers, tmp_path: Path) -> Iterator[Live]:
    with serve(lrs_settings, servers, tmp_path) as made:
        yield made


@contextlib.contextmanager
def serve(lrs_settings: Settings, servers: EmbeddedServers, home: Path) -> Iterator[Live]:
    """A record store behind its real web server."""
    ((key, secret),) = operator_api.create_tenant(
        lrs_settings, "live", [("test", ("all",))], again=True
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CARRYOVER_")},
        "CARRYOVER_HOME": str(home),
        "CARRYOVER_DATABASE_URL": lrs_settings.database_url,
        "CARRYOVER_MIGRATION_URL": lrs_settings.migration_url,
        "CARRYOVER_REDIS_URL": lrs_settings.redis_url,
        "CARRYOVER_SECRET_KEY": lrs_settings.secret_key,
        "CARRYOVER_ALLOW_PRIVATE_PLATFORMS": "1",
        "PORT": str(port),
    }
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "wsgi",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--no-ws",
        "--workers",
        "2",
    ]
    process = subprocess.Popen(
        [
            *command,
            "--workers-kill-timeout",
            "3",
            "--log-level",
            "error",
            "--factory",
            "lrs.wsgi:create_app",
        ],
        env=environ,
    )
    made = Live(f"http://127.0.0.1:{port}", key, secret, process, environ, servers.postgres_log)
    for _ in range(300):
        try:
            with contextlib.closing(made.connection()) as connection:
                connection.request("GET", "/xapi/about")
                connection.getresponse().read()
                break
        except OSError:
            time.sleep(0.1)
    try:
        yield made
    finally:
        process.terminate()
        process.wait(30)
