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

from carryover import composition, process_commands, running_demo
from carryover.practice_lms.app import PRACTICE_STATE_FILE, lms_base_url, platform_registration
from carryover.practice_lms.mailbox_page import MAILBOX
from carryover.practice_lms.people import DEPLOYMENT_ID, PEOPLE, Person
from carryover.sample_programme import cohort, sample_document
from core import clock, embedded
from core.child_processes import ChildProcess, Supervisor
from core.errors import FatalError
from core.http_client import GuardedClient
from core.settings import Settings, read_settings
from lrs import operator_api as lrs_cli
from lti_tool import operator_api as tool_cli
from lti_tool.operator_api import TenantOperator

PRACTICE_TENANT = "Practice"
LISTED_PEOPLE = ("teacher", "mentor", "learner", "admin")
LEARNER_CERTIFIED_AGO = timedelta(days=7)
READY_SECONDS = 300  # on a heavily loaded machine; a few seconds on an idle one
SEED_BATCH_SIZE = 100
WEB_FACTORY, WORKER_NAME = "carryover.practice_lms.wsgi:create_app", "the worker's"
INVITE_NOTE, INVITE_CHECK_SECONDS = "the demo", 2

log = logging.getLogger(__name__)


def require_free_port(settings: Settings) -> None:
    """Stop with one sentence if the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except socket.gaierror:
            raise FatalError(
                f"CARRYOVER_HOST is {settings.host!r}, which is no address of this machine; "
                "127.0.0.1 serves this machine alone."
            ) from None
        except OSError as error:
            raise FatalError(
                f"Port {settings.port} of {settings.host} cannot be used ({error.strerror}); "
                f"choose another with PORT={settings.port + 1}."
            ) from None


class DemoProcesses:
    """How the demo starts what runs our code, and what it does every ``check_seconds``."""

    check_seconds: float = INVITE_CHECK_SECONDS

    def web(self, settings: Settings, environ: Mapping[str, str]) -> ChildProcess:
        """The web server."""
        return process_commands.web_child(settings, WEB_FACTORY, environ)

    def workers(self, environ: Mapping[str, str]) -> list[ChildProcess]:
        """The processes of the worker."""
        return process_commands.worker_children(read_settings(environ), WORKER_NAME, heard=True)

    def serve_edits(self) -> None:
        """Nothing, where the code stays as it is."""


def run_demo(settings: Settings, processes: DemoProcesses) -> None:
    """Run until SIGINT or SIGTERM arrives."""
    home = settings.home
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = (home / "demo.lock").open("a")
    except OSError as error:
        raise FatalError(
            f"The folder {home} cannot be used ({error.strerror}); set CARRYOVER_HOME to one "
            "that can."
        ) from None
    with lock:
        _lock_home(lock, home)
        require_free_port(settings)
        children = Supervisor()
        children.stop_on_signals()
        servers: embedded.EmbeddedServers | None = None
        try:
            servers = embedded.start_embedded_servers(home, children)
            if not children.stopping:
                _run_with_servers(settings, servers, children, processes)
        finally:
            print("Carryover stops.", flush=True)
            children.stop()
            (home / running_demo.SERVERS_FILE).unlink(missing_ok=True)
            if servers is not None:
                servers.forget_sockets()


def _lock_home(lock: IO[str], home: Path) -> None:
    try:
        # The kernel releases the lock when its holder dies, however it dies: there is no stale
        # lock to clean up.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise FatalError(
            f"Carryover runs on {home} already; stop it first, or set CARRYOVER_HOME to another "
            "folder."
        ) from None


def _run_with_servers(
    settings: Settings,
    servers: embedded.EmbeddedServers,
    children: Supervisor,
    processes: DemoProcesses,
) -> None:
    settings = replace(
        settings,
        database_url=servers.database_url,
        migration_url=servers.migration_url,
        redis_url=servers.redis_url,
        secret_key=_load_or_create_secret(settings.home / "secret.key"),
        allow_private_platforms=True,
    )
    composition.migrate_store(settings)
    tool_cli.migrate(settings)
    practice = PracticeTenant(settings)
    practice.ensure_installed()
    practice.write_demo_json()
    environ = _child_environ(settings)
    _write_servers_file(settings, environ)
    children.add(processes.web(settings, environ))
    served = f"http://{settings.host}:{settings.port}"
    late = f"Carryover did not become ready within {READY_SECONDS} s."
    children.wait_until(
        lambda: _fetch_json(f"{served}/health/live") is not None, READY_SECONDS, late
    )
    if not children.stopping and not practice.seeded:
        practice.seed_cohort(served)
    for child in processes.workers(environ):
        children.add(child)
    if not practice.seeded:
        # Ready means that the practice figures no longer change: anyone who compares them sees
        # only the effect of their own actions.
        children.wait_until(
            lambda: _is_settled(_fetch_json(f"{served}/health/ready")),
            READY_SECONDS,
            f"The practice data were not counted within {READY_SECONDS} s.",
        )
        practice.publish(served)
        practice.mark_seeded()
    children.wait_until(
        lambda: _is_serving(_fetch_json(f"{served}/health/ready")), READY_SECONDS, late
    )
    if not children.stopping:
        practice.announce_ready()
        with tool_cli.open_tenant(settings, PRACTICE_TENANT) as staff:

            def check() -> None:
                practice.renew_invite(staff)
                processes.serve_edits()

            children.watch(check, processes.check_seconds)


def _write_servers_file(settings: Settings, environ: Mapping[str, str]) -> None:
    """Write how other commands reach the demo's servers while it runs."""
    _write_private_file(
        settings.home / running_demo.SERVERS_FILE,
        running_demo.servers_json(
            settings.home,
            {
                **environ,
                "CARRYOVER_MIGRATION_URL": settings.migration_url,
                "PORT": str(settings.port),
            },
        ),
    )


