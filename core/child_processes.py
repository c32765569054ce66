"""Child processes that are started together, supervised, restarted when they die, and stopped
in order.

Every child leads its own session and is signalled by the kernel when this process dies
(PR_SET_PDEATHSIG), so that not even a kill -9 of the parent leaves a child behind. When a child
dies, everything it had forked is killed by its session id.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from core.errors import FatalError

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1  # linux/prctl.h
MAX_RESTARTS = 5  # in
RESTART_WINDOW_SECONDS = 60
STOP_TIMEOUT_SECONDS, STOP_RETRY_SECONDS = 15, 3
POLL_INTERVAL_SECONDS = 0.1
PROGRESS_LOG_SECONDS = 20  # between two log lines that say that something is still starting
TAIL_LINES, TAIL_BYTES = 10, 4_000  # of a child that did not become ready
GC_THRESHOLD = 50_000
PROC = Path("/proc")  # absent on macOS

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(signal_number: int, parent: int) -> None:
    """In a fresh child: ask the kernel to send ``signal_number`` when the parent dies (Linux
    alone takes such a wish); exit now if it already has."""
    if sys.platform == "linux":
        _libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def kill_session(session: int) -> None:
    """SIGKILL the remaining processes of a session: a killed server's forked workers, a killed
    worker's job. Without /proc: those of its first process group."""
    if not PROC.exists():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(session, signal.SIGKILL)
        return
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The name in parentheses may contain anything; after the last parenthesis: state,
            # ppid, pgrp, session.
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                os.kill(int(entry.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it ended in the meantime, or is not ours


@dataclass
class ChildProcess:
    """One kind of child: how to start it and how to ask it to stop."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    stop_signal: int = signal.SIGTERM
    log_file: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)
    output_thread: threading.Thread | None = None
    output_tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))

    def spawn(self) -> None:
        """Start it. Its output, if it is piped to us, is forwarded to our standard error, and
        the last lines are kept."""
        self.process = self.start()
        if self.process.stdout is not None:
            self.output_thread = threading.Thread(
                target=self._forward_output,
                args=(self.process.stdout,),
                name=f"words of {self.name}",
                daemon=True,
            )
            self.output_thread.start()

    def _forward_output(self, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self.output_tail.append(line.decode("utf-8", "replace").rstrip())
                sys.stderr.write(line.decode("utf-8", "replace"))
                sys.stderr.flush()

    def last_lines(self) -> list[str]:
        """The last lines of its output, from memory or from its log file."""
        if self.log_file is None or not self.log_file.exists():
            return list(self.output_tail)
        with self.log_file.open("rb") as file:
            file.seek(max(0, self.log_file.stat().st_size - TAIL_BYTES))
            return file.read().decode("utf-8", "replace").splitlines()[-TAIL_LINES:]

    def end(self) -> None:
        """Ask it to stop, wait, then kill it; nothing of its session remains."""
        if self.process is None:
            return
        if self.process.poll() is None:
            deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
            while self.process.poll() is None and time.monotonic() < deadline:
                # The signal is repeated: a server that is just starting may not handle signals
                # yet.
                self.process.send_signal(self.stop_signal)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(STOP_RETRY_SECONDS)
            if self.process.poll() is None:
                log.warning(
                    "%s did not stop within %s s and is killed", self.name, STOP_TIMEOUT_SECONDS
                )
        kill_session(self.process.pid)
        self.process.wait()
        self.process = None
        if self.output_thread is not None:
            self.output_thread.join(
                STOP_RETRY_SECONDS
            )  # its last output is forwarded to our standard error


def command_starter(
    arguments: list[str], environ: Mapping[str, str], *, heard: bool = False
) -> Callable[[], subprocess.Popen[bytes]]:
    """A start function for :class:`ChildProcess`: runs ``arguments`` in its own session and
    dies with this process. ``heard``: its output is piped to the child object."""
    parent = os.getpid()

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            arguments,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if heard else None,
            stderr=subprocess.STDOUT if heard else None,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(signal.SIGTERM, parent),
        )

    return start


class Supervisor:
    """Children in the order in which they start; they stop in reverse order."""

    def __init__(self) -> None:
        self._children: list[ChildProcess] = []
        self.stopping = False

    def add(self, child: ChildProcess) -> None:
        """Start ``child`` and supervise it from now on."""
        self._children.append(child)
        child.spawn()

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT end :meth:`watch`."""

        def stop(number: int, frame: object) -> None:
            self.stopping = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)

    def restart_dead_children(self) -> None:
        """Restart dead children; Stop if one keeps dying."""
        for child in self._children:
            if child.process is None or child.process.poll() is None:
                continue
            code = child.process.returncode
            kill_session(child.process.pid)
            moment = time.monotonic()
            child.deaths = [
                death for death in child.deaths if moment - death < RESTART_WINDOW_SECONDS
            ] + [moment]
            if len(child.deaths) > MAX_RESTARTS:
                raise FatalError(
                    f"{child.name} ended {len(child.deaths)} times within a minute; its last "
                    "messages above say why."
                )
            log.warning("%s ended (status %s) and is started again", child.name, code)
            time.sleep(min(len(child.deaths) - 1, 3))
            child.spawn()

    def watch(self) -> None:
        """Keep everything running until a signal requests a stop."""
        while not self.stopping:
            self.restart_dead_children()
            time.sleep(POLL_INTERVAL_SECONDS)

    def wait_until(self, ready: Callable[[], bool], seconds: float, failure: str) -> None:
        """Supervise until ``ready()``; Stop with ``failure`` and the last output of each child
        if it takes longer than ``seconds``."""
        began = logged = time.monotonic()
        deadline = began + seconds
        while not self.stopping:
            self.restart_dead_children()
            if ready():
                return
            if time.monotonic() > deadline:
                raise FatalError("\n".join((failure, *self._collect_last_output())))
            if time.monotonic() - logged > PROGRESS_LOG_SECONDS:
                logged = time.monotonic()
                log.warning(
                    "%s is still starting (%.0f s of up to %.0f s); this machine is busy",
                    self._children[-1].name,
                    logged - began,
                    seconds,
                )
            time.sleep(POLL_INTERVAL_SECONDS)

    def _collect_last_output(self) -> list[str]:
        result = []
        for child in self._children:
            lines = child.last_lines()
            result.append(
                f"The last of what {child.name} said:" if lines else f"{child.name} said nothing."
            )
            result += [f"  {line}" for line in lines]
        return result

    def stop(self) -> None:
        """Stop all, last started first."""
        for child in reversed(self._children):
            child.end()

    def kill(self) -> None:
        """Kill all children at once, whatever they are doing."""
        for child in reversed(self._children):
            child.stop_signal = signal.SIGKILL
            child.end()


def tune_garbage_collector() -> None:
    """Tune the garbage collector, once per web worker: permanent objects are frozen, and
    garbage of a request can wait.

    A batch of 100 statements creates some 20,000 objects; with Python's default threshold of
    700 the collector took a third of its CPU time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 50)
