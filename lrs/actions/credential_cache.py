"""Cache of verified credentials: one that was valid is accepted without a database query for
a few seconds.
"""

from __future__ import annotations

import hashlib
import time

from sqlalchemy import Engine

from core.secrets import Secrets
from lrs.store import credentials
from lrs.store.credentials import Caller

CACHE_SECONDS = 5.0  # how long a revoked credential may still be accepted
MAX_CACHE_ENTRIES = 10_000


class CredentialCache:
    """The credentials that this process has verified recently."""

    def __init__(self, engine: Engine, secrets: Secrets) -> None:
        self._engine, self._secrets = engine, secrets
        self._cache: dict[bytes, tuple[float, Caller]] = {}

    def cached_caller(self, key: str, secret: str) -> Caller | None:
        """Return the caller if this key and secret were verified within the last few
        seconds.
        """
        known = self._cache.get(_cache_key(key, secret))
        return known[1] if known is not None and known[0] > time.monotonic() else None

    def caller(self, key: str, secret: str) -> Caller | None:
        """Return the caller, or None when key or secret is wrong."""
        result = self.cached_caller(key, secret)
        if result is None:
            result = credentials.authenticate_credential(self._engine, self._secrets, key, secret)
            if result is not None:
                if len(self._cache) >= MAX_CACHE_ENTRIES:
                    self._cache.clear()
                self._cache[_cache_key(key, secret)] = (time.monotonic() + CACHE_SECONDS, result)
        return result


def _cache_key(key: str, secret: str) -> bytes:
    """Return the cache key: the secret itself is not kept, and the digest of 256 random bits
    cannot be reversed.
    """
    return hashlib.sha256(f"{key}\0{secret}".encode("utf-8", "surrogatepass")).digest()
