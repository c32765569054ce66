"""Which key of a published set (RFC 7517) verifies a token: the one that the token's header names,
if it fits the algorithm. Used by launches, sign-in and bearer tokens alike.

The header is the sender's word: it chooses among the keys of the set and the algorithms that we
take, and nothing else in it (jku, jwk, x5u) is looked at.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

MIN_RSA_BITS = 2_048  # RFC 7518, 3.3; 1EdTech security framework 1.0, 5.1
MAX_KID_SHOWN = 100  # characters of a foreign kid in a message
_KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}  # by the algorithm's first letters


class KeyRefused(Exception):
    """No key of the set may verify this token; the text says why. ``unknown``: the set does not
    hold the key, a newer one may."""

    def __init__(self, reason: str, *, unknown: bool = False) -> None:
        super().__init__(reason)
        self.unknown = unknown


def find_verification_key(
    token: str,
    key_set: Mapping[str, Any],
    algorithms: Collection[str],
    *,
    default_algorithm: str | None = None,
    needs_kid: bool = True,
) -> tuple[Any, str]:
    """Find the key that the token's header names, and the header's algorithm; KeyRefused unless
    it is one of ``algorithms`` (public-key ones).

    ``default_algorithm`` is that of a key which names none; None: any of the key's type.
    ``needs_kid`` False: the header may leave the kid out if the set holds only one key (OpenID
    Connect Core 1.0, 10.1; LTI always requires it).
    """
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise KeyRefused(f"{type(error).__name__}: {error}") from None
    kid, algorithm, keys = header.get("kid"), header.get("alg"), key_set.get("keys", [])
    lone = not needs_kid and kid is None and len(keys) == 1
    if not lone and (not isinstance(kid, str) or not kid):
        raise KeyRefused("the header names no key (kid)")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise KeyRefused(f"algorithm {str(algorithm)[:20]!r} is not taken")
    for entry in keys:
        if (
            isinstance(entry, dict)
            and (lone or entry.get("kid") == kid)
            and entry.get("kty") == _KEY_TYPES[algorithm[:2]]
            and entry.get("use", "sig") == "sig"
            and entry.get("alg", default_algorithm or algorithm) == algorithm
        ):
            return load_public_key(entry, algorithm), algorithm
    raise KeyRefused(f"no key {str(kid)[:MAX_KID_SHOWN]!r} for {algorithm}", unknown=True)


def load_public_key(entry: Mapping[str, Any], algorithm: str) -> Any:
    """The public key of a JWK for use with ``algorithm``; KeyRefused if it is none, or too
    short."""
    try:
        key = jwt.PyJWK(dict(entry), algorithm=algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise KeyRefused(f"the key cannot be read: {error}") from None
    require_length(key)
    return key


def require_length(key: Any) -> None:
    """KeyRefused for an RSA key that is too short."""
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        raise KeyRefused(f"the key has {key.key_size} bits; {MIN_RSA_BITS} are the least")


def public_rsa_jwk(key: rsa.RSAPublicKey) -> dict[str, Any]:
    """The JWK of an RSA key that signs, with its thumbprint (RFC 7638) as kid."""
    numbers = jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True)
    members = {"e": numbers["e"], "kty": "RSA", "n": numbers["n"]}
    # RFC 7638, 3: the required members alone, in this order, without blanks.
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":")).encode()).digest()
    return {**members, "kid": encode_base64url(digest), "alg": "RS256", "use": "sig"}


def encode_base64url(content: bytes) -> str:
    """Base64 of the URL alphabet, without padding (RFC 7515, 2)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
