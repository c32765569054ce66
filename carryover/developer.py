"""For developers; no part of the command line. ``python -m carryover.developer dev`` is the demo
that serves what was edited. Beside a running demo, ``shell`` is a prompt with the packages'
dependencies, ``sql`` is psql in its database.
"""

from __future__ import annotations

import code
import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from carryover import composition, demo_runner, process_commands, running_demo
from carryover.demo_runner import WEB_FACTORY, WORKER_NAME, DemoProcesses
from core.child_processes import ChildProcess, command_starter
from core.deps import build_deps
from core.embedded import postgres
from core.errors import FatalError
from core.settings import Settings, read_settings
from lti_tool import bootstrap

ROOT = Path(__file__).parents[1]
PACKAGES = ("adapters", "analytics", "carryover", "core", "lrs", "lti_tool")
SERVED_SUFFIXES = frozenset((".py", ".html", ".css", ".js", ".po", ".json"))


def _demo_settings() -> Settings:
    read = running_demo.command_settings(os.environ)
    if not read.database_url:
        raise FatalError("No demo runs here; start one in another window: make run, or make dev.")
    return read


class ReloadedProcesses(DemoProcesses):
    """Processes that start with the code as it is then, and do so again when a file of it has
    changed: the web server at once, those of jobs when edits have rested, so that a page does not
    share the processors with them.
    """

    check_seconds = 0.25
    rest_seconds = 4.0

    def __init__(self) -> None:
        self._seen = self._run_by_workers = _newest_change()
        self._edited_at = 0.0
        self._web: ChildProcess | None = None
        self._workers: list[ChildProcess] = []

    def web(self, settings: Settings, environ: Mapping[str, str]) -> ChildProcess:
        """The server's own command: it has not imported our code, but its workers do. It ends
        the old worker at once, so that a page waits for the new one instead of showing what was
        before the edit."""
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--no-ws"]
        command += ["--host", settings.host, "--port", str(settings.port), "--log-level", "error"]
        command += ["--respawn-interval", "0"]
        start = command_starter([*command, WEB_FACTORY], environ, heard=True)
        self._web = ChildProcess("the web server", start)
        return self._web

    def workers(self, environ: Mapping[str, str]) -> list[ChildProcess]:
        """The worker's processes, each an interpreter of its own."""
        command = [sys.executable, "-m", "carryover", "worker", "--part"]
        self._workers = [
            ChildProcess(
                f"{WORKER_NAME} {part}", command_starter([*command, part], environ, heard=True)
            )
            for part in process_commands.WORKER_PARTS
        ]
        return self._workers

    def serve_edits(self) -> None:
        """Have web workers replaced by the server, those of jobs started again."""
        newest, now = _newest_change(), time.monotonic()
        if newest != self._seen and self._web is not None and self._web.process is not None:
            self._seen, self._edited_at = newest, now
            self._web.process.send_signal(signal.SIGHUP)
        elif self._run_by_workers != self._seen and now - self._edited_at >= self.rest_seconds:
            self._run_by_workers = self._seen
            for worker in self._workers:
                worker.end()
                worker.spawn()


def _newest_change() -> int:
    """When a file of the code was changed last, in nanoseconds."""
    return max(
        file.stat().st_mtime_ns
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.suffix in SERVED_SUFFIXES
    )


def dev() -> None:
    """The demo; an edit is served within about three seconds."""
    read = read_settings(os.environ)
    logging.basicConfig(level=read.log_level)
    demo_runner.run_demo(read, ReloadedProcesses())


def shell() -> None:
    """A prompt with ``settings``, ``tool``, ``store`` and ``analytics``."""
    read = _demo_settings()
    joined = composition.build_from_settings(read)
    names = {
        "settings": read,
        "store": joined.store,
        "analytics": joined.analytics,
        "tool": bootstrap.build_from_deps(build_deps(read)),
    }
    code.interact(f"Carryover: {', '.join(names)}", local=names, exitmsg="")


def sql() -> None:
    """psql as the owner of the demo's database; replaces this process."""
    read = _demo_settings()
    programs = postgres.find_postgres_programs(postgres.DEFAULT_MAJOR_VERSION)
    if programs is None:
        raise FatalError("The embedded server is not installed; make run installs it.")
    program = str(programs / "psql")
    os.execv(program, [program, read.migration_url])  # noqa: S606 - a fixed program of the embedded server


COMMANDS = {"dev": dev, "shell": shell, "sql": sql}


def main() -> None:
    """Run the command that the first argument names."""
    command = COMMANDS.get(sys.argv[1]) if len(sys.argv) > 1 else None
    if command is None:
        sys.exit(f"Say one of: {', '.join(COMMANDS)}")
    try:
        command()
    except FatalError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
