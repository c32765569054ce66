"""The operator's day, by the command line alone: keys, import, export, erasure, rules, backup and
restore, a look by the doctor.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from carryover import composition
from core import settings
from core.embedded import EmbeddedServers
from lrs.actions import cold_months
from tests.conftest import environ_for
from tests.support.command_line import carryover
from tests.support.demo import Demo


class Desk:
    """A command line with its environment."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ

    def __call__(self, *arguments: str, said: str = "", fails: bool = False) -> str:
        ended = carryover(self.environ, *arguments, said=said)
        assert (ended.returncode != 0) == fails, ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        return ended.stdout + ended.stderr


def desk(servers: EmbeddedServers, database: str, home: Path) -> Desk:
    """In a keyspace of its own, where no worker of another test has said that it lives."""
    environ = environ_for(servers, database, home)
    own = {"CARRYOVER_REDIS_URL": f"{environ['CARRYOVER_REDIS_URL']}?db=1"}
    return Desk({**os.environ, **environ, **own})


@pytest.fixture
def operator(servers: EmbeddedServers, new_database: Callable[..., str], tmp_path: Path) -> Desk:
    made = desk(servers, new_database(), tmp_path / "home")
    made("migrate")
    made("tenant", "create", "First")
    return made


def statements(path: Path, count: int) -> Path:
    lines = [
        {
            "id": str(uuid.uuid4()),
            "actor": {"name": "A Name", "mbox": f"mailto:p{n % 3}@example.org"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
            "object": {"id": "https://o.example"},
            "result": {"response": "free words"},
        }
        for n in range(count)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"actor": 1}\n')
    return path


def test_keys(operator: Desk) -> None:
    made = operator("credential", "create", "--scope", "statements/write", "--note", "the course")
    key, secret = re.findall(r"key (\S+)\s+secret (\S+)", made)[0]
    assert len(secret) >= 43, "256 random bits"
    listed = operator("credential", "list")
    assert key in listed
    assert secret not in listed
    new = re.findall(r"key (\S+)", operator("credential", "rotate", key, "--days", "1"))[0]
    operator("credential", "revoke", new)
    assert "is in use" in operator("credential", "revoke", new, fails=True)
    assert "is no scope" in operator("credential", "create", "--scope", "everything", fails=True)
    operator("tenant", "create", "Second")
    assert "First, Second" in operator("credential", "list", fails=True)
    assert key not in operator("credential", "list", "--tenant", "Second")


def test_statements_come_in_go_out_and_are_erased(operator: Desk, tmp_path: Path) -> None:
    file, report, out = (
        statements(tmp_path / "in.ndjson", 1_200),
        tmp_path / "report.ndjson",
        tmp_path / "out.ndjson",
    )
    assert "1200 stored, 0 known already, 1 refused" in operator(
        "import", str(file), "--report", str(report)
    )
    assert json.loads(report.read_text())["line"] == 1_201
    assert "0 stored, 1200 known already" in operator("import", str(file), "--report", str(report))
    assert "1200 statements written" in operator("export", str(out))
    assert "p1@example.org" not in out.read_text()
    assert "free words" not in out.read_text()
    operator("export", str(out), "--identified")
    assert "p1@example.org" in out.read_text()
    assert "Would erase: 400 statements" in operator("erase", "--mbox", "p1@example.org")
    assert "Erased: 400 statements" in operator("erase", "--mbox", "p1@example.org", "--really")
    assert "Erased: nothing" in operator("erase", "--mbox", "p1@example.org", "--really")
    assert "p1@example.org" not in operator("audit")
    assert operator("audit").count("erased a person") == 2
    assert "identif" in operator("erase", fails=True)


def test_rules_and_forwards(operator: Desk, demo: Demo) -> None:
    operator("retention", "add", "--days", "400", "--verb", "https://v.example")
    assert "400 days  https://v.example" in operator("retention", "list")
    operator("retention", "remove", "1")
    assert "no rule 1" in operator("retention", "remove", "1", fails=True)
    xapi = demo.told["xapi"]
    endpoint, secret = xapi["endpoint"], xapi["secret"]
    add = ("forward", "add", "--key", xapi["key"], "--filter")
    operator(*add, "verb=https://v.example", endpoint, said=f"{secret}\n")
    listed = operator("forward", "list")
    assert endpoint in listed
    assert secret not in listed
    # LearningLocker's issues 1574 and 1580: a wrong secret, and the address of /statements.
    for wrong, address, typed in (
        ("401", endpoint, "another"),
        ("404", endpoint.replace("/xapi", "/none"), secret),
        ("before /statements", f"{endpoint}/statements", secret),
        ("was tried", "http://127.0.0.1:9/xapi", secret),
    ):
        told = operator(*add, "verb=https://v.example", address, said=f"{typed}\n", fails=True)
        assert wrong in told
        assert typed not in told
    assert operator("forward", "list") == listed
    assert "no filter" in operator(*add, "limit=3", endpoint, said="s\n", fails=True)
    for command in (("stop", "1"), ("start", "1"), ("dead", "1"), ("remove", "1")):
        operator("forward", *command)
    assert "gave no answer" in operator(
        "issuer", "add", "http://127.0.0.1:9", "--audience", "x", fails=True
    )


def test_a_backup_is_whole_checked_and_restored_row_for_row(
    operator: Desk, servers: EmbeddedServers, new_database: Callable[..., str], tmp_path: Path
) -> None:
    operator(
        "import", str(statements(tmp_path / "in.ndjson", 300)), "--report", str(tmp_path / "r")
    )
    kept = tmp_path / "home" / "attachments" / "1" / "ab"
    kept.mkdir(parents=True)
    sha2 = "ab" + "0" * 62
    (kept / sha2).write_bytes(b"a file")
    with psycopg.connect(operator.environ["CARRYOVER_MIGRATION_URL"]) as connection:
        connection.execute(
            "INSERT INTO lrs.attachment (tenant_id, sha2, bytes) VALUES (1, %s, 6)", (sha2,)
        )
    folder = tmp_path / "backup"
    read = settings.read_settings(operator.environ)
    with composition.open_tenant(read, "First") as opened:
        assert cold_months.archive_months(opened.deps, 1, datetime.now(UTC) + timedelta(32)) == 300
    operator("import", str(statements(tmp_path / "more", 20)), "--report", str(tmp_path / "r2"))
    assert "2 files beside" in operator("backup", str(folder))
    assert "not empty" in operator("backup", str(folder), fails=True)
    assert "is whole" in operator("restore", "--check", str(folder))
    assert "not empty" in operator("restore", str(folder), fails=True)

    second = desk(servers, new_database(), tmp_path / "second")
    assert "restored" in second("restore", str(folder))
    second("migrate")
    assert (tmp_path / "second" / "attachments" / "1" / "ab" / sha2).read_bytes() == b"a file"
    second("export", str(tmp_path / "again.ndjson"), "--identified")
    assert len((tmp_path / "again.ndjson").read_text().splitlines()) == 320

    other = Desk(
        {
            **second.environ,
            **environ_for(servers, new_database(), tmp_path / "third"),
            "CARRYOVER_SECRET_KEY": "another-secret-of-more-than-32-characters",
        }
    )
    assert "another CARRYOVER_SECRET_KEY" in other("restore", str(folder), fails=True)
    (folder / "attachments" / "1" / sha2).write_bytes(b"changed")
    assert "was changed" in operator("restore", "--check", str(folder), fails=True)
    (folder / "manifest.json").unlink()
    assert "no whole backup" in operator("restore", "--check", str(folder), fails=True)


def test_the_doctor_finds_what_is_wrong_and_says_what_to_do(
    operator: Desk, servers: EmbeddedServers, new_database: Callable[..., str], tmp_path: Path
) -> None:
    said = operator("doctor", fails=True)
    assert "ok     clock" in said
    assert re.search(r"ok +tables: up to date", said)
    assert "start carryover worker" in said
    assert "fsync is off" in said, "the tests' own server is faster than a real one may be"
    fresh = desk(servers, new_database(), tmp_path / "fresh")
    assert "run carryover migrate" in fresh("doctor", fails=True)
    away = Desk(
        {
            **operator.environ,
            "CARRYOVER_REDIS_URL": "redis://127.0.0.1:9",
            "CARRYOVER_DATABASE_URL": "postgresql://carryover_app@127.0.0.1:9/x",
        }
    )
    said = away("doctor", fails=True)
    assert "Redis cannot be reached" in said
    assert "database cannot be reached" in said
    Desk({"PATH": os.environ["PATH"], "HOME": str(tmp_path)})("doctor", fails=True)


def test_platforms_administration_and_keys(operator: Desk) -> None:
    """What an operator does for an LMS, and what needs no operator after that."""
    address = operator("platform", "invite", "--note", "the school").strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:8080/lti/register/[\w-]{30,}", address)
    assert operator("platform", "list") == ""
    made = operator(
        "platform",
        "add",
        "--issuer",
        "https://canvas.instructure.com",
        "--client-id",
        "10000000000001",
        "--pending",
    )
    assert "waits for approval" in made
    number = re.findall(r"Platform (\d+)", made)[0]
    assert "pending" in operator("platform", "list")
    assert "is approved" in operator("platform", "approve", number)
    shown = operator("platform", "show", number)
    for words in (
        "auth_token_url: https://sso.canvaslms.com/login/oauth2/token",
        "redirect URI: http://127.0.0.1:8080/lti/launch",
        "family: canvas",
    ):
        assert words in shown
    operator("platform", "update", number, "--name", "Our Canvas")
    assert "Our Canvas" in operator("platform", "list")
    assert "registered already" in operator(
        "platform",
        "add",
        "--issuer",
        "https://canvas.instructure.com",
        "--client-id",
        "10000000000001",
        fails=True,
    )
    assert (
        "no such deployment"
        in operator("platform", "approve", number, "--deployment", "unknown", fails=True).lower()
    )
    for act, words in (
        ("disable", "switched off"),
        ("enable", "switched on"),
        ("remove", "removed"),
    ):
        assert words in operator("platform", act, number)
    assert operator("platform", "list") == ""
    assert "no such platform" in operator("platform", "approve", "99", fails=True).lower()
    assert re.search(r"http://127\.0\.0\.1:8080/admin/enter/[\w-]{40,}", operator("admin", "link"))
    assert operator("keys", "list") == ""
    operator("keys", "rotate")
    assert len(operator("keys", "list").splitlines()) == 2, (
        "the one that signs, and the one that will"
    )
    operator("keys", "rotate", "--at-once")
    assert len(operator("keys", "list").splitlines()) == 1


def test_commands_without_addresses_work_on_the_demo_that_runs_here(demo: Demo) -> None:
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith("CARRYOVER_")
    }
    beside = Desk({**environ, "CARRYOVER_HOME": str(demo.home)})
    assert f"{demo.base}/admin/enter/" in beside("admin", "link")
    assert "practice-client" in beside("platform", "list")
    assert "the tool" in beside("credential", "list")
