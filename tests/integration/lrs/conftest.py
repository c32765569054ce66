"""A fresh record store for each test: its deps, its tenants, a client of its HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from lrs import app, cli
from lrs.actions.deps import StoreDeps, store_deps
from lrs.ground import deps as ground_deps
from lrs.ground.settings import Settings


@pytest.fixture
def deps(lrs_settings: Settings) -> Iterator[StoreDeps]:
    made = store_deps(ground_deps.build(lrs_settings))
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

    def put(self, statement_id: str, body: Any) -> TestResponse:
        query = {"statementId": statement_id}
        return self.client.put("/xapi/statements", query_string=query, data=json.dumps(body), headers=self.headers(), content_type="application/json")


@pytest.fixture
def tenant(lrs_settings: Settings, deps: StoreDeps) -> Callable[..., Caller]:
    """Makes a tenant and gives its client."""
    client = app.create_app(deps).test_client()

    def make(name: str = "one", scopes: tuple[str, ...] = ("all",)) -> Caller:
        ((key, secret),) = cli.create_tenant(lrs_settings, name, [("test", scopes)], again=True)
        return Caller(client, key, secret)

    return make


@pytest.fixture
def one(tenant: Callable[..., Caller]) -> Caller:
    return tenant()
