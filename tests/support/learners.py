"""Learners of a programme as the record store hears of them, and the figures that come of them."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.deps import AnalyticsDeps
from analytics.jobs import counting
from analytics.jobs import materialize_reports as computing
from core.clock import format_instant
from lrs.store import change_queue
from lrs.vocabulary import ACTIVITY_TYPES, BASE, EXTENSIONS, VERBS
from tests.support.store import Caller

NOW = datetime.now(UTC).replace(microsecond=0)


PROGRAMME = f"{BASE}programmes/p"


GROUPING = {
    "id": PROGRAMME,
    "definition": {"type": ACTIVITY_TYPES["programme"], "name": {"en": "P"}},
}


COMPETENCY = {
    "id": f"{PROGRAMME}/competencies/c",
    "definition": {"type": ACTIVITY_TYPES["competency"], "name": {"en": "Reading links"}},
}


class Person:
    """A learner with one episode, and the statements about it."""

    def __init__(
        self,
        team: str = "north",
        certified_days_ago: float = 200,
        name: str | None = None,
        **audience: str,
    ) -> None:
        self.registration, self.name = uuid.uuid4(), name or str(uuid.uuid4())
        self.certified = NOW - timedelta(days=certified_days_ago)
        self.audience = {"team": team, **audience}
        self.said: list[dict[str, Any]] = [
            self.say("certified", f"{PROGRAMME}/certification", 0, self.audience)
        ]

    @property
    def agent(self) -> dict[str, Any]:
        return {"account": {"homePage": "https://h.example", "name": self.name}}

    def say(
        self,
        verb: str,
        iri: str,
        days: float,
        extensions: dict[str, Any] | None = None,
        kind: str = "",
        **parts: Any,
    ) -> dict[str, Any]:
        definition = (
            {"definition": {"type": ACTIVITY_TYPES[kind], "name": {"en": iri}}} if kind else {}
        )
        context = parts.pop("context", {})
        activities = {
            "grouping": [GROUPING, *parts.pop("grouping", ())],
            **parts.pop("activities", {}),
        }
        return {
            "id": str(uuid.uuid4()),
            "actor": self.agent,
            "verb": {"id": VERBS[verb].id},
            "object": {"id": iri, **definition, **parts.pop("definition", {})},
            "timestamp": format_instant(self.certified + timedelta(days=days)),
            "context": {
                "registration": str(self.registration),
                "contextActivities": activities,
                "extensions": {
                    EXTENSIONS[name]: value for name, value in (extensions or {}).items()
                },
                **context,
            },
            **parts,
        }

    def add(self, *given: Any, **parts: Any) -> Person:
        self.said.append(self.say(*given, **parts))
        return self

    def check(self, interval: str, days: float, rights: list[bool], kind: str = "check") -> Person:
        iri = f"{PROGRAMME}/checks/{interval}"
        if kind == "check":
            self.add(
                "scheduled",
                iri,
                0,
                {
                    "due_date": format_instant(self.certified + timedelta(days=days)),
                    "interval": interval,
                    "kind": "check",
                },
                "check",
            )
        for i, right in enumerate(rights):
            result = {"success": right, "response": "a" if right else "b", "duration": "PT12.5S"}
            item = {
                "definition": {
                    "type": ACTIVITY_TYPES["item"],
                    "name": {"en": f"Item {i}"},
                    "interactionType": "choice",
                    "correctResponsesPattern": ["a"],
                }
            }
            self.add(
                "answered",
                f"{PROGRAMME}/items/{interval}-{i}",
                days,
                {"kind": kind, "interval": interval},
                result=result,
                grouping=[COMPETENCY],
                definition=item,
            )
        if rights and kind == "check":
            self.add("passed", iri, days, {"kind": "check", "interval": interval})
        return self

    def used(self, days: float, grade: int, task: str = "t") -> Person:
        return self.add("applied", f"{PROGRAMME}/tasks/{task}", days, {"evidence_grade": grade})

    def assessed(self, days: float, level: int, relation: str, rater: str = "rater") -> Person:
        scores = [{"criterion": "x", "competency": "c", "level": level, "reached": level >= 3}]
        result = {
            "success": level >= 3,
            "score": {"raw": level, "min": 1, "max": 4},
            "extensions": {EXTENSIONS["rubric_scores"]: scores},
        }
        by = {"instructor": {"account": {"homePage": "https://h.example", "name": rater}}}
        return self.add(
            "assessed",
            f"{BASE}look/{self.registration}",
            days,
            {"relation": relation},
            "behaviour assessment",
            result=result,
            context=by,
        )


def post(caller: Caller, *people: Person) -> None:
    said = [one for person in people for one in person.said]
    for start in range(0, len(said), 500):
        assert caller.post(said[start : start + 500]).status_code == 200


def count(deps: AnalyticsDeps) -> None:
    counting.count_all_tenants(deps)
    for tenant_id in change_queue.list_tenant_ids(deps.engine):
        computing.compute_reports(deps.unit_of_work, tenant_id)


def values(caller: Caller, key: str, **asked: str) -> dict[str, dict[str, Any]]:
    answer = caller.get(f"/api/v1/metrics/{key}/values", **asked)
    assert answer.status_code == 200, answer.text
    return {value["part"]: value for value in answer.json["values"]}


def report(caller: Caller, key: str, **asked: str) -> dict[str, Any]:
    answer = caller.get(f"/api/v1/reports/{key}", **{"programme": PROGRAMME, **asked})
    assert answer.status_code == 200, answer.text
    return dict(answer.json or {})


def of(found: dict[str, Any]) -> tuple[Any, Any]:
    return found["numerator"], found["denominator"]


KPI = {
    "label": "Clicks on false mails",
    "unit": "clicks a month",
    "more_is_better": False,
    "baseline": 10,
    "target": 5,
    "owner": "head of security",
    "source": "mail gateway",
    "frequency": "monthly",
}


def send(caller: Caller, method: str, path: str, body: Any, **query: str) -> Any:
    return caller.send(
        method, path, query or None, data=json.dumps(body), content_type="application/json"
    )


def reading(subject: str, month: int, value: float, **more: Any) -> dict[str, Any]:
    year, number = 2025 + (month - 1) // 12, (month - 1) % 12 + 1
    return {
        "subject_kind": "team",
        "subject": subject,
        "period_start": f"{year}-{number:02}-01",
        "period_end": f"{year}-{number:02}-28",
        "value": value,
        **more,
    }
