"""64-bit keys that statements are filtered by, and which of them match a statement.

A key is a hash, so the value is compared again on read (:mod:`lrs.xapi.query`). Plain kinds
(agent, activity) match the filter of that name; related kinds hold what ``related_agents`` and
``related_activities`` match in addition. The kinds that begin with ``ref`` are inherited from
the statement that a StatementRef refers to (xAPI-Communication 2.1.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

from lrs.xapi.actors import identities_in

_CONTEXT_ACTIVITY_KINDS = ("parent", "grouping", "category", "other")


def key_of(kind: str, value: str) -> int:
    """A signed 64-bit key; the kind separates an agent and an activity with the same text."""
    return int.from_bytes(blake2b(f"{kind} {value}".encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def inherited(kind: str, key: int) -> int:
    """The key that a referring statement inherits from a key of its target."""
    return key_of(f"ref {kind}", str(key))


def agents(statement: dict[str, Any]) -> Iterator[str]:
    """Identities that the ``agent`` filter matches: actor and object, with the members of
    groups (xAPI-Communication 2.1.3)."""
    yield from identities_in(statement["actor"])
    if statement["object"].get("objectType") in ("Agent", "Group"):
        yield from identities_in(statement["object"])


def agents_of_context(context: dict[str, Any]) -> Iterator[str]:
    """Identities of instructor, team, contextAgents and contextGroups."""
    for name in ("instructor", "team"):
        yield from identities_in(context.get(name))
    for entry in context.get("contextAgents", ()):
        yield from identities_in(entry["agent"])
    for entry in context.get("contextGroups", ()):
        yield from identities_in(entry["group"])


def related_agents(statement: dict[str, Any], authority: dict[str, Any] | None) -> Iterator[str]:
    """Identities that ``related_agents`` matches: agents, the authority, those of the context
    and of the sub-statement."""
    yield from agents(statement)
    yield from identities_in(authority)
    if statement["object"].get("objectType") == "SubStatement":
        yield from related_agents(statement["object"], None)
    yield from agents_of_context(statement.get("context", {}))


def activities_of_context(context: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The activities of parent, grouping, category and other."""
    found = context.get("contextActivities", {})
    for name in _CONTEXT_ACTIVITY_KINDS:
        value = found.get(name, [])
        yield from value if isinstance(value, list) else (value,)


def activities(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every activity that a statement contains: the object, those of the context and of the
    sub-statement."""
    obj = statement["object"]
    kind = obj.get("objectType", "Activity")
    if kind == "Activity":
        yield obj
    elif kind == "SubStatement":
        yield from activities(obj)
    yield from activities_of_context(statement.get("context", {}))


def related_activities(statement: dict[str, Any]) -> Iterator[str]:
    """Activity ids that ``related_activities`` matches."""
    for activity in activities(statement):
        yield activity["id"]


def pair(kind: str, value: str) -> tuple[int, int]:
    """The plain and the related key of one value."""
    return key_of(kind, value), key_of(f"related {kind}", value)


def joined(plain: Iterable[tuple[int, int]], related: Iterable[tuple[int, int]]) -> set[int]:
    """The rows of ``statement_rel``: plain keys, and related keys of values that have no plain
    key."""
    keys = {own for own, _ in plain}
    keys.update(other for own, other in related if own not in keys)
    return keys
