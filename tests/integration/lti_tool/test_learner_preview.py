"""A teacher whose LMS shows the course as to a learner. Moodle's "Switch role to" launches with the
role Learner alone and says nothing else (moodle/moodle, mod/lti/tests/locallib_test.php,
lti_get_ims_role_provider); the launches are those of a recorded Moodle 4.5.6.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.lms.claims import CLAIM_PREFIX
from lti_tool.people import rosters
from tests.support.tool import Tool

LEARNER = ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
PREVIEW = "your LMS shows it to you as to a learner"


@pytest.fixture(autouse=True)
def figures(tool: Tool) -> None:
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))


def switched(tool: Tool, page: str = "today", **more: Any) -> str:
    """The teacher's launch after switching to student."""
    custom = {"programme": "phishing-response", "page": page}
    roles = {f"{CLAIM_PREFIX}roles": LEARNER, f"{CLAIM_PREFIX}custom": custom}
    return str(tool.launch("launch-resource-teacher", **roles, **more).location)


def role_of_teacher(tool: Tool) -> str:
    return str(
        tool.sql(
            "SELECT m.role FROM lti_tool.membership m JOIN lti_tool.identity i USING (person_id) "
            "WHERE i.subject = '3'"
        )[0][0]
    )


def test_a_teacher_switched_to_student_sees_what_learners_meet(tool: Tool) -> None:
    tool.launch("launch-resource-teacher")
    before = {name: tool.rows(name) for name in ("episode", "grade_place", "attempt")}
    home = switched(tool)
    page = tool.get(home)
    assert PREVIEW in page.text and "Welcome" not in page.text
    assert page.text.count("After ") >= 5, "the checks of somebody who is certified today"
    assert "This activity opens it once it is due" not in page.text
    check = tool.get(switched(tool, "check-1w"))
    assert "This activity opens it once it is due" in check.text
    assert {name: tool.rows(name) for name in before} == before, "nothing is recorded"
    assert role_of_teacher(tool) == "visitor"
    teacher = tool.get(tool.launch("launch-resource-teacher").location)
    assert "first seen" not in teacher.text, "nobody waits"
    assert role_of_teacher(tool) == "teacher"


def test_a_learner_s_launch_of_a_teacher_opens_no_teacher_s_page(tool: Tool) -> None:
    tool.launch("launch-resource-teacher")
    home = switched(tool)
    page = tool.get(home)
    for path in ("course/", "figures", "reports/items", "pick", "admin/"):
        assert tool.get(home + path).status_code in (403, 404), path
    for path in ("certifications", "course/wave", "course/columns"):
        assert tool.post(home + path, page).status_code == 403, path
    badge = tool.post(f"{home}badge", page, badge="https://academy.example/1")
    assert badge.status_code == 400 and "nothing is recorded of you" in badge.text


def test_who_never_taught_the_course_is_a_learner(tool: Tool) -> None:
    elsewhere = {f"{CLAIM_PREFIX}context": {"id": "77", "title": "Another course"}}
    tool.launch("launch-resource-teacher", **elsewhere)
    home = switched(tool)
    page = tool.get(home)
    assert "Welcome" in page.text and PREVIEW not in page.text
    assert role_of_teacher(tool) in ("teacher", "learner")
    assert tool.post(f"{home}take-part", tool.get(f"{home}me")).status_code == 404


def test_who_takes_part_now_says_so(tool: Tool) -> None:
    tool.launch("launch-resource-teacher")
    home = switched(tool)
    page = tool.post(f"{home}take-part", tool.get(home))
    assert "Welcome" in page.text
    assert role_of_teacher(tool) == "learner"
    assert "Welcome" in tool.get(switched(tool)).text, "and stays one"


def test_who_is_a_learner_by_the_roster_is_one(tool: Tool) -> None:
    """Somebody who taught the course before."""
    server = tool.moodle.server
    server.says("/token", (200, "OK", {"access_token": "t"}))
    members = [{"user_id": "3", "roles": ["Learner"]}]
    server.says("/members", (200, "OK", {"members": members}))
    roster: dict[str, Any] = {NRPS: {"context_memberships_url": f"{server.url}/members"}}
    tool.launch("launch-resource-teacher", **roster)
    assert PREVIEW in tool.get(switched(tool, **roster)).text
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 1
    assert "Welcome" in tool.get(switched(tool, **roster)).text


def test_a_teacher_who_is_certified_has_the_own_page_of_a_learner(tool: Tool) -> None:
    page = tool.get(tool.launch("launch-resource-teacher").location)
    person = tool.sql("SELECT person_id FROM lti_tool.identity WHERE subject = '3'")[0][0]
    tool.sql(
        "INSERT INTO lti_tool.episode (id, tenant_id, person_id, programme, programme_version, "
        "certified_at) SELECT gen_random_uuid(), tenant_id, :person, programme, programme_version, "
        ":at FROM lti_tool.episode LIMIT 1",
        person=person,
        at=datetime.now(UTC),
    )
    assert page.status_code == 200
    assert "you were certified on" in tool.get(switched(tool)).text
