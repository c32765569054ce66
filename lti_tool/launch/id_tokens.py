"""The verification of an id_token (OpenID Connect Core 1.0, 3.1.3.7; 1EdTech security framework
1.0, 5.1.3), of a launch and of an organisation's sign-in alike: signature, issuer, audience,
authorised party, time and nonce. State and the single use of a nonce are their callers'.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import jwt

from core.json_web_keys import KeyRefused, find_verification_key

# Clocks of schools differ; Moodle's token itself is valid for only 60 s.
LEEWAY_SECONDS = 60
MAX_TOKEN_LENGTH = 64 * 1024  # An id_token with every claim is a few kB.
# The algorithm that every platform must support (1EdTech security framework 1.0, 5.1.3).
DEFAULT_ALGORITHM = "RS256"
ALGORITHMS = (DEFAULT_ALGORITHM, "RS384", "RS512", "ES256", "ES384")
REQUIRED_CLAIMS = ("iss", "aud", "exp", "iat", "nonce")


class IdTokenInvalid(Exception):
    """The token cannot be trusted; the text says why, for the log. ``issued_at`` (seconds since
    1970) is set where only its times are wrong."""

    def __init__(self, why: str, issued_at: float | None = None) -> None:
        self.issued_at = issued_at
        super().__init__(why)

    @property
    def passes(self) -> bool:
        """Whether the next token may be right although nothing was changed in between."""
        return self.issued_at is not None


class NonceInvalid(IdTokenInvalid):
    """The token answers another request."""

    passes = True


class SignatureInvalid(IdTokenInvalid):
    """The key of that name did not sign the token."""


def verify_id_token(
    token: str,
    key_set: Mapping[str, Any],
    *,
    issuer: str,
    client_id: str,
    nonce: str,
    needs_kid: bool,
    required: Sequence[str] = REQUIRED_CLAIMS,
    now: float | None = None,
    leeway: int = LEEWAY_SECONDS,
) -> dict[str, Any]:
    """The claims of a genuine token of ``issuer`` for ``client_id`` that answers the request with
    this ``nonce``; IdTokenInvalid otherwise. ``needs_kid`` as in
    :func:`core.json_web_keys.find_verification_key`."""
    try:
        key, algorithm = find_verification_key(
            token,
            key_set,
            ALGORITHMS,
            default_algorithm=DEFAULT_ALGORITHM,
            needs_kid=needs_kid,
        )
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            issuer=issuer,
            # The audience is judged below, with the authorised party, and so are the times. A
            # subject that is a number is its caller's matter.
            options={
                "verify_aud": False,
                "verify_sub": False,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "require": list(required),
            },
        )
    except KeyRefused as error:
        raise IdTokenInvalid(str(error)) from None
    except jwt.InvalidSignatureError as error:
        raise SignatureInvalid(f"InvalidSignatureError: {error}") from None
    except (jwt.PyJWTError, TypeError, ValueError, OverflowError) as error:
        raise IdTokenInvalid(f"{type(error).__name__}: {error}") from None
    if not nonce or claims["nonce"] != nonce:
        raise NonceInvalid("nonce is another request's")
    _require_audience(claims, client_id)
    _require_times(claims, time.time() if now is None else now, leeway)
    return claims


def _require_times(claims: Mapping[str, Any], now: float, leeway: int) -> None:
    try:
        expires, issued = int(claims["exp"]), int(claims["iat"])
        begins = int(claims.get("nbf", issued))
    except (TypeError, ValueError, OverflowError):
        raise IdTokenInvalid("exp, iat or nbf is no number") from None
    if max(begins, issued) > now + leeway:
        raise IdTokenInvalid("the token is not valid yet", issued)
    if expires <= now - leeway:
        raise IdTokenInvalid("the token has expired", issued)


def _require_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience, party = claims["aud"], claims.get("azp")
    audiences = audience if isinstance(audience, list) else [audience]
    if client_id not in audiences:
        raise IdTokenInvalid("aud does not name this tool")
    if (len(audiences) > 1 and party is None) or (party is not None and party != client_id):
        raise IdTokenInvalid("azp does not name this tool")
