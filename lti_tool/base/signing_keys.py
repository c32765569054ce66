"""The tool's own signing keys: generated once, private part encrypted at rest, rotated with
overlap.

A new key is published a day before it signs, because platforms cache what they fetched; the old
one stays published for a day after it last signed, for tokens signed just before.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import Engine

from core import clock
from core.json_web_keys import MIN_RSA_BITS, public_rsa_jwk
from core.secrets import Secrets
from lti_tool.base import tenants_store
from lti_tool.base.tenants_store import ToolKey

KEY_OVERLAP = timedelta(days=1)
_SEAL_PURPOSE = "tool key"


def _generate_key(secrets: Secrets, signs_from: datetime) -> ToolKey:
    private = rsa.generate_private_key(public_exponent=65_537, key_size=MIN_RSA_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = public_rsa_jwk(private.public_key())
    return ToolKey(
        public["kid"], secrets.seal(_SEAL_PURPOSE, pem.decode()), public, signs_from, None
    )


def list_tool_keys(engine: Engine, secrets: Secrets) -> list[ToolKey]:
    """The tool's keys, the newest signing start first; the first key is generated on first
    use."""
    keys = tenants_store.list_tool_keys(engine)
    if keys:
        return keys
    first = _generate_key(secrets, clock.now())
    tenants_store.insert_first_key(engine, first.kid, first.private_sealed, first.public_jwk)
    return tenants_store.list_tool_keys(engine)


def list_public_jwks(engine: Engine, secrets: Secrets) -> list[dict[str, Any]]:
    """The public JWK of every published key: the content of ``/lti/jwks.json``."""
    return [key.public_jwk for key in list_tool_keys(engine, secrets)]


def sign_jwt(engine: Engine, secrets: Secrets, claims: dict[str, Any]) -> str:
    """Sign a JWT with the newest key that is already active."""
    known, now = list_tool_keys(engine, secrets), clock.now()
    key = next((item for item in known if item.signs_from <= now), known[-1])
    pem = secrets.unseal(_SEAL_PURPOSE, key.private_sealed)
    # It was made here and came back unchanged, or it could not have been unsealed: testing its
    # numbers again would take longer than everything else.
    private = serialization.load_pem_private_key(
        pem.encode(), password=None, unsafe_skip_rsa_key_validation=True
    )
    assert isinstance(private, rsa.RSAPrivateKey)
    return jwt.encode(claims, private, algorithm="RS256", headers={"kid": key.kid})


def rotate_tool_key(owner: Engine, secrets: Secrets, at_once: bool) -> ToolKey:
    """Replace the current keys with a new one, and return it. ``at_once`` signs with it
    immediately and withdraws the old ones: for a compromised key. Runs as the owner."""
    list_tool_keys(owner, secrets)
    now = clock.now()
    created = _generate_key(secrets, now if at_once else now + KEY_OVERLAP)
    tenants_store.rotate_key(owner, created, now if at_once else created.signs_from + KEY_OVERLAP)
    return created


def require_unsealable_keys(engine: Engine, secrets: Secrets) -> int:
    """Count the keys; Stop if one cannot be decrypted with this secret key."""
    keys = tenants_store.list_tool_keys(engine)
    for key in keys:
        secrets.unseal(_SEAL_PURPOSE, key.private_sealed)
    return len(keys)
