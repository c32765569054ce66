"""Hashing of random tokens that browsers send back."""

from __future__ import annotations

import hashlib


def hash_token(text: str) -> bytes:
    """Return the hash that is stored of a random token: enough to recognise it, useless for
    authentication.
    """
    return hashlib.sha256(text.encode()).digest()
