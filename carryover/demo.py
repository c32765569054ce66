"""``carryover demo``: embedded servers, migrations, web and worker processes, a practice
course; all of it is stopped in order at the end.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
import socket
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import IO, Any

from sqlalchemy.exc import SQLAlchemyError

from carryover import running_demo, serving
from carryover.practice_lms.app import PRACTICE_FILE, lms_address, platform
from carryover.practice_lms.letters import MAILBOX
from carryover.practice_lms.people import DEPLOYMENT_ID, PEOPLE, Person
from carryover.sample_programme import cohort, document
from core import clock, embedded
from core.errors import Stop
from core.http import GuardedClient
from core.processes import Child, Children, command
from core.settings import Settings
from lrs import cli as lrs_cli
from lti_tool import cli as tool_cli

TENANT = "Practice"
LISTED = ("teacher", "mentor", "learner", "admin")
LEARNER_CERTIFIED_BEFORE = timedelta(days=7)
READY_SECONDS = 300  # on a heavily loaded machine; a few seconds on an idle one
BATCH = 100
INVITE_NOTE, LOOK_SECONDS = "the demo", 2

log = logging.getLogger(__name__)


def require_free_port(settings: Settings) -> None:
    """Stop with one sentence if the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except socket.gaierror:
            raise Stop(f"CARRYOVER_HOST is {settings.host!r}, which is no address of this machine; 127.0.0.1 serves this machine alone.") from None
        except OSError as error:
            raise Stop(
                f"Port {settings.port} of {settings.host} cannot be used ({error.strerror}); choose another with PORT={settings.port + 1}."
            ) from None


