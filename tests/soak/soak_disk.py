"""A disk that fills up: nothing is acknowledged that is not stored, everybody is told, and it goes
on by itself once there is room.

Needs root, for a disk of its own of 300 MB (tmpfs).
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core import embedded, settings
from core.child_processes import Supervisor
from core.embedded.postgres import EmbeddedPostgres
from core.embedded.valkey import EmbeddedValkey
from lrs import bootstrap, operator_api
from lrs.app import create_app
from tests.conftest import SECRET

DISK = "300m"
RESULTS = Path(__file__).parent / "results" / "disk.md"


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small disk."""
    place = Path(tempfile.mkdtemp(prefix="carryover-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "-l", place], check=True)
    shutil.rmtree(place)


def test_a_full_disk(disk: Path, tmp_path: Path) -> None:
    assert embedded.find_postgres_programs("18") is not None
    children, sockets = Supervisor(), Path(tempfile.mkdtemp(prefix="carryover-pg-"))
    server = EmbeddedPostgres(disk / "data", sockets / "pg", tmp_path / "log")
    valkey = EmbeddedValkey(tmp_path / "valkey", sockets / "valkey.sock", tmp_path / "valkey.log")
    try:
        server.prepare()
        for one in (server.child(), valkey.child()):
            children.add(one)
        children.wait_until(server.answers, 60, "PostgreSQL did not start")
        children.wait_until(valkey.answers, 60, "Valkey did not start")
        server.ensure_database()
        environ = {
            "CARRYOVER_HOME": str(tmp_path),
            "CARRYOVER_SECRET_KEY": SECRET,
            "CARRYOVER_REDIS_URL": valkey.url,
        }
        made = settings.read_settings(environ)
        made = replace(
            made,
            database_url=server.url("carryover_app"),
            migration_url=server.url("carryover_owner"),
        )
        operator_api.migrate_store(made)
        ((key, secret),) = operator_api.create_tenant(made, "a school", [("all", ("all",))])
        deps = bootstrap.build_from_environ(
            {
                **environ,
                "CARRYOVER_DATABASE_URL": made.database_url,
                "CARRYOVER_MIGRATION_URL": made.migration_url,
            }
        )
        client = create_app(deps).test_client()

        def post() -> tuple[int, str]:
            body = [
                {
                    "id": str(uuid.uuid4()),
                    "actor": {"mbox": "mailto:a@example.org"},
                    "verb": {"id": "https://v.example"},
                    "object": {
                        "id": "https://o.example",
                        "definition": {"description": {"en": "x" * 4_000}},
                    },
                }
                for _ in range(20)
            ]
            answer = client.post(
                "/xapi/statements",
                data=json.dumps(body),
                content_type="application/json",
                auth=(key, secret),
                headers={"X-Experience-API-Version": "1.0.3"},
            )
            return answer.status_code, answer.headers.get("Retry-After", "")

        assert post()[0] == 200 and client.get("/health/ready").status_code == 200
        filler = disk / "filler"
        with filler.open("wb") as file:
            try:
                while True:
                    file.write(b"\0" * 65_536)
                    file.flush()
            except OSError:
                pass
        assert shutil.disk_usage(disk).free == 0
        ready = client.get("/health/ready")
        refused = [post() for _ in range(20)]
        answers = ", ".join(str(status) for status in sorted({status for status, _ in refused}))
        RESULTS.write_text(
            "# A disk that fills up\n\n"
            f"{datetime.now(UTC):%d %B %Y}, {platform.system()}, Python "
            f"{platform.python_version()}, PostgreSQL 18 on a disk of {DISK}. `make soak`\n\n"
            f"With nothing free: `/health/ready` {ready.status_code} ({ready.json['status']}); "
            f"twenty posts of statements: {answers}.\n"
        )
        assert (ready.status_code, ready.json["status"]) == (503, "not ready")
        assert int(ready.headers["Retry-After"]) > 0
        assert {status for status, _ in refused} <= {200, 503} and any(
            status == 503 for status, _ in refused
        )
        assert all(again for status, again in refused if status == 503)
        filler.unlink()
        assert post()[0] == 200 and client.get("/health/ready").status_code == 200
        deps.close()
    finally:
        children.kill()
        shutil.rmtree(sockets, ignore_errors=True)
