"""The authorization endpoint: turns a tool's authentication request into a signed message, with
the checks in the order of Moodle 4.5's auth.php.

Errors that cannot safely be sent to the redirect URI are shown on a page (404); all others are
posted to it as ``error`` and ``state``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from carryover.practice_lms import launches, messages, sessions, signatures, tools
from carryover.practice_lms.deps import PracticeDeps
from carryover.practice_lms.launches import STORAGE_TARGET, Launch
from carryover.practice_lms.sessions import Session
from carryover.practice_lms.tools import Tool

_REQUIRED_PARAMETERS = (
    "scope",
    "response_type",
    "client_id",
    "redirect_uri",
    "login_hint",
    "nonce",
    "lti_message_hint",
)


class _AuthorizationError(Exception):
    """An error that is reported to the tool."""

    def __init__(self, error: str, description: str = "") -> None:
        self.fields = {
            "error": error,
            **({"error_description": description} if description else {}),
        }


def blueprint(deps: PracticeDeps) -> Blueprint:
    """``/auth``."""
    pages = Blueprint("authorization", __name__)

    @pages.route("/auth", methods=["GET", "POST"])
    def authorize() -> ResponseReturnValue:
        session = sessions.current_session(deps.ledger)
        if session is None and not sessions.is_repost():
            return sessions.repost_page()
        params = {**request.args.to_dict(), **request.form.to_dict()}
        launch_id = _launch_id(params)
        if session is None:
            _require_known_redirect(deps, params)
            return _form_post_page(
                params,
                {
                    "error": "login_required",
                    "error_description": "Nobody is signed in to the practice LMS.",
                },
            )
        launch = launches.consume_launch(deps.ledger, launch_id)
        tool = tools.tool_by_client_id(deps.ledger, launch.client_id) if launch else None
        if launch is None or tool is None or params["redirect_uri"] not in tool.redirect_uris:
            abort(
                404,
                "Invalid request: the launch is not known, was used before, or its tool has "
                "another redirect URI.",
            )
        try:
            _check_auth_request(params, session, tool, launch)
        except _AuthorizationError as error:
            return _form_post_page(params, error.fields)
        token = signatures.sign_claims(
            deps.ledger, messages.id_token_claims(deps, session, tool, launch, params["nonce"])
        )
        return _form_post_page(
            params,
            {"id_token": token},
            {"lti_storage_target": STORAGE_TARGET} if launch.storage else {},
        )

    return pages


def _launch_id(params: Mapping[str, str]) -> str:
    """Return the launch id in the request; 404 if the request is malformed."""
    for name in _REQUIRED_PARAMETERS:
        if not params.get(name):
            abort(404, f"Invalid request: {name} is missing.")
    try:
        hint = json.loads(params["lti_message_hint"])
    except ValueError:
        hint = None
    if not isinstance(hint, dict) or not isinstance(hint.get("launchid"), str):
        abort(404, "Invalid request: lti_message_hint is not the one that was given.")
    if params["scope"] != "openid" or params["response_type"] != "id_token":
        abort(404, "Invalid request: the scope must be openid and the response_type id_token.")
    return str(hint["launchid"])


def _require_known_redirect(deps: PracticeDeps, params: Mapping[str, str]) -> None:
    tool = tools.tool_by_client_id(deps.ledger, params["client_id"])
    if tool is None or params["redirect_uri"] not in tool.redirect_uris:
        abort(404, "Invalid request: no tool with this client_id has this redirect_uri.")


def _check_auth_request(
    params: Mapping[str, str], session: Session, tool: Tool, launch: Launch
) -> None:
    if params["client_id"] != tool.client_id:
        raise _AuthorizationError("unauthorized_client")
    if params["login_hint"] != session.person.subject or launch.person != session.person.key:
        raise _AuthorizationError("access_denied")
    if params.get("response_mode") != "form_post":
        raise _AuthorizationError("invalid_request", "Invalid response_mode")
    # Moodle accepts a missing prompt; the standard does not (LTI security framework, 5.1.1.2).
    if params.get("prompt") != "none":
        raise _AuthorizationError("invalid_request", "Invalid prompt")


def _form_post_page(params: Mapping[str, str], *parts: Mapping[str, str]) -> str:
    """Return a page that posts to the tool. As in Moodle, tags are stripped from the state:
    a tool must not rely on them.
    """
    first, *more = parts
    fields = {**first, "state": re.sub(r"<[^>]*>?", "", params.get("state", ""))}
    for part in more:
        fields |= part
    return render_template("post.html", address=params["redirect_uri"], fields=fields)
