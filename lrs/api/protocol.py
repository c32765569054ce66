"""What every resource below ``/xapi`` shares: versions, the horizon, other origins, bodies read to their end.

A request's family (1.0 or 2.0) is told by its header X-Experience-API-Version; every answer, an error too, names the version
it was given in (xAPI-Communication 3.3; IEEE 9274.1.1, 4.1.2).
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

from core.clock import text_of
from core.errors import BadInput
from lrs.actions.deps import StoreDeps
from lrs.api import alternate
from lrs.store.statements import horizon

log = logging.getLogger(__name__)

VERSIONS = ("1.0.3", "2.0.0")
LARGEST_BODY = 32 * 1024 * 1024  # a batch of 1,000 statements of 32 kB
PIECE = 256 * 1024  # bytes of a body that are read at once
HORIZON_SECONDS = 0.2  # so old may the horizon be that an answer to a write names; an older one is true as well
PREFLIGHT_SECONDS = 86_400
CONSISTENT = "X-Experience-API-Consistent-Through"
_FAMILY = re.compile(r"(1\.0|2\.0)(?:\.\d+)?\Z")
_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
_TAKEN = "Authorization, Content-Type, Content-Length, If-Match, If-None-Match, X-Experience-API-Version, Accept-Language, X-Requested-With"
# Content on other sites sends statements; it signs in by header, so no cookie is at stake.
_SHOWN = "ETag, Last-Modified, X-Experience-API-Version, X-Experience-API-Consistent-Through, X-Experience-API-Hash, WWW-Authenticate"
FOR_OTHER_ORIGINS = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", _SHOWN)]


class Horizon:
    """The horizon, asked for at most some times a second: for answers that say nothing of what was read."""

    def __init__(self, deps: StoreDeps) -> None:
        self._deps = deps
        self._asked, self._value = 0.0, ""
        self._lock = threading.Lock()

    def text(self) -> str:
        """As the header has it; empty when the database does not answer."""
        # While one request asks, the others say what was known before; the very first wait.
        if time.monotonic() - self._asked > HORIZON_SECONDS and self._lock.acquire(blocking=not self._value):
            try:
                with self._deps.engine.connect() as connection:
                    self._value = text_of(horizon(connection))
            except (SQLAlchemyError, PoolTimeout):
                log.warning("no horizon: the database does not answer")
            finally:
                self._asked = time.monotonic()
                self._lock.release()
        return self._value


def speak(app: Flask, pages: Blueprint, deps: StoreDeps, seen: Horizon) -> None:
    """Put the common rules around the routes of ``pages``; what is said of an answer is said of refused addresses and methods too."""
    about = f"{pages.name}.about"
    takes_parts = (f"{pages.name}.post", f"{pages.name}.put")

    @pages.before_request
    def understand() -> Response | None:
        if request.method == "OPTIONS":
            return Response(status=204)
        wrong = request.environ.get(alternate.WRONG)
        if wrong is not None:
            raise BadInput(wrong)
        if request.mimetype != "multipart/mixed" or request.endpoint not in takes_parts:
            request.max_content_length = LARGEST_BODY
            request.get_data()
        if request.endpoint != about:
            family_2_0()
        for name in request.args:
            if len(request.args.getlist(name)) > 1:
                raise BadInput(f"The parameter {name} stands twice in the address.", parameter=name)
        return None

    @app.after_request
    def say(response: Response) -> Response:
        if not request.path.startswith(f"{pages.url_prefix}/"):
            return response
        headers = response.headers
        headers["X-Experience-API-Version"] = VERSIONS[1 if _answers_in_2_0(deps) else 0]
        if request.endpoint != about and CONSISTENT not in headers and request.method != "OPTIONS":
            headers[CONSISTENT] = seen.text()
        for name, value in FOR_OTHER_ORIGINS:
            headers[name] = value
        if request.method == "OPTIONS":
            headers["Access-Control-Allow-Methods"] = _METHODS
            headers["Access-Control-Allow-Headers"] = _TAKEN
            headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        return response


def _answers_in_2_0(deps: StoreDeps) -> bool:
    """The family of the request; where it names none that is spoken here, the setting's."""
    match = _FAMILY.match(request.headers.get("X-Experience-API-Version", "").strip())
    return match[1] == "2.0" if match and request.endpoint != "xapi.about" else deps.settings.default_version.startswith("2.0")


def family_2_0() -> bool:
    """Whether the request is of the family 2.0; BadInput when it names no version that is spoken here."""
    text = request.headers.get("X-Experience-API-Version")
    if text is None:
        raise BadInput("The header X-Experience-API-Version is missing; send 1.0.3 or 2.0.0.", header="X-Experience-API-Version")
    match = _FAMILY.match(text.strip())
    if not match:
        raise BadInput(f"Version {text!r} is not spoken here; send 1.0.3 or 2.0.0.", header="X-Experience-API-Version")
    return match[1] == "2.0"


def json_answer(body: bytes) -> Response:
    """A body that is JSON already."""
    return Response(body, content_type="application/json")


def http_date(moment: datetime) -> str:
    """For Last-Modified: to the second."""
    return format_datetime(moment.astimezone(UTC).replace(microsecond=0), usegmt=True)


def pieces_of_body() -> Iterator[bytes]:
    """The body, as it arrives."""
    # Without a cap on the whole: attachments have a quota, and the statements among them a cap of their own.
    request.max_content_length = None
    while piece := request.stream.read(PIECE):
        yield piece
