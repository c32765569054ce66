"""Drain the request body before an error response is sent: a client that gets a response
while it is still sending sees a broken connection.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CHUNK_BYTES = 256 * 1024
MAX_DRAINED_BYTES = (
    256 * 1024 * 1024
)  # bytes; a client that sends more than this after an error may see the connection break


class DrainRequestBody:
    """WSGI middleware that drains the request body of refused requests."""

    def __init__(self, inner: WSGIApplication) -> None:
        self._inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        refused = False

        def record_status(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal refused
            refused = status[:1] in "45"
            return (
                start_response(status, headers, exc_info)
                if exc_info
                else start_response(status, headers)
            )

        body = self._inner(environ, record_status)
        left = (
            MAX_DRAINED_BYTES if refused and environ["REQUEST_METHOD"] not in ("GET", "HEAD") else 0
        )
        while left > 0 and (piece := environ["wsgi.input"].read(CHUNK_BYTES)):
            left -= len(piece)
        return body
