"""What a demo costs that nobody uses: ``python -m bench.idle`` (part of make bench).

A demo on an empty home: the time until it says that it is ready, then, after it has settled, the CPU
time of all its processes in a minute, PostgreSQL and Redis among them, and their memory. With the
folder of another checkout as argument, both run in turns, because a busy machine moves the figures.
"""

from __future__ import annotations

import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from bench.server import heading, keep

READY = "Carryover is ready"
READY_WITHIN_SECONDS = 300
SETTLE_SECONDS, IDLE_SECONDS = 30, 60
ROUNDS = 3
TICKS = os.sysconf("SC_CLK_TCK")
KINDS = {
    "bin/postgres": "PostgreSQL",
    "redis": "Redis",
    "valkey": "Redis",
    # of versions whose parts were programs of their own
    "-m granian": "carryover web",
    "--part queue": "carryover queue",
    "--part long": "carryover long",
    "--part timer": "timer",
}
AIMS = {"ready": "20 s", "CPU": "1.5 s", "memory": "450 MB"}


@dataclass(frozen=True)
class Idle:
    """Of one demo: seconds until ready, and CPU seconds until then; CPU seconds of the idle minute
    and MB of memory (PSS) by kind of process; the number of processes.
    """

    ready: float
    ready_cpu: float
    cpu: dict[str, float]
    memory: dict[str, float]
    processes: int


def _stat(pid: int) -> list[str]:
    """The fields after the name, which may hold anything: state, ppid, ..."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def tree(root: int) -> dict[int, str]:
    """Every process below ``root``, and itself, by kind: that of the child of ``root`` from which
    it descends.
    """
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    found, pending = {root: "demo"}, [root]
    while pending:
        parent = pending.pop()
        for pid in (pid for pid, of in parents.items() if of == parent):
            found[pid] = _kind(pid) if parent == root else found[parent]
            pending.append(pid)
    return found


def _kind(pid: int) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return "other"
    return next((kind for words, kind in KINDS.items() if words in command), name)


def cpu(root: int) -> dict[str, float]:
    """CPU seconds so far by kind of process, with those of children that ended."""
    used: dict[str, float] = defaultdict(float)
    for pid, kind in tree(root).items():
        try:
            used[kind] += sum(map(int, _stat(pid)[11:15])) / TICKS
        except (FileNotFoundError, ProcessLookupError):
            continue  # what it used is in its parent's figures by now
    return used


def memory(root: int) -> dict[str, float]:
    """Memory by kind of process in MB: PSS, so that a page that several share counts once."""
    held: dict[str, float] = defaultdict(float)
    for pid, kind in tree(root).items():
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        held[kind] += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1_024
    return held


def measured(checkout: Path) -> Idle:
    """One demo of this checkout, from its start to its end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARRYOVER_")}
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("ab") as log:
        begun = time.perf_counter()
        demo = subprocess.Popen(
            [sys.executable, "-m", "carryover", "demo"],
            cwd=checkout,
            env={
                **kept,
                "PYTHONPATH": str(checkout),
                "CARRYOVER_HOME": f"{folder}/home",
                "PORT": str(port),
            },
            stdout=log,
            stderr=log,
        )
        try:
            while READY not in (Path(folder) / "log").read_text():
                if demo.poll() is not None or time.perf_counter() - begun > READY_WITHIN_SECONDS:
                    raise SystemExit((Path(folder) / "log").read_text())
                time.sleep(0.05)
            ready, ready_cpu = time.perf_counter() - begun, sum(cpu(demo.pid).values())
            time.sleep(SETTLE_SECONDS)
            before = cpu(demo.pid)
            time.sleep(IDLE_SECONDS)
            after = cpu(demo.pid)
            return Idle(
                ready,
                ready_cpu,
                {kind: used - before.get(kind, 0.0) for kind, used in after.items()},
                memory(demo.pid),
                len(tree(demo.pid)),
            )
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait()


def _rows(found: dict[str, list[Idle]]) -> list[str]:
    """A table: totals, then each kind of process; the median of each checkout's rounds."""

    def row(name: str, values: dict[str, list[float]], unit: str, aim: str = "") -> str:
        said = [
            f"{statistics.median(each):.2f} {unit} ({min(each):.2f} – {max(each):.2f})"
            for each in values.values()
        ]
        return f"| {name} | " + " | ".join([*said, aim]) + " |"

    def each(of: str) -> dict[str, list[float]]:
        return {name: [getattr(one, of) for one in rounds] for name, rounds in found.items()}

    rows = [
        "| | " + " | ".join([*found, "aim"]) + " |",
        "|---|" + "---|" * (len(found) + 1),
        row("ready on an empty home", each("ready"), "s", AIMS["ready"]),
        row("CPU until then", each("ready_cpu"), "s"),
        row("processes", each("processes"), ""),
    ]
    for of, unit, what in (("cpu", "s", "CPU"), ("memory", "MB", "memory")):
        totals = {
            name: [sum(getattr(one, of).values()) for one in rounds]
            for name, rounds in found.items()
        }
        rows.append(row(f"**{what}**", totals, unit, AIMS[what]))
        kinds = {kind for rounds in found.values() for one in rounds for kind in getattr(one, of)}
        for kind in sorted(kinds):
            values = {
                name: [getattr(one, of).get(kind, 0.0) for one in rounds]
                for name, rounds in found.items()
            }
            rows.append(row(f"{what}: {kind}", values, unit))
    return rows


def main() -> None:
    """Measure, print, keep."""
    own = Path(__file__).parents[1]
    checkouts = {"this": own} | {Path(other).name: Path(other).resolve() for other in sys.argv[1:]}
    found: dict[str, list[Idle]] = {name: [] for name in checkouts}
    for _ in range(ROUNDS):
        for name, checkout in checkouts.items():
            found[name].append(measured(checkout))
    how = (
        f"A demo that nobody uses: CPU of all its processes in {IDLE_SECONDS} s, "
        f"{SETTLE_SECONDS} s after it was ready, and their memory (PSS), medians of {ROUNDS} rounds "
        f"in turns; load average {os.getloadavg()[1]:.1f} at the end. `python -m bench.idle`"
    )
    ours = found["this"]
    figures = {
        "idle ready": statistics.median(one.ready for one in ours),
        "idle CPU": statistics.median(sum(one.cpu.values()) for one in ours),
        "idle memory": statistics.median(sum(one.memory.values()) for one in ours),
    }
    keep("idle", [*heading("An idle demo", how), *_rows(found)], figures)


if __name__ == "__main__":
    main()
