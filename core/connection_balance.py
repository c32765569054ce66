"""Kept connections, spread over the web workers. The kernel deals each new connection to some
worker, and a client that keeps its connections keeps that deal: four may meet in one worker while
the other is idle. So each worker that answers writes down, where all see it, how many connections
it holds, and one that holds two more than another asks, once a second at most, whoever asks next
to connect again.
"""

from __future__ import annotations

import mmap
import multiprocessing
import os
import socket
import struct
import time
from multiprocessing.synchronize import Lock

_ROW = struct.Struct("=QQd")  # process, connections, when it wrote that (seconds)
_LOOK_SECONDS = 1.0
_SILENT_SECONDS = 2.5  # who wrote nothing for so long answers nobody: what it holds is at rest
_LOCK_SECONDS = 5.0  # whoever holds it does so for microseconds


class SharedCounts:
    """The connections of each worker, in memory that forks share: made before they are."""

    def __init__(self, workers: int) -> None:
        self._rows = range(0, _ROW.size * workers, _ROW.size)
        self._memory = mmap.mmap(-1, _ROW.size * workers)
        self._lock: Lock = multiprocessing.get_context("fork").Lock()

    def claim_row(self) -> int | None:
        """A row for this process: one that nobody has, or whose process has ended."""
        if not self._lock.acquire(timeout=_LOCK_SECONDS):
            return None
        try:
            for row in self._rows:
                process, _, _ = _ROW.unpack_from(self._memory, row)
                if not process or not _is_alive(process):
                    self.write(row, 0)
                    return row
            return None
        finally:
            self._lock.release()

    def write(self, row: int, connections: int) -> None:
        """Write down how many connections this process holds."""
        _ROW.pack_into(self._memory, row, os.getpid(), connections, time.monotonic())

    def read_least(self, own_row: int) -> int:
        """How many connections the other worker with the fewest holds, as far as they are in
        use."""
        now, found = time.monotonic(), []
        for row in self._rows:
            if row != own_row:
                _, connections, at = _ROW.unpack_from(self._memory, row)
                found.append(connections if now - at < _SILENT_SECONDS else 0)
        return min(found)


class ConnectionBalance:
    """Of one worker: says whose connection is to be closed."""

    def __init__(self, counts: SharedCounts, row: int, port: int) -> None:
        self._counts, self._row, self._port = counts, row, port
        self._looked_at = time.monotonic()

    def should_close(self) -> bool:
        """Whether the connection of this request is to be closed after its answer."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_SECONDS:
            return False
        self._looked_at = now
        own = _count_connections(self._port)
        self._counts.write(self._row, own)
        return own >= self._counts.read_least(self._row) + 2


_joined: tuple[SharedCounts, int] | None = None


def share_among(workers: int, port: int) -> None:
    """Make the counts of the workers that this process is about to fork, for whom they answer at
    ``port``."""
    global _joined
    _joined = (SharedCounts(workers), port) if workers > 1 else None


def join() -> ConnectionBalance | None:
    """Count with the others, as one of the forks; None for a process that serves alone."""
    if _joined is None:
        return None
    counts, port = _joined
    row = counts.claim_row()
    return None if row is None else ConnectionBalance(counts, row, port)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _count_connections(port: int) -> int:
    """How many connections of clients this process holds."""
    count = 0
    for name in os.listdir("/dev/fd"):
        try:
            descriptor = os.dup(int(name))
        except OSError:  # closed meanwhile
            continue
        try:
            one = socket.socket(fileno=descriptor)
        except OSError:  # no socket
            os.close(descriptor)
            continue
        with one:
            count += _is_connected_to(one, port)
    return count


def _is_connected_to(one: socket.socket, port: int) -> bool:
    try:
        one.getpeername()
        address = one.getsockname()
    except OSError:
        return False
    return isinstance(address, tuple) and address[1] == port
