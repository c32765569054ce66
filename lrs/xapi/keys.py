"""64-bit keys of what statements are filtered by, and which of them a statement answers to.

A key is a hash, so the value is compared again on read (:mod:`lrs.xapi.query`).
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from lrs.xapi.actors import identities_in, identity_of

_CONTEXT_ACTIVITY_KINDS = ("parent", "grouping", "category", "other")


def key_of(kind: str, value: str) -> int:
    """A signed 64-bit key; kinds keep an agent and an activity of the same text apart."""
    return int.from_bytes(blake2b(f"{kind} {value}".encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def agents(statement: dict[str, Any]) -> Iterator[str]:
    """Identities that the plain ``agent`` filter finds: the actor and the object (xAPI-Communication 2.1.3)."""
    for place in (statement["actor"], statement["object"]):
        if place.get("objectType", "Agent" if place is statement["actor"] else "Activity") in ("Agent", "Group"):
            identity = identity_of(place)
            if identity:
                yield identity


def related_agents(statement: dict[str, Any], authority: dict[str, Any] | None) -> Iterator[str]:
    """Identities that ``related_agents`` finds as well: authority, instructor, team, members, sub-statement."""
    yield from identities_in(statement["actor"])
    yield from identities_in(authority)
    obj = statement["object"]
    if obj.get("objectType") in ("Agent", "Group"):
        yield from identities_in(obj)
    elif obj.get("objectType") == "SubStatement":
        yield from related_agents(obj, None)
    context = statement.get("context", {})
    for name in ("instructor", "team"):
        yield from identities_in(context.get(name))
    for entry in context.get("contextAgents", ()):
        yield from identities_in(entry["agent"])
    for entry in context.get("contextGroups", ()):
        yield from identities_in(entry["group"])


def related_activities(statement: dict[str, Any]) -> Iterator[str]:
    """Activity ids that ``related_activities`` finds: the object, every context activity, the sub-statement's."""
    obj = statement["object"]
    kind = obj.get("objectType", "Activity")
    if kind == "Activity":
        yield obj["id"]
    elif kind == "SubStatement":
        yield from related_activities(obj)
    found = statement.get("context", {}).get("contextActivities", {})
    for name in _CONTEXT_ACTIVITY_KINDS:
        value = found.get(name, [])
        for activity in value if isinstance(value, list) else (value,):
            yield activity["id"]


def related_keys(statement: dict[str, Any], authority: dict[str, Any]) -> tuple[int, ...]:
    """The rows of ``statement_rel`` for a statement, each once."""
    keys = {key_of("agent", value) for value in agents(statement)}
    keys |= {key_of("related agent", value) for value in related_agents(statement, authority)}
    keys |= {key_of("related activity", value) for value in related_activities(statement)}
    return tuple(sorted(keys))
