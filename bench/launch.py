"""What a launch costs: login and launch over HTTP against the served tool, its platform's keys
cached; beside the least that it could cost.

``python -m bench.launch``
"""

from __future__ import annotations

import http.client
import json
import statistics
import subprocess
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwcrypto.jwk import JWK
from sqlalchemy import text

from bench.server import PORT, heading, keep, served_tool
from carryover.sample_programme import sample_document
from core.database import make_engine
from core.settings import Settings
from lti_tool import operator_api

LAUNCHES, CLIENTS = 400, 8
ISSUER, CLIENT_ID, KID = "http://127.0.0.1:1", "bench", "bench-key"
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
AIM_MS = 60.0


class Platform:
    """The key set over HTTP, each request counted; and the key that signs."""

    def __init__(self) -> None:
        self.key, self.asked = rsa.generate_private_key(public_exponent=65_537, key_size=2_048), 0
        shown = json.dumps(
            {
                "keys": [
                    {
                        **json.loads(JWK.from_pyca(self.key.public_key()).export_public()),
                        "kid": KID,
                        "alg": "RS256",
                    }
                ]
            }
        ).encode()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                self.send_response(200)
                self.send_header("Content-Length", str(len(shown)))
                self.end_headers()
                self.wfile.write(shown)

            def log_message(self, *given: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def message(self, nonce: str, person: str, role: str) -> str:
        """A signed launch."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": CLIENT_ID,
            "sub": person,
            "nonce": nonce,
            "iat": now,
            "exp": now + 60,
            "name": f"Person {person}",
            f"{CLAIM}message_type": "LtiResourceLinkRequest",
            f"{CLAIM}version": "1.3.0",
            f"{CLAIM}deployment_id": "1",
            f"{CLAIM}target_link_uri": f"http://127.0.0.1:{PORT}/lti/launch",
            f"{CLAIM}resource_link": {"id": "1", "title": "Keep it alive"},
            f"{CLAIM}context": {"id": "5", "title": "A course"},
            f"{CLAIM}roles": [f"{MEMBERSHIP}{role}"],
        }
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": KID})


def one_launch(
    connection: http.client.HTTPConnection, platform: Platform, person: str, role: str
) -> float:
    """Milliseconds that the two requests of a launch took; signing, which is the platform's work,
    is left out.
    """
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    asked = {
        "iss": ISSUER,
        "client_id": CLIENT_ID,
        "login_hint": person,
        "target_link_uri": f"http://127.0.0.1:{PORT}/lti/launch",
    }
    begun = time.perf_counter()
    connection.request("POST", "/lti/login", urlencode(asked), form)
    answer = connection.getresponse()
    answer.read()
    took = time.perf_counter() - begun
    if answer.status != 302:
        raise SystemExit(f"the login was answered {answer.status}")
    sent = parse_qs(urlsplit(answer.getheader("Location") or "").query)
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    body = urlencode(
        {"state": sent["state"][0], "id_token": platform.message(sent["nonce"][0], person, role)}
    )
    begun = time.perf_counter()
    connection.request("POST", "/lti/launch", body, {**form, "Cookie": cookie})
    answer = connection.getresponse()
    answer.read()
    took += time.perf_counter() - begun
    if answer.status != 303:
        raise SystemExit(f"the launch was answered {answer.status}")
    return took * 1_000


def many(platform: Platform, clients: int, people: int) -> list[float]:
    """Launches by several clients at once, of learners who come back."""

    def client(number: int) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        found = [
            one_launch(connection, platform, str((number + clients * n) % people), "Learner")
            for n in range(LAUNCHES // clients)
        ]
        connection.close()
        return found

    with ThreadPoolExecutor(clients) as pool:
        return [one for found in pool.map(client, range(clients)) for one in found]


def least(platform: Platform, settings: Settings) -> list[float]:
    """What nobody can save: two commits (the login, the launch) and one check of a signature, in
    this process.
    """
    engine, public = make_engine(settings.migration_url), platform.key.public_key()
    token, found = platform.message("n", "1", "Learner"), []
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE bench_least (id uuid PRIMARY KEY)"))
    for _ in range(LAUNCHES):
        begun = time.perf_counter()
        for _ in range(2):
            with engine.begin() as connection:
                connection.execute(
                    text("INSERT INTO bench_least VALUES (:id)"), {"id": uuid.uuid4()}
                )
        jwt.decode(token, public, algorithms=["RS256"], audience=CLIENT_ID)
        found.append((time.perf_counter() - begun) * 1_000)
    engine.dispose()
    return found


def cpu_seconds(server: subprocess.Popen[bytes]) -> float:
    """CPU of the web server's processes so far."""
    children = subprocess.run(
        ["pgrep", "-P", str(server.pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    ticks = 0
    for pid in [str(server.pid), *children]:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / 100


def main() -> None:
    """Measure, print, keep."""
    platform = Platform()
    with served_tool() as (settings, server):
        tenant = operator_api.create_tenant(
            settings, name="bench", lrs_url=None, lrs_key="k", lrs_secret="s", practice=False
        )
        registration = {
            "issuer": ISSUER,
            "client_id": CLIENT_ID,
            "auth_login_url": f"{platform.url}/auth",
            "auth_token_url": f"{platform.url}/token",
            "key_set_url": f"{platform.url}/keys",
        }
        certified = {"1": ("Person 1", datetime.now(UTC))}
        operator_api.seed_tenant(
            settings,
            tenant_id=tenant,
            programme=sample_document(),
            platform=registration,
            deployments=["1"],
            certified=certified,
        )
        many(platform, 1, 50)  # warms key sets and plans of both web workers
        warmed = platform.asked
        floor = least(platform, settings)
        alone = many(platform, 1, 50)
        used = cpu_seconds(server)
        together = many(platform, CLIENTS, 200)
        used = (cpu_seconds(server) - used) / len(together) * 1_000
        asked = platform.asked - warmed
    rows = []
    for name, found in (
        ("one after the other", alone),
        (f"{CLIENTS} clients at once", together),
        ("two commits and a signature, in one process", floor),
    ):
        ordered = sorted(found)
        rows.append(
            f"| {name} | {statistics.median(ordered):.1f} | "
            f"{ordered[int(len(ordered) * 0.95)]:.1f} | {ordered[-1]:.1f} |"
        )
    lines = [
        *heading(
            "A launch",
            f"{LAUNCHES} launches each (login and launch over HTTP, warm key set), 2 web "
            "workers. `python -m bench.launch`",
        ),
        "| | p50 ms | p95 ms | slowest ms |",
        "|---|---|---|---|",
        *rows,
        "",
        f"CPU of the web server for a launch: {used:.1f} ms. Requests to the platform during the "
        f"{2 * LAUNCHES} launches: {asked}. Aim: {AIM_MS:.0f} ms at the median.",
    ]
    keep(
        "launch",
        lines,
        {
            "launch, p50": statistics.median(alone),
            "launch together, p50": statistics.median(together),
            "launch requests": asked,
        },
    )


if __name__ == "__main__":
    main()
