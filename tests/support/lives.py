"""Random lives of learners, as the record store hears of them: everything that a published value
counts, and when it comes, which may be late."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from core.clock import format_instant
from lrs.vocabulary import ACTIVITY_TYPES, EXTENSIONS, INTERVALS, VERBS

BEGIN = datetime(2024, 1, 8, tzinfo=UTC)  # a Monday
LATE = 0.06  # share of statements that come weeks after they were made
_DAY = timedelta(days=1)
_RELATIONS = ("manager", "mentor", "peer", "learner")
# Kind of what is handed in, its answer's kind of object, and after how many days each is due.
_WORK = (("exercise", 10, 17), ("case study", 40, 62))


@dataclass
class Habits:
    """How the people of a programme are: shares of those who do something."""

    answer: float
    plan: float
    use: float
    adopt: float
    test: float

    @classmethod
    def draw(cls, chance: random.Random) -> Habits:
        """Those of one programme: of some nobody does a thing, of others nearly everybody."""
        return cls(*(chance.choice((0.0, 0.2, 0.5, 0.7, 0.9)) for _ in range(5)))


@dataclass
class Life:
    """An episode. ``told``: when a statement comes, and the statement."""

    name: str
    programme: str
    audience: dict[str, str]
    certified: datetime
    registration: uuid.UUID
    told: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)

    @property
    def agent(self) -> dict[str, Any]:
        return {"account": {"homePage": "https://h.example", "name": self.name}}

    def say(
        self,
        verb: str,
        place: str,
        days: float,
        kind: str = "",
        extensions: dict[str, Any] | None = None,
        parent: str = "",
        **parts: Any,
    ) -> dict[str, Any]:
        """A statement so many days after the certification."""
        activities: dict[str, Any] = {
            "grouping": [
                {"id": self.programme, "definition": {"type": ACTIVITY_TYPES["programme"]}}
            ]
        }
        if parent:
            of = {"type": ACTIVITY_TYPES[parent]}
            activities["parent"] = [
                {"id": f"{self.programme}/{parent}".replace(" ", "-"), "definition": of}
            ]
        activity: dict[str, Any] = {"id": f"{self.programme}/{place}".replace(" ", "-")}
        if kind:
            activity["definition"] = {"type": ACTIVITY_TYPES[kind]}
        return {
            "id": str(uuid.uuid4()),
            "actor": self.agent,
            "verb": {"id": VERBS[verb].id},
            "object": activity,
            "timestamp": format_instant(self.certified + days * _DAY),
            "context": {
                "registration": str(self.registration),
                "contextActivities": activities,
                "extensions": {
                    EXTENSIONS[name]: value for name, value in (extensions or {}).items()
                },
                **parts.pop("context", {}),
            },
            **parts,
        }

    def due(self, place: str, days: float, kind: str, parent: str = "", **more: str) -> Any:
        """That something is due so many days after the certification; it is said with that."""
        due = {"due_date": format_instant(self.certified + days * _DAY), **more}
        return self.say("scheduled", place, 0, kind, due, parent)


def live(
    chance: random.Random,
    name: str,
    programme: str,
    audience: dict[str, str],
    day: float,
    h: Habits,
) -> Life:
    """Somebody's episode in a programme, certified some days after BEGIN."""
    registration = uuid.UUID(int=chance.getrandbits(128), version=4)
    life = Life(name, programme, audience, BEGIN + day * _DAY, registration)
    for statement in _everything(chance, life, h):
        said = datetime.fromisoformat(statement["timestamp"])
        late = chance.uniform(5, 120) if chance.random() < LATE else 0
        life.told.append((said + late * _DAY, statement))
    return life


def _everything(chance: random.Random, life: Life, h: Habits) -> Iterator[dict[str, Any]]:
    yield _certification(chance, life, h)
    yield from _checks(chance, life, h)
    yield from _uses(chance, life, h)
    yield from _work(chance, life, h)
    yield from _interruptions(chance, life)


def _certification(chance: random.Random, life: Life, h: Habits) -> dict[str, Any]:
    extensions: dict[str, Any] = dict(life.audience)
    result: dict[str, Any] = {"success": True}
    if chance.random() < h.test:
        result["score"] = {"scaled": round(chance.uniform(0.5, 1), 2)}
        if chance.random() < 0.7:
            extensions["pre_test"] = round(chance.uniform(0, 0.5), 2)
        if chance.random() < 0.7:
            result["duration"] = "PT8H"
    return life.say("certified", "certification", 0, "certification", extensions, result=result)


