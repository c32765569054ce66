"""Access tokens for the platform's services: client credentials with a signed assertion
(1EdTech security framework 1.0, 4.1).

A token is cached, encrypted, until a minute before it expires, separately for every scope: a
request for more than an administrator allowed would be refused as a whole (observed: Moodle
answers invalid_scope).
"""

from __future__ import annotations

import secrets as random
import time
from datetime import timedelta
from typing import Any

from adapters.lms import dialect_for
from core import clock
from core.http_client import OutsideCallFailed, OutsideResponse
from core.messages import as_message, lazy_gettext
from lti_tool.base import access_tokens_store as kept
from lti_tool.base import signing_keys
from lti_tool.base.deps import ToolDeps
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.base.platforms_store import APPROVED, Platform

ASSERTION_SECONDS = 300
EXPIRY_MARGIN = timedelta(seconds=60)
MAX_LIFETIME_SECONDS, DEFAULT_LIFETIME_SECONDS = 86_400, 3_600
CALL_SECONDS = 8.0
MAX_RESPONSE_BYTES = 64 * 1024
_SEAL_PURPOSE = "access token"


def get_access_token(deps: ToolDeps, platform: Platform, scope: str) -> str:
    """Return a bearer token. TokenRefused if the platform refuses it permanently,
    OutsideCallFailed if the platform could not be reached."""
    if platform.status != APPROVED:
        raise TokenRefused(
            lazy_gettext(
                "%(lms)s is %(status)s here; an administrator of the tool approves it.",
                lms=dialect_for(platform.family).label,
                status=as_message(platform.status),
            )
        )
    with deps.unit_of_work(platform.tenant_id) as connection:
        sealed = kept.find_token(connection, platform.tenant_id, platform.id, scope, clock.now())
    if sealed is not None:
        return deps.secrets.unseal(_SEAL_PURPOSE, sealed)
    token, seconds = _request_token(deps, platform, scope)
    sealed, ends = (
        deps.secrets.seal(_SEAL_PURPOSE, token),
        clock.now() + timedelta(seconds=seconds) - EXPIRY_MARGIN,
    )
    with deps.unit_of_work(platform.tenant_id) as connection:
        kept.upsert_token(connection, platform.tenant_id, platform.id, scope, sealed, ends)
    return token


def discard_access_token(deps: ToolDeps, platform: Platform, scope: str) -> None:
    """Discard a cached token that the platform no longer accepts."""
    with deps.unit_of_work(platform.tenant_id) as connection:
        kept.delete_tokens(connection, platform.tenant_id, platform.id, scope)


def _request_token(deps: ToolDeps, platform: Platform, scope: str) -> tuple[str, int]:
    usual = dialect_for(platform.family).default_audience(platform.auth_token_url)
    answer = _post_token_request(deps, platform, scope, platform.auth_audience or usual)
    if (
        answer.status in (400, 401)
        and platform.auth_audience not in ("", platform.auth_token_url)
        and b"aud" in answer.body[:2_000].lower()
    ):
        # Canvas: "the 'aud' is invalid". The standard's own audience is the endpoint's URL
        # (security framework 1.0, 4.1.1).
        answer = _post_token_request(deps, platform, scope, platform.auth_token_url)
    return _parse_token_response(platform, scope, answer)


def _post_token_request(
    deps: ToolDeps, platform: Platform, scope: str, audience: str
) -> OutsideResponse:
    now = int(time.time())
    claims = {
        "iss": platform.client_id,
        "sub": platform.client_id,
        "aud": audience,
        "iat": now,
        "exp": now + ASSERTION_SECONDS,
        "jti": random.token_hex(16),
    }
    return deps.client.call(
        "POST",
        platform.auth_token_url,
        form={
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": signing_keys.sign_jwt(deps.engine, deps.secrets, claims),
            "scope": scope,
        },
        seconds=CALL_SECONDS,
        largest=MAX_RESPONSE_BYTES,
    )


def _parse_token_response(
    platform: Platform, scope: str, answer: OutsideResponse
) -> tuple[str, int]:
    label = dialect_for(platform.family).label
    if answer.status in (400, 401, 403):
        words = answer.body[:200].decode("utf-8", "replace").replace("\0", "")
        raise TokenRefused(
            lazy_gettext(
                "%(lms)s gave no access token (%(status)s %(answer)s). Ask its "
                "administrator whether the tool is active and may use this service "
                "(%(service)s).",
                lms=label,
                status=answer.status,
                answer=" ".join(words.split()),
                service=scope.rpartition("/")[2],
            )
        )
    result = answer.json() if answer.status == 200 else None
    token = result.get("access_token") if isinstance(result, dict) else None
    if (
        not isinstance(result, dict)
        or not isinstance(token, str)
        or not token.isascii()
        or not token.isprintable()
        or not token
    ):
        raise OutsideCallFailed(
            lazy_gettext(
                "%(lms)s answered %(status)s when asked for an access token.",
                lms=label,
                status=answer.status,
            )
        )
    granted_scopes = result.get("scope")
    if isinstance(granted_scopes, str) and granted_scopes and scope not in granted_scopes.split():
        raise TokenRefused(
            lazy_gettext(
                "%(lms)s does not let this tool use %(service)s; its administrator can allow it.",
                lms=label,
                service=scope.rpartition("/")[2],
            )
        )
    return token, _token_lifetime(result.get("expires_in"))


def _token_lifetime(seconds: Any) -> int:
    usable = (
        isinstance(seconds, int | float)
        and not isinstance(seconds, bool)
        and 0 < seconds <= MAX_LIFETIME_SECONDS
    )
    return int(seconds) if usable else DEFAULT_LIFETIME_SECONDS
