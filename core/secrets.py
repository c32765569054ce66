"""One secret, many purposes: subkeys by HKDF (RFC 5869), used for sealing, signing and keyed
hashing.

To rotate the key, set the new one and name the old one as previous: new data use the new key,
old data can still be opened.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from itsdangerous import BadSignature, URLSafeTimedSerializer

from core.errors import BadInput, FatalError

SUBKEY_BYTES = 32  # 256 bits: what Fernet takes and what HMAC-SHA256 is strongest with.


@lru_cache(maxsize=64)  # of some twenty purposes, under two keys
def _derive_subkey(secret: str, purpose: str) -> bytes:
    derivation = HKDF(
        algorithm=SHA256(), length=SUBKEY_BYTES, salt=None, info=f"carryover:{purpose}".encode()
    )
    return derivation.derive(secret.encode())


class Secrets:
    """Everything that is signed or sealed uses an instance of this class, built once from the
    settings."""

    def __init__(self, key: str, previous: str = "") -> None:
        self._keys = [key, *([previous] if previous else [])]

    def _fernet(self, purpose: str) -> MultiFernet:
        return MultiFernet(
            [Fernet(base64.urlsafe_b64encode(_derive_subkey(key, purpose))) for key in self._keys]
        )

    def seal(self, purpose: str, text: str) -> str:
        """``text`` encrypted and authenticated for ``purpose``."""
        return self._fernet(purpose).encrypt(text.encode()).decode()

    def unseal(self, purpose: str, sealed: str) -> str:
        """Decrypt the text; Stop when neither key opens it."""
        try:
            return self._fernet(purpose).decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise FatalError(
                "Stored secrets cannot be opened with this CARRYOVER_SECRET_KEY; set "
                "CARRYOVER_SECRET_KEY_PREVIOUS to the key before it."
            ) from None

    def keyed_hashes(self, purpose: str, text: str) -> list[bytes]:
        """HMAC-SHA256 of ``text`` under the current key first, then under the previous one."""
        return [
            hmac.digest(_derive_subkey(key, purpose), text.encode(), hashlib.sha256)
            for key in self._keys
        ]

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        # itsdangerous signs with the last key of the list and accepts all of them.
        keys = [
            base64.b64encode(_derive_subkey(key, purpose)).decode() for key in reversed(self._keys)
        ]
        return URLSafeTimedSerializer(keys, salt=purpose)

    def sign(self, purpose: str, value: Any) -> str:
        """A URL-safe token that contains the JSON ``value`` in plain text, signed and
        timestamped."""
        return str(self._serializer(purpose).dumps(value))

    def verify_token(self, purpose: str, token: str, max_age_seconds: int) -> Any:
        """Return the value of a token that we signed; BadInput if it was altered or is older
        than ``max_age_seconds``."""
        try:
            return self._serializer(purpose).loads(token, max_age=max_age_seconds)
        except BadSignature:
            raise BadInput(
                "This link is not one of ours or has expired. Start again from the page that "
                "gave it."
            ) from None
