"""The tool's deep-linking response, validated strictly against Deep Linking 2.0 (Moodle
checks less of it).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, redirect, request
from flask.typing import ResponseReturnValue

from carryover.practice_lms import (
    activities,
    grade_services,
    messages,
    sessions,
    signatures,
    tools,
)
from carryover.practice_lms.deps import PracticeDeps
from carryover.practice_lms.people import COURSE_ID
from carryover.practice_lms.sessions import Session
from carryover.practice_lms.tools import Tool
from carryover.practice_lms.vocabulary import (
    CLAIM,
    DEEP_LINKING_CLAIM,
    DEEP_LINKING_RESPONSE,
    VERSION,
)


class _InvalidResponse(Exception):
    """Why the deep-linking response is invalid."""


def blueprint(deps: PracticeDeps) -> Blueprint:
    """``/deep-link/return``."""
    pages = Blueprint("deep_linking", __name__)

    @pages.post("/deep-link/return")
    def deep_link_return() -> ResponseReturnValue:
        session = sessions.current_session(deps.ledger)
        if session is None and not sessions.is_repost():
            return sessions.repost_page()
        if session is None or (deps.dialect.return_has_query and not _is_own_query(session)):
            abort(403, "Nobody is signed in here who asked the tool for content.")
        try:
            tool, items = _verify_response(deps, session, request.form.get("JWT", ""))
        except (_InvalidResponse, signatures.InvalidToken) as error:
            abort(400, f"The tool's answer cannot be taken: {error}.")
        for item in items:
            activities.add_content_item(deps.ledger, tool, item)
        return redirect("/practice/", code=303)

    return pages


def _is_own_query(session: Session) -> bool:
    """Whether the return address is the one that this session's request named."""
    return (request.args.get("sesskey"), request.args.get("course")) == (session.sesskey, COURSE_ID)


def _verify_response(
    deps: PracticeDeps, session: Session, token: str
) -> tuple[Tool, list[dict[str, Any]]]:
    tool = tools.tool_by_client_id(deps.ledger, signatures.unverified_claim(token, "iss"))
    if tool is None:
        raise _InvalidResponse("no tool has the client id that iss names")
    claims = signatures.verify_tool_token(deps, tool, token, deps.lms_url, ("nonce",))
    data = claims.get(f"{DEEP_LINKING_CLAIM}data")
    with deps.ledger.open() as db:
        issued = db.execute(
            "SELECT data FROM deep_linking WHERE session = ? AND client_id = ?",
            (session.id, tool.client_id),
        ).fetchall()
    if claims.get(f"{CLAIM}message_type") != DEEP_LINKING_RESPONSE:
        raise _InvalidResponse(f"message_type must be {DEEP_LINKING_RESPONSE}")
    if claims.get(f"{CLAIM}version") != VERSION:
        raise _InvalidResponse(f"version must be {VERSION}")
    if claims.get(f"{CLAIM}deployment_id") != tool.deployment_id:
        raise _InvalidResponse("deployment_id is not the one of the request")
    unsent = any(kept.startswith(messages.UNSENT) for (kept,) in issued)
    if (data,) not in issued and not (data is None and unsent):
        raise _InvalidResponse("data is not the one of the request")
    items = claims.get(f"{DEEP_LINKING_CLAIM}content_items", [])
    if not isinstance(items, list):
        raise _InvalidResponse("content_items must be a list")
    for item in items:
        _require_valid_item(tool, item)
    if not deps.ledger.claim_once(f"nonce {tool.client_id} {claims['nonce']}"):
        raise _InvalidResponse("its nonce was used before")
    return tool, items


def _require_valid_item(tool: Tool, item: Any) -> None:
    if not isinstance(item, dict) or item.get("type") != "ltiResourceLink":
        raise _InvalidResponse("only items of the type ltiResourceLink were asked for")
    if not all(isinstance(item.get(name, ""), str) for name in ("title", "text", "url")):
        raise _InvalidResponse("title, text and url of an item are text")
    url, custom, column = item.get("url", ""), item.get("custom", {}), item.get("lineItem")
    # In Moodle a URL on another domain would become an activity that belongs to no tool.
    if url and urlsplit(url).netloc != tool.domain:
        raise _InvalidResponse("the url of an item is not on the tool's domain")
    if not isinstance(custom, dict) or not all(
        isinstance(value, str) and "\n" not in value for value in custom.values()
    ):
        raise _InvalidResponse("custom of an item holds texts of one line each")
    if column is not None and not _is_line_item(column):
        raise _InvalidResponse("a lineItem has a scoreMaximum greater than 0 and texts")


def _is_line_item(column: Any) -> bool:
    if not isinstance(column, dict) or not all(
        isinstance(column.get(name, ""), str) for name in ("label", "resourceId", "tag")
    ):
        return False
    most: Any = column.get("scoreMaximum")
    return grade_services.is_finite_number(most) and most > 0
