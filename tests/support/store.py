"""Clients of a record store, over Flask's test client or over real HTTP."""

from __future__ import annotations

import base64
import http.client
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


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
        return self.client.post(
            "/xapi/statements", data=raw, headers=self.headers(), content_type="application/json"
        )

    def send(
        self, method: str, path: str, query: Mapping[str, str] | None = None, **more: Any
    ) -> TestResponse:
        """Any request; ``headers`` are added to those of the caller, ``version=None`` leaves the
        version away.
        """
        headers = {**self.headers(), **more.pop("headers", {})}
        return self.client.open(path, method=method, query_string=query, headers=headers, **more)

    def put(self, statement_id: str, body: Any) -> TestResponse:
        query = {"statementId": statement_id}
        return self.client.put(
            "/xapi/statements",
            query_string=query,
            data=json.dumps(body),
            headers=self.headers(),
            content_type="application/json",
        )


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
        return {
            "Authorization": f"Basic {token}",
            "X-Experience-API-Version": version,
            "Content-Type": "application/json",
        }
