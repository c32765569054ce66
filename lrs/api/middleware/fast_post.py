"""Fast path for the most common request: a POST of valid statements by a caller who was
authenticated a moment ago.

It parses, validates and stores with the same functions as :mod:`lrs.api.statements`; what it
leaves out is the framework's overhead, half of the cost of a single statement
(docs/performance.md). Any request out of the ordinary, and any error, goes through the slow
path from the start, which answers it; a statement that was already stored is found equal to
itself there. An error that is no answer to the request is a fault of this path: it is logged
and counted, because each such request is done twice.
"""

from __future__ import annotations

import json
import logging
import re
from base64 import b64decode
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from msgspec import structs

from core.errors import ANSWERED_ERRORS
from lrs.actions import attachments
from lrs.actions.deps import StoreDeps
from lrs.actions.scopes import scope_satisfied
from lrs.store.credentials import Caller
from lrs.xapi.statement_parser import Authority, Incoming

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

# in the WSGI environment: statements parsed and validated here, for the slow path to store
PARSED_STATEMENTS_KEY = "carryover.read"
_VERSION_PATTERN = re.compile(r"([12])\.0(?:\.\d{1,3})?\Z", re.ASCII)
_VERSIONS = {"1": "1.0.3", "2": "2.0.0"}


class FastPathPost:
    """WSGI middleware for the fast path. ``headers`` returns the headers common to all
    responses below /xapi; ``after`` is called when something new was stored. ``faults`` counts
    the requests of this process that met a fault here.
    """

    def __init__(
        self,
        inner: WSGIApplication,
        deps: StoreDeps,
        largest: int,
        headers: Callable[[], list[tuple[str, str]]],
        after: Callable[[], None],
    ) -> None:
        self._inner, self._deps, self._largest, self._headers, self._on_stored = (
            inner,
            deps,
            largest,
            headers,
            after,
        )
        self.faults = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if (
            environ["REQUEST_METHOD"] == "POST"
            and environ["PATH_INFO"] == "/xapi/statements"
            and not environ.get("QUERY_STRING")
        ):
            caller, version = (
                self._cached_caller(environ),
                _VERSION_PATTERN.match(environ.get("HTTP_X_EXPERIENCE_API_VERSION", "")),
            )
            length = environ.get("CONTENT_LENGTH") or ""
            if (
                caller
                and version
                and environ.get("CONTENT_TYPE") == "application/json"
                and length.isdigit()
                and int(length) <= self._largest
            ):
                body = environ["wsgi.input"].read(int(length))
                stored = self._store_statements(environ, caller, version[1], body)
                if stored is not None:
                    answer = json.dumps([str(item.id) for item in stored]).encode()
                    head = [
                        ("Content-Type", "application/json"),
                        ("Content-Length", str(len(answer))),
                        ("X-Experience-API-Version", _VERSIONS[version[1]]),
                    ]
                    start_response("200 OK", head + self._headers())
                    return [answer]
                environ["wsgi.input"] = BytesIO(body)
        return self._inner(environ, start_response)

    def _cached_caller(self, environ: WSGIEnvironment) -> Caller | None:
        """Return the caller if it is in the credential cache."""
        kind, _, encoded = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind.lower() != "basic":
            return None
        try:
            key, _, secret = b64decode(encoded).decode().partition(":")
        except ValueError:
            return None
        return self._deps.access.cached_caller(key, secret)

    def _store_statements(
        self, environ: WSGIEnvironment, caller: Caller, family: str, body: bytes
    ) -> list[Incoming] | None:
        if caller.launch or not scope_satisfied(caller.scopes, "statements/write"):
            return None
        try:
            incoming = self._deps.readers[family == "2", caller.tolerant].statements(
                body, Authority.from_json(caller.authority, caller.authority_id)
            )
            incoming = attachments.match_attachments(incoming, [])
            environ[PARSED_STATEMENTS_KEY] = incoming
            if not scope_satisfied(caller.scopes, "define"):
                incoming = [structs.replace(item, definitions=()) for item in incoming]
            if self._deps.writer.store(tenant_id=caller.tenant_id, incoming=incoming):
                self._on_stored()
            return incoming
        except ANSWERED_ERRORS:
            return None
        except Exception:
            self.faults += 1
            log.exception("the fast path failed (%s since the start of this process)", self.faults)
            return None
