"""The few errors that the product raises deliberately, and the only place that translates them
into HTTP.

Contract of every JSON error body: ``{"error": {"code", "message", "where"?}}``. ``code`` is
stable, ``message`` says what was wrong and what to do, ``where`` holds the location (batch
index, JSON path, parameter). Below ``/api/v1`` the same body is also a problem document (RFC
9457), with ``type``, ``title``, ``status`` and ``detail`` beside ``error``.
"""

from __future__ import annotations

import logging
from typing import Any

import psycopg
from flask import Flask, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from core.messages import Message, MessageError

log = logging.getLogger(__name__)

_HTTP_MESSAGES = {
    404: "There is nothing at this address; docs/xapi.md and docs/metrics.md list what there is.",
    405: "This address does not take that method; the header Allow lists those that it takes.",
    413: "The body is too large: a request of the record store may hold 32 MB. Send it in parts.",
}


RETRY_SECONDS = 30  # by then, a restarted server or a promoted replica is available
THROTTLE_RETRY_SECONDS = 3_600


class FatalError(Exception):
    """The process cannot continue; the text is one sentence that tells the operator what to do.
    Exit status 1."""


class RequestError(MessageError):
    """A request is answered with an error; ``status`` is the HTTP status, ``code`` is stable,
    ``where`` names the location."""

    status = 400
    code = "bad_request"

    def __init__(self, message: str | Message, **where: Any) -> None:
        super().__init__(message)
        self.where = where


class BadInput(RequestError):
    """The input breaks a rule."""


class Unauthorised(RequestError):
    """The caller is not authenticated."""

    status, code = 401, "unauthorised"


class Forbidden(RequestError):
    """The caller is authenticated but not allowed to do this."""

    status, code = 403, "forbidden"


class NotFound(RequestError):
    """There is no such object, or it is not visible to this caller."""

    status, code = 404, "not_found"


class Conflict(RequestError):
    """The request conflicts with what is stored."""

    status, code = 409, "conflict"


class TooLarge(RequestError):
    """The request is larger than this server takes."""

    status, code = 413, "too_large"


class UnsupportedEncoding(RequestError):
    """The body is encoded in a way that is not understood here."""

    status, code = 415, "unsupported_encoding"


class TooManyRequests(RequestError):
    """Too many requests; ``Retry-After`` says when to try again."""

    status, code = 429, "too_many"


class Unavailable(RequestError):
    """Something that the request needs does not answer now; the same request may succeed
    later."""

    status, code = 503, "unavailable"


# What is expected to go wrong with a request, and has its answer below; anything else is a fault
# of ours. PoolTimeout and psycopg's own errors come where the database is away.
ANSWERED_ERRORS = (RequestError, DBAPIError, PoolTimeout, psycopg.Error, UnicodeEncodeError)


def is_database_unavailable(error: BaseException) -> bool:
    """Whether the database cannot be reached, is full, or is read-only now (a replica before
    its promotion): the same request may succeed later."""
    own = getattr(error, "orig", None) or error
    return isinstance(
        own,
        psycopg.OperationalError
        | psycopg.InterfaceError
        | psycopg.errors.ReadOnlySqlTransaction
        | PoolTimeout,
    )


def retry_after_header(error: RequestError) -> dict[str, str]:
    """The ``Retry-After`` header of an error, if the same request may succeed later."""
    seconds = {503: RETRY_SECONDS, 429: THROTTLE_RETRY_SECONDS}.get(error.status)
    return {"Retry-After": str(seconds)} if seconds else {}


def build_error_body(error: RequestError) -> dict[str, Any]:
    """The JSON body of an error."""
    body: dict[str, Any] = {"code": error.code, "message": str(error.message)}
    if error.where:
        body["where"] = error.where
    return {"error": body}


PROBLEM_JSON_PREFIX = "/api/v1"


def register_error_handlers(app: Flask) -> None:
    """Register handlers so that ``app`` answers every error by the contract above and logs
    unexpected ones with a traceback."""
    app.after_request(_convert_to_problem)
    app.register_error_handler(RequestError, _handle_request_error)
    for database_error in (psycopg.Error, DBAPIError, PoolTimeout):
        app.register_error_handler(database_error, _handle_database_error)
    for unstorable in (DataError, UnicodeEncodeError):
        app.register_error_handler(unstorable, _handle_unstorable_data)
    app.register_error_handler(HTTPException, _handle_http_exception)
    app.register_error_handler(Exception, _handle_unexpected_error)


def _convert_to_problem(response: Response) -> Response:
    if (
        response.status_code >= 400
        and request.path.startswith(PROBLEM_JSON_PREFIX)
        and response.mimetype == "application/json"
    ):
        body = response.get_json()
        error_body = body.get("error", {}) if isinstance(body, dict) else {}
        problem = {
            "type": "about:blank",
            "title": error_body.get("code", ""),
            "status": response.status_code,
            "detail": error_body.get("message", ""),
        }
        response.set_data(current_app.json.dumps({**problem, **body}))
        response.mimetype = "application/problem+json"
    return response


def _handle_request_error(error: RequestError) -> ResponseReturnValue:
    response = jsonify(build_error_body(error))
    response.status_code = error.status
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="carryover", charset="UTF-8"'
    response.headers.extend(retry_after_header(error))
    return response


def _handle_database_error(error: Exception) -> ResponseReturnValue:
    if not is_database_unavailable(error):
        return _handle_unexpected_error(error)
    log.error("database not reachable: %s", type(error).__name__)
    return _handle_request_error(
        Unavailable(
            "The database does not answer. Nothing was stored; send the request again in a minute."
        )
    )


def _handle_unstorable_data(error: Exception) -> ResponseReturnValue:
    return _handle_request_error(
        BadInput(
            "The request holds a character or a number that cannot be stored (for example "
            "NUL); leave it out."
        )
    )


def _handle_http_exception(error: HTTPException) -> ResponseReturnValue:
    message = _HTTP_MESSAGES.get(error.code or 0, f"{error.code} {error.name}")
    body = {
        "error": {"code": (error.name or "error").lower().replace(" ", "_"), "message": message}
    }
    response = jsonify(body)
    response.status_code = error.code or 500
    if error.get_response().headers.get("Allow"):
        response.headers["Allow"] = error.get_response().headers["Allow"]
    return response


def _handle_unexpected_error(error: Exception) -> ResponseReturnValue:
    log.exception("unexpected error")
    body = {
        "error": {
            "code": "internal",
            "message": "Carryover failed here; the log of the server has the reason.",
        }
    }
    response = jsonify(body)
    response.status_code = 500
    return response
