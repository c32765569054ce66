"""What other systems say of a learner, and what it counts as."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from core.clock import format_instant
from tests.support.learners import PROGRAMME, Person, values
from tests.support.store import Caller

ADL = "http://adlnet.gov/expapi/verbs"
QUIZ, ASSIGNMENT = (
    "https://moodle.example/mod/quiz/view.php?id=7",
    "https://moodle.example/mod/assign/view.php?id=8",
)


UNIT, PROBLEM, TICKETS = (
    "https://courses.example/au/1",
    "https://edx.example/xblock/block-v1:o+c+r+type@problem+block@a",
    "https://work.example/queue/4",
)


def elsewhere(person: Person, verb: str, iri: str, days: float, **parts: Any) -> dict[str, Any]:
    """A statement of another system: of the same person, without a registration or a word of ours."""
    return {
        "id": str(uuid.uuid4()),
        "actor": person.agent,
        "verb": {"id": verb},
        "object": {"id": iri},
        "timestamp": format_instant(person.certified + timedelta(days=days)),
        **parts,
    }


def moodle_answer(
    person: Person, number: int, right: bool, days: float, quiz: str = QUIZ
) -> dict[str, Any]:
    """As Moodle's logstore plugin says it: the question is the object, the quiz one of its
    groupings.
    """
    item = {
        "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
        "interactionType": "choice",
        "name": {"en": f"Question {number}"},
    }
    grouping = [
        {"id": "https://moodle.example"},
        {"id": "https://moodle.example/course/view.php?id=3"},
        {"id": quiz},
    ]
    context = {"platform": "Moodle", "contextActivities": {"grouping": grouping}}
    iri = f"https://moodle.example/question/question.php?cmid=7&id={number}"
    made = elsewhere(
        person,
        f"{ADL}/answered",
        iri,
        days,
        context=context,
        result={"response": "Yes", "success": right},
    )
    return {**made, "object": {"id": iri, "definition": item}}


def map_(caller: Caller, activity: str, counts_as: str, **more: Any) -> int:
    body = {"activity": activity, "programme": PROGRAMME, "counts_as": counts_as, **more}
    answer = caller.send("POST", "/api/v1/activity-mappings", data=json.dumps(body))
    assert answer.status_code == 201, answer.text
    return int(answer.json["mapping"])


def retention(caller: Caller, part: str = "1w") -> tuple[Any, Any]:
    one = values(caller, "retention_observed", programme=PROGRAMME)[part]
    return one["numerator"], one["denominator"]
