"""The platform's side of a launch: the login it begins, the message it signs (LTI 1.3 core; OIDC third-party login)."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import jwt
from jwcrypto.jwk import JWK

from carryover.practice_lms.ledger import COURSE_LINE_ITEM, Ledger
from carryover.practice_lms.people import BY_SUBJECT, CLIENT_ID, COURSE_ID, COURSE_TITLE, DEPLOYMENT_ID, ISSUER, Person

TOKEN_LIVES_SECONDS = 60  # as in Moodle
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
SCOPES = (
    "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem",
    "https://purl.imsglobal.org/spec/lti-ags/scope/lineitem.readonly",
    "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
    "https://purl.imsglobal.org/spec/lti-ags/scope/score",
    "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly",
)


class NotSigned(Exception):
    """The authentication request is not one that this platform answers."""


def kid(private_key: str) -> str:
    """The key's name."""
    return str(JWK.from_pem(private_key.encode()).thumbprint())


def key_set(ledger: Ledger) -> dict[str, Any]:
    """The public key, as the tool fetches it."""
    pem = ledger.private_key()
    return {"keys": [{**json.loads(JWK.from_pem(pem.encode()).export_public()), "kid": kid(pem), "alg": "RS256", "use": "sig"}]}


def login_parameters(person: Person, message: str, tool_url: str) -> dict[str, str]:
    """What the browser carries to the tool's login."""
    return {
        "iss": ISSUER,
        "target_link_uri": f"{tool_url}/lti/launch",
        "login_hint": person.subject,
        "lti_message_hint": json.dumps({"message": message, "for": hashlib.sha256(person.subject.encode()).hexdigest()[:12]}),
        "client_id": CLIENT_ID,
        "lti_deployment_id": DEPLOYMENT_ID,
    }


def signed_message(ledger: Ledger, asked: dict[str, str], lms_url: str, tool_url: str) -> str:
    """The id_token for an authentication request; NotSigned says what is wrong with the request."""
    expected = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": CLIENT_ID,
        "redirect_uri": f"{tool_url}/lti/launch",
    }
    for name, value in expected.items():
        if asked.get(name) != value:
            raise NotSigned(f"{name} must be {value}")
    if not asked.get("nonce") or not asked.get("state"):
        raise NotSigned("nonce and state are required")
    person = BY_SUBJECT.get(asked.get("login_hint", ""))
    try:
        message = json.loads(asked.get("lti_message_hint", ""))["message"]
    except (ValueError, KeyError, TypeError):
        raise NotSigned("lti_message_hint is not the one that was given") from None
    if person is None or message not in ("resource", "deep-link"):
        raise NotSigned("login_hint names nobody here")
    now = int(time.time())
    claims = {"nonce": asked["nonce"], "iat": now, "exp": now + TOKEN_LIVES_SECONDS, "iss": ISSUER, "aud": CLIENT_ID}
    claims |= _common(person, lms_url, tool_url)
    claims |= _resource(lms_url) if message == "resource" else _deep_linking(lms_url)
    pem = ledger.private_key()
    return jwt.encode(claims, pem, algorithm="RS256", headers={"kid": kid(pem)})


def _common(person: Person, lms_url: str, tool_url: str) -> dict[str, Any]:
    return {
        "sub": person.subject,
        "name": person.name,
        f"{CLAIM}version": "1.3.0",
        f"{CLAIM}deployment_id": DEPLOYMENT_ID,
        f"{CLAIM}target_link_uri": f"{tool_url}/lti/launch",
        f"{CLAIM}roles": [person.role],
        f"{CLAIM}context": {"id": COURSE_ID, "label": "PRACTICE", "title": COURSE_TITLE, "type": ["CourseSection"]},
        f"{CLAIM}tool_platform": {"product_family_code": "carryover-practice", "guid": ISSUER, "name": "Practice LMS"},
        f"{CLAIM}launch_presentation": {"locale": "en", "document_target": "iframe", "return_url": f"{lms_url}/practice/"},
        f"{CLAIM}custom": {"programme": "phishing-response"},
        "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": {
            "context_memberships_url": f"{lms_url}/practice/memberships",
            "service_versions": ["2.0"],
        },
    }


def _resource(lms_url: str) -> dict[str, Any]:
    items = f"{lms_url}/practice/lineitems"
    return {
        f"{CLAIM}message_type": "LtiResourceLinkRequest",
        f"{CLAIM}resource_link": {"id": "1", "title": "Keep it alive"},
        "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
            "scope": list(SCOPES[:4]),
            "lineitems": items,
            "lineitem": f"{items}/{COURSE_LINE_ITEM}/lineitem",
        },
    }


def _deep_linking(lms_url: str) -> dict[str, Any]:
    return {
        f"{CLAIM}message_type": "LtiDeepLinkingRequest",
        "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings": {
            "accept_types": ["ltiResourceLink"],
            "accept_presentation_document_targets": ["frame", "iframe", "window"],
            "accept_multiple": True,
            "auto_create": False,
            "deep_link_return_url": f"{lms_url}/practice/deep-link/return",
            "data": "practice",
        },
    }
