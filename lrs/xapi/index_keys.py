"""64-bit keys that statements are filtered by, and which of them match a statement.

A key is a hash, so the value is compared again on read (:mod:`lrs.xapi.statement_query`). Plain
kinds (agent, activity) match the filter of that name; related kinds hold what ``related_agents``
and ``related_activities`` match in addition. The kinds that begin with ``ref`` are inherited from
the statement that a StatementRef refers to (xAPI-Communication 2.1.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

from lrs.xapi.actors import iter_identities

_CONTEXT_ACTIVITY_KINDS = ("parent", "grouping", "category", "other")


def key_of(kind: str, value: str) -> int:
    """A signed 64-bit key; the kind separates an agent and an activity with the same text."""
    return int.from_bytes(
        blake2b(f"{kind} {value}".encode("utf-8", "surrogatepass"), digest_size=8).digest(),
        "big",
        signed=True,
    )


def derive_inherited_key(kind: str, key: int) -> int:
    """The key that a referring statement inherits from a key of its target."""
    return key_of(f"ref {kind}", str(key))


def iter_agents(statement: dict[str, Any]) -> Iterator[str]:
    """Identities that the ``agent`` filter matches: actor and object, with the members of
    groups (xAPI-Communication 2.1.3)."""
    yield from iter_identities(statement["actor"])
    if statement["object"].get("objectType") in ("Agent", "Group"):
        yield from iter_identities(statement["object"])


def iter_context_agents(context: dict[str, Any]) -> Iterator[str]:
    """Identities of instructor, team, contextAgents and contextGroups."""
    for name in ("instructor", "team"):
        yield from iter_identities(context.get(name))
    for entry in context.get("contextAgents", ()):
        yield from iter_identities(entry["agent"])
    for entry in context.get("contextGroups", ()):
        yield from iter_identities(entry["group"])


def iter_related_agents(
    statement: dict[str, Any], authority: dict[str, Any] | None
) -> Iterator[str]:
    """Identities that ``related_agents`` matches: agents, the authority, those of the context
    and of the sub-statement."""
    yield from iter_agents(statement)
    yield from iter_identities(authority)
    if statement["object"].get("objectType") == "SubStatement":
        yield from iter_related_agents(statement["object"], None)
    yield from iter_context_agents(statement.get("context", {}))


def iter_context_activities(context: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The activities of parent, grouping, category and other."""
    result = context.get("contextActivities", {})
    for name in _CONTEXT_ACTIVITY_KINDS:
        value = result.get(name, [])
        yield from value if isinstance(value, list) else (value,)


def iter_activities(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every activity that a statement contains: the object, those of the context and of the
    sub-statement."""
    obj = statement["object"]
    kind = obj.get("objectType", "Activity")
    if kind == "Activity":
        yield obj
    elif kind == "SubStatement":
        yield from iter_activities(obj)
    yield from iter_context_activities(statement.get("context", {}))


def iter_related_activity_ids(statement: dict[str, Any]) -> Iterator[str]:
    """Activity ids that ``related_activities`` matches."""
    for activity in iter_activities(statement):
        yield activity["id"]


def key_pair(kind: str, value: str) -> tuple[int, int]:
    """The plain and the related key of one value."""
    return key_of(kind, value), key_of(f"related {kind}", value)


def merge_key_pairs(
    plain: Iterable[tuple[int, int]], related: Iterable[tuple[int, int]]
) -> set[int]:
    """The rows of ``statement_rel``: plain keys, and related keys of values that have no plain
    key."""
    keys = {own for own, _ in plain}
    keys.update(other for own, other in related if own not in keys)
    return keys
