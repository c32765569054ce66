"""The parts of a statement, validated and parsed once: actor, verb, object, context, as
received bytes.

Statements of one course repeat the same actor, verb, object and context activities byte for
byte. Each such part is validated by :mod:`lrs.xapi.validation` the first time it arrives and
cached by its bytes, up to a limit, so that the next thousand statements cost a lookup. Only
accepted parts are cached; the rules stay in one place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec.structs import replace

from lrs.vocabulary import VERBS, VerbName
from lrs.xapi import index_keys, json_codec, validation
from lrs.xapi.actors import iter_identities
from lrs.xapi.errors import StatementInvalid
from lrs.xapi.index_keys import key_of, key_pair

MAX_CACHED_PART_BYTES = 4_096  # bytes of one part; larger ones are rare and would fill the memory
MAX_CACHED_PARTS = 20_000  # parts; with typical parts of 300 bytes about 15 MB a worker

MAX_BRACKETS = (
    json_codec.MAX_DEPTH - 5
)  # a part with fewer is shallow enough for a statement, whatever it contains

KeyPairs = tuple[tuple[int, int], ...]
# prefix of the name of a context member, which may have the same name as a part of the statement
_CONTEXT_PREFIX = "context."
_UUID_MEMBER = re.compile(rb'"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"\Z')


class Definition(msgspec.Struct, frozen=True):
    """The definition of an activity in a statement: canonical JSON, and the keys it is stored
    under."""

    activity: int
    digest: int
    iri: str
    body: bytes


class Part(msgspec.Struct, frozen=True):
    """What one part contributes: keys it is found by, definitions, and fields that only some
    parts have."""

    agents: KeyPairs = ()
    related_agents: KeyPairs = ()
    activities: KeyPairs = ()
    related_activities: KeyPairs = ()
    definitions: tuple[Definition, ...] = ()
    verb: int = 0
    voids: bool = False
    kind: str = ""  # of an object
    refers: str = ""  # the id that a StatementRef points to
    only_activity: bool = False  # of a context member: revision and platform
    colons: int = 0  # in its bytes


class PartCache:
    """Validates parts of statements of one family (1.0.x or 2.0.x) and caches them."""

    def __init__(self, family_2_0: bool) -> None:
        self._family_2_0 = family_2_0
        self._known: dict[tuple[str, bytes], Part] = {}

    def part(self, name: str, raw: bytes) -> Part:
        """Parse the part ``name`` (actor, verb, object, or ``context.`` and the name of a
        member) from its bytes; StatementInvalid if it breaks a rule."""
        result = self._known.get((name, raw))
        if result is None:
            if raw.count(b"[") + raw.count(b"{") > MAX_BRACKETS:
                raise StatementInvalid("$", "is counted level by level first.")
            result = replace(self._validate_part(name, raw), colons=raw.count(b":"))
            if len(raw) <= MAX_CACHED_PART_BYTES:
                if len(self._known) >= MAX_CACHED_PARTS:
                    self._known.clear()
                self._known[name, raw] = result
        return result

    def _validate_part(self, name: str, raw: bytes) -> Part:
        value = json_codec.decode_strict(raw)
        if name == "actor":
            validation.validate_actor(value, "$.actor")
            return Part(agents=_key_pairs("agent", iter_identities(value)))
        if name == "verb":
            validation.validate_verb(value, "$.verb")
            return Part(
                verb=key_of("verb", value["id"]), voids=value["id"] == VERBS[VerbName.VOIDED].id
            )
        if name == "object":
            validation.validate_object(value, "$.object", self._family_2_0)
            if not are_all_lists(value.get("context", {}).get("contextActivities", {})):
                raise StatementInvalid(
                    "$.object.context.contextActivities", "is written with lists first."
                )
            if "attachments" in value:
                raise StatementInvalid(
                    "$.object.attachments", "are looked at with the whole statement."
                )
            return build_object_part(value)
        member = name.removeprefix(_CONTEXT_PREFIX)
        if member == "contextActivities" and not are_all_lists(value):
            raise StatementInvalid("$.context.contextActivities", "is written with lists first.")
        validation.validate_context(
            {member: value}, "$.context", self._family_2_0, object_is_activity=True
        )
        return build_context_part({member: value})

    def context(self, raw: bytes) -> tuple[list[Part], bytes | None]:
        """The parts of a context, and the raw bytes of its registration."""
        registration, result = None, []
        colons = 0
        for name, value in json_codec.decode_members(raw).items():
            colons += 1
            if name == "registration":
                registration = bytes(value)
                if not _UUID_MEMBER.match(registration):
                    raise StatementInvalid("$.context.registration", "must be a UUID.")
            else:
                part = self.part(_CONTEXT_PREFIX + name, bytes(value))
                colons += part.colons
                result.append(part)
        require_all_colons(raw, colons)
        return result, registration


def require_all_colons(raw: bytes, accounted_for: int) -> None:
    """Check that every colon of an object belongs to a member that was kept: no member was
    dropped because of a duplicate name."""
    if raw.count(b":") != accounted_for:
        raise StatementInvalid("$", "a name stands twice in one object.")


def are_all_lists(context_activities: Any) -> bool:
    """Whether parent, grouping, category and other are all lists; a single activity instead of
    a list comes from 1.0.0 (xAPI-Data 2.4.6.2)."""
    return type(context_activities) is dict and all(
        type(value) is list for value in context_activities.values()
    )


def build_object_part(value: dict[str, Any]) -> Part:
    """The contribution of a validated object."""
    kind = value.get("objectType", "Activity")
    if kind == "Activity":
        return Part(
            activities=(key_pair("activity", value["id"]),),
            definitions=_collect_definitions([value]),
            kind=kind,
        )
    if kind == "StatementRef":
        return Part(kind=kind, refers=value["id"])
    if kind == "SubStatement":
        return Part(
            related_agents=_key_pairs("agent", index_keys.iter_related_agents(value, None)),
            related_activities=_key_pairs("activity", index_keys.iter_related_activity_ids(value)),
            definitions=_collect_definitions(index_keys.iter_activities(value)),
            kind=kind,
        )
    return Part(agents=_key_pairs("agent", iter_identities(value)), kind=kind)


def build_context_part(value: dict[str, Any]) -> Part:
    """The contribution of a validated context, or of some of its members."""
    result = list(index_keys.iter_context_activities(value))
    return Part(
        related_agents=_key_pairs("agent", index_keys.iter_context_agents(value)),
        related_activities=_key_pairs("activity", (activity["id"] for activity in result)),
        definitions=_collect_definitions(result),
        only_activity="revision" in value or "platform" in value,
    )


def _key_pairs(kind: str, values: Iterable[str]) -> KeyPairs:
    return tuple(key_pair(kind, value) for value in dict.fromkeys(values))


def _collect_definitions(activities: Iterable[dict[str, Any]]) -> tuple[Definition, ...]:
    result = []
    for activity in activities:
        if activity.get("definition"):
            body = json_codec.encode_canonical(activity["definition"])
            iri = activity["id"]
            result.append(
                Definition(key_of("activity", iri), key_of("definition", body.decode()), iri, body)
            )
    return tuple(result)
