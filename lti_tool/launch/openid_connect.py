"""OpenID Connect Core 1.0, authorization code flow with PKCE, as a relying party: discovery,
the redirect to the provider, redeeming the code for an id_token, and its verification.

The id_token is judged by the same rules as a launch's; every call uses the guarded client.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

from core.errors import BadInput
from core.http_client import GuardedClient, OutsideCallFailed, url_origin
from core.json_web_keys import encode_base64url
from core.messages import MessageError, lazy_gettext
from lti_tool.base.launch_errors import LaunchInvalid
from lti_tool.base.platform_key_cache import PlatformKeyCache
from lti_tool.launch.id_tokens import (
    MAX_TOKEN_LENGTH,
    REQUIRED_CLAIMS,
    IdTokenInvalid,
    verify_id_token,
)

WELL_KNOWN = "/.well-known/openid-configuration"
CALL_SECONDS, MAX_RESPONSE_BYTES = 8.0, 256 * 1024
_SIGN_IN_AGAIN = lazy_gettext(
    "Your organisation's sign-in gave no answer that can be trusted. Start again; if it happens "
    "again, tell your administrator."
)


@dataclass(frozen=True)
class ProviderEndpoints:
    """A provider's endpoints from discovery (OpenID Connect Discovery 1.0, 3)."""

    authorization: str
    token: str
    keys: str


@dataclass(frozen=True)
class RelyingParty:
    """Our client registration at a provider."""

    issuer: str
    client_id: str
    secret: str
    redirect_uri: str
    addresses: ProviderEndpoints


class SignInFailed(MessageError):
    """The person's identity could not be verified: the message is for the person, ``detail``
    for the log."""

    def __init__(self, detail: str) -> None:
        super().__init__(_SIGN_IN_AGAIN)
        self.detail = detail


def discover_provider(client: GuardedClient, issuer: str) -> ProviderEndpoints:
    """Fetch the endpoints of a provider; BadInput if its configuration is invalid."""
    try:
        answer = client.call(
            "GET",
            issuer.rstrip("/") + WELL_KNOWN,
            headers={"Accept": "application/json"},
            seconds=CALL_SECONDS,
            largest=MAX_RESPONSE_BYTES,
        )
        result = answer.json() if answer.status == 200 else None
    except OutsideCallFailed as error:
        raise BadInput(
            lazy_gettext("The provider was not reached: %(reason)s", reason=error.message),
            field="issuer",
        ) from None
    if not isinstance(result, dict) or result.get("issuer") != issuer:
        raise BadInput(
            lazy_gettext(
                "%(url)s does not describe this issuer; copy the issuer exactly as the provider "
                "shows it.",
                url=issuer.rstrip("/") + WELL_KNOWN,
            ),
            field="issuer",
        )
    places = [result.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if not all(isinstance(place, str) and url_origin(place) for place in places):
        raise BadInput(
            "The provider's configuration names no authorization_endpoint, token_endpoint or "
            "jwks_uri.",
            field="issuer",
        )
    return ProviderEndpoints(*(str(place) for place in places))


def build_authorization_url(client: RelyingParty, *, state: str, nonce: str, verifier: str) -> str:
    """Build the URL to which the browser is redirected to sign in (Core, 3.1.2.1; RFC 7636)."""
    wanted = {
        "response_type": "code",
        "scope": "openid email profile",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "state": state,
        "nonce": nonce,
        "code_challenge": encode_base64url(sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    joint = "&" if "?" in client.addresses.authorization else "?"
    return f"{client.addresses.authorization}{joint}{urlencode(wanted)}"


def redeem_code(
    http: GuardedClient,
    keys: PlatformKeyCache,
    client: RelyingParty,
    *,
    code: str,
    nonce: str,
    verifier: str,
) -> dict[str, Any]:
    """Redeem ``code`` and return the verified claims about the person; SignInFailed if anything
    cannot be verified."""
    wanted = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": verifier,
    }
    # RFC 6749, 2.3.1: both parts are form-encoded before they are used for HTTP Basic
    # authentication.
    basic = (quote(client.client_id, safe=""), quote(client.secret, safe=""))
    try:
        answer = http.call(
            "POST",
            client.addresses.token,
            headers={"Accept": "application/json"},
            form=wanted,
            basic=basic,
            seconds=CALL_SECONDS,
            largest=MAX_RESPONSE_BYTES,
        )
        result = answer.json() if answer.status == 200 else None
    except OutsideCallFailed as error:
        raise SignInFailed(f"token endpoint: {error.message}") from None
    token = result.get("id_token") if isinstance(result, dict) else None
    if not isinstance(token, str) or len(token) > MAX_TOKEN_LENGTH:
        raise SignInFailed(f"token endpoint answered {answer.status} without an id_token")
    try:
        return verify_id_token(
            token,
            keys.key_set_for_token(client.addresses.keys, token),
            issuer=client.issuer,
            client_id=client.client_id,
            nonce=nonce,
            needs_kid=False,
            required=(*REQUIRED_CLAIMS, "sub"),
        )
    except (IdTokenInvalid, LaunchInvalid) as error:
        raise SignInFailed(f"{type(error).__name__}: {error}") from None
