"""What all resources below ``/xapi`` share: versions, the high-water mark, CORS, reading bodies
to their end.

A request's family (1.0 or 2.0) is determined by its header X-Experience-API-Version; every
response, including errors, names the version it was given in (xAPI-Communication 3.3; IEEE
9274.1.1, 4.1.2).
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

from flask import Blueprint, Flask, Response, request
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.clock import format_instant
from core.errors import BadInput
from lrs.actions.deps import StoreDeps
from lrs.api.middleware import alternate_request
from lrs.store.statements import high_water_mark

log = logging.getLogger(__name__)

VERSIONS = ("1.0.3", "2.0.0")
MAX_BODY_BYTES = 32 * 1024 * 1024  # a batch of 1,000 statements of 32 kB
CHUNK_BYTES = 256 * 1024  # bytes of a body that are read at a time
# maximum age of the high-water mark in the response to a write; an older one is still correct
HIGH_WATER_MARK_SECONDS = 0.2
PREFLIGHT_SECONDS = 86_400
CONSISTENT_THROUGH_HEADER = "X-Experience-API-Consistent-Through"
_VERSION_PATTERN = re.compile(r"(1\.0|2\.0)(?:\.\d+)?\Z")
_CORS_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z")  # RFC 9110, 5.6.2: a token
_CORS_REQUEST_HEADERS = (
    "Authorization, Content-Type, Content-Encoding, Content-Length, If-Match, If-None-Match, "
    "X-Experience-API-Version, Accept-Language, X-Requested-With"
)
# Content on other sites sends statements; it authenticates by header, so no cookie is at risk.
_CORS_EXPOSED_HEADERS = (
    "ETag, Last-Modified, X-Experience-API-Version, X-Experience-API-Consistent-Through, "
    "X-Experience-API-Hash, WWW-Authenticate"
)
CORS_HEADERS = [
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", _CORS_EXPOSED_HEADERS),
]


class CachedHighWaterMark:
    """The high-water mark, fetched at most a few times a second: for responses whose content
    does not depend on it.
    """

    def __init__(self, deps: StoreDeps) -> None:
        self._deps = deps
        self._fetched_at, self._value = 0.0, ""
        self._lock = threading.Lock()

    def text(self) -> str:
        """Return the header value; empty if the database does not respond."""
        # While one request fetches it, the others use the previous value; only the very first
        # ones wait.
        if time.monotonic() - self._fetched_at > HIGH_WATER_MARK_SECONDS and self._lock.acquire(
            blocking=not self._value
        ):
            try:
                with self._deps.engine.connect() as connection:
                    self._value = format_instant(high_water_mark(connection))
            except (SQLAlchemyError, PoolTimeout):
                log.warning("no horizon: the database does not answer")
            finally:
                self._fetched_at = time.monotonic()
                self._lock.release()
        return self._value


def install_protocol(
    app: Flask, pages: Blueprint, deps: StoreDeps, seen: CachedHighWaterMark
) -> None:
    """Install the common rules around the routes of ``pages``; the response headers are
    added to 404 and 405 responses as well.
    """
    about = f"{pages.name}.get_about"
    takes_parts = (f"{pages.name}.post_statements", f"{pages.name}.put_statement")

    @pages.before_request
    def check_request() -> Response | None:
        if request.method == "OPTIONS":
            return Response(status=204)
        error = request.environ.get(alternate_request.ERROR_KEY)
        if error is not None:
            raise error
        if request.mimetype != "multipart/mixed" or request.endpoint not in takes_parts:
            request.max_content_length = MAX_BODY_BYTES
            request.get_data()
        if request.endpoint != about:
            is_version_2_0()
        for name in request.args:
            if len(request.args.getlist(name)) > 1:
                raise BadInput(f"The parameter {name} stands twice in the address.", parameter=name)
        return None

    @app.after_request
    def add_protocol_headers(response: Response) -> Response:
        if not request.path.startswith(f"{pages.url_prefix}/"):
            return response
        headers = response.headers
        headers["X-Experience-API-Version"] = VERSIONS[1 if _respond_as_2_0(deps) else 0]
        if (
            request.endpoint != about
            and CONSISTENT_THROUGH_HEADER not in headers
            and request.method != "OPTIONS"
        ):
            headers[CONSISTENT_THROUGH_HEADER] = seen.text()
        for name, value in CORS_HEADERS:
            headers[name] = value
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = _CORS_METHODS
            headers["Access-Control-Allow-Headers"] = _list_allowed_headers()
            response.vary.add("Access-Control-Request-Headers")
            headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return response


def _list_allowed_headers() -> str:
    """The headers that content may send: those of the standard, and whatever its browser asks for
    beside them (Cache-Control of a player, traceparent of a monitor).
    """
    asked = request.headers.get("Access-Control-Request-Headers", "").split(",")
    known = {name.lower() for name in _CORS_REQUEST_HEADERS.split(", ")}
    more = [name.strip() for name in asked if name.strip().lower() not in known]
    return ", ".join([_CORS_REQUEST_HEADERS, *filter(_HEADER_NAME.match, more)])


def _respond_as_2_0(deps: StoreDeps) -> bool:
    """Whether to respond as version 2.0: the family of the request, or of the setting if the
    request names no supported one.
    """
    match = _VERSION_PATTERN.match(request.headers.get("X-Experience-API-Version", "").strip())
    return (
        match[1] == "2.0"
        if match and request.endpoint != "xapi.get_about"
        else deps.settings.default_version.startswith("2.0")
    )


def is_version_2_0() -> bool:
    """Whether the request is of the family 2.0; BadInput if it names no supported version."""
    text = request.headers.get("X-Experience-API-Version")
    if text is None:
        raise BadInput(
            "The header X-Experience-API-Version is missing; send 1.0.3 or 2.0.0.",
            header="X-Experience-API-Version",
        )
    match = _VERSION_PATTERN.match(text.strip())
    if not match:
        raise BadInput(
            f"Version {text!r} is not spoken here; send 1.0.3 or 2.0.0.",
            header="X-Experience-API-Version",
        )
    return match[1] == "2.0"


def json_response(body: bytes) -> Response:
    """Return a response for a body that is already JSON."""
    return Response(body, content_type="application/json")


def http_date(moment: datetime) -> str:
    """Format a Last-Modified date, to the second."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def body_chunks() -> Iterator[bytes]:
    """Yield the body in chunks, as it arrives."""
    # No cap on the whole body: attachments have a quota, and the statements among the parts
    # have their own cap.
    request.max_content_length = None
    while piece := request.stream.read(CHUNK_BYTES):
        yield piece
