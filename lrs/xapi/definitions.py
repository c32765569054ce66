"""The record store's definition of an activity: one definition merged from those of all
statements (xAPI-Data 2.4.4.1).

The result depends on the set of definitions and on when each was first seen, never on the order
of arrival: of two that differ in one place, the one first seen later wins, so a correction
stays although old copies keep arriving.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lrs.xapi import json_codec

# These belong together: a list of choices is meaningless beside another interaction's pattern.
_INTERACTION_FIELDS = (
    "interactionType",
    "correctResponsesPattern",
    "choices",
    "scale",
    "source",
    "target",
    "steps",
)
_MAP_FIELDS = ("name", "description", "extensions")


def merge_definitions(stated: Iterable[tuple[int, int, bytes]]) -> dict[str, Any] | None:
    """One definition from (first seen, digest, canonical JSON); None if there is none."""
    merged: dict[str, Any] = {}
    for _, _, body in sorted(stated):
        definition = json_codec.decode(body)
        if "interactionType" in definition:
            merged = {
                name: value for name, value in merged.items() if name not in _INTERACTION_FIELDS
            }
        for name, value in definition.items():
            merged[name] = {**merged.get(name, {}), **value} if name in _MAP_FIELDS else value
    return merged or None
