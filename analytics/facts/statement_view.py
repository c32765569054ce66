"""A small view of a decoded statement, limited to what the facts need."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from lrs import feed
from lrs.feed import identity_of, key_of
from lrs.vocabulary import (
    ACTIVITY_TYPES,
    EXTENSIONS,
    MAX_IRI_BYTES,
    REPLY_KINDS,
    VERBS,
    ActivityKind,
    ExtensionName,
    VerbName,
    score_share,
)
from lrs.vocabulary.aliases import VERB_ALIASES

_VERB_NAMES = VERB_ALIASES | {verb.id: name for name, verb in VERBS.items()}
_KINDS_BY_TYPE = {iri: name for name, iri in ACTIVITY_TYPES.items()}
MAX_TRAINING_SECONDS = 300 * 3_600  # seconds; eight weeks of work
# The verbs that finish a scheduled activity, by its kind. For an unknown kind, any of these
# verbs does.
FINISHED_BY: Mapping[ActivityKind, frozenset[VerbName]] = {
    ActivityKind.CHECK: frozenset((VerbName.PASSED, VerbName.FAILED, VerbName.COMPLETED)),
    ActivityKind.PLAN: frozenset((VerbName.COMMITTED,)),
    ActivityKind.EXERCISE: frozenset((VerbName.SUBMITTED,)),
    ActivityKind.CASE_STUDY: frozenset((VerbName.SUBMITTED,)),
    ActivityKind.EXERCISE_REVIEW: frozenset((VerbName.REVIEWED,)),
    ActivityKind.FEEDBACK: frozenset((VerbName.REVIEWED,)),
    ActivityKind.REVIEW: frozenset((VerbName.REVIEWED,)),
    ActivityKind.BEHAVIOUR_ASSESSMENT: frozenset((VerbName.ASSESSED,)),
    ActivityKind.FOLLOW_UP: frozenset((VerbName.RESPONDED,)),
    ActivityKind.MEETING: frozenset((VerbName.ATTENDED,)),
}
FINISHING_VERBS = frozenset[VerbName]().union(*FINISHED_BY.values())
_EPISODE_VERBS = FINISHING_VERBS | {
    VerbName.REGISTERED,
    VerbName.UNREGISTERED,
    VerbName.CERTIFIED,
    VerbName.SCHEDULED,
    VerbName.ATTEMPTED,
    VerbName.ANSWERED,
}
COUNTED_VERBS = _EPISODE_VERBS | {
    VerbName.APPLIED,
    VerbName.SUSPENDED,
    VerbName.RESUMED,
    VerbName.HAD_NO_OPPORTUNITY,
}
# Verbs that are counted without an episode: use of the product, and raters' exercises.
PRESENCE_VERBS = frozenset(
    (VerbName.LOGGED_IN, VerbName.VIEWED, VerbName.RECEIVED, VerbName.OPENED)
)
STANDALONE_VERBS = PRESENCE_VERBS | {VerbName.ASSESSED}


def verb_keys(names: Collection[VerbName]) -> frozenset[int]:
    """The keys of every IRI that stands for one of these verbs."""
    return frozenset(key_of("verb", iri) for iri, name in _VERB_NAMES.items() if name in names)


COUNTED_VERB_KEYS, STANDALONE_VERB_KEYS = verb_keys(COUNTED_VERBS), verb_keys(STANDALONE_VERBS)


class _Definition(msgspec.Struct):
    type: str | None = None
    interactionType: str | None = None  # noqa: N815 - the standard's name


class _Object(msgspec.Struct):
    objectType: str = "Activity"  # noqa: N815 - the standard's name
    id: str | None = None
    definition: _Definition | None = None

    @property
    def type(self) -> str | None:
        return self.definition.type if self.definition else None


class _Activities(msgspec.Struct):
    parent: list[_Object] | _Object = msgspec.field(default_factory=list)
    grouping: list[_Object] | _Object = msgspec.field(default_factory=list)
    other: list[_Object] | _Object = msgspec.field(default_factory=list)


class _Context(msgspec.Struct):
    instructor: dict[str, Any] | None = None
    contextActivities: _Activities = msgspec.field(default_factory=_Activities)  # noqa: N815 - the standard's name
    extensions: dict[str, Any] = msgspec.field(default_factory=dict)


class _Verb(msgspec.Struct):
    id: str


class _Statement(msgspec.Struct):
    """The parts of a statement that facts are derived from; the rest is not even decoded."""

    actor: dict[str, Any]
    verb: _Verb
    object: _Object
    result: dict[str, Any] = msgspec.field(default_factory=dict)
    context: _Context = msgspec.field(default_factory=_Context)
    timestamp: str | None = None


# JSON numbers are unbounded: one that exceeds a double becomes infinite here, so every use must
# check that it is finite.
_DECODER = msgspec.json.Decoder(_Statement, float_hook=float)


class StatementView:
    """A statement with its position in the store. ``verb`` is our word for its verb, or None if
    it is not one of ours."""

    __slots__ = ("_statement", "ord", "timestamp", "verb")

    def __init__(self, ord_: int, statement: _Statement, stored: datetime) -> None:
        self.ord, self._statement = ord_, statement
        self.verb = _VERB_NAMES.get(statement.verb.id)
        self.timestamp = (
            feed.parse_timestamp(statement.timestamp) if statement.timestamp else stored
        )

    @property
    def learner(self) -> int | None:
        """Key of the actor; None for an anonymous group."""
        return _agent_key(self._statement.actor)

    @property
    def learner_identity(self) -> str | None:
        """The actor's identity (lrs.xapi.actors); None for an anonymous group."""
        return identity_of(self._statement.actor)

    @property
    def instructor(self) -> int | None:
        """Key of the instructor, who reviewed, confirmed or assessed; None if nobody is
        named."""
        named = self._statement.context.instructor
        return _agent_key(named) if named else None

    @property
    def object_id(self) -> str | None:
        """The activity's id; None if the object is not an activity, or if its id is longer than
        a fact can hold."""
        obj = self._statement.object
        return (
            _iri_within_limit(obj.id)
            if obj.objectType == "Activity" and obj.id is not None
            else None
        )

    @property
    def activities(self) -> Iterator[str]:
        """The ids of the activities it refers to, nearest first: its object, then its context's
        parent, grouping and other."""
        near = self._statement.context.contextActivities
        if (
            self._statement.object.objectType == "Activity"
            and self._statement.object.id is not None
        ):
            yield self._statement.object.id
        for related in (near.parent, near.grouping, near.other):
            for item in _as_list(related):
                if item.id is not None:
                    yield item.id

    @property
    def kind(self) -> ActivityKind:
        """What the object is; ``other`` if its type is not one of ours."""
        kind = _KINDS_BY_TYPE.get(self._statement.object.type or "", ActivityKind.OTHER)
        if kind is ActivityKind.REVIEW:
            # Either the review of an exercise or the feedback on a case study: the parent tells
            # which.
            parents = {
                _KINDS_BY_TYPE.get(item.type or "")
                for item in _as_list(self._statement.context.contextActivities.parent)
            }
            kind = next((reply for of, reply in REPLY_KINDS.items() if of in parents), kind)
        return kind

    @property
    def interaction(self) -> str | None:
        """The object's interaction type (xAPI-Data 4.1.5.1)."""
        definition = self._statement.object.definition
        return definition.interactionType if definition else None

    @property
    def result(self) -> dict[str, Any]:
        """The result, or an empty one."""
        return self._statement.result

    @property
    def seconds(self) -> float | None:
        """How long it took, from ``result.duration``; None if it is missing or longer than a
        day."""
        text = self.result.get("duration")
        return feed.parse_duration_seconds(text) if isinstance(text, str) else None

    @property
    def training_seconds(self) -> int | None:
        """The duration of a training; None above MAX_TRAINING_SECONDS, which nobody can have
        attended: a session was left open."""
        text = self.result.get("duration")
        seconds = (
            feed.parse_duration_seconds(text, MAX_TRAINING_SECONDS)
            if isinstance(text, str)
            else None
        )
        return None if seconds is None else int(seconds)

    @property
    def share(self) -> float | None:
        """The score as a share from 0 to 1 (lrs.vocabulary.score_share); None if there is none."""
        return score_share(self.result.get("score"))

    def extension(self, name: ExtensionName) -> Any:
        """The value of one of our context extensions."""
        return self._statement.context.extensions.get(EXTENSIONS[name])

    def text_extension(self, name: ExtensionName) -> str | None:
        """A context extension if it is a string, without NUL, which the database cannot
        hold."""
        return clean_text(self.extension(name))

    def grouped(self, kind: ActivityKind) -> str | None:
        """The first grouping activity of a kind that has a type of its own."""
        wanted = ACTIVITY_TYPES[kind]
        for activity in _as_list(self._statement.context.contextActivities.grouping):
            if activity.type == wanted and activity.id is not None:
                return _iri_within_limit(activity.id)
        return None


def _as_list(value: list[_Object] | _Object) -> list[_Object]:
    return value if isinstance(value, list) else [value]


def clean_text(value: Any) -> str | None:
    """A string without NUL, which the database cannot hold; None for anything else, and for an
    empty string."""
    return (value.replace("\0", "") or None) if isinstance(value, str) else None


def _agent_key(actor: dict[str, Any]) -> int | None:
    identity = identity_of(actor)
    return _cached_agent_key(identity) if identity else None


@lru_cache(10_000)  # an episode repeats the same few people
def _cached_agent_key(identity: str) -> int:
    return key_of("agent", identity)


def _iri_within_limit(iri: str) -> str | None:
    return iri if len(iri.encode()) <= MAX_IRI_BYTES else None


def decode_statement(ord_: int, payload: bytes, stored: datetime) -> StatementView:
    """Decode a statement that was validated when it was stored; without a timestamp of its own,
    it happened when it was stored."""
    return StatementView(ord_, _DECODER.decode(payload), stored)