def _load_or_create_secret(file: Path) -> str:
    """Return the installation's secret, created at the first start with mode 0600."""
    if not file.exists():
        _write_private_file(file, secrets.token_urlsafe(48))
    return file.read_text().strip()


def _write_private_file(file: Path, text: str) -> None:
    fresh = file.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    fresh.rename(file)


def _child_environ(settings: Settings) -> Mapping[str, str]:
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


def _fetch_json(url: str) -> dict[str, Any] | None:
    """Return the JSON response of our own server, whatever its status; None while it does
    not respond.
    """
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own server on this machine
            result = json.load(answer)
    except urllib.error.HTTPError as error:
        result = json.load(error)
    except OSError:
        return None
    return result if isinstance(result, dict) else None


def _is_serving(report: dict[str, Any] | None) -> bool:
    """Whether requests are served and every queue has a worker."""
    return (
        report is not None
        and report["status"] != "not ready"
        and "worker" not in report["degraded"]
    )


def _is_settled(report: dict[str, Any] | None) -> bool:
    """Whether every statement sent has arrived and is counted."""
    return (
        report is not None
        and not report["uncounted"]["waiting"]
        and not report["outbox"]["statements"]
    )


def _sourced_id(person: Person) -> str:
    """The person's id on the organisation's roster. Moodle's administrator has none in the
    student records.
    """
    return person.sourced_id or f"SIS-{person.subject}"


def _practice_roster_csv() -> bytes:
    """The practice people as an organisation's roster: the teacher manages the learner, the
    mentor supports the learner, the administrator administers the tool.
    """
    lines = ["id,name,email,manager,mentor,team"]
    for item in (PEOPLE[key] for key in LISTED_PEOPLE):
        led = (
            (PEOPLE["teacher"].sourced_id, PEOPLE["mentor"].sourced_id) if item.learns else ("", "")
        )
        lines.append(",".join((_sourced_id(item), item.name, item.email, *led, "Practice desk")))
    return "\n".join(lines).encode()


