"""Child processes that are started together, supervised, restarted when they die, and stopped
in order.

Every child leads its own session and is signalled by the kernel when this process dies
(PR_SET_PDEATHSIG), so that not even a kill -9 of the parent leaves a child behind. When a child
dies, everything it had forked is killed by its session id. A child is another program, or a fork of
this process, which shares the memory of what was imported: a process that forks has no threads.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import os
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NoReturn, Protocol

from core.errors import FatalError

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1  # linux/prctl.h
MAX_RESTARTS = 5  # in
RESTART_WINDOW_SECONDS = 60
STOP_TIMEOUT_SECONDS, STOP_RETRY_SECONDS = 15, 3
POLL_INTERVAL_SECONDS = 0.1
PROGRESS_LOG_SECONDS = 20  # between two log lines that say that something is still starting
TAIL_LINES, TAIL_BYTES = 10, 4_000  # of a child that did not become ready
OUTPUT_BYTES = 65_536  # read at once of what a child says
MAX_NAME_BYTES = 15  # of a process (linux/sched.h)
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


def name_process(name: str) -> None:
    """Give this process a name that ps and top show; the first 15 bytes count."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_bytes(name.encode()[:MAX_NAME_BYTES])


class RunningProcess(Protocol):
    """What is used of a subprocess.Popen."""

    pid: int
    returncode: int | None
    stdout: IO[bytes] | None

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""

    def send_signal(self, sig: int) -> None:
        """Send it a signal, unless it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, once it has ended."""


class ForkedProcess:
    """A fork of this process that leads a session of its own and runs ``run`` in the place of what
    this process does; ``stdout`` is what it says, if it is heard.
    """

    def __init__(self, run: Callable[[], object], heard: bool) -> None:
        self.returncode: int | None = None
        self.stdout: IO[bytes] | None = None
        parent, output = os.getpid(), os.pipe() if heard else None
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _become_child(run, parent, output[1] if output else None)
        if output:
            os.close(output[1])
            self.stdout = os.fdopen(output[0], "rb", buffering=0)

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        if self.returncode is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            if ended:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, sig: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, sig)

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, once it has ended; subprocess.TimeoutExpired if it has not within
        ``timeout`` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a fork", timeout or 0.0)
            time.sleep(POLL_INTERVAL_SECONDS)
        return code


def _become_child(run: Callable[[], object], parent: int, output: int | None) -> NoReturn:
    """Give up what belongs to the parent: its signal handlers, its open files, its garbage, whose
    collection would write to shared memory and close files by numbers that are others' by now.
    """
    code = 1
    try:
        gc.freeze()
        signal.set_wakeup_fd(-1)
        for handled in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(handled, signal.SIG_DFL)
        os.setsid()
        die_with_parent(signal.SIGTERM, parent)
        with open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), 0)
        if output is not None:
            os.dup2(output, 1)
            os.dup2(output, 2)
        for number in map(int, os.listdir("/dev/fd")):
            if number > 2:
                with contextlib.suppress(OSError):  # that of the listing is closed by now
                    os.close(number)
        run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        log.exception("this process ends")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@dataclass
