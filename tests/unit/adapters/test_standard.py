"""Claims to a launch, a grade to a request."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.lms import Grade, LaunchRefused, ResponseVerdict, Role, dialect_for
from adapters.lms import claims as claims_reader
from adapters.lms.standard import SCORE_SCOPE

CAPTURES = Path(__file__).parents[2] / "captures" / "moodle-4.5"
MEMBERSHIP = "http://purl.imsglobal.org/vocab/lis/v2/membership"
CLAIM = claims_reader.CLAIM_PREFIX
standard = dialect_for("standard")


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
        (
            [
                "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor",
                f"{MEMBERSHIP}#Learner",
            ],
            Role.LEARNER,
        ),
        (["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Instructor"], Role.LEARNER),
        (
            [
                "http://purl.imsglobal.org/vocab/lis/v2/system/person#Administrator",
                f"{MEMBERSHIP}#Instructor",
            ],
            Role.TEACHER,
        ),
        # Who runs the LMS and is a learner of this course is a learner here; without a role in the
        # course, a visitor.
        (
            [
                "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator",
                f"{MEMBERSHIP}#Learner",
            ],
            Role.LEARNER,
        ),
        (["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"], Role.VISITOR),
        (["https://unknown.example/role#Boss"], Role.LEARNER),
        ([""], Role.LEARNER),
        ([], Role.LEARNER),
    ],
)
def test_roles_of_the_course_decide(roles: list[str], expected: Role) -> None:
    assert claims_reader.read_launch(claims(**{f"{CLAIM}roles": roles})).role == expected


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
        claims_reader.read_launch(claims(**changes))


@pytest.mark.parametrize(
    ("file", "role", "name", "sends"),
    [
        ("launch-resource-student1", Role.LEARNER, True, True),
        # Moodle names no line item once a second one is tied to the link.
        ("launch-resource-student3-cjk", Role.LEARNER, True, False),
        (
            "launch-resource-manualtool-window-student2-no-pii-no-sourcedid",
            Role.LEARNER,
            False,
            True,
        ),
        ("launch-resource-teacher", Role.TEACHER, True, True),
        ("launch-resource-manualtool-window-noneditingteacher-no-pii", Role.TEACHER, False, True),
        ("launch-resource-admin", Role.TEACHER, True, False),
    ],
)
def test_launches_of_a_real_moodle_are_understood(
    file: str, role: Role, name: bool, sends: bool
) -> None:
    recorded = json.loads((CAPTURES / f"{file}.json").read_text())["claims"]
    launch = claims_reader.read_launch(recorded)
    assert launch.role == role
    assert bool(launch.name) == name
    assert launch.deployment_id == recorded[f"{CLAIM}deployment_id"]
    assert launch.context_title
    assert bool(launch.line_item_url and SCORE_SCOPE in launch.scopes) == sends
    assert not any(value.startswith("$") for value in launch.custom.values())


@pytest.mark.parametrize(
    "score", [-1, 11, float("nan"), float("inf")], ids=lambda score: f"A6 {score}"
)
def test_a_grade_outside_its_range_is_never_sent(score: float) -> None:
    with pytest.raises(ValueError, match="is none"):
        standard.score(
            "https://lms.example/item", Grade("5", score, 10, datetime.now(UTC)), "token"
        )


def test_a_result_that_says_no_maximum_counts_out_of_one() -> None:
    """docs/lti-certification.md, 8.18 (AGS 2.0, 3.3.4.6, resultMaximum)."""
    body = [
        {"userId": "5", "resultScore": 0.5},
        {"userId": "6", "resultScore": 3, "resultMaximum": 4},
        {"userId": "7"},
    ]
    assert standard.read_results(body) == [("5", 0.5), ("6", 0.75)]
    read = standard.read_result(body, "5")
    assert (read.score, read.maximum) == (0.5, 1)


def test_a_maximum_of_null_is_no_maximum() -> None:
    """OpenOLAT/OpenOLAT@be082908, ims/lti13/model/json/Result.java: every member is written, also
    without a value, and createResult of the results' resource sets no maximum where there is none.
    """
    body = [
        {
            "id": "https://olat.example/lti/ags/lineitem/1/results/2",
            "scoreOf": "https://olat.example/lti/ags/lineitem/1",
            "userId": "5",
            "resultScore": 0.5,
            "resultMaximum": None,
            "comment": None,
        },
        {"userId": "6", "resultScore": 0.5, "resultMaximum": "none"},
    ]
    assert standard.read_results(body) == [("5", 0.5)]
    read = standard.read_result(body, "5")
    assert (read.score, read.maximum) == (0.5, 1)
    assert standard.read_result(body, "6").maximum is None


def test_an_administrator_of_the_lms_is_told_apart_from_a_role_in_the_course() -> None:
    roles = [
        "http://purl.imsglobal.org/vocab/lis/v2/system/person#SysAdmin",
        f"{MEMBERSHIP}#Learner",
    ]
    launch = claims_reader.read_launch(claims(**{f"{CLAIM}roles": roles}))
    assert (launch.role, launch.administers) == (Role.LEARNER, True)
    assert not claims_reader.read_launch(
        claims(**{f"{CLAIM}roles": [f"{MEMBERSHIP}#Administrator"]})
    ).administers


def test_the_courses_before_this_one_are_read_from_the_history() -> None:
    custom = {"context_history": "12, a%2Cb ,, 3"}
    assert claims_reader.read_launch(claims(**{f"{CLAIM}custom": custom})).context_history == (
        "12",
        "a,b",
        "3",
    )
    assert (
        claims_reader.read_launch(
            claims(**{f"{CLAIM}custom": {"context_history": "$Context.id.history"}})
        ).context_history
        == ()
    )


CANVAS: list[tuple[int, bytes, ResponseVerdict]] = [
    (200, b"", ResponseVerdict.ACCEPTED),
    (403, b"403 Forbidden (Rate Limit Exceeded)", ResponseVerdict.RETRY_LATER),
    (403, b'{"errors":{"type":"unauthorized"}}', ResponseVerdict.REJECTED),
    (429, b"", ResponseVerdict.RETRY_LATER),
    (
        400,
        b'{"errors":{"message":"Provided timestamp of x before last updated timestamp of y"}}',
        ResponseVerdict.NOT_NEWER,
    ),
    (
        422,
        b'{"errors":{"type":"unprocessable_entity","message":"User not found in course or is not '
        b'a student"}}',
        ResponseVerdict.REJECTED,
    ),
    (
        422,
        b'{"errors":{"message":"The maximum number of allowed attempts has been reached for this '
        b'submission"}}',
        ResponseVerdict.REJECTED,
    ),
    (401, b"", ResponseVerdict.RETRY_LATER),
    (502, b"<html>", ResponseVerdict.RETRY_LATER),
]


@pytest.mark.parametrize(("status", "body", "expected"), CANVAS)
def test_what_canvas_answers_to_a_score(
    status: int, body: bytes, expected: ResponseVerdict
) -> None:
    told = dialect_for("canvas").outcome(status, "", {}, body)
    assert told.verdict is expected
    assert "<html>" not in str(told.words)


def test_canvas_makes_a_submission_once() -> None:
    extension = "https://canvas.instructure.com/lti/submission"
    for first in (True, False):
        grade = Grade(
            "5",
            4,
            5,
            datetime(2026, 1, 1, tzinfo=UTC),
            "",
            first,
            "https://tool.example/lti/launch?attempt=1",
        )
        body = json.loads(
            dialect_for("canvas").score("https://canvas.example/items/1", grade, "t").body or b""
        )
        assert body[extension]["new_submission"] is first
        assert ("submission_data" in body[extension]) is first
    assert extension not in json.loads(
        dialect_for("moodle")
        .score("https://m.example/i", Grade("5", 4, 5, datetime.now(UTC)), "t")
        .body
        or b""
    )


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        ('{"cmid":2,"launchid":"x"}', "https://m.example/mod/lti/launch.php?id=2"),
        ("x", ""),
        ("[]", ""),
        ('{"cmid":"2"}', ""),
    ],
)
def test_a_moodle_activity_can_be_opened_in_a_window_of_its_own(hint: str, expected: str) -> None:
    assert dialect_for("moodle").relaunch_url("https://m.example", hint) == expected
    assert standard.relaunch_url("https://m.example", hint) == ""


def test_pages_of_hosted_canvas_come_under_each_customers_name() -> None:
    found = dialect_for("canvas").frame_origins(
        "https://canvas.instructure.com", "https://sso.canvaslms.com/api/lti/authorize_redirect"
    )
    assert found == [
        "https://*.instructure.com",
        "https://canvas.instructure.com",
        "https://sso.canvaslms.com",
    ]
    assert dialect_for("canvas").frame_origins(
        "https://own.example", "https://own.example/auth"
    ) == ["https://own.example"]
