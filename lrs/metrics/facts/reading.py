"""Small views on a decoded statement, as the facts need them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lrs.vocabulary import ACTIVITY_TYPES, EXTENSIONS, VERBS
from lrs.vocabulary.aliases import VERB_ALIASES
from lrs.xapi import special
from lrs.xapi.actors import identity_of
from lrs.xapi.keys import key_of

_NAME_OF_VERB = VERB_ALIASES | {verb.id: name for name, verb in VERBS.items()}
_NAME_OF_TYPE = {iri: name for name, iri in ACTIVITY_TYPES.items()}
LONGEST_IRI = 2_000  # bytes; an index of PostgreSQL holds rows of up to 2,704
# What finishes what was scheduled, by its kind. Of a kind that is none of ours, any of these verbs does.
FINISHED_BY = {
    "check": frozenset(("passed", "failed", "completed")),
    "plan": frozenset(("committed",)),
    "exercise": frozenset(("submitted",)),
    "case study": frozenset(("submitted",)),
    "exercise review": frozenset(("reviewed",)),
    "feedback": frozenset(("reviewed",)),
    "review": frozenset(("reviewed",)),
    "behaviour assessment": frozenset(("assessed",)),
    "follow-up": frozenset(("responded",)),
    "meeting": frozenset(("attended",)),
}
OTHER = "other"
FINISHING_VERBS = frozenset().union(*FINISHED_BY.values())
_EPISODE_VERBS = FINISHING_VERBS | {"registered", "unregistered", "certified", "scheduled", "attempted", "answered"}
COUNTED_VERBS = _EPISODE_VERBS | {"applied", "suspended", "resumed", "had-no-opportunity"}
# What is counted although it belongs to no episode: use of the product, and raters' exercises.
PRESENCE_VERBS = frozenset(("logged-in", "viewed", "received", "opened"))
LOOSE_VERBS = PRESENCE_VERBS | {"assessed"}


def keys_of(names: Collection[str]) -> frozenset[int]:
    """The keys of every IRI that says one of our verbs."""
    return frozenset(key_of("verb", iri) for iri, name in _NAME_OF_VERB.items() if name in names)


COUNTED_VERB_KEYS, LOOSE_VERB_KEYS = keys_of(COUNTED_VERBS), keys_of(LOOSE_VERBS)


@dataclass(frozen=True)
class Read:
    """A statement with its place in the store."""

    ord: int
    value: dict[str, Any]
    timestamp: datetime

    @property
    def verb(self) -> str | None:
        """Our word for the verb, or None when it is none of ours."""
        return _NAME_OF_VERB.get(self.value["verb"]["id"])

    @property
    def learner(self) -> int | None:
        """Key of the actor; None for an anonymous group."""
        return _key(self.value["actor"])

    @property
    def instructor(self) -> int | None:
        """Key of the instructor: whoever reviewed, confirmed or assessed; None where nobody is named."""
        named = self.value.get("context", {}).get("instructor")
        return _key(named) if named else None

    @property
    def object_id(self) -> str | None:
        """The activity's id; None where the object is no activity, or its id is longer than a fact can hold."""
        obj = self.value["object"]
        return _within(obj["id"]) if obj.get("objectType", "Activity") == "Activity" else None

    @property
    def kind(self) -> str:
        """What the object is, in our words; ``other`` where its type is none of ours."""
        kind = _NAME_OF_TYPE.get(self.value["object"].get("definition", {}).get("type"), OTHER)
        if kind == "review":
            # The answer to an exercise, or the feedback on a case study: its parent says which.
            parents = {_NAME_OF_TYPE.get(one.get("definition", {}).get("type")) for one in self._activities("parent")}
            return "exercise review" if "exercise" in parents else "feedback" if "case study" in parents else kind
        return kind

    @property
    def interaction(self) -> str | None:
        """The object's interaction type (xAPI-Data 4.1.5.1)."""
        value = self.value["object"].get("definition", {}).get("interactionType")
        return value if isinstance(value, str) else None

    @property
    def result(self) -> dict[str, Any]:
        """The result, or an empty one."""
        value = self.value.get("result", {})
        return value if isinstance(value, dict) else {}

    @property
    def seconds(self) -> float | None:
        """How long it took: ``result.duration``; None where it is not said, or is more than a day."""
        text = self.result.get("duration")
        return special.duration_seconds(text) if isinstance(text, str) else None

    @property
    def scaled(self) -> float | None:
        """The scaled score, from 0 up; None where there is none."""
        value = self.result.get("score", {}).get("scaled")
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None

    def extension(self, name: str) -> Any:
        """The value of one of our context extensions."""
        return self.value.get("context", {}).get("extensions", {}).get(EXTENSIONS[name])

    def text_extension(self, name: str) -> str | None:
        """The same where it is a text; without NUL, which the database cannot hold."""
        return text_in(self.extension(name))

    def grouped(self, kind: str) -> str | None:
        """The first grouping activity of a kind (a key of ACTIVITY_TYPES)."""
        for activity in self._activities("grouping"):
            if activity.get("definition", {}).get("type") == ACTIVITY_TYPES[kind]:
                return _within(activity["id"])
        return None

    def _activities(self, name: str) -> list[dict[str, Any]]:
        value = self.value.get("context", {}).get("contextActivities", {}).get(name, [])
        return value if isinstance(value, list) else [value]


def text_in(value: Any) -> str | None:
    """A text without NUL, which the database cannot hold; None for anything else, and for an empty one."""
    return (value.replace("\0", "") or None) if isinstance(value, str) else None


def _key(actor: dict[str, Any]) -> int | None:
    identity = identity_of(actor)
    return key_of("agent", identity) if identity else None


def _within(iri: str) -> str | None:
    return iri if len(iri.encode()) <= LONGEST_IRI else None


def read(ord_: int, value: dict[str, Any], stored: datetime) -> Read:
    """A statement that was judged when it was stored; without a timestamp of its own it happened when it was stored."""
    text = value.get("timestamp")
    return Read(ord_, value, special.instant(text) if text else stored)
