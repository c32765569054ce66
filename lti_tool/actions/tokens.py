"""Random tokens that browsers bring back: what is kept of them."""

from __future__ import annotations

import hashlib


def digest(text: str) -> bytes:
    """What is kept of a random token: enough to recognise it, nothing to use it with."""
    return hashlib.sha256(text.encode()).digest()
