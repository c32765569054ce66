"""A fresh tool for each test, and a platform that answers over real HTTP what a recorded Moodle answered."""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from flask.testing import FlaskClient
from jwcrypto.jwk import JWK
from werkzeug.test import TestResponse

from adapters.lms.standard import CLAIM
from carryover.sample_programme import document
from lrs.ground import settings as ground_settings
from lrs.ground.settings import Settings
from lti_tool import app, bootstrap, cli
from lti_tool.lti.deps import ToolDeps
from tests.conftest import environ_for

CAPTURES = Path(__file__).parents[2] / "captures" / "moodle-4.5"
TOOL = "http://127.0.0.1:8080"
ISSUER, CLIENT_ID, DEPLOYMENT_ID = "http://127.0.0.1:8100", "43Y2YZJCB1NzxN9", "2"


def capture(name: str) -> dict[str, Any]:
    """A recorded exchange."""
    found: dict[str, Any] = json.loads((CAPTURES / f"{name}.json").read_text())
    return found


@pytest.fixture(scope="session")
def tool_template(servers: Any, new_database: Callable[..., str], lrs_template: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with both houses' tables."""
    name = new_database(lrs_template)
    cli.migrate(ground_settings.read(environ_for(servers, name, tmp_path_factory.mktemp("home"))))
    return name


class FakeServer:
    """The platform's and a record store's HTTP: answers are set by tests, requests are kept."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, str, str]]] = {}
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer.requests.append((self.command, self.path, dict(self.headers), body))
                waiting = outer.answers.get(urlsplit(self.path).path, [(404, "Not Found", "")])
                status, reason, text = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                self.send_response(status, reason)
                self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *given: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def says(self, path: str, *answers: tuple[int, str, Any]) -> None:
        """What ``path`` answers, one after the other; the last one stays."""
        self.answers[path] = [(status, reason, body if isinstance(body, str) else json.dumps(body)) for status, reason, body in answers]

    def bodies(self, path: str) -> list[Any]:
        """The JSON bodies posted to a path."""
        return [json.loads(body) for _, asked, _, body in self.requests if urlsplit(asked).path == path and body]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    made = FakeServer()
    yield made
    made.close()


@cache
def _moodle_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@dataclass
class Moodle:
    """The platform: signs with a key of its own, as the recorded one did."""

    server: FakeServer
    kid: str = "194c45597ab6f5c09a6c"
    key: rsa.RSAPrivateKey = field(default_factory=_moodle_key)

    def publish(self) -> None:
        public = json.loads(JWK.from_pyca(self.key.public_key()).export_public())
        self.server.says("/certs", (200, "OK", {"keys": [{**public, "kid": self.kid, "alg": "RS256", "use": "sig"}]}))

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": self.kid, **header})


@dataclass
class Tool:
    """The tool under test: its deps, a browser, a way through the launch."""

    deps: ToolDeps
    browser: FlaskClient
    moodle: Moodle
    tenant_id: int

    def login(self, **changes: str) -> TestResponse:
        parameters = {
            "iss": ISSUER,
            "target_link_uri": f"{TOOL}/lti/launch",
            "login_hint": "5",
            "lti_message_hint": '{"cmid":2}',
            "client_id": CLIENT_ID,
            "lti_deployment_id": DEPLOYMENT_ID,
            **changes,
        }
        return self.browser.post("/lti/login", data=parameters, base_url="https://127.0.0.1:8080")

    def begun(self) -> tuple[str, str]:
        """State and nonce of a login that was begun."""
        asked = parse_qs(urlsplit(self.login().location).query)
        return asked["state"][0], asked["nonce"][0]

    def claims(self, made_for: str, recorded: str = "launch-resource-student1", /, **changes: Any) -> dict[str, Any]:
        """Recorded claims, made fresh: nonce, times, our registration and address."""
        now = int(time.time())
        fresh = {"nonce": made_for, "iat": now, "exp": now + 60, "aud": CLIENT_ID, f"{CLAIM}target_link_uri": f"{TOOL}/lti/launch"}
        fresh[f"{CLAIM}deployment_id"] = DEPLOYMENT_ID
        merged = {**capture(recorded)["claims"], **fresh, **changes}
        return {key: value for key, value in merged.items() if value is not ...}

    def enter(self, state: str, id_token: str) -> TestResponse:
        return self.browser.post("/lti/launch", data={"state": state, "id_token": id_token}, base_url="https://127.0.0.1:8080")

    def launch(self, recorded: str = "launch-resource-student1", /, **changes: Any) -> TestResponse:
        state, nonce = self.begun()
        return self.enter(state, self.moodle.sign(self.claims(nonce, recorded, **changes)))

    def get(self, path: str) -> TestResponse:
        return self.browser.get(path, base_url="https://127.0.0.1:8080", follow_redirects=True)

    def post(self, path: str, page: TestResponse, **fields: Any) -> TestResponse:
        """Send a form of ``page``: its token goes with it."""
        token = page.text.split('name="form_token" value="')[1].split('"')[0]
        return self.browser.post(path, data={"form_token": token, **fields}, base_url="https://127.0.0.1:8080", follow_redirects=True)

    def rows(self, table: str) -> int:
        from sqlalchemy import text

        with self.deps.unit_of_work(self.tenant_id) as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM lti_tool.{table}")).scalar_one())  # noqa: S608 - names of this file


@pytest.fixture
def tool_settings(servers: Any, new_database: Callable[..., str], tool_template: str, tmp_path: Path, server: FakeServer) -> Settings:
    environ = environ_for(servers, new_database(tool_template), tmp_path)
    return ground_settings.read({**environ, "CARRYOVER_BASE_URL": TOOL, "CARRYOVER_LRS_URL": server.url})


@pytest.fixture
def tool(tool_settings: Settings, server: FakeServer, servers: Any, tmp_path: Path) -> Iterator[Tool]:
    """A tenant with the sample programme and a registered Moodle, whose student 5 was certified a week ago."""
    environ = {
        **environ_for(servers, "x", tmp_path),
        "CARRYOVER_DATABASE_URL": tool_settings.database_url,
        "CARRYOVER_BASE_URL": TOOL,
        "CARRYOVER_LRS_URL": server.url,
    }
    deps = bootstrap.build(environ)
    tenant_id = cli.create_tenant(tool_settings, name="one", lrs_url=None, lrs_key="key", lrs_secret="secret", practice=False)
    platform = {
        "issuer": ISSUER,
        "client_id": CLIENT_ID,
        "auth_login_url": f"{server.url}/auth",
        "auth_token_url": f"{server.url}/token",
        "key_set_url": f"{server.url}/certs",
    }
    week_ago = datetime.now(UTC) - timedelta(days=7)
    cli.set_up(
        tool_settings, tenant_id=tenant_id, programme=document(), platform=platform, deployments=[DEPLOYMENT_ID], certified={"5": ("", week_ago)}
    )
    moodle = Moodle(server)
    moodle.publish()
    yield Tool(deps, app.create_app(deps).test_client(), moodle, tenant_id)
    deps.engine.dispose()
    deps.client.close()
    deps.own_client.close()


def unsigned(claims: dict[str, Any], **header: Any) -> str:
    """A token with alg none."""

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none', 'kid': '194c45597ab6f5c09a6c', **header})}.{part(claims)}."


def new_uuid() -> str:
    return str(uuid.uuid4())
