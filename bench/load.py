"""A client that costs little: raw HTTP/1.1 over kept connections, requests ready as bytes. It
shares the machine with what it measures.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial


@dataclass
class Outcome:
    """What a run of requests gave."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)  # seconds
    statuses: dict[int, int] = field(default_factory=dict)
    last_body: bytes = b""

    def quantile(self, share: float) -> float:
        """A quantile of the latencies, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1_000

    def require(self, status: int) -> None:
        """End the benchmark when a request was answered otherwise: a refusal is no result."""
        if set(self.statuses) != {status}:
            raise SystemExit(f"the benchmark met answers {self.statuses}: {self.last_body[:300]!r}")


class _Connection(asyncio.Protocol):
    def __init__(
        self,
        requests: Iterator[bytes],
        outcome: Outcome,
        deadline: float,
        ended: asyncio.Future[None],
    ) -> None:
        self._requests, self._outcome, self._deadline, self._ended = (
            requests,
            outcome,
            deadline,
            ended,
        )
        self._received = bytearray()
        self._expected = -1
        self._sent = 0.0
        self._comes_again = False
        self._again: asyncio.Future[None] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        assert self._transport is not None
        request = next(self._requests, None) if time.perf_counter() < self._deadline else None
        if request is None:
            self._transport.close()
            if not self._ended.done():
                self._ended.set_result(None)
            return
        self._received.clear()
        self._expected = -1
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._expected < 0:
            head = self._received.find(b"\r\n\r\n")
            if head < 0:
                return
            lowered = bytes(self._received[:head]).lower()
            place = lowered.find(b"content-length:")
            length = int(lowered[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
            self._expected = head + 4 + length
            # The server spreads connections over its workers: some clients are asked to come again.
            self._comes_again = b"connection: close" in lowered
        if len(self._received) >= self._expected:
            self._outcome.latencies.append(time.perf_counter() - self._sent)
            status = int(self._received[9:12])
            self._outcome.statuses[status] = self._outcome.statuses.get(status, 0) + 1
            self._outcome.last_body = bytes(self._received[-400:])
            if not self._comes_again:
                self._next()

    async def _reconnect(self) -> None:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("peername")[:2]
        try:
            await asyncio.get_running_loop().create_connection(lambda: self, host, port)
        except OSError as failed:
            self._ended.set_exception(failed)

    def connection_lost(self, error: Exception | None) -> None:
        if self._comes_again and error is None:
            self._comes_again = False
            self._again = asyncio.ensure_future(self._reconnect())
        elif not self._ended.done():
            self._ended.set_exception(error or ConnectionError("the server closed a connection"))


def run(port: int, requests: Iterator[bytes], clients: int, seconds: float = 1e9) -> Outcome:
    """Send all requests, or as many as ``seconds`` allow, over ``clients`` connections."""
    outcome = Outcome()

    async def go() -> None:
        loop = asyncio.get_running_loop()
        deadline = time.perf_counter() + seconds
        ends = [loop.create_future() for _ in range(clients)]
        begun = time.perf_counter()
        for end in ends:
            await loop.create_connection(
                partial(_Connection, requests, outcome, deadline, end), "127.0.0.1", port
            )
        await asyncio.gather(*ends)
        outcome.seconds = time.perf_counter() - begun

    asyncio.run(go())
    return outcome


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """One request, ready to send."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic "
        f"{token}\r\nX-Experience-API-Version: 1.0.3\r\n"
    )
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body
