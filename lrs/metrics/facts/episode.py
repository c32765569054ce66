"""The facts of one episode: the anchor first, then everything that is measured from it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lrs.ground import clock
from lrs.metrics.facts.reading import COUNTED_VERBS, FINISHING_VERBS, Read
from lrs.vocabulary import KINDS, interval_at

LARGEST_GRADE = 4  # 1 self, 2 peer, 3 supervisor, 4 work-system record (domain, Words)
LATEST_USE_SECONDS = 2**31 - 1  # 68 years: what the fact's column holds
_AUDIENCE = ("wave", "team", "site", "role")


@dataclass
class Facts:
    """Rows for each fact table, and what could not be counted: (ord, reason)."""

    episodes: list[dict[str, Any]] = field(default_factory=list)
    recalls: list[dict[str, Any]] = field(default_factory=list)
    uses: list[dict[str, Any]] = field(default_factory=list)
    activities: list[dict[str, Any]] = field(default_factory=list)
    uncountable: list[tuple[int, str]] = field(default_factory=list)


def facts_of(registration: uuid.UUID, statements: Sequence[Read]) -> Facts:
    """All facts of one episode from all its statements that are not voided, in any order."""
    facts = Facts()
    ours = sorted((s for s in statements if s.verb in COUNTED_VERBS), key=lambda s: (s.timestamp, s.ord))
    certified = next((s for s in ours if s.verb == "certified"), None)
    if certified is None:
        facts.uncountable = [(s.ord, "no certification with this registration is on record") for s in ours]
        return facts
    learner, programme = certified.learner, certified.grouped("programme") or certified.object_id
    if learner is None or programme is None:
        facts.uncountable = [(s.ord, "the certification names no learner or no activity") for s in ours]
        return facts
    common = {"registration": registration, "learner": learner, "programme": programme}
    theirs: list[Read] = []
    for s in ours:
        if s.learner == learner:
            theirs.append(s)
        else:
            facts.uncountable.append((s.ord, "the actor is not the learner who was certified under this registration"))
    facts.episodes.append(common | {"anchor": certified.timestamp} | _audience(theirs, certified))
    _recalls(theirs, certified, common, facts)
    _uses(theirs, certified, common, facts)
    _activities(theirs, common, facts)
    return facts


def _audience(statements: list[Read], certified: Read) -> dict[str, str | None]:
    """Wave, team, site and role as the latest ``registered`` gives them; the programme's version as certified."""
    audience: dict[str, str | None] = dict.fromkeys(_AUDIENCE)
    for s in statements:
        if s.verb in ("registered", "certified"):
            audience |= {name: s.text_extension(name) or audience[name] for name in _AUDIENCE}
    return audience | {"programme_version": certified.text_extension("programme_version")}


def _seconds_since(anchor: Read, s: Read) -> int:
    return int((s.timestamp - anchor.timestamp).total_seconds())


def _recalls(statements: list[Read], certified: Read, common: dict[str, Any], facts: Facts) -> None:
    """First answers to each item in each window, of checks alone: practice and remediation do not measure."""
    met: set[tuple[str, str]] = set()
    for s in statements:
        if s.verb != "answered":
            continue
        kind, success = s.extension("kind"), s.value.get("result", {}).get("success")
        if kind not in KINDS:
            facts.uncountable.append((s.ord, f"the extension kind is none of {', '.join(KINDS)}"))
            continue
        if kind != "check":
            continue
        item = s.object_id
        if item is None or not isinstance(success, bool):
            facts.uncountable.append((s.ord, "the answer names no item, or does not say whether it was right"))
            continue
        seconds = _seconds_since(certified, s)
        interval = interval_at(seconds)
        if interval is None:
            facts.uncountable.append((s.ord, "the answer lies in no interval's window"))
            continue
        if (interval.key, item) in met:
            continue  # only the first answer measures
        met.add((interval.key, item))
        facts.recalls.append(
            common
            | {
                "interval": interval.key,
                "item": item,
                "competency": s.grouped("competency"),
                "seconds_since_anchor": seconds,
                "success": success,
            }
        )


def _uses(statements: list[Read], certified: Read, common: dict[str, Any], facts: Facts) -> None:
    """Uses on the job after the certification."""
    for s in statements:
        if s.verb != "applied":
            continue
        seconds, grade = _seconds_since(certified, s), s.extension("evidence_grade")
        if not 0 < seconds <= LATEST_USE_SECONDS or s.object_id is None:
            facts.uncountable.append((s.ord, "the use lies before the certification or decades after it, or names no task"))
            continue
        if grade is None:
            grade = 1  # without a grade, nobody but the learner vouches for it
        if not isinstance(grade, int) or isinstance(grade, bool) or not 1 <= grade <= LARGEST_GRADE:
            facts.uncountable.append((s.ord, f"the evidence grade is no whole number from 1 to {LARGEST_GRADE}"))
            continue
        facts.uses.append(common | {"ord": s.ord, "task": s.object_id, "evidence_grade": grade, "seconds_since_anchor": seconds})


def _activities(statements: list[Read], common: dict[str, Any], facts: Facts) -> None:
    """What was scheduled, when it was due, and when it was first finished. What fell due in a pause, or after leaving, was never due."""
    due: dict[str, datetime] = {}
    done: dict[str, datetime] = {}
    for s in statements:
        if s.object_id is None:
            continue
        if s.verb == "scheduled":
            try:
                due[s.object_id] = clock.parse(str(s.extension("due_date")))
            except (ValueError, OverflowError):
                facts.uncountable.append((s.ord, "the extension due_date is no time with an offset"))
        elif s.verb in FINISHING_VERBS:
            done.setdefault(s.object_id, s.timestamp)
    pauses, left_at = _pauses(statements, facts)
    for activity, due_at in due.items():
        finished = done.get(activity)
        paused = any(start <= due_at and (end is None or due_at < end) for start, end in pauses)
        if finished is None and (paused or (left_at is not None and due_at >= left_at)):
            continue
        facts.activities.append(common | {"activity": activity, "due_at": due_at, "done_at": finished})


def _pauses(statements: list[Read], facts: Facts) -> tuple[list[tuple[datetime, datetime | None]], datetime | None]:
    """[from, to) of each pause (None: its end is not known), and when the learner left."""
    pauses: list[tuple[datetime, datetime | None]] = []
    left_at: datetime | None = None
    for s in statements:
        if s.verb == "suspended":
            until = s.text_extension("until")
            try:
                pauses.append((s.timestamp, clock.parse(until) if until else None))
            except (ValueError, OverflowError):
                facts.uncountable.append((s.ord, "the extension until is no time with an offset"))
        elif s.verb == "resumed" and pauses:
            start, end = pauses[-1]
            pauses[-1] = (start, min(end, s.timestamp) if end else s.timestamp)
        elif s.verb == "unregistered":
            left_at = left_at or s.timestamp
    return pauses, left_at
