"""A running tool, its platform and its browser."""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from jwcrypto.jwk import JWK
from sqlalchemy import text
from werkzeug.test import TestResponse

from adapters.lms.claims import CLAIM_PREFIX
from carryover.sample_programme import sample_document
from core import settings as ground_settings
from lti_tool import app, bootstrap, operator_api
from lti_tool.base import routes, signing_keys
from lti_tool.base.deps import ToolDeps
from lti_tool.base.routes import RateClass
from lti_tool.people import directory
from tests.conftest import environ_for

CAPTURES = Path(__file__).parents[1] / "captures" / "moodle-4.5"


TOOL = "http://127.0.0.1:8080"


ISSUER, CLIENT_ID, DEPLOYMENT_ID = "http://127.0.0.1:8100", "43Y2YZJCB1NzxN9", "2"
TENANT_ID, PLATFORM_URL = 1, "http://127.0.0.1:8101"  # of the tool that is set up


def capture(name: str) -> dict[str, Any]:
    """A recorded exchange."""
    found: dict[str, Any] = json.loads((CAPTURES / f"{name}.json").read_text())
    return found


# What a path answers: status, reason, body; with more headers as the fourth.
Reply = tuple[int, str, Any] | tuple[int, str, Any, dict[str, str]]


Asked = tuple[str, str, dict[str, str], bytes]


