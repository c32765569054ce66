"""Recognising callers quickly: a credential that was right is believed for some seconds more."""

from __future__ import annotations

import hashlib
import time

from sqlalchemy import Engine

from core.secrets import Secrets
from lrs.store import credentials
from lrs.store.credentials import Caller

BELIEVED_SECONDS = 5.0  # so long may a credential work after it was ended
MOST_BELIEVED = 10_000


class Access:
    """The credentials that this process has lately found right."""

    def __init__(self, engine: Engine, secrets: Secrets) -> None:
        self._engine, self._secrets = engine, secrets
        self._believed: dict[bytes, tuple[float, Caller]] = {}

    def believed(self, key: str, secret: str) -> Caller | None:
        """The caller, when this key and secret were found right some seconds ago."""
        known = self._believed.get(_name(key, secret))
        return known[1] if known is not None and known[0] > time.monotonic() else None

    def caller(self, key: str, secret: str) -> Caller | None:
        """The caller, or None when key or secret is wrong."""
        found = self.believed(key, secret)
        if found is None:
            found = credentials.find(self._engine, self._secrets, key, secret)
            if found is not None:
                if len(self._believed) >= MOST_BELIEVED:
                    self._believed.clear()
                self._believed[_name(key, secret)] = (time.monotonic() + BELIEVED_SECONDS, found)
        return found


def _name(key: str, secret: str) -> bytes:
    """The secret itself is not kept; the digest of 256 random bits cannot be turned back."""
    return hashlib.sha256(f"{key}\0{secret}".encode("utf-8", "surrogatepass")).digest()
