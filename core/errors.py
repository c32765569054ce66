"""The few errors the product raises on purpose, and their one translation into HTTP.

Contract of every JSON error body: ``{"error": {"code", "message", "where"?}}``. ``code`` is stable, ``message`` says what
was wrong and what to do, ``where`` holds the place (batch index, JSON path, parameter). Below ``/api/v1`` the same body is a problem
document (RFC 9457) as well: ``type``, ``title``, ``status`` and ``detail`` stand beside ``error``.
"""

from __future__ import annotations

import logging
from typing import Any

import psycopg
from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

log = logging.getLogger(__name__)

_HTTP_WORDS = {
    404: "There is nothing at this address; docs/xapi.md and docs/metrics.md list what there is.",
    405: "This address does not take that method; the header Allow lists those that it takes.",
    413: "The body is too large: a request of the record store may hold 32 MB. Send it in parts.",
}


RETRY_SECONDS = 30  # a server that starts again, or a replica that takes over, is there by then
AFTER_AN_HOUR = 3_600


class Stop(Exception):
    """The process cannot go on; the text is one sentence that tells the operator what to do. Exit status 1."""


class Refused(Exception):
    """A request is answered with an error; ``status`` is HTTP, ``code`` is stable, ``where`` names the place."""

    status = 400
    code = "bad_request"

    def __init__(self, message: str, **where: Any) -> None:
        super().__init__(message)
        self.message = message
        self.where = where


class BadInput(Refused):
    """What was sent breaks a rule."""


class Unauthorised(Refused):
    """Nobody was recognised."""

    status, code = 401, "unauthorised"


class Forbidden(Refused):
    """Somebody was recognised and may not."""

    status, code = 403, "forbidden"


class NotFound(Refused):
    """There is no such thing, or not for this caller."""

    status, code = 404, "not_found"


class Conflict(Refused):
    """What is stored contradicts what was sent."""

    status, code = 409, "conflict"


class TooMany(Refused):
    """The same was asked for too often; ``Retry-After`` says when it may be asked for again."""

    status, code = 429, "too_many"


class Unavailable(Refused):
    """Something this needs does not answer now; the same request may pass later."""

    status, code = 503, "unavailable"


def stores_nothing_now(error: BaseException) -> bool:
    """Whether the database cannot be reached, has no room, or only reads now (a replica before it takes over): the same request may pass later."""
    own = getattr(error, "orig", None) or error
    return isinstance(own, psycopg.OperationalError | psycopg.InterfaceError | psycopg.errors.ReadOnlySqlTransaction | PoolTimeout)


def when_again(error: Refused) -> dict[str, str]:
    """The header that says when the same request may pass."""
    seconds = {503: RETRY_SECONDS, 429: AFTER_AN_HOUR}.get(error.status)
    return {"Retry-After": str(seconds)} if seconds else {}


def body_of(error: Refused) -> dict[str, Any]:
    """The JSON body of an error."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.where:
        body["where"] = error.where
    return {"error": body}


PROBLEMS_BELOW = "/api/v1"


def answer_with_json(app: Flask) -> None:
    """Make ``app`` answer every error by the contract above, and log the unexpected with its trace."""

    @app.after_request
    def as_problem(response: Response) -> Response:
        if response.status_code >= 400 and request.path.startswith(PROBLEMS_BELOW) and response.mimetype == "application/json":
            body = response.get_json()
            told = body.get("error", {}) if isinstance(body, dict) else {}
            problem = {"type": "about:blank", "title": told.get("code", ""), "status": response.status_code, "detail": told.get("message", "")}
            response.set_data(app.json.dumps({**problem, **body}))
            response.mimetype = "application/problem+json"
        return response

    @app.errorhandler(Refused)
    def refused(error: Refused) -> ResponseReturnValue:
        response = jsonify(body_of(error))
        response.status_code = error.status
        if error.status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="carryover", charset="UTF-8"'
        response.headers.extend(when_again(error))
        return response

    @app.errorhandler(psycopg.Error)
    @app.errorhandler(DBAPIError)
    @app.errorhandler(PoolTimeout)
    def database_away(error: Exception) -> ResponseReturnValue:
        if not stores_nothing_now(error):
            return unexpected(error)
        log.error("database not reachable: %s", type(error).__name__)
        return refused(Unavailable("The database does not answer. Nothing was stored; send the request again in a minute."))

    @app.errorhandler(DataError)
    @app.errorhandler(UnicodeEncodeError)
    def not_storable(error: Exception) -> ResponseReturnValue:
        return refused(BadInput("The request holds a character or a number that cannot be stored (for example NUL); leave it out."))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        words = _HTTP_WORDS.get(error.code or 0, error.description)
        body = {"error": {"code": (error.name or "error").lower().replace(" ", "_"), "message": words}}
        response = jsonify(body)
        response.status_code = error.code or 500
        if error.get_response().headers.get("Allow"):
            response.headers["Allow"] = error.get_response().headers["Allow"]
        return response

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> ResponseReturnValue:
        log.exception("unexpected error")
        body = {"error": {"code": "internal", "message": "Carryover failed here; the log of the server has the reason."}}
        response = jsonify(body)
        response.status_code = 500
        return response
