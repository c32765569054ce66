"""Small views on a decoded statement, as the facts need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lrs.vocabulary import ACTIVITY_TYPES, EARNED, EXTENSIONS, VERBS
from lrs.xapi import special
from lrs.xapi.actors import identity_of
from lrs.xapi.keys import key_of

# Other sources say the same in other words (read time only; the statement stays as it came).
VERB_ALIASES = {EARNED: "certified", "http://adlnet.gov/expapi/verbs/completed": "completed"}
_NAME_OF_VERB = {verb.id: name for name, verb in VERBS.items()} | VERB_ALIASES
LONGEST_IRI = 2_000  # bytes; an index of PostgreSQL holds rows of up to 2,704
# Verbs that finish what was scheduled, whatever it is.
FINISHING_VERBS = frozenset(("passed", "failed", "completed", "committed", "submitted", "reviewed", "responded", "attended", "assessed"))
COUNTED_VERBS = FINISHING_VERBS | {"registered", "unregistered", "certified", "scheduled", "answered", "applied", "suspended", "resumed"}
COUNTED_VERB_KEYS = frozenset(key_of("verb", iri) for iri, name in _NAME_OF_VERB.items() if name in COUNTED_VERBS)


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
        identity = identity_of(self.value["actor"])
        return key_of("agent", identity) if identity else None

    @property
    def object_id(self) -> str | None:
        """The activity's id; None where the object is no activity, or its id is longer than a fact can hold."""
        obj = self.value["object"]
        return _within(obj["id"]) if obj.get("objectType", "Activity") == "Activity" else None

    def extension(self, name: str) -> Any:
        """The value of one of our context extensions."""
        return self.value.get("context", {}).get("extensions", {}).get(EXTENSIONS[name])

    def text_extension(self, name: str) -> str | None:
        """The same where it is a text; without NUL, which the database cannot hold."""
        value = self.extension(name)
        return (value.replace("\0", "") or None) if isinstance(value, str) else None

    def grouped(self, kind: str) -> str | None:
        """The first grouping activity of a kind (a key of ACTIVITY_TYPES)."""
        for activity in self._activities("grouping"):
            if activity.get("definition", {}).get("type") == ACTIVITY_TYPES[kind]:
                return _within(activity["id"])
        return None

    def _activities(self, name: str) -> list[dict[str, Any]]:
        value = self.value.get("context", {}).get("contextActivities", {}).get(name, [])
        return value if isinstance(value, list) else [value]


def _within(iri: str) -> str | None:
    return iri if len(iri.encode()) <= LONGEST_IRI else None


def read(ord_: int, value: dict[str, Any], stored: datetime) -> Read:
    """A statement that was judged when it was stored; without a timestamp of its own it happened when it was stored."""
    text = value.get("timestamp")
    return Read(ord_, value, special.instant(text) if text else stored)