class ChildProcess:
    """One kind of child: how to start it and how to ask it to stop."""

    name: str
    start: Callable[[], RunningProcess]
    stop_signal: int = signal.SIGTERM
    log_file: Path | None = None
    process: RunningProcess | None = None
    deaths: list[float] = field(default_factory=list)
    output_tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))
    _unfinished: bytes = b""  # the beginning of a line

    def spawn(self) -> None:
        """Start it. Its output, if it is piped to us, is forwarded to our standard error, and
        the last lines are kept."""
        self.process, self._unfinished = self.start(), b""
        if self.process.stdout is not None:
            os.set_blocking(self.process.stdout.fileno(), False)

    def has_ended(self) -> bool:
        """Whether it was started, and ended by itself."""
        return self.process is not None and self.process.poll() is not None

    def forward_output(self) -> bool:
        """Forward what it has said by now; return whether it may say more."""
        if self.process is None or self.process.stdout is None or self.process.stdout.closed:
            return False
        try:
            while words := os.read(self.process.stdout.fileno(), OUTPUT_BYTES):
                *lines, self._unfinished = (self._unfinished + words).split(b"\n")
                self._forward(lines)
        except BlockingIOError:
            return True
        self._forward([self._unfinished] if self._unfinished else [])
        self._unfinished = b""
        self.process.stdout.close()
        return False

    def _forward(self, lines: list[bytes]) -> None:
        for line in lines:
            self.output_tail.append(line.decode("utf-8", "replace").rstrip())
            sys.stderr.write(line.decode("utf-8", "replace") + "\n")
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
                wait_for_children([self], min(deadline, time.monotonic() + STOP_RETRY_SECONDS))
            if self.process.poll() is None:
                log.warning(
                    "%s did not stop within %s s and is killed", self.name, STOP_TIMEOUT_SECONDS
                )
        self.clear_up()
        self.process = None

    def clear_up(self) -> None:
        """After it ended: kill what remains of its session, and forward its last output."""
        if self.process is not None:
            kill_session(self.process.pid)
            self.process.wait()
            self.forward_output()
            if self.process.stdout is not None:
                self.process.stdout.close()


def wait_for_children(
    children: list[ChildProcess], deadline: float | None, wakeup: int | None = None
) -> None:
    """Forward what these say until one of them ends, ``deadline`` (time.monotonic) comes, or a byte
    can be read from ``wakeup``, which a signal writes, the end of a child included. Without
    ``wakeup`` the end of a child is looked for.
    """
    while True:
        heard = [
            child.process.stdout.fileno()
            for child in children
            if child.forward_output() and child.process and child.process.stdout
        ]
        if any(child.has_ended() for child in children):
            return
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            return
        if wakeup is None:
            left = POLL_INTERVAL_SECONDS if left is None else min(left, POLL_INTERVAL_SECONDS)
        files = [*heard, *([wakeup] if wakeup is not None else [])]
        readable, _, _ = select.select(files, [], [], left)
        if wakeup in readable:
            os.read(wakeup, OUTPUT_BYTES)
            return


def command_starter(
    arguments: list[str], environ: Mapping[str, str], *, heard: bool = False
) -> Callable[[], RunningProcess]:
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


def fork_starter(run: Callable[[], object], *, heard: bool = False) -> Callable[[], RunningProcess]:
    """A start function for :class:`ChildProcess`: a fork of this process that calls ``run``, in its
    own session, and dies with this process."""
    return lambda: ForkedProcess(run, heard)


class Supervisor:
    """Children in the order in which they start; they stop in reverse order."""

    def __init__(self) -> None:
        self._children: list[ChildProcess] = []
        self._wakeup: int | None = None
        self.stopping = False

    def add(self, child: ChildProcess) -> None:
        """Start ``child`` and supervise it from now on."""
        self._children.append(child)
        child.spawn()

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT end :meth:`watch`; it sleeps until then, or until a child ends."""

        def stop(number: int, frame: object) -> None:
            self.stopping = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        self._wakeup, written = os.pipe()
        os.set_blocking(written, False)
        signal.set_wakeup_fd(written, warn_on_full_buffer=False)

    def restart_dead_children(self) -> None:
        """Restart dead children; Stop if one keeps dying."""
        for child in self._children:
            if child.process is None or not child.has_ended():
                continue
            code = child.process.returncode
            child.clear_up()
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

    def watch(self, look: Callable[[], None] | None = None, seconds: float = 0.0) -> None:
        """Keep everything running until a signal requests a stop; call ``look``, if there is one,
        every so many seconds."""
        due = time.monotonic() + seconds if look else None
        while not self.stopping:
            self.restart_dead_children()
            wait_for_children(self._children, due, self._wakeup)
            if look and due is not None and time.monotonic() >= due and not self.stopping:
                look()
                due = time.monotonic() + seconds

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
            wait_for_children(
                self._children, time.monotonic() + POLL_INTERVAL_SECONDS, self._wakeup
            )

    def _collect_last_output(self) -> list[str]:
        result = []
        for child in self._children:
            child.forward_output()
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
