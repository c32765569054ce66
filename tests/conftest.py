"""Real servers for whoever asks for them: one embedded PostgreSQL and Redis for the run, a fresh
database for each test.

Imports nothing but the ground, so that the record store's tests run where every other house is
deleted.
"""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from core import embedded, settings
from core.child_processes import Supervisor
from core.embedded import EmbeddedServers
from core.settings import Settings

SECRET = "a-secret-for-tests-of-more-than-32-characters"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServers]:
    """Embedded PostgreSQL and Redis, as the demo starts them."""
    children = Supervisor()
    folder = tmp_path_factory.mktemp("servers")
    started = embedded.start_embedded_servers(folder, children)
    with _as_admin(started) as admin:
        # Tests kill processes, never the machine: what has left the server is safe enough here, and
        # databases are made faster.
        admin.execute("ALTER SYSTEM SET fsync = off")
        admin.execute("SELECT pg_reload_conf()")
    yield started
    children.kill()  # nobody needs the data any more
    started.forget_sockets()
    # Half a million files: removing them takes a minute, which nobody waits for.
    subprocess.run(["sh", "-c", 'rm -rf "$0" > /dev/null 2>&1 &', folder], check=True)


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


@pytest.fixture(scope="session")
def new_database(servers: EmbeddedServers) -> Callable[..., str]:
    """Makes a database, empty or as a copy of another. It stays as long as the servers: dropping
    hundreds of them one by one took minutes, while their folder is gone in seconds.
    """

    def make(template: str = "template1") -> str:
        name = f"t{next(_numbers)}"
        with _as_admin(servers) as admin:
            owner, source = sql.Identifier("carryover_owner"), sql.Identifier(template)
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY file_copy").format(
                    sql.Identifier(name), source, owner
                )
            )
        return name

    return make


def _as_admin(servers: EmbeddedServers) -> psycopg.Connection[Any]:
    return psycopg.connect(
        servers.migration_url.replace("carryover_owner@/carryover", "postgres@/postgres"),
        autocommit=True,
    )


@pytest.fixture(scope="session")
def lrs_template(
    servers: EmbeddedServers,
    new_database: Callable[..., str],
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """A database with the record store's tables, built by its migrations."""
    from lrs import operator_api

    name = new_database()
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
