"""Real servers from wheels, for both the demo and the tests: PostgreSQL 18 and Valkey, a
Redis-compatible queue server, as child processes.

Data are stored below the given folder; sockets in a private temporary folder, because long
socket paths are truncated silently. Neither server listens on the network.
"""

from __future__ import annotations

import platform
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.child_processes import Supervisor
from core.embedded.postgres import (
    DEFAULT_MAJOR_VERSION,
    EmbeddedPostgres,
    find_postgres_programs,
)
from core.embedded.valkey import EmbeddedValkey, find_valkey_server
from core.errors import FatalError

__all__ = ["EmbeddedServers", "find_postgres_programs", "start_embedded_servers"]

START_TIMEOUT_SECONDS = 300  # on a heavily loaded machine; one second on an idle one


@dataclass
class EmbeddedServers:
    """Addresses of the running servers."""

    sockets: Path
    migration_url: str
    database_url: str
    redis_url: str
    postgres_log: Path

    def forget_sockets(self) -> None:
        """Remove the socket folder after the servers have stopped."""
        shutil.rmtree(self.sockets, ignore_errors=True)


def start_embedded_servers(home: Path, children: Supervisor) -> EmbeddedServers:
    """Start both servers as children and wait until they answer; Stop with a one-sentence
    message if that is impossible."""
    if find_postgres_programs(DEFAULT_MAJOR_VERSION) is None or find_valkey_server() is None:
        raise FatalError(
            "The embedded servers are not installed: install requirements-run.txt (they exist for "
            "Linux on x86-64 and arm64 and for macOS on arm64; this is "
            f"{platform.system()} on {platform.machine()}), or start PostgreSQL 15+ and a "
            "Redis-compatible server yourself and set CARRYOVER_DATABASE_URL, "
            "CARRYOVER_MIGRATION_URL and CARRYOVER_REDIS_URL."
        )
    home.mkdir(parents=True, exist_ok=True)
    sockets = Path(tempfile.mkdtemp(prefix="carryover-"))
    postgres = EmbeddedPostgres(home / "postgres", sockets / "pg", home / "postgres.log")
    valkey = EmbeddedValkey(home / "valkey", sockets / "valkey.sock", home / "valkey.log")
    try:
        children.add(valkey.child())
        postgres.prepare()
        children.add(postgres.child())
        children.wait_until(
            postgres.answers,
            START_TIMEOUT_SECONDS,
            f"PostgreSQL did not start; {postgres.log_file} says why.",
        )
        children.wait_until(
            valkey.answers,
            START_TIMEOUT_SECONDS,
            f"The queue server (Valkey, Redis-compatible) did not start; {valkey.log_file} says "
            "why.",
        )
        if not children.stopping:
            postgres.ensure_database()
    except BaseException:
        children.stop()
        shutil.rmtree(sockets, ignore_errors=True)
        raise
    return EmbeddedServers(
        sockets,
        postgres.url("carryover_owner"),
        postgres.url("carryover_app"),
        valkey.url,
        postgres.log_file,
    )
