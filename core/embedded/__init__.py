"""Real servers from wheels, for both the demo and the tests: PostgreSQL 18 and Redis as child
processes.

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
from core.embedded.postgres import EmbeddedPostgres, find_postgres_programs
from core.embedded.redis import EmbeddedRedis
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
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise FatalError(
            f"Embedded servers exist for Linux on x86-64, not for {platform.system()} on "
            f"{platform.machine()}: start PostgreSQL 15+ and"
            " Redis yourself and set CARRYOVER_DATABASE_URL, CARRYOVER_MIGRATION_URL and "
            "CARRYOVER_REDIS_URL."
        )
    home.mkdir(parents=True, exist_ok=True)
    sockets = Path(tempfile.mkdtemp(prefix="carryover-"))
    postgres = EmbeddedPostgres(home / "postgres", sockets / "pg", home / "postgres.log")
    redis = EmbeddedRedis(home / "redis", sockets / "redis.sock", home / "redis.log")
    try:
        children.add(redis.child())
        postgres.prepare()
        children.add(postgres.child())
        children.wait_until(
            postgres.answers,
            START_TIMEOUT_SECONDS,
            f"PostgreSQL did not start; {postgres.log_file} says why.",
        )
        children.wait_until(
            redis.answers, START_TIMEOUT_SECONDS, f"Redis did not start; {redis.log_file} says why."
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
        redis.url,
        postgres.log_file,
    )
