"""Alternate request syntax (xAPI-Communication 1.3): for clients that can send nothing but POST
with a form.

The Content-Type is ignored, or may be missing: these clients cannot set it (1.3 requires it
only as a SHOULD), and Storyline's text/plain is a form all the same. For the 1.0 family only.
The request is rewritten before it is routed, so that every resource handles it like the real
request.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from core.errors import BadInput, RequestError, TooLarge

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# in the WSGI environment: the error with which the request is answered
ERROR_KEY = "carryover.request_error"
MAX_FORM_BYTES = 32 * 1024 * 1024
_METHODS = ("GET", "PUT", "POST", "DELETE")
# Form fields that stand for headers of the real request.
_HEADER_FIELDS = frozenset(
    [
        "Authorization",
        "X-Experience-API-Version",
        "Content-Type",
        "Content-Length",
        "If-Match",
        "If-None-Match",
        "Accept",
        "Accept-Language",
    ]
)
_HEADER_BY_LOWER = {name.lower(): name for name in _HEADER_FIELDS}


class AlternateSyntax:
    """WSGI middleware that rewrites requests of the alternate syntax."""

    def __init__(self, inner: WSGIApplication) -> None:
        self._inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if (
            environ["REQUEST_METHOD"] == "POST"
            and "method=" in environ.get("QUERY_STRING", "")
            and str(environ.get("PATH_INFO")).startswith("/xapi")
        ):
            query = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
            if any(name == "method" for name, _ in query):
                _rewrite_environ(environ, query)
        return self._inner(environ, start_response)


def _rewrite_environ(environ: WSGIEnvironment, query: list[tuple[str, str]]) -> None:
    length = environ.get("CONTENT_LENGTH") or ""
    # Without a Content-Length the form is sent chunked, and the stream ends by itself.
    body = environ["wsgi.input"].read(
        min(int(length), MAX_FORM_BYTES + 1) if length.isdigit() else MAX_FORM_BYTES + 1
    )
    size = int(length) if length.isdigit() else len(body)
    if size <= MAX_FORM_BYTES:
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(b""), "0"
    try:
        form = dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True))
    except UnicodeDecodeError:
        environ[ERROR_KEY] = BadInput("The form of this request is not UTF-8.")
        return
    headers = {
        _HEADER_BY_LOWER[name.lower()]: value
        for name, value in form.items()
        if name.lower() in _HEADER_BY_LOWER
    }
    version = headers.get("X-Experience-API-Version") or str(
        environ.get("HTTP_X_EXPERIENCE_API_VERSION", "")
    )
    if version:
        environ["HTTP_X_EXPERIENCE_API_VERSION"] = version
    fault = _find_fault(query, version, size, body, headers)
    if fault:
        environ[ERROR_KEY] = fault
    else:
        _put_request(environ, query[0][1].upper(), form, headers)


def _find_fault(
    query: list[tuple[str, str]], version: str, size: int, body: bytes, headers: dict[str, str]
) -> RequestError | None:
    """Why this is no request of the alternate syntax; None if it is one."""
    if size > MAX_FORM_BYTES:
        return TooLarge(f"The form of this request is larger than {MAX_FORM_BYTES} bytes.")
    if version.startswith("2."):
        return BadInput(
            "The alternate request syntax (?method=) is not part of xAPI 2.0; send the request "
            "itself."
        )
    if len(query) > 1:
        return BadInput(
            "A request of the alternate syntax has method as its only parameter; the others "
            "belong into the form."
        )
    if not all(value.isascii() and value.isprintable() for value in headers.values()):
        return BadInput(
            "A field of the form that stands for a header holds a character that no header can."
        )
    if query[0][1].upper() not in _METHODS:
        return BadInput(f"{query[0][1]!r} is no method of this resource.")
    if body.lstrip()[:1] in (b"{", b"[", b"-"):
        return BadInput(
            "A request of the alternate syntax is a form (application/x-www-form-urlencoded), "
            "and this body is none."
        )
    return None


def _put_request(
    environ: WSGIEnvironment, method: str, form: dict[str, str], headers: dict[str, str]
) -> None:
    """Put the request that the form stands for in the place of the one that carried it."""
    content = form.get("content", "").encode()
    parameters = {
        name: value
        for name, value in form.items()
        if name.lower() not in _HEADER_BY_LOWER and name != "content"
    }
    environ["REQUEST_METHOD"], environ["QUERY_STRING"] = method, urlencode(parameters)
    environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(content), str(len(content))
    environ["CONTENT_TYPE"] = headers.get("Content-Type", "application/json" if content else "")
    for name, value in headers.items():
        if name not in ("Content-Type", "Content-Length"):
            environ["HTTP_" + name.upper().replace("-", "_")] = value
