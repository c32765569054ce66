"""A list of people for a coaching group."""

from __future__ import annotations

LIST = b"id,name,email\n" + b"".join(
    f"M{n},Member {n},m{n}@example.org\n".encode() for n in range(1, 5)
)
