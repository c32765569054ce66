"""Access control of the LTI services: access tokens, media types, and error responses worded
as in Moodle.
"""

from __future__ import annotations

import secrets
import time
from string import Template
from typing import Any, NoReturn

from flask import Response, jsonify, request

from carryover.practice_lms import tools
from carryover.practice_lms.deps import PracticeDeps
from carryover.practice_lms.dialects import Answer
from carryover.practice_lms.ledger import PracticeDatabase
from carryover.practice_lms.tools import Tool

ACCESS_TOKEN_SECONDS = 3_600
_BODY_METHODS = ("POST", "PUT")


class ServiceError(Exception):
    """A refused service call. ``reason`` becomes the HTTP reason phrase and is repeated in
    the body, because not every server preserves the phrase; ``text`` is another body (JSON).
    """

    def __init__(self, status: int, reason: str, text: str = "") -> None:
        super().__init__(reason or text)
        self.status, self.reason, self.text = status, reason, text


def service_error_response(error: ServiceError) -> Response:
    """Return the response to a refused call."""
    response = jsonify({"status": error.status, "reason": error.reason})
    if error.text:
        response.set_data(error.text)
    response.status = f"{error.status} {error.reason}" if error.reason else str(error.status)
    return response


def refuse(answer: Answer, **values: object) -> NoReturn:
    """Refuse a service call as the product does, with its ``$names`` filled in."""
    reason, text = (
        Template(words).safe_substitute(values) for words in (answer.reason, answer.text)
    )
    raise ServiceError(answer.status, reason, text)


def accept(answer: Answer, kind: str, **values: object) -> Response:
    """Return the product's answer to a call that succeeded, with its ``$names`` filled in."""
    text = Template(answer.text).safe_substitute(values)
    return Response(text, answer.status, content_type=kind if text else None)


def media_type_response(body: Any, kind: str, status: int = 200) -> Response:
    """Return JSON with its specific media type."""
    response = jsonify(body)
    response.content_type, response.status_code = kind, status
    return response


def issue_access_token(ledger: PracticeDatabase, tool: Tool, scopes: list[str]) -> str:
    """Issue a new access token to a tool."""
    token = secrets.token_hex(16)
    with ledger.open() as db:
        db.execute("DELETE FROM token WHERE expires < ?", (time.time(),))
        db.execute(
            "INSERT INTO token VALUES (?, ?, ?, ?)",
            (token, tool.client_id, " ".join(scopes), time.time() + ACCESS_TOKEN_SECONDS),
        )
    return token


def require_service_token(deps: PracticeDeps, scope: str, kind: str | None = None) -> Tool:
    """Return the calling tool if its token has the scope and the media type is exactly
    ``kind``; otherwise raise ServiceError.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    with deps.ledger.open() as db:
        row = db.execute(
            "SELECT client_id, scopes FROM token WHERE token = ? AND expires > ?",
            (token, time.time()),
        ).fetchone()
    tool = (
        tools.tool_by_client_id(deps.ledger, row[0]) if row and scheme.lower() == "bearer" else None
    )
    if tool is None or request.args.get("type_id", tool.deployment_id) != tool.deployment_id:
        refuse(deps.dialect.token_refusal)
    if scope not in row[1].split():
        raise ServiceError(403, f"Forbidden: the token lacks {scope}")
    sending = request.method in _BODY_METHODS
    if kind and (request.mimetype if sending else request.headers.get("Accept", kind)) != kind:
        raise ServiceError(415 if sending else 406, f"The media type must be {kind}")
    return tool
