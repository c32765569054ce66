"""Real servers for whoever asks for them: one embedded PostgreSQL and Redis for the run, a fresh
database for each test.

Imports nothing but the core, so that the record store's tests run where every other package is
deleted.
"""

from __future__ import annotations

import gc
import itertools
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, LiteralString

import hypothesis
import psycopg
import pytest
from psycopg import sql

from core import embedded, settings
from core.child_processes import Supervisor
from core.embedded import EmbeddedServers
from core.settings import Settings

HERE = Path(__file__).parent
SECRET = "a-secret-for-tests-of-more-than-32-characters"
# Copying a database in memory takes a quarter of the time on a disk.
MEMORY, MEMORY_BYTES = Path("/dev/shm"), 2 * 1024**3
# Tests kill processes, never the machine: what has left the server is safe enough. And no table
# here lives long enough to be cleaned.
DURABILITY = ("fsync", "full_page_writes", "synchronous_commit", "autovacuum")
SEED = "CARRYOVER_TEST_SEED"
STORIES = ("functional", "e2e")
# What is quick to fail comes first; what is short comes last, so that no process waits for another.
FOLDERS = ("unit", "house", *STORIES, "integration", "soak")

# How long one example takes says how busy the machine is.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


def pytest_configure() -> None:
    """The order's seed: a new one for each run, or of the environment to repeat a run. The processes
    that a run is spread over inherit it.
    """
    os.environ.setdefault(SEED, str(random.randrange(10**6)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of a folder come in random order, and so do the tests of a file: none may need another
    one before it. Folders stay together, since they share what is slow to start. A file that uses
    the product as people do is one story on one demo, told in its order.
    """
    chance = random.Random(os.environ[SEED])
    ordered = []
    items.sort(key=lambda item: FOLDERS.index(_folder(item)))
    for folder, suite in itertools.groupby(items, _folder):
        files: dict[Path, list[pytest.Item]] = {}
        for item in suite:
            files.setdefault(item.path, []).append(item)
        for tests in chance.sample(list(files.values()), len(files)):
            ordered += tests if folder in STORIES else chance.sample(tests, len(tests))
    items[:] = ordered


def pytest_collection_finish() -> None:
    """What was collected stays until the end: no collection of garbage need look at it again."""
    gc.collect()
    gc.freeze()


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(HERE).parts[0]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"The tests' order: {SEED}={os.environ[SEED]}")


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    """Embedded PostgreSQL and Redis, as the demo starts them, but for what guards against the
    machine's own end.
    """
    children = Supervisor()
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES
    parent = MEMORY if roomy else tmp_path_factory.getbasetemp()
    folder = Path(tempfile.mkdtemp(prefix="carryover-tests-", dir=parent))
    try:
        started = embedded.start_embedded_servers(folder, children)
        with _as_admin(started) as admin:
            for name in DURABILITY:
                admin.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(name)))
            admin.execute("SELECT pg_reload_conf()")
        yield started
        children.kill()  # nobody needs the data any more
        started.forget_sockets()
    finally:
        shutil.rmtree(folder)


def environ_for(servers: EmbeddedServers, database: str, home: Path) -> dict[str, str]:
    """The environment of a process that works on ``database``."""
    return {
        "CARRYOVER_HOME": str(home),
        "CARRYOVER_DATABASE_URL": servers.database_url.replace("/carryover?", f"/{database}?"),
        "CARRYOVER_MIGRATION_URL": servers.migration_url.replace("/carryover?", f"/{database}?"),
        "CARRYOVER_REDIS_URL": servers.redis_url,
        "CARRYOVER_SECRET_KEY": SECRET,
        "CARRYOVER_ALLOW_PRIVATE_PLATFORMS": "1",
    }


class Databases:
    """Makes databases, empty or as copies of another, and drops them."""

    def __init__(self, admin: psycopg.Connection[Any]) -> None:
        self._admin, self._numbers, self._used = admin, itertools.count(1), list[str]()

    def make(self, template: str = "template1") -> str:
        """One that stays as long as the servers; returns its name."""
        while self._used:
            self._run("DROP DATABASE {} WITH (FORCE)", self._used.pop())
        name = f"t{next(self._numbers)}"
        command = "CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY file_copy"
        self._run(command, name, template, "carryover_owner")
        return name

    @contextmanager
    def temporary(self, template: str = "template1") -> Iterator[str]:
        """One that is dropped before the next is made: a thousand of them would fill the memory.
        Not at once, since the server waits for connections that were closed just now.
        """
        name = self.make(template)
        yield name
        self._used.append(name)

    def _run(self, command: LiteralString, *names: str) -> None:
        self._admin.execute(sql.SQL(command).format(*map(sql.Identifier, names)))


@pytest.fixture(scope="session")
def databases(servers: EmbeddedServers) -> Iterator[Databases]:
    with _as_admin(servers) as admin:
        yield Databases(admin)


@pytest.fixture
def new_database(databases: Databases) -> Iterator[Callable[..., str]]:
    """Makes a database, empty or as a copy of another; all are dropped after the test."""
    with ExitStack() as made:
        yield lambda *template: made.enter_context(databases.temporary(*template))


def _as_admin(servers: EmbeddedServers) -> psycopg.Connection[Any]:
    return psycopg.connect(
        servers.migration_url.replace("carryover_owner@/carryover", "postgres@/postgres"),
        autocommit=True,
    )


@pytest.fixture(scope="session")
def lrs_template(
    servers: EmbeddedServers, databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A database with the record store's tables, built by its migrations."""
    from lrs import operator_api

    name = databases.make()
    operator_api.migrate_store(
        settings.read_settings(environ_for(servers, name, tmp_path_factory.mktemp("home")))
    )
    return name


@pytest.fixture
def lrs_settings(
    servers: EmbeddedServers, new_database: Callable[..., str], lrs_template: str, tmp_path: Path
) -> Settings:
    """Settings for a fresh record store."""
    return settings.read_settings(environ_for(servers, new_database(lrs_template), tmp_path))


@pytest.fixture
def statement() -> Callable[..., dict[str, Any]]:
    """A small valid statement, with what a test changes."""

    def make(**changes: Any) -> dict[str, Any]:
        value = {
            "actor": {"mbox": "mailto:somebody@example.org"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
            "object": {"id": "https://example.org/activities/1"},
        }
        return {name: part for name, part in {**value, **changes}.items() if part is not None}

    return make