def _checks(chance: random.Random, life: Life, h: Habits) -> Iterator[dict[str, Any]]:
    if chance.random() < h.test:
        yield _answer(chance, life, "baseline", 0.01, "baseline")
    for interval in INTERVALS:
        place, day = f"checks/{interval.key}", float(interval.due_days)
        if chance.random() < 0.85:
            yield life.due(place, day, "check", interval=interval.key)
        if chance.random() < h.answer:
            day += chance.uniform(-0.4, 1.5)
            if chance.random() < 0.5:
                yield life.say("attempted", place, day, "check")
            yield _answer(chance, life, interval.key, day, "check")
            if chance.random() < 0.8:
                yield life.say("passed", place, day, "check", {"kind": "check"})


def _answer(
    chance: random.Random, life: Life, interval: str, day: float, kind: str
) -> dict[str, Any]:
    said = {"kind": kind, "interval": interval, "rapid_guess": chance.random() < 0.2}
    result = {"success": chance.random() < 0.6}
    place = f"items/{interval}-{chance.randrange(3)}"
    return life.say("answered", place, day, "item", said, result=result)


def _uses(chance: random.Random, life: Life, h: Habits) -> Iterator[dict[str, Any]]:
    if chance.random() < h.plan:
        if chance.random() < 0.5:
            yield life.due("plan", 14, "plan")
        yield life.say("committed", "plan", chance.uniform(1, 120), "plan")
    for n in range(chance.randrange(3)):
        if chance.random() < h.use:
            grade = {"evidence_grade": chance.randint(1, 4)}
            yield life.say("applied", f"tasks/{n}", chance.uniform(1, 130), "task", grade)
    if chance.random() < 0.12:
        yield life.say("had-no-opportunity", "plan", chance.uniform(10, 100), "plan")
    if chance.random() < 0.3:
        yield _assessment(chance, life)


def _assessment(chance: random.Random, life: Life) -> dict[str, Any]:
    level = chance.randint(1, 4)
    scores = [{"criterion": "x", "competency": "c", "level": level, "reached": level >= 3}]
    return life.say(
        "assessed",
        f"look/{chance.getrandbits(64)}",
        chance.uniform(20, 250),
        "behaviour assessment",
        {"relation": chance.choice(_RELATIONS)},
        result={
            "success": level >= 3,
            "score": {"raw": level, "min": 1, "max": 4},
            "extensions": {EXTENSIONS["rubric_scores"]: scores},
        },
        context={"instructor": {"account": {"homePage": "https://h.example", "name": "rater"}}},
    )


def _work(chance: random.Random, life: Life, h: Habits) -> Iterator[dict[str, Any]]:
    """Exercises and case studies, each with its answer, and meetings."""
    for kind, due, answer_due in _WORK:
        if chance.random() < h.adopt:
            yield life.due(kind, due, kind)
            yield life.due(f"{kind}/answer", answer_due, "review", parent=kind)
            if chance.random() < 0.8:
                handed_in = due + chance.choice((-2, 5, 30, 60))
                yield life.say("submitted", kind, handed_in, kind)
                if chance.random() < 0.7:
                    day = handed_in + chance.choice((3, 6, 20, 50))
                    by = {"relation": "mentor"}
                    yield life.say("reviewed", f"{kind}/answer", day, "review", by, parent=kind)
    for n in range(chance.randrange(4)):
        met = chance.uniform(5, 170)
        if chance.random() < h.adopt:
            yield life.due(f"meetings/{n}", met, "meeting")
            if chance.random() < 0.7:
                yield life.say("attended", f"meetings/{n}", met, "meeting")


def _interruptions(chance: random.Random, life: Life) -> Iterator[dict[str, Any]]:
    if chance.random() < 0.1:
        day = chance.uniform(1, 80)
        yield life.say("suspended", "", day, "programme")
        yield life.say("resumed", "", day + chance.uniform(5, 60), "programme")
    if chance.random() < 0.1:
        yield life.say("unregistered", "", chance.uniform(5, 200), "programme")
