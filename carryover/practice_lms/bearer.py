"""The door of the services: access tokens, media types, and refusals as Moodle words them."""

from __future__ import annotations

import secrets
import time
from typing import Any

from flask import Response, jsonify, request

from carryover.practice_lms import tools
from carryover.practice_lms.ledger import Ledger
from carryover.practice_lms.tools import Tool

TOKEN_SECONDS = 3_600
_SENDING = ("POST", "PUT")


class ServiceRefused(Exception):
    """``reason`` becomes the HTTP reason phrase and stands in the body: not every server keeps the phrase."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def answer_refusal(error: ServiceRefused) -> Response:
    """What a refused call gets."""
    response = jsonify({"status": error.status, "reason": error.reason})
    response.status = f"{error.status} {error.reason}"
    return response


def answer(body: Any, kind: str, status: int = 200) -> Response:
    """JSON under its own media type."""
    response = jsonify(body)
    response.content_type, response.status_code = kind, status
    return response


def give_token(ledger: Ledger, tool: Tool, scopes: list[str]) -> str:
    """A new access token of a tool."""
    token = secrets.token_hex(16)
    with ledger.open() as db:
        db.execute("DELETE FROM token WHERE expires < ?", (time.time(),))
        db.execute("INSERT INTO token VALUES (?, ?, ?, ?)", (token, tool.client_id, " ".join(scopes), time.time() + TOKEN_SECONDS))
    return token


def require(ledger: Ledger, scope: str, kind: str | None = None) -> Tool:
    """The tool that calls, when its token has the scope and the media type is exactly ``kind``; else ServiceRefused."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    with ledger.open() as db:
        row = db.execute("SELECT client_id, scopes FROM token WHERE token = ? AND expires > ?", (given, time.time())).fetchone()
    tool = tools.by_client_id(ledger, row[0]) if row and scheme.lower() == "bearer" else None
    if tool is None or request.args.get("type_id", tool.deployment_id) != tool.deployment_id:
        raise ServiceRefused(401, "Unauthorized")
    if scope not in row[1].split():
        raise ServiceRefused(403, f"Forbidden: the token lacks {scope}")
    sending = request.method in _SENDING
    if kind and (request.mimetype if sending else request.headers.get("Accept", kind)) != kind:
        raise ServiceRefused(415 if sending else 406, f"The media type must be {kind}")
    return tool
