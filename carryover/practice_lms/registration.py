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

from carryover.practice_lms import keys, tools
from carryover.practice_lms.deps import Deps
from carryover.practice_lms.messages import PRODUCT, PRODUCT_VERSION, VARIABLES
from carryover.practice_lms.people import NAME_CLAIMS
from carryover.practice_lms.registered import Invalid, read, shown
from carryover.practice_lms.tools import Tool
from carryover.practice_lms.vocabulary import DEEP_LINKING_REQUEST, PLATFORM_CONFIGURATION, RESOURCE_LINK_REQUEST, REVIEW_REQUEST, SCOPES

TOKEN_SECONDS, CLIENT_ID_LENGTH = 3_600, 15
NEW, UPDATE = "reg", "reg-update"


def new_token(deps: Deps, url: str) -> str:
    """Return a registration token for the tool at ``url``; its subject is the client id that
    the tool will receive.
    """
    client_id = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(CLIENT_ID_LENGTH))
    with deps.ledger.open() as db:
        db.execute("INSERT INTO registration VALUES (?, ?)", (client_id, url))
    return _token(deps, client_id, NEW)


def update_token(deps: Deps, tool: Tool) -> str:
    """Return a token with which a tool may update its registration."""
    return _token(deps, tool.deployment_id, UPDATE)


def _token(deps: Deps, subject: str, scope: str) -> str:
    now = int(time.time())
    return keys.signed(deps.ledger, {"sub": subject, "scope": scope, "iat": now, "exp": now + TOKEN_SECONDS})


def configuration(deps: Deps) -> dict[str, Any]:
    """Return the platform configuration that a tool reads before it registers."""
    return {
        "issuer": deps.lms_url,
        "token_endpoint": deps.at("token"),
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        "jwks_uri": deps.at("jwks.json"),
        "authorization_endpoint": deps.at("auth"),
        "registration_endpoint": deps.at("registration"),
        "scopes_supported": [*SCOPES, "openid"],
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["sub", "iss", *NAME_CLAIMS, "email"],
        PLATFORM_CONFIGURATION: {
            "product_family_code": PRODUCT,
            "version": PRODUCT_VERSION,
            "messages_supported": [
                {"type": RESOURCE_LINK_REQUEST},
                {"type": DEEP_LINKING_REQUEST, "placements": ["ContentArea"]},
                {"type": REVIEW_REQUEST},
            ],
            "variables": list(VARIABLES),
        },
    }


def blueprint(deps: Deps) -> Blueprint:
    """``/openid-configuration`` and ``/registration``."""
    pages = Blueprint("registration", __name__)

    @pages.errorhandler(Invalid)
    def invalid(error: Invalid) -> ResponseReturnValue:
        return jsonify({"error": error.name}), error.status

    @pages.get("/openid-configuration")
    def openid_configuration() -> ResponseReturnValue:
        return jsonify(configuration(deps))

    @pages.route("/registration", methods=["GET", "POST"])
    def registration() -> ResponseReturnValue:
        subject, known = _bearer(deps)
        if request.method == "GET":
            if known is None:
                raise Invalid("no_registration", 404)
            return jsonify(shown(known))
        told = read(request.get_json(silent=True, force=True), subject, _url(deps, subject))
        if known:
            return jsonify(shown(tools.update(deps.ledger, known, told)))
        try:
            return jsonify(shown(tools.register(deps.ledger, told)))
        except tools.AlreadyRegistered:
            raise Invalid("token_already_used", 401) from None

    return pages


def _bearer(deps: Deps) -> tuple[str, Tool | None]:
    """Return the client id that the token is for, and the tool to update, if any."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Invalid("missing_registration_token", 401)
    try:
        claims = keys.own_claims(deps.ledger, token)
    except keys.NotVerified as error:
        raise Invalid(str(error), 404) from None  # Moodle shows an error page with this status
    subject, scope = claims["sub"], claims.get("scope")
    if scope == UPDATE:
        known = tools.by_id(deps.ledger, subject)
        if known is None:
            raise Invalid("Incorrect scope", 403)
        return known.client_id, known
    if scope != NEW:
        raise Invalid("Incorrect scope", 403)
    if tools.by_client_id(deps.ledger, subject):
        raise Invalid("token_already_used", 401)
    return subject, None


def _url(deps: Deps, client_id: str) -> str:
    with deps.ledger.open() as db:
        row = db.execute("SELECT url FROM registration WHERE client_id = ?", (client_id,)).fetchone()
    return str(row[0]) if row else ""
