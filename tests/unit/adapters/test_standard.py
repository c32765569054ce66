"""Claims to a launch, a grade to a request."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.lms import Grade, LaunchRefused, Role, standard

CAPTURES = Path(__file__).parents[2] / "captures" / "moodle-4.5"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
CLAIM = standard.CLAIM


def claims(**changes: Any) -> dict[str, Any]:
    base = {
        "sub": "5",
        f"{CLAIM}message_type": "LtiResourceLinkRequest",
        f"{CLAIM}version": "1.3.0",
        f"{CLAIM}deployment_id": "2",
        f"{CLAIM}target_link_uri": "https://tool.example/lti/launch",
        f"{CLAIM}roles": [f"{MEMBERSHIP}#Learner"],
        f"{CLAIM}resource_link": {"id": "1"},
    }
    return {name: value for name, value in {**base, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ([f"{MEMBERSHIP}#Instructor"], Role.TEACHER),
        ([f"{MEMBERSHIP}#Learner"], Role.LEARNER),
        ([f"{MEMBERSHIP}#Learner", f"{MEMBERSHIP}#Instructor"], Role.TEACHER),
        ([f"{MEMBERSHIP}/Instructor#TeachingAssistant"], Role.TEACHER),
        ([f"{MEMBERSHIP}#Mentor"], Role.MENTOR),
        (["Instructor"], Role.TEACHER),
        (["Learner"], Role.LEARNER),
        # A teacher of the institution who is a learner of this course stays a learner here.
        (["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor", f"{MEMBERSHIP}#Learner"], Role.LEARNER),
        (["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor"], Role.LEARNER),
        (["http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator", f"{MEMBERSHIP}#Instructor"], Role.ADMIN),
        (["https://unknown.example/role#Boss"], Role.LEARNER),
        ([""], Role.LEARNER),
        ([], Role.LEARNER),
    ],
)
def test_roles_of_the_course_decide(roles: list[str], expected: Role) -> None:
    assert standard.read_launch(claims(**{f"{CLAIM}roles": roles})).role == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": None},
        {"sub": 5},
        {"sub": ""},
        {"sub": "x" * 256},
        {f"{CLAIM}roles": None},
        {f"{CLAIM}roles": "Instructor"},
        {f"{CLAIM}roles": [5]},
        {f"{CLAIM}resource_link": None},
        {f"{CLAIM}resource_link": "1"},
        {f"{CLAIM}resource_link": {}},
        {f"{CLAIM}context": "2"},
        {f"{CLAIM}version": "11.3"},
        {f"{CLAIM}version": None},
        {f"{CLAIM}message_type": "LtiEulaRequest"},
        {f"{CLAIM}message_type": None},
        {f"{CLAIM}deployment_id": None},
        {f"{CLAIM}target_link_uri": None},
    ],
)
def test_claims_that_are_no_launch_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(LaunchRefused):
        standard.read_launch(claims(**changes))


@pytest.mark.parametrize(
    ("file", "role", "name", "sends"),
    [
        ("launch-resource-student1", Role.LEARNER, True, True),
        # Moodle names no line item once a second one is tied to the link.
        ("launch-resource-student3-cjk", Role.LEARNER, True, False),
        ("launch-resource-manualtool-window-student2-no-pii-no-sourcedid", Role.LEARNER, False, True),
        ("launch-resource-teacher", Role.TEACHER, True, True),
        ("launch-resource-manualtool-window-noneditingteacher-no-pii", Role.TEACHER, False, True),
        ("launch-resource-admin", Role.ADMIN, True, False),
    ],
)
def test_launches_of_a_real_moodle_are_understood(file: str, role: Role, name: bool, sends: bool) -> None:
    recorded = json.loads((CAPTURES / f"{file}.json").read_text())["claims"]
    launch = standard.read_launch(recorded)
    assert launch.role == role
    assert bool(launch.name) == name
    assert launch.deployment_id == recorded[f"{CLAIM}deployment_id"]
    assert launch.context_title
    assert bool(launch.line_item_url and launch.can_send_scores) == sends
    assert not any(value.startswith("$") for value in launch.custom.values())


def test_a_grade_is_what_a_real_moodle_took() -> None:
    recorded = json.loads((CAPTURES / "score-ok.json").read_text())["request"]
    grade = Grade("5", 8, 10, datetime(2026, 11, 22, 14, 58, 24, 860_000, UTC), "Gut gemacht <b>!</b>")
    address = recorded["url"].replace("/scores", "")
    request = standard.grade_request(address, grade, "token")
    assert request.url == recorded["url"]
    assert request.headers["Content-Type"] == recorded["headers"]["Content-Type"]
    ours, theirs = json.loads(request.body), json.loads(recorded["body"])
    assert datetime.fromisoformat(ours.pop("timestamp")) == datetime.fromisoformat(theirs.pop("timestamp"))
    assert ours == theirs


@pytest.mark.parametrize("score", [-1, 11, float("nan")])
def test_a_grade_outside_its_range_is_never_sent(score: float) -> None:
    with pytest.raises(ValueError, match="is none"):
        standard.grade_request("https://lms.example/item", Grade("5", score, 10, datetime.now(UTC)), "token")
