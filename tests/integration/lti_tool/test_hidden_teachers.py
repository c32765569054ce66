"""Whom a Moodle's rosters call a learner: a teacher by a launch, or nobody's teacher any more. The
launches and the roster are those of a real Moodle 4.5 (tests/captures/moodle-4.5); in it, user 3 is
an editing teacher, user 4 a non-editing one, whom the roster calls a learner.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

import pytest

from adapters.lms.claims import CLAIM_PREFIX
from adapters.lms.rights import MEMBERSHIP
from core import clock
from lti_tool.admin import platform_admin
from lti_tool.people import rosters
from lti_tool.people.rosters import HIDDEN_TEACHER_LIFETIME
from lti_tool.programmes import episodes_store
from tests.support.recorded import exchanges
from tests.support.tool import Tool

EDITING, NON_EDITING, STUDENT = "3", "4", "5"
NON_EDITING_LAUNCH = "launch-resource-manualtool-window-noneditingteacher-no-pii"


def reads_roster(tool: Tool, **roles: list[str]) -> None:
    """Read the recorded roster of the first course; ``roles``: of users u3, u4, … otherwise."""
    body: dict[str, Any] = deepcopy(exchanges("services")["nrps-all"]["response"]["body"])
    for member in body["members"]:
        member["roles"] = roles.get(f"u{member['user_id']}", member["roles"])
    tool.moodle.server.says("/token", (200, "OK", {"access_token": "t"}))
    tool.moodle.server.says("/members", (200, "OK", body))
    tool.sql(
        "UPDATE lti_tool.course SET memberships_url = :url, roster_due_at = CASE WHEN context_id = "
        "'2' THEN now() - interval '1 second' END",
        url=f"{tool.moodle.server.url}/members",
    )
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 1


def role_of(tool: Tool, subject: str) -> str:
    (row,) = tool.sql(
        "SELECT m.role FROM lti_tool.membership m JOIN lti_tool.identity i ON i.person_id = "
        "m.person_id JOIN lti_tool.course c ON c.id = m.course_id WHERE i.subject = :subject AND "
        "c.context_id = '2' AND m.active",
        subject=subject,
    )
    return str(row.role)


def taught(tool: Tool, subject: str) -> int:
    """How many people's episodes this user sees as a teacher."""
    (row,) = tool.sql(
        "SELECT person_id FROM lti_tool.identity WHERE subject = :subject", subject=subject
    )
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        return len(
            episodes_store.list_taught_episodes(
                connection, tool.tenant_id, row.person_id, "phishing-response", None
            )
        )


def decides(tool: Tool, role: str, right: str) -> None:
    (platform,) = tool.sql("SELECT id FROM lti_tool.platform_registration")
    platform_admin.set_role_right(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        registration_id=platform.id,
        role=role,
        right=right,
        who="test",
    )


def launch_other_course(tool: Tool) -> str:
    """The editing teacher opens an activity of another course."""
    answer = tool.launch(
        "launch-resource-teacher",
        **{
            f"{CLAIM_PREFIX}context": {"id": "99", "title": "B"},
            f"{CLAIM_PREFIX}resource_link": {"id": "990", "title": "In B"},
        },
    )
    assert answer.status_code == 303
    return str(answer.location)


def test_a_teacher_who_became_a_student_sees_nobody_of_that_course(tool: Tool) -> None:
    """By a launch and by an earlier roster she was its teacher."""
    tool.launch("launch-resource-teacher")
    tool.launch("launch-resource-student1")
    reads_roster(tool)
    assert (role_of(tool, EDITING), taught(tool, EDITING)) == ("teacher", 1)
    reads_roster(tool, u3=["Learner"])
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    home = urlsplit(launch_other_course(tool)).path
    assert (role_of(tool, EDITING), taught(tool, EDITING)) == ("learner", 0)
    reads_roster(tool, u3=["Learner"])
    assert role_of(tool, EDITING) == "learner", "among A's learners, as long as the roster says so"
    assert tool.get(f"{home}course/").status_code == 200, "and still teaches B"


def test_a_teacher_of_rosters_alone_who_became_a_student_is_one(tool: Tool) -> None:
    tool.launch("launch-resource-student1")
    reads_roster(tool)
    assert role_of(tool, EDITING) == "teacher"
    reads_roster(tool, u3=["Learner"])
    assert role_of(tool, EDITING) == "learner"


def test_a_launch_keeps_a_teacher_whom_no_roster_names_for_some_weeks(tool: Tool) -> None:
    tool.launch(NON_EDITING_LAUNCH)
    tool.launch("launch-resource-student1")
    reads_roster(tool)
    assert (role_of(tool, NON_EDITING), taught(tool, NON_EDITING)) == ("teacher", 1)
    for age, role in (
        (HIDDEN_TEACHER_LIFETIME * 0.9, "teacher"),
        (HIDDEN_TEACHER_LIFETIME, "learner"),
    ):
        tool.sql(
            "UPDATE lti_tool.membership SET launched_at = :at WHERE launched_at IS NOT NULL",
            at=clock.now() - age,
        )
        reads_roster(tool)
        assert role_of(tool, NON_EDITING) == role
    tool.launch(NON_EDITING_LAUNCH)
    reads_roster(tool)
    assert role_of(tool, NON_EDITING) == "teacher", "by the next launch"


def test_who_was_taken_for_a_teacher_before_launches_were_noted_is_what_the_roster_says(
    tool: Tool,
) -> None:
    tool.launch(NON_EDITING_LAUNCH)
    tool.sql("UPDATE lti_tool.membership SET launched_at = NULL")
    reads_roster(tool)
    assert role_of(tool, NON_EDITING) == "learner"


@pytest.mark.parametrize("name", ["Instructor", f"{MEMBERSHIP}Instructor"])
def test_that_instructors_take_part_holds_from_the_next_roster_on(tool: Tool, name: str) -> None:
    tool.launch("launch-resource-teacher")
    tool.launch(NON_EDITING_LAUNCH)
    decides(tool, name, "learner")
    reads_roster(tool)
    assert [role_of(tool, one) for one in (EDITING, NON_EDITING)] == ["learner", "learner"]
    decides(tool, name, "")
    reads_roster(tool)
    assert role_of(tool, EDITING) == "teacher"
