"""A fresh record store for each test: its deps, its tenants, a client of its HTTP."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core import deps as ground_deps
from core.embedded import EmbeddedServers
from core.settings import Settings
from lrs import app, operator_api
from lrs.actions.deps import StoreDeps, build_store_deps


@pytest.fixture
def deps(lrs_settings: Settings) -> Iterator[StoreDeps]:
    made = build_store_deps(ground_deps.build_deps(lrs_settings))
    yield made
    made.close()


@dataclass
class Caller:
    """A tenant's client: every request signed and versioned."""

    client: FlaskClient
    key: str
    secret: str
    version: str = "1.0.3"

    def headers(self) -> dict[str, str]:
        token = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        return {"Authorization": f"Basic {token}", "X-Experience-API-Version": self.version}

    def get(self, path: str, **parameters: Any) -> TestResponse:
        return self.client.get(path, query_string=parameters or None, headers=self.headers())

    def post(self, body: Any) -> TestResponse:
        raw = body if isinstance(body, bytes | str) else json.dumps(body)
        return self.client.post("/xapi/statements", data=raw, headers=self.headers(), content_type="application/json")

    def send(self, method: str, path: str, query: Mapping[str, str] | None = None, **more: Any) -> TestResponse:
        """Any request; ``headers`` are added to those of the caller, ``version=None`` leaves the version away."""
        headers = {**self.headers(), **more.pop("headers", {})}
        return self.client.open(path, method=method, query_string=query, headers=headers, **more)

    def put(self, statement_id: str, body: Any) -> TestResponse:
        query = {"statementId": statement_id}
        return self.client.put("/xapi/statements", query_string=query, data=json.dumps(body), headers=self.headers(), content_type="application/json")


@pytest.fixture
def tenant(lrs_settings: Settings, deps: StoreDeps) -> Callable[..., Caller]:
    """Makes a tenant and gives its client."""
    client = app.create_app(deps).test_client()

    def make(name: str = "one", scopes: tuple[str, ...] = ("all",)) -> Caller:
        ((key, secret),) = operator_api.create_tenant(lrs_settings, name, [("test", scopes)], again=True)
        return Caller(client, key, secret)

    return make


@pytest.fixture
def one(tenant: Callable[..., Caller]) -> Caller:
    return tenant()


def body(answer: TestResponse) -> Any:
    """The decoded JSON of an answer."""
    assert answer.status_code == 200, answer.text
    return answer.json


@dataclass
class Live:
    """A record store behind its real web server, two workers, as it is run in production."""

    url: str
    key: str
    secret: str
    process: subprocess.Popen[bytes]
    environ: dict[str, str]
    postgres_log: Path

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", int(self.url.rpartition(":")[2]), timeout=60)

    def headers(self, version: str = "1.0.3") -> dict[str, str]:
        token = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        return {"Authorization": f"Basic {token}", "X-Experience-API-Version": version, "Content-Type": "application/json"}


@pytest.fixture
def live(lrs_settings: Settings, servers: EmbeddedServers, tmp_path: Path) -> Iterator[Live]:
    ((key, secret),) = operator_api.create_tenant(lrs_settings, "live", [("test", ("all",))], again=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CARRYOVER_")},
        "CARRYOVER_HOME": str(tmp_path),
        "CARRYOVER_DATABASE_URL": lrs_settings.database_url,
        "CARRYOVER_MIGRATION_URL": lrs_settings.migration_url,
        "CARRYOVER_REDIS_URL": lrs_settings.redis_url,
        "CARRYOVER_SECRET_KEY": lrs_settings.secret_key,
        "CARRYOVER_ALLOW_PRIVATE_PLATFORMS": "1",
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port), "--no-ws", "--workers", "2"]
    process = subprocess.Popen([*command, "--workers-kill-timeout", "3", "--log-level", "error", "--factory", "lrs.wsgi:create_app"], env=environ)
    made = Live(f"http://127.0.0.1:{port}", key, secret, process, environ, servers.postgres_log)
    for _ in range(300):
        try:
            with contextlib.closing(made.connection()) as connection:
                connection.request("GET", "/xapi/about")
                connection.getresponse().read()
                break
        except OSError:
            time.sleep(0.1)
    yield made
    process.terminate()
    process.wait(30)