class FakeServer:
    """The platform's and a record store's HTTP: answers are set by tests, requests are kept."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Reply | Callable[[Asked], Reply]]] = {
            "/api/v1/alarms": [(200, "OK", {"alarms": [], "next": None})]
        }
        self.requests: list[Asked] = []
        self.otherwise: Callable[[Asked], Reply] = lambda asked: (404, "Not Found", "")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = (self.command, self.path, dict(self.headers), body)
                outer.requests.append(asked)
                waiting = outer.answers.get(urlsplit(self.path).path) or [outer.otherwise]
                answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                status, reason, said, *more = answer(asked) if callable(answer) else answer
                text = said if isinstance(said, str | bytes) else json.dumps(said)
                raw = text.encode() if isinstance(text, str) else text
                self.send_response(status, reason)
                for name, value in (more[0] if more else {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815 - the names are http.server's

            def log_message(self, *given: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,), daemon=True
        )
        self._thread.start()

    def says(self, path: str, *answers: Reply | Callable[[Asked], Reply]) -> None:
        """What ``path`` answers, one after the other; the last one stays."""
        self.answers[path] = list(answers)

    def bodies(self, path: str) -> list[Any]:
        """The JSON bodies posted to a path."""
        return [
            json.loads(body)
            for _, asked, _, body in self.requests
            if urlsplit(asked).path == path and body
        ]

    def count(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(urlsplit(asked).path == path for _, asked, _, _ in self.requests)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@cache
def _moodle_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@dataclass
class Moodle:
    """The platform: signs with a key of its own, as the recorded one did."""

    server: FakeServer
    kid: str = "194c45597ab6f5c09a6c"
    key: rsa.RSAPrivateKey = field(default_factory=_moodle_key)

    def jwk(self, **changes: Any) -> dict[str, Any]:
        """The public key, as the platform shows it."""
        public = json.loads(JWK.from_pyca(self.key.public_key()).export_public())
        return {**public, "kid": self.kid, "alg": "RS256", "use": "sig", **changes}

    def publish(self) -> None:
        self.server.says("/certs", (200, "OK", {"keys": [self.jwk()]}))

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

    def begun(self, **changes: str) -> tuple[str, str]:
        """State and nonce of a login that was begun."""
        asked = parse_qs(urlsplit(self.login(**changes).location).query)
        return asked["state"][0], asked["nonce"][0]

    def claims(
        self, made_for: str, recorded: str = "launch-resource-student1", /, **changes: Any
    ) -> dict[str, Any]:
        """Recorded claims, made fresh: nonce, times, our registration and address."""
        now = int(time.time())
        fresh = {
            "nonce": made_for,
            "iat": now,
            "exp": now + 60,
            "aud": CLIENT_ID,
            f"{CLAIM_PREFIX}target_link_uri": f"{TOOL}/lti/launch",
        }
        fresh[f"{CLAIM_PREFIX}deployment_id"] = DEPLOYMENT_ID
        merged = {**capture(recorded)["claims"], **fresh, **changes}
        return {key: value for key, value in merged.items() if value is not ...}

    def enter(self, state: str, id_token: str, **more: str) -> TestResponse:
        return self.browser.post(
            "/lti/launch",
            data={"state": state, "id_token": id_token, **more},
            base_url="https://127.0.0.1:8080",
        )

    def launch(self, recorded: str = "launch-resource-student1", /, **changes: Any) -> TestResponse:
        deployment = changes.get(f"{CLAIM_PREFIX}deployment_id", DEPLOYMENT_ID)
        state, nonce = self.begun(
            lti_deployment_id=deployment if isinstance(deployment, str) else ""
        )
        return self.enter(state, self.moodle.sign(self.claims(nonce, recorded, **changes)))

    def get(self, path: str) -> TestResponse:
        return self.browser.get(path, base_url="https://127.0.0.1:8080", follow_redirects=True)

    def post(self, path: str, page: TestResponse, /, **fields: Any) -> TestResponse:
        """Send a form of ``page``: its token goes with it."""
        token = page.text.split('name="form_token" value="')[1].split('"')[0]
        return self.browser.post(
            path,
            data={"form_token": token, **fields},
            base_url="https://127.0.0.1:8080",
            follow_redirects=True,
        )

    def sql(self, statement: str, **values: Any) -> Any:
        """Rows of a statement, seen as this tenant."""
        with self.deps.unit_of_work(self.tenant_id) as connection:
            found = connection.execute(text(statement), values)
            return found.all() if found.returns_rows else None

    def grant_to(self, subject: str, role: str) -> None:
        """Give a role to whom the LMS calls so, as an administrator does."""
        found = self.sql(
            "SELECT person_id FROM lti_tool.identity WHERE subject = :subject", subject=subject
        )
        directory.grant_role(
            self.deps.unit_of_work,
            tenant_id=self.tenant_id,
            person_id=found[0][0],
            role=role,
            who="test",
        )

    def lets_say(self, whom: str, wide_parameter: bool = False) -> None:
        """What the platform may say about people of the list."""
        self.sql(
            "UPDATE lti_tool.platform_registration SET names_people = :whom, wide_parameter = "
            ":wide",
            whom=whom,
            wide=wide_parameter,
        )

    def stranger(self) -> FlaskClient:
        """Another browser."""
        return self.browser.application.test_client()

    def use_up(self, rate: RateClass, network: str, but: int = 0) -> None:
        """All calls that ``rate`` allows this network, but the last ``but``."""
        for _ in range(rate.most - but):
            assert self.deps.limiter.allows(rate.name, network, rate.most, rate.seconds)

    def rows(self, table: str) -> int:
        with self.deps.unit_of_work(self.tenant_id) as connection:
            return int(
                connection.execute(text(f"SELECT count(*) FROM lti_tool.{table}")).scalar_one()  # noqa: S608 - names of this file
            )


class _CompiledTemplates(BytecodeCache):
    """Every test makes an app; their templates are compiled once."""

    def __init__(self) -> None:
        self._compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._compiled:
            bucket.bytecode_from_string(self._compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key] = bucket.bytecode_to_string()


_COMPILED_TEMPLATES = _CompiledTemplates()
# Apps of tests that are over: building one takes longer than most tests, and it holds nothing of
# its dependencies.
_idle_apps: list[Flask] = []


def _environ(servers: Any, database: str, home: Path, server_url: str) -> dict[str, str]:
    return {
        **environ_for(servers, database, home),
        "CARRYOVER_BASE_URL": TOOL,
        "CARRYOVER_LRS_URL": server_url,
    }


def set_up_tool(servers: Any, database: str, home: Path) -> None:
    """A tenant with the sample programme and a registered Moodle, whose student 5 was certified a
    week ago; ``running_tool`` puts its server where PLATFORM_URL stands.
    """
    settings = ground_settings.read_settings(_environ(servers, database, home, PLATFORM_URL))
    tenant_id = operator_api.create_tenant(
        settings, name="one", lrs_url=None, lrs_key="key", lrs_secret="secret", practice=False
    )
    platform = {
        "issuer": ISSUER,
        "client_id": CLIENT_ID,
        "auth_login_url": f"{PLATFORM_URL}/auth",
        "auth_token_url": f"{PLATFORM_URL}/token",
        "key_set_url": f"{PLATFORM_URL}/certs",
    }
    week_ago = datetime.now(UTC) - timedelta(days=7)
    operator_api.seed_tenant(
        settings,
        tenant_id=tenant_id,
        programme=sample_document(),
        platform=platform,
        deployments=[DEPLOYMENT_ID],
        certified={"5": ("", week_ago)},
    )
    deps = bootstrap.build(_environ(servers, database, home, PLATFORM_URL))
    signing_keys.list_tool_keys(deps.engine, deps.secrets)  # made at their first use
    _close(deps)


@contextmanager
def running_tool(servers: Any, database: str, home: Path, server: FakeServer) -> Iterator[Tool]:
    """The tool of a copy of a database that was set up."""
    deps = bootstrap.build(_environ(servers, database, home, server.url))
    moodle = Moodle(server)
    moodle.publish()
    pages = _idle_apps.pop() if _idle_apps else app.create_app(deps)
    routes.serve_with(pages, deps)
    pages.jinja_env.bytecode_cache = _COMPILED_TEMPLATES
    made = Tool(deps, pages.test_client(), moodle, TENANT_ID)
    addresses = ("auth_login_url", "auth_token_url", "key_set_url")
    changes = ", ".join(f"{name} = replace({name}, :before, :now)" for name in addresses)
    made.sql(
        f"UPDATE lti_tool.platform_registration SET {changes}",  # noqa: S608 - names of this file
        before=PLATFORM_URL,
        now=server.url,
    )
    yield made
    _idle_apps.append(pages)
    _close(deps)


def _close(deps: ToolDeps) -> None:
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
