"""Keys: the tool's own (made once, private part sealed) and the platforms' (fetched, kept for a while)."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwcrypto.jwk import JWK
from sqlalchemy import Engine

from lrs.ground.http import GuardedClient, OutsideCallFailed
from lrs.ground.secrets import Secrets
from lti_tool.lti.errors import LaunchInvalid
from lti_tool.store import tenants

RSA_BITS = 2_048  # 1EdTech security framework 1.0, 5.1
KEPT_SECONDS = 3_600
STALE_SECONDS = 86_400  # an old key set is better than none for this long
COOL_DOWN_SECONDS = 30  # an unknown kid makes us look again at most this often
_PURPOSE = "tool key"


def _tool_keys(engine: Engine, secrets: Secrets) -> list[tuple[str, str, dict[str, Any]]]:
    """The tool's keys, newest first; the first one is made when it is first asked for."""
    known = tenants.keys(engine)
    if known:
        return known
    private = rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
    pem = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    jwk = JWK.from_pem(pem)
    public = {**json.loads(jwk.export_public()), "kid": jwk.thumbprint(), "alg": "RS256", "use": "sig"}
    tenants.keep_first_key(engine, jwk.thumbprint(), secrets.seal(_PURPOSE, pem.decode()), public)
    return tenants.keys(engine)


def public_keys(engine: Engine, secrets: Secrets) -> list[dict[str, Any]]:
    """Public members of every key: what ``/lti/jwks.json`` shows."""
    return [public for _, _, public in _tool_keys(engine, secrets)]


def sign(engine: Engine, secrets: Secrets, claims: dict[str, Any]) -> str:
    """A JWT signed with the newest key."""
    kid, sealed, _ = _tool_keys(engine, secrets)[0]
    return jwt.encode(claims, secrets.unseal(_PURPOSE, sealed), algorithm="RS256", headers={"kid": kid})


def require_openable(engine: Engine, secrets: Secrets) -> int:
    """How many keys there are; Stop when one cannot be opened with this secret key."""
    known = tenants.keys(engine)
    for _, sealed, _ in known:
        secrets.unseal(_PURPOSE, sealed)
    return len(known)


@dataclass
class _Kept:
    key_set: dict[str, Any]
    fetched: float


class PlatformKeys:
    """Key sets of platforms. An unknown kid makes us fetch again, once in a while; a platform that is down is served stale."""

    def __init__(self, client: GuardedClient) -> None:
        self._client = client
        self._kept: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def for_token(self, url: str, id_token: str) -> dict[str, Any]:
        """The key set that should hold the token's key."""
        try:
            kid = jwt.get_unverified_header(id_token).get("kid")
        except jwt.InvalidTokenError as error:
            raise LaunchInvalid("The course's message is damaged. Go back to the course and open the activity again.", str(error)) from None
        now = time.monotonic()
        kept = self._kept.get(url)
        if kept is not None:
            knows = any(isinstance(key, dict) and key.get("kid") == kid for key in kept.key_set["keys"])
            age = now - kept.fetched
            if (knows and age < KEPT_SECONDS) or (not knows and age < COOL_DOWN_SECONDS):
                return kept.key_set
        try:
            fetched = _Kept(self._fetch(url), now)
        except OutsideCallFailed as error:
            if kept is not None and now - kept.fetched < STALE_SECONDS:
                return kept.key_set
            raise LaunchInvalid("The course's keys cannot be fetched just now. Try again in a minute.", error.message) from None
        with self._lock:
            self._kept[url] = fetched
        return fetched.key_set

    def _fetch(self, url: str) -> dict[str, Any]:
        answer = self._client.call("GET", url, headers={"Accept": "application/json"})
        found = answer.json() if answer.status == 200 else None
        if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
            raise OutsideCallFailed(f"The key set of the platform answered {answer.status} and is no key set.")
        return found
