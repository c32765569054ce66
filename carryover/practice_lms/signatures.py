"""Signatures: the platform's own, and the tools', whose keys are fetched at each use."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from carryover.practice_lms.deps import PracticeDeps
from carryover.practice_lms.ledger import PracticeDatabase
from carryover.practice_lms.tools import Tool
from core.http_client import OutsideCallFailed
from core.json_web_keys import public_rsa_jwk


class InvalidToken(Exception):
    """A token is not validly signed by its sender; the message says why."""


@functools.cache
def _private_key(pem: str) -> RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, RSAPrivateKey)
    return key


def _public_key(ledger: PracticeDatabase) -> RSAPublicKey:
    return _private_key(ledger.private_key()).public_key()


def public_key_set(ledger: PracticeDatabase) -> dict[str, Any]:
    """Return the public key set that tools fetch."""
    return {"keys": [public_rsa_jwk(_public_key(ledger))]}


def sign_claims(ledger: PracticeDatabase, claims: Mapping[str, Any]) -> str:
    """Sign a token with the platform's key."""
    key = _private_key(ledger.private_key())
    kid = public_rsa_jwk(key.public_key())["kid"]
    return jwt.encode(dict(claims), key, algorithm="RS256", headers={"kid": kid})


def verify_own_token(ledger: PracticeDatabase, token: str) -> dict[str, Any]:
    """Return the claims of a token signed by this platform; InvalidToken if it was not, or
    has expired.
    """
    try:
        return jwt.decode(
            token,
            _public_key(ledger),
            algorithms=["RS256"],
            options={"require": ["exp", "sub"], "verify_aud": False},
        )
    except jwt.PyJWTError as error:
        raise InvalidToken(str(error)) from None


def verify_tool_token(
    deps: PracticeDeps, tool: Tool, token: str, audience: str, require: tuple[str, ...]
) -> dict[str, Any]:
    """Return the claims that a tool signed for ``audience`` with a key of its key set, with
    its client id as issuer; otherwise raise InvalidToken.
    """
    try:
        kid = jwt.get_unverified_header(token)["kid"]  # Moodle requires it
        result = deps.client.call("GET", tool.jwks_uri).json()["keys"]
        key = jwt.PyJWK(next(key for key in result if key.get("kid") == kid), algorithm="RS256").key
        options: Any = {"require": ["exp", "iat", "iss", "aud", *require]}
        return jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=audience,
            issuer=tool.client_id,
            options=options,
        )
    except StopIteration:
        raise InvalidToken('"kid" invalid, unable to lookup correct key') from None
    except KeyError:
        raise InvalidToken("kid must be provided in JWT header") from None
    except (jwt.PyJWTError, OutsideCallFailed, AttributeError, TypeError) as error:
        # AttributeError, TypeError: a malformed key set.
        raise InvalidToken(str(error)) from None


def unverified_claim(token: str, name: str) -> str:
    """Return an unverified claim, used only to find out whose key to fetch; nothing else may
    rely on it. Empty if it is missing.
    """
    try:
        return str(jwt.decode(token, options={"verify_signature": False}).get(name, ""))
    except jwt.PyJWTError:
        return ""
