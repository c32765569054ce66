"""Bearer tokens: JSON Web Tokens from issuers that the operator has registered for a tenant
(OAuth 2.0, OpenID Connect; RFC 9068).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

import jwt
import msgspec
from sqlalchemy import Connection, Engine

from core.errors import BadInput, Forbidden, Unauthorised
from core.http_client import GuardedClient, OutsideCallFailed
from core.json_web_keys import KeyRefused, find_verification_key
from lrs.actions.scopes import SCOPES, require_known_scopes
from lrs.store import token_issuers
from lrs.store.credentials import Caller
from lrs.store.token_issuers import TokenIssuer

# Public-key signatures only: with a shared secret, whoever can verify could also sign.
ALGORITHMS = [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
]
KEY_SET_TTL_SECONDS = 3_600.0  # how long a key set is cached
REFETCH_SECONDS = 30.0  # a token with an unknown key triggers a refetch, at most this often
LEEWAY_SECONDS = 60  # tolerated clock skew
MAX_TOKEN_LENGTH = 16 * 1024
OPENID_CONFIGURATION_PATH = "/.well-known/openid-configuration"


class TokenVerifier:
    """Verifies bearer tokens; caches the issuers' keys."""

    def __init__(self, engine: Engine, outside: GuardedClient) -> None:
        self._engine, self._client = engine, outside
        self._keys: dict[str, tuple[float, dict[str, Any] | None]] = {}
        self._lock = threading.Lock()

    def caller(self, token: str) -> Caller:
        """Return the caller that a token identifies; Unauthorised with the reason when it is
        not valid.
        """
        if len(token) > MAX_TOKEN_LENGTH:
            raise Unauthorised(f"The bearer token is longer than {MAX_TOKEN_LENGTH} characters.")
        unverified = _unverified_claims(token)
        named = unverified.get("iss")
        issuers = (
            token_issuers.find_token_issuers(self._engine, named)
            if isinstance(named, str) and "\0" not in named
            else []
        )
        audiences = unverified.get("aud")
        wanted = audiences if isinstance(audiences, list) else [audiences]
        issuer = next((issuer for issuer in issuers if issuer.audience in wanted), None)
        if issuer is None:
            raise Unauthorised(
                "The bearer token comes from an issuer, or is meant for an audience, that is not "
                "known here."
            )
        claims = self._verify_claims(token, issuer)
        return _caller_from_claims(issuer, claims)

    def _verify_claims(self, token: str, issuer: TokenIssuer) -> dict[str, Any]:
        try:
            try:
                key, algorithm = self._find_key(token, issuer, ask_again=False)
            except KeyRefused as error:
                if not error.unknown:
                    raise
                # A new key of the issuer is unknown until the key set is fetched again.
                key, algorithm = self._find_key(token, issuer, ask_again=True)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                leeway=LEEWAY_SECONDS,
                issuer=issuer.issuer,
                audience=issuer.audience,
                options={"require": ["iss", "aud", "exp"]},
            )
        except (KeyRefused, jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthorised(
                f"The bearer token is not valid ({str(error) or type(error).__name__}); "
                "get a new one."
            ) from None
        return claims

    def _find_key(self, token: str, issuer: TokenIssuer, *, ask_again: bool) -> tuple[Any, str]:
        key_set = self._key_set(issuer, ask_again)
        return find_verification_key(token, key_set, ALGORITHMS, needs_kid=False)

    def _key_set(self, issuer: TokenIssuer, ask_again: bool) -> dict[str, Any]:
        with self._lock:
            fetched, keys = self._keys.get(issuer.keys_url, (-KEY_SET_TTL_SECONDS, None))
            age = time.monotonic() - fetched
            if keys is not None and age < (REFETCH_SECONDS if ask_again else KEY_SET_TTL_SECONDS):
                return keys
            if keys is None and age < REFETCH_SECONDS:
                raise _keys_unavailable()
            # Until the response arrives, other threads use the cached keys or get an error: an
            # issuer that hangs blocks only one request.
            self._keys[issuer.keys_url] = (time.monotonic(), keys)
        try:
            answer = self._client.call("GET", issuer.keys_url)
            result = answer.json()
            if not isinstance(result, dict) or not isinstance(result.get("keys"), list):
                raise ValueError("no key set")
        except (OutsideCallFailed, ValueError):
            if keys is not None:
                return keys
            raise _keys_unavailable() from None
        with self._lock:
            self._keys[issuer.keys_url] = (time.monotonic(), result)
        return result


def _keys_unavailable() -> Unauthorised:
    return Unauthorised("The keys of the token's issuer cannot be read now; try again in a minute.")


def _unverified_claims(token: str) -> dict[str, Any]:
    try:
        value: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise Unauthorised("The bearer token is no JSON Web Token.") from None
    return value


def _caller_from_claims(issuer: TokenIssuer, claims: Mapping[str, Any]) -> Caller:
    claim = claims.get("scope", claims.get("scp", ""))
    words = (
        claim.split()
        if isinstance(claim, str)
        else [word for word in claim if isinstance(word, str)]
        if isinstance(claim, list)
        else []
    )
    scopes = frozenset(
        scope
        for word in words
        for scope in issuer.scopes.get(word, [] if issuer.scopes else [word])
        if scope in SCOPES
    )
    name = claims.get("sub") or claims.get("client_id") or claims.get("azp")
    if not isinstance(name, str) or not name:
        raise Unauthorised("The bearer token names nobody: it has no sub and no client_id.")
    if not scopes:
        raise Forbidden("The bearer token carries no scope that is known here.")
    authority = msgspec.json.encode(
        {"objectType": "Agent", "account": {"homePage": issuer.issuer, "name": name}}
    )
    return Caller(issuer.tenant_id, name, scopes, authority)


def add_token_issuer(
    connection: Connection,
    outside: GuardedClient,
    *,
    tenant_id: int,
    issuer: str,
    audience: str,
    scopes: Mapping[str, Sequence[str]],
) -> TokenIssuer:
    """Register an issuer for a tenant; its JWKS URL is read from its own configuration
    (OpenID Connect Discovery 1.0).
    """
    for ours in scopes.values():
        require_known_scopes(ours)
    if not issuer or not audience:
        raise BadInput("An issuer and the audience of its tokens are needed.")
    result = outside.call("GET", issuer.rstrip("/") + OPENID_CONFIGURATION_PATH).json()
    if (
        not isinstance(result, dict)
        or result.get("issuer") != issuer
        or not isinstance(result.get("jwks_uri"), str)
    ):
        raise BadInput(
            f"{issuer}{OPENID_CONFIGURATION_PATH} does not describe this issuer, or names no "
            "jwks_uri."
        )
    created = TokenIssuer(
        tenant_id,
        issuer,
        audience,
        result["jwks_uri"],
        {word: list(ours) for word, ours in scopes.items()},
    )
    token_issuers.upsert_token_issuer(connection, created)
    return created
