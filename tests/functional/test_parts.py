"""The parts alone, against a PostgreSQL and a Redis of one's own: migrate, tenant create, serve,
worker.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx

from core.embedded import EmbeddedServers
from tests.conftest import environ_for
from tests.support.command_line import carryover
from tests.support.demo import free_port, http_get, http_post, wait_until


def test_an_operator_brings_it_up_part_by_part(
    servers: EmbeddedServers, new_database: Callable[..., str], tmp_path: Path
) -> None:
    port = free_port()
    environ = {**os.environ, **environ_for(servers, new_database(), tmp_path), "PORT": str(port)}
    base = f"http://127.0.0.1:{port}"

    assert carryover(environ, "migrate").returncode == carryover(environ, "migrate").returncode == 0
    made = carryover(environ, "tenant", "create", "Organisation")
    key, secret = re.findall(r"xAPI .*key (\S+) +secret (\S+)", made.stdout)[0]
    assert "exists already" in carryover(environ, "tenant", "create", "Organisation").stderr
    assert carryover(environ, "worker", "--check").returncode == 1
    parts = [
        subprocess.Popen([sys.executable, "-m", "carryover", part], env=environ)
        for part in ("serve", "worker")
    ]
    try:

        def ready() -> bool:
            try:
                return http_get(f"{base}/health/ready").status_code == 200
            except httpx.HTTPError:
                return False

        wait_until(ready)
        wait_until(lambda: carryover(environ, "worker", "--check").returncode == 0)
        earned = {
            "actor": {"mbox": "mailto:a@example.org"},
            "verb": {"id": "http://id.tincanapi.com/verb/earned"},
            "object": {"id": "https://example.org/certificate"},
            "context": {"registration": "5d3c2f2e-7a53-4a55-9a58-1f0c8a3f9d10"},
        }
        headers = {"X-Experience-API-Version": "1.0.3"}
        assert (
            http_post(
                f"{base}/xapi/statements", json=earned, headers=headers, auth=(key, secret)
            ).status_code
            == 200
        )

        def certified() -> bool:
            values = http_get(
                f"{base}/api/v1/metrics/transfer_rate/values", auth=(key, secret)
            ).json()["values"]
            return bool(values[0]["denominator"] == 1)

        wait_until(certified)
        assert "opens from inside a course" in http_get(base).text
        assert http_get(f"{base}/practice/").status_code == 404, (
            "the practice LMS belongs to the demo alone"
        )
        (public,) = http_get(f"{base}/lti/jwks.json").json()["keys"]
        assert "d" not in public
    finally:
        for part in parts:
            part.send_signal(signal.SIGTERM)
        assert [part.wait(30) for part in parts] == [0, 0]