class PracticeTenant:
    """The practice tenant: created at the first start, reused afterwards. State that must
    survive a restart is stored in practice.json.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._file = settings, settings.home / PRACTICE_STATE_FILE
        self._invite_url = ""
        self._state: dict[str, Any] = (
            json.loads(self._file.read_text()) if self._file.exists() else {}
        )

    def _save_state(self, **values: Any) -> None:
        self._state |= values
        _write_private_file(self._file, json.dumps(self._state))

    def ensure_installed(self) -> None:
        """Create the tenant, credentials, programme, platform and practice learner;
        idempotent.
        """
        settings = self._settings
        if "started_at" not in self._state:
            self._save_state(started_at=clock.format_instant(clock.now()))
        if "tool" not in self._state:
            wanted = [
                ("the tool", lrs_cli.TOOL_SCOPES),
                ("demo xAPI", ("all",)),
                ("demo reporting", ("metrics/read",)),
            ]
            tool, xapi, api = lrs_cli.create_tenant(settings, PRACTICE_TENANT, wanted, again=True)
            self._save_state(tool=tool, xapi=xapi, api=api)
        key, secret = self._state["tool"]
        tenant_id = tool_cli.create_tenant(
            settings,
            name=PRACTICE_TENANT,
            lrs_url=None,
            lrs_key=key,
            lrs_secret=secret,
            practice=True,
        )
        learner = PEOPLE["learner"]
        installation = tool_cli.seed_tenant(
            settings,
            tenant_id=tenant_id,
            programme=sample_document(),
            platform=platform_registration(lms_base_url(settings.base_url)),
            deployments=[DEPLOYMENT_ID],
            certified={learner.subject: (learner.name, self._started_at() - LEARNER_CERTIFIED_AGO)},
            listed=_practice_roster_csv(),
            sourced={PEOPLE[key].subject: _sourced_id(PEOPLE[key]) for key in LISTED_PEOPLE},
            roles={
                _sourced_id(PEOPLE["teacher"]): "training manager",
                _sourced_id(PEOPLE["admin"]): "admin",
            },
        )
        self._save_state(tenant_id=tenant_id, installation=str(installation))

    def _started_at(self) -> datetime:
        return clock.parse_instant(self._state["started_at"])

    def seed_cohort(self, served: str) -> None:
        """Post the practice cohort through the record store's own HTTP API; idempotent."""
        client = GuardedClient(allow_private=True)  # our own server on this machine
        created = cohort.cohort_statements(
            uuid.UUID(self._state["installation"]),
            str(self._state["tenant_id"]),
            sample_document(),
            self._started_at(),
        )
        while batch := list(islice(created, SEED_BATCH_SIZE)):
            body = b"[" + b",".join(item.payload for item in batch) + b"]"
            self._post(client, f"{served}/xapi/statements", body, "stored", 200)
        client.close()

    def publish(self, served: str) -> None:
        """Have values of the practice cohort published now instead of within the hour."""
        client = GuardedClient(allow_private=True)
        self._post(client, f"{served}/api/v1/publications", b"{}", "published", 202)
        client.close()

    def _post(
        self, client: GuardedClient, address: str, body: bytes, done: str, status: int
    ) -> None:
        key, secret = self._state["xapi"]
        answer = client.call(
            "POST",
            address,
            headers={"Content-Type": "application/json", "X-Experience-API-Version": "1.0.3"},
            body=body,
            basic=(key, secret),
        )
        if answer.status != status:
            raise FatalError(
                f"The practice cohort could not be {done}: {answer.status} "
                f"{answer.body[:300].decode('utf-8', 'replace')}"
            )

    @property
    def seeded(self) -> bool:
        """Whether the practice cohort is stored and counted."""
        return bool(self._state.get("seeded"))

    def mark_seeded(self) -> None:
        """Record that seeding is complete, so that later starts are ready as soon as the
        server responds.
        """
        self._save_state(seeded=True)

    def write_demo_json(self) -> None:
        """Write all URLs and the credentials for them, readable by this user only."""
        settings = self._settings
        lms = lms_base_url(settings.base_url)
        xapi, api = self._state["xapi"], self._state["api"]
        demo = {
            "base_url": settings.base_url,
            "xapi": {"endpoint": f"{settings.base_url}/xapi", "key": xapi[0], "secret": xapi[1]},
            "api": {"key": api[0], "secret": api[1]},
            "launch": {who: f"{lms}/practice/launch/{who}" for who in PEOPLE},
            # For your own LMS: paste it where a tool is added by its registration URL. It works
            # once.
            "registration_url": self._create_invite(),
        }
        _write_private_file(settings.home / "demo.json", json.dumps(demo, indent=2) + "\n")

    def _create_invite(self) -> str:
        with tool_cli.open_tenant(self._settings, PRACTICE_TENANT) as staff:
            self._invite_url = staff.create_invite(INVITE_NOTE, approves=True)
        return self._invite_url

    def renew_invite(self, staff: TenantOperator) -> None:
        """Keep a usable registration URL in demo.json: when it has been used, it is replaced
        by a new one.
        """
        try:
            if not staff.is_invite_usable(self._invite_url):
                self.write_demo_json()
        except (SQLAlchemyError, FatalError, OSError) as error:
            log.debug("no look at the invites: %s", error)  # the servers are restarting or stopping

    def announce_ready(self) -> None:
        """Print where to find everything."""
        home, lms = self._settings.home, lms_base_url(self._settings.base_url)
        lines = [
            "",
            f"Carryover is ready: {lms}/practice/",
            f"Keys and addresses: {home / 'demo.json'}",
            "Stop it with Ctrl-C.",
            "",
        ]
        print("\n".join(lines), flush=True)
