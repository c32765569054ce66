"""What the record store holds of an activity: one definition made of all that statements said (xAPI-Data 2.4.4.1).

The result depends on the set of definitions and on when each was first said, never on the order in which they came: of two
that differ in one place, the one that was first said later holds, so a correction stays although old copies keep coming.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lrs.xapi import decoding

# These belong together: a list of choices says nothing beside another interaction's pattern.
_INTERACTION = ("interactionType", "correctResponsesPattern", "choices", "scale", "source", "target", "steps")
_MAPS = ("name", "description", "extensions")


def merged(said: Iterable[tuple[int, int, bytes]]) -> dict[str, Any] | None:
    """One definition from (first said, digest, canonical JSON); None where nothing was said."""
    held: dict[str, Any] = {}
    for _, _, body in sorted(said):
        definition = decoding.decode(body)
        if "interactionType" in definition:
            held = {name: value for name, value in held.items() if name not in _INTERACTION}
        for name, value in definition.items():
            held[name] = {**held.get(name, {}), **value} if name in _MAPS else value
    return held or None
