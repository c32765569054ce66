"""Dynamic registration 1.0 as implemented by Moodle 4.5: the platform's configuration, and the
endpoint where a tool registers itself.

Errors use Moodle's names, as JSON ``{"error": …}``. A token with the scope ``reg`` works once,
one with ``reg-update`` until it expires.
"""

from __future__ import annotations

import secrets
import string
import time
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from carryover.practice_lms import signatures, tools
from carryover.practice_lms.deps import PracticeDeps
from carryover.practice_lms.messages import (
    PRODUCT_VERSION,
    SUPPORTED_VARIABLES,
)
from carryover.practice_lms.people import NAME_CLAIMS
from carryover.practice_lms.registration_json import (
    InvalidRegistration,
    parse_registration,
    registration_response,
)
from carryover.practice_lms.tools import Tool
from carryover.practice_lms.vocabulary import (
    DEEP_LINKING_REQUEST,
    GROUPS_SCOPE,
    PLATFORM_CONFIGURATION,
    RESOURCE_LINK_REQUEST,
    REVIEW_REQUEST,
    SCOPES,
)

REGISTRATION_TOKEN_SECONDS, CLIENT_ID_LENGTH = 3_600, 15
NEW_SCOPE, UPDATE_SCOPE = "reg", "reg-update"


def new_registration_token(deps: PracticeDeps, url: str) -> str:
    """Return a registration token for the tool at ``url``; its subject is the client id that
    the tool will receive.
    """
    client_id = "".join(
        secrets.choice(string.ascii_letters + string.digits) for _ in range(CLIENT_ID_LENGTH)
    )
    with deps.ledger.open() as db:
        db.execute("INSERT INTO registration VALUES (?, ?)", (client_id, url))
    return _registration_token(deps, client_id, NEW_SCOPE)


def update_registration_token(deps: PracticeDeps, tool: Tool) -> str:
    """Return a token with which a tool may update its registration."""
    return _registration_token(deps, tool.deployment_id, UPDATE_SCOPE)


def _registration_token(deps: PracticeDeps, subject: str, scope: str) -> str:
    now = int(time.time())
    return signatures.sign_claims(
        deps.ledger,
        {"sub": subject, "scope": scope, "iat": now, "exp": now + REGISTRATION_TOKEN_SECONDS},
    )


def platform_configuration(deps: PracticeDeps) -> dict[str, Any]:
    """Return the platform configuration that a tool reads before it registers."""
    code = deps.dialect.product_family_code
    groups = deps.dialect.groups
    group_scopes = [GROUPS_SCOPE] if groups is not None and groups.scope_is_named else []
    return {
        "issuer": deps.lms_url,
        "token_endpoint": deps.at("token"),
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        "jwks_uri": deps.at("jwks.json"),
        "authorization_endpoint": deps.at("auth"),
        "registration_endpoint": deps.at("registration"),
        "scopes_supported": [*SCOPES, *group_scopes, "openid"],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "iss", *NAME_CLAIMS, "email"],
        PLATFORM_CONFIGURATION: {
            **({"product_family_code": code} if code else {}),
            "version": PRODUCT_VERSION,
            "messages_supported": [
                {"type": RESOURCE_LINK_REQUEST},
                {"type": DEEP_LINKING_REQUEST, "placements": ["ContentArea"]},
                {"type": REVIEW_REQUEST},
            ],
            "variables": list(SUPPORTED_VARIABLES),
        },
    }


def blueprint(deps: PracticeDeps) -> Blueprint:
    """``/openid-configuration`` and ``/registration``."""
    pages = Blueprint("registration", __name__)

    @pages.errorhandler(InvalidRegistration)
    def registration_error(error: InvalidRegistration) -> ResponseReturnValue:
        return jsonify({"error": error.name}), error.status

    @pages.get("/openid-configuration")
    def get_configuration() -> ResponseReturnValue:
        return jsonify(platform_configuration(deps))

    @pages.route("/registration", methods=["GET", "POST"])
    def handle_registration() -> ResponseReturnValue:
        subject, known = _registration_subject(deps)
        if request.method == "GET":
            if known is None:
                raise InvalidRegistration("no_registration", 404)
            return jsonify(registration_response(known))
        registration = parse_registration(
            request.get_json(silent=True, force=True), subject, _registration_url(deps, subject)
        )
        if known:
            return jsonify(
                registration_response(tools.replace_tool(deps.ledger, known, registration))
            )
        try:
            return jsonify(registration_response(tools.insert_tool(deps.ledger, registration)))
        except tools.ToolAlreadyRegistered:
            raise InvalidRegistration("token_already_used", 401) from None

    return pages


def _registration_subject(deps: PracticeDeps) -> tuple[str, Tool | None]:
    """Return the client id that the token is for, and the tool to update, if any."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise InvalidRegistration("missing_registration_token", 401)
    try:
        claims = signatures.verify_own_token(deps.ledger, token)
    except signatures.InvalidToken as error:
        raise InvalidRegistration(
            str(error), 404
        ) from None  # Moodle shows an error page with this status
    subject, scope = claims["sub"], claims.get("scope")
    if scope == UPDATE_SCOPE:
        known = tools.tool_by_id(deps.ledger, subject)
        if known is None:
            raise InvalidRegistration("Incorrect scope", 403)
        return known.client_id, known
    if scope != NEW_SCOPE:
        raise InvalidRegistration("Incorrect scope", 403)
    if tools.tool_by_client_id(deps.ledger, subject):
        raise InvalidRegistration("token_already_used", 401)
    return subject, None


def _registration_url(deps: PracticeDeps, client_id: str) -> str:
    with deps.ledger.open() as db:
        row = db.execute(
            "SELECT url FROM registration WHERE client_id = ?", (client_id,)
        ).fetchone()
    return str(row[0]) if row else ""