def run(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM arrives."""
    home = settings.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "demo.lock").open("a")
    except OSError as error:
        raise Stop(f"The folder {home} cannot be used ({error.strerror}); set CARRYOVER_HOME to one that can.") from None
    with lock:
        _require_alone(lock, home)
        require_free_port(settings)
        children = Children()
        children.stop_on_signals()
        servers: embedded.Servers | None = None
        try:
            servers = embedded.start(home, children)
            if not children.stopping:
                _run_on(settings, servers, children)
        finally:
            print("Carryover stops.", flush=True)
            children.stop()
            (home / running_demo.FILE).unlink(missing_ok=True)
            if servers is not None:
                servers.forget_sockets()


def _require_alone(lock: IO[str], home: Path) -> None:
    try:
        # The kernel releases the lock when its holder dies, however it dies: there is no stale
        # lock to clean up.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Stop(f"Carryover runs on {home} already; stop it first, or set CARRYOVER_HOME to another folder.") from None


def _run_on(settings: Settings, servers: embedded.Servers, children: Children) -> None:
    settings = replace(
        settings,
        database_url=servers.database_url,
        migration_url=servers.migration_url,
        redis_url=servers.redis_url,
        secret_key=_kept_secret(settings.home / "secret.key"),
        allow_private_platforms=True,
    )
    lrs_cli.migrate(settings)
    tool_cli.migrate(settings)
    practice = Practice(settings)
    practice.set_up()
    practice.write_demo_json()
    environ = _environ(settings)
    _write_private(
        settings.home / running_demo.FILE,
        running_demo.write(settings.home, {**environ, "CARRYOVER_MIGRATION_URL": settings.migration_url, "PORT": str(settings.port)}),
    )
    children.add(Child("the web server", command(serving.web_command(settings, "carryover.practice_lms.wsgi:create_app"), environ, heard=True)))
    served = f"http://{settings.host}:{settings.port}"
    late = f"Carryover did not become ready within {READY_SECONDS} s."
    children.wait_until(lambda: _answer(f"{served}/health/live") is not None, READY_SECONDS, late)
    if not children.stopping and not practice.seeded:
        practice.seed(served)
    for part in serving.PARTS:
        children.add(Child(f"the worker's {part}", command(serving.part_command(part), environ, heard=True)))
    if not practice.seeded:
        # Ready means that the practice figures no longer change: anyone who compares them sees
        # only the effect of their own actions.
        children.wait_until(
            lambda: _settled(_answer(f"{served}/health/ready")), READY_SECONDS, f"The practice data were not counted within {READY_SECONDS} s."
        )
        practice.remember_seeding()
    children.wait_until(lambda: _works(_answer(f"{served}/health/ready")), READY_SECONDS, late)
    if not children.stopping:
        practice.tell()
        threading.Thread(target=practice.keep_inviting, args=(children,), name="invites", daemon=True).start()
        children.watch()


def _kept_secret(file: Path) -> str:
    """Return the installation's secret, created at the first start with mode 0600."""
    if not file.exists():
        _write_private(file, secrets.token_urlsafe(48))
    return file.read_text().strip()


def _write_private(file: Path, text: str) -> None:
    fresh = file.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    fresh.rename(file)


def _environ(settings: Settings) -> Mapping[str, str]:
    return {
        **os.environ,
        "CARRYOVER_HOME": str(settings.home),
        "CARRYOVER_DATABASE_URL": settings.database_url,
        "CARRYOVER_MIGRATION_URL": "",
        "CARRYOVER_REDIS_URL": settings.redis_url,
        "CARRYOVER_SECRET_KEY": settings.secret_key,
        "CARRYOVER_BASE_URL": settings.base_url,
        "CARRYOVER_LRS_URL": settings.lrs_url,
        "CARRYOVER_ALLOW_PRIVATE_PLATFORMS": "1",
        # The demo's e-mails reach nobody: they are stored in a folder, and a page of the
        # practice LMS shows them.
        "CARRYOVER_MAIL_URL": f"maildir://{settings.home / MAILBOX}",
        "CARRYOVER_MAIL_FROM": "Carryover practice <practice@example.org>",
    }


def _answer(url: str) -> dict[str, Any] | None:
    """Return the JSON response of our own server, whatever its status; None while it does
    not respond.
    """
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own server on this machine
            found = json.load(answer)
    except urllib.error.HTTPError as error:
        found = json.load(error)
    except OSError:
        return None
    return found if isinstance(found, dict) else None


def _works(report: dict[str, Any] | None) -> bool:
    """Whether requests are served and every queue has a worker."""
    return report is not None and report["status"] != "not ready" and "worker" not in report["degraded"]


def _settled(report: dict[str, Any] | None) -> bool:
    """Whether every statement sent has arrived and is counted."""
    return report is not None and not report["uncounted"]["waiting"] and not report["outbox"]["statements"]


def _id_of(one: Person) -> str:
    """The person's id on the organisation's roster. Moodle's administrator has none in the
    student records.
    """
    return one.sourced_id or f"SIS-{one.subject}"


def _practice_list() -> bytes:
    """The practice people as an organisation's roster: the teacher manages the learner, the
    mentor supports the learner, the administrator administers the tool.
    """
    lines = ["id,name,email,manager,mentor,team"]
    for one in (PEOPLE[key] for key in LISTED):
        led = (PEOPLE["teacher"].sourced_id, PEOPLE["mentor"].sourced_id) if one.learns else ("", "")
        lines.append(",".join((_id_of(one), one.name, one.email, *led, "Practice desk")))
    return "\n".join(lines).encode()


class Practice:
    """The practice tenant: created at the first start, reused afterwards. State that must
    survive a restart is stored in practice.json.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._file = settings, settings.home / PRACTICE_FILE
        self._address = ""
        self._kept: dict[str, Any] = json.loads(self._file.read_text()) if self._file.exists() else {}

    def _keep(self, **values: Any) -> None:
        self._kept |= values
        _write_private(self._file, json.dumps(self._kept))

    def set_up(self) -> None:
        """Create the tenant, credentials, programme, platform and practice learner;
        idempotent.
        """
        settings = self._settings
        if "started_at" not in self._kept:
            self._keep(started_at=clock.text_of(clock.now()))
        if "tool" not in self._kept:
            wanted = [("the tool", lrs_cli.TOOL_SCOPES), ("demo xAPI", ("all",)), ("demo reporting", ("metrics/read",))]
            tool, xapi, api = lrs_cli.create_tenant(settings, TENANT, wanted, again=True)
            self._keep(tool=tool, xapi=xapi, api=api)
        key, secret = self._kept["tool"]
        tenant_id = tool_cli.create_tenant(settings, name=TENANT, lrs_url=None, lrs_key=key, lrs_secret=secret, practice=True)
        learner = PEOPLE["learner"]
        installation = tool_cli.set_up(
            settings,
            tenant_id=tenant_id,
            programme=document(),
            platform=platform(lms_address(settings.base_url)),
            deployments=[DEPLOYMENT_ID],
            certified={learner.subject: (learner.name, self._started_at() - LEARNER_CERTIFIED_BEFORE)},
            listed=_practice_list(),
            sourced={PEOPLE[key].subject: _id_of(PEOPLE[key]) for key in LISTED},
            roles={_id_of(PEOPLE["teacher"]): "training manager", _id_of(PEOPLE["admin"]): "admin"},
        )
        self._keep(tenant_id=tenant_id, installation=str(installation))

    def _started_at(self) -> datetime:
        return clock.parse(self._kept["started_at"])

    def seed(self, served: str) -> None:
        """Post the practice cohort through the record store's own HTTP API; idempotent."""
        client = GuardedClient(allow_private=True)  # our own server on this machine
        made = cohort.statements(uuid.UUID(self._kept["installation"]), str(self._kept["tenant_id"]), document(), self._started_at())
        key, secret = self._kept["xapi"]
        while batch := list(islice(made, BATCH)):
            answer = client.call(
                "POST",
                f"{served}/xapi/statements",
                headers={"Content-Type": "application/json", "X-Experience-API-Version": "1.0.3"},
                body=b"[" + b",".join(one.payload for one in batch) + b"]",
                basic=(key, secret),
            )
            if answer.status != 200:
                raise Stop(f"The practice cohort could not be stored: {answer.status} {answer.body[:300].decode('utf-8', 'replace')}")
        client.close()

    @property
    def seeded(self) -> bool:
        """Whether the practice cohort is stored and counted."""
        return bool(self._kept.get("seeded"))

    def remember_seeding(self) -> None:
        """Record that seeding is complete, so that later starts are ready as soon as the
        server responds.
        """
        self._keep(seeded=True)

    def write_demo_json(self) -> None:
        """Write all URLs and the credentials for them, readable by this user only."""
        settings = self._settings
        lms = lms_address(settings.base_url)
        xapi, api = self._kept["xapi"], self._kept["api"]
        told = {
            "base_url": settings.base_url,
            "xapi": {"endpoint": f"{settings.base_url}/xapi", "key": xapi[0], "secret": xapi[1]},
            "api": {"key": api[0], "secret": api[1]},
            "launch": {who: f"{lms}/practice/launch/{who}" for who in PEOPLE},
            # For your own LMS: paste it where a tool is added by its registration URL. It works
            # once.
            "registration_url": self._invite(),
        }
        _write_private(settings.home / "demo.json", json.dumps(told, indent=2) + "\n")

    def _invite(self) -> str:
        with tool_cli.desk(self._settings, TENANT) as desk:
            self._address = desk.invite(INVITE_NOTE, approves=True)
        return self._address

    def keep_inviting(self, children: Children) -> None:
        """Keep a usable registration URL in demo.json: when it has been used, it is replaced
        by a new one.
        """
        while not children.stopping:
            time.sleep(LOOK_SECONDS)
            try:
                with tool_cli.desk(self._settings, TENANT) as desk:
                    works = desk.invite_works(self._address)
                if not works:
                    self.write_demo_json()
            except (SQLAlchemyError, Stop, OSError) as error:
                log.debug("no look at the invites: %s", error)  # the servers are restarting or stopping

    def tell(self) -> None:
        """Print where to find everything."""
        home, lms = self._settings.home, lms_address(self._settings.base_url)
        lines = ["", f"Carryover is ready: {lms}/practice/", f"Keys and addresses: {home / 'demo.json'}", "Stop it with Ctrl-C.", ""]
        print("\n".join(lines), flush=True)
