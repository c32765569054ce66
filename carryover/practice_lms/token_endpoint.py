"""The token endpoint: exchanges a tool's signed assertion for an access token (RFC 7523; LTI
security framework, 4.1).
"""

from __future__ import annotations

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from carryover.practice_lms import service_access, signatures, tools
from carryover.practice_lms.deps import PracticeDeps
from carryover.practice_lms.vocabulary import GROUPS_SCOPE, MEMBERS_SCOPE

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_REQUIRED_FIELDS = ("grant_type", "client_assertion_type", "client_assertion", "scope")


def blueprint(deps: PracticeDeps) -> Blueprint:
    """``/token``. As in Moodle, tools that are not activated yet get tokens too."""
    pages = Blueprint("tokens", __name__)

    def oauth_error(error: str) -> ResponseReturnValue:
        return jsonify({"error": error}), 400

    @pages.post("/token")
    def issue_token() -> ResponseReturnValue:
        form = request.form
        if (
            not all(form.get(name) for name in _REQUIRED_FIELDS)
            or form["client_assertion_type"] != _ASSERTION_TYPE
        ):
            return oauth_error("invalid_request")
        if form["grant_type"] != "client_credentials":
            return oauth_error("unsupported_grant_type")
        assertion = form["client_assertion"]
        tool = tools.tool_by_client_id(deps.ledger, signatures.unverified_claim(assertion, "sub"))
        if tool is None:
            return oauth_error("invalid_client")
        try:
            # Stricter than Moodle, which checks only the signature and the times.
            claims = signatures.verify_tool_token(
                deps, tool, assertion, deps.at("token"), ("sub", "jti")
            )
        except signatures.InvalidToken:
            return oauth_error("invalid_client")
        if not deps.ledger.claim_once(f"jti {tool.client_id} {claims['jti']}"):
            return oauth_error("invalid_client")
        allowed = set(tool.scopes)
        if deps.dialect.groups is not None and MEMBERS_SCOPE in allowed:
            allowed.add(GROUPS_SCOPE)
        scopes = [scope for scope in dict.fromkeys(form["scope"].split()) if scope in allowed]
        if not scopes:
            return oauth_error("invalid_scope")
        token = service_access.issue_access_token(deps.ledger, tool, scopes)
        return jsonify(
            {
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": service_access.ACCESS_TOKEN_SECONDS,
                "scope": " ".join(scopes),
            }
        )

    return pages
