"""The record store as it is served, on embedded servers, for the benchmarks."""

from __future__ import annotations

import base64
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text

from core import embedded, queue, settings
from core.child_processes import Supervisor
from core.database import make_engine
from core.settings import Settings
from lrs import bootstrap, operator_api
from lrs.actions.deps import StoreDeps
from lrs.store import change_queue
from lti_tool import operator_api as tool_cli

PORT = 18_431
WAIT_SECONDS = 120
_SERVE = [sys.executable, "-m", "carryover", "serve"]  # the program that is served, all of it
RESULTS = Path(__file__).parent / "results"
TABLES = (
    "statement",
    "statement_payload",
    "statement_rel",
    "statement_ref",
    "voiding",
    "uncounted",
    "activity_definition",
)


@dataclass(frozen=True)
class Bench:
    """A running installation: the record store's parts in this process, its owner's engine, the address, the Basic
    token, the server's process.
    """

    deps: StoreDeps
    owner: Engine
    port: int
    token: str
    server: subprocess.Popen[bytes]
    environ: dict[str, str]

    def empty(self) -> None:
        """Remove all statements."""
        with self.owner.begin() as connection:
            connection.execute(text("TRUNCATE " + ", ".join(f"lrs.{table}" for table in TABLES)))

    @contextmanager
    def counting(self) -> Iterator[None]:
        """The worker of an installed system beside it."""
        worker = subprocess.Popen(
            [sys.executable, "-m", "carryover", "worker"], env={**os.environ, **self.environ}
        )
        try:
            _until(lambda: queue.has_live_workers(self.environ["CARRYOVER_REDIS_URL"]))
            yield
        finally:
            worker.terminate()
            worker.wait()
            queue.connect_redis(self.environ["CARRYOVER_REDIS_URL"]).flushdb()

    def wait_until_counted(self) -> None:
        """Until the worker has counted everything: what it holds cannot be emptied."""
        _until(lambda: change_queue.measure_backlog(self.owner)[0] == 0)

    def workers(self) -> list[int]:
        """Process ids of the web workers."""
        found = subprocess.run(
            ["pgrep", "-P", str(self.server.pid)],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        return [int(line) for line in found.split()]

    def memory_mb(self) -> float:
        """Resident memory of the largest web worker, in MB."""
        sizes = []
        for pid in self.workers():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    sizes.append(int(line.split()[1]) / 1_000)
        return max(sizes, default=0.0)


@contextmanager
def running(workers: int = 2) -> Iterator[Bench]:
    """Start everything, stop everything."""
    children = Supervisor()
    with tempfile.TemporaryDirectory() as folder:
        servers = embedded.start_embedded_servers(Path(folder), children)
        environ = {
            "CARRYOVER_HOME": folder,
            "CARRYOVER_DATABASE_URL": servers.database_url,
            "CARRYOVER_MIGRATION_URL": servers.migration_url,
            "CARRYOVER_REDIS_URL": servers.redis_url,
            "CARRYOVER_SECRET_KEY": "bench" * 10,
            "CARRYOVER_WEB_WORKERS": str(workers),
            "CARRYOVER_LOG_LEVEL": "WARNING",
            "CARRYOVER_ALLOW_PRIVATE_PLATFORMS": "1",
            "PORT": str(PORT),
        }
        read = settings.read_settings(environ)
        operator_api.migrate_store(read)
        tool_cli.migrate(read)
        ((key, secret),) = operator_api.create_tenant(read, "bench", [("bench", ("all",))])
        server = subprocess.Popen(_SERVE, env={**os.environ, **environ})
        deps, owner = bootstrap.build_from_environ(environ), make_engine(servers.migration_url)
        try:
            _wait(f"http://127.0.0.1:{PORT}/xapi/about")
            yield Bench(
                deps,
                owner,
                PORT,
                base64.b64encode(f"{key}:{secret}".encode()).decode(),
                server,
                environ,
            )
        finally:
            server.terminate()
            server.wait()
            deps.close()
            owner.dispose()
            children.stop()
            servers.forget_sockets()


@contextmanager
def served_tool(workers: int = 2) -> Iterator[tuple[Settings, subprocess.Popen[bytes]]]:
    """The tool as it is served, on embedded servers: its settings, the web server's process."""
    children = Supervisor()
    with tempfile.TemporaryDirectory() as folder:
        servers = embedded.start_embedded_servers(Path(folder), children)
        environ = {
            "CARRYOVER_HOME": folder,
            "CARRYOVER_DATABASE_URL": servers.database_url,
            "CARRYOVER_MIGRATION_URL": servers.migration_url,
            "CARRYOVER_REDIS_URL": servers.redis_url,
            "CARRYOVER_SECRET_KEY": "bench" * 10,
            "CARRYOVER_WEB_WORKERS": str(workers),
            "CARRYOVER_LOG_LEVEL": "WARNING",
            "CARRYOVER_ALLOW_PRIVATE_PLATFORMS": "1",
            "PORT": str(PORT),
        }
        read = settings.read_settings(environ)
        operator_api.migrate_store(read)
        tool_cli.migrate(read)
        server = subprocess.Popen(_SERVE, env={**os.environ, **environ})
        try:
            _wait(f"http://127.0.0.1:{PORT}/health/live")
            yield read, server
        finally:
            server.terminate()
            server.wait()
            children.stop()
            servers.forget_sockets()


def _wait(address: str) -> None:
    def answers() -> bool:
        try:
            with urllib.request.urlopen(address, timeout=1):  # noqa: S310 - our own address
                return True
        except OSError:
            return False

    _until(answers)


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not reached():
        if time.monotonic() > deadline:
            raise SystemExit(f"the system did not get ready within {WAIT_SECONDS} s")
        time.sleep(0.1)


def heading(title: str, how: str) -> list[str]:
    """Title, machine and date of a result page."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "unknown",
    )
    machine = (
        f"{os.cpu_count()} cores ({model}), {platform.system()}, Python "
        f"{platform.python_version()}, embedded PostgreSQL 18"
    )
    return [f"# {title}", "", f"{datetime.now(UTC):%d %B %Y}, {machine}. {how}", ""]


def keep(name: str, lines: list[str], figures: dict[str, float]) -> None:
    """Print a result page and write it to bench/results, with the figures that docs/performance.md
    shows.
    """
    page = "\n".join(lines) + "\n"
    sys.stdout.write(page)
    sys.stdout.flush()
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(page)
    kept = RESULTS / "figures.json"
    known = json.loads(kept.read_text()) if kept.exists() else {}
    today = f"{datetime.now(UTC):%d %B %Y}"
    kept.write_text(
        json.dumps(
            {**known, **{key: [round(value, 3), today] for key, value in figures.items()}},
            indent=1,
            sort_keys=True,
        )
        + "\n"
    )
