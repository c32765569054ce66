"""What an LMS's roles give here, as an administrator decides it, and whose turn it is after a
refusal.
"""

from __future__ import annotations

from typing import Any

import pytest

from adapters.lms.claims import CLAIM_PREFIX
from tests.support.tool import ISSUER, TOOL, Tool

ROLES = f"{CLAIM_PREFIX}roles"
OBSERVER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Mentor"
STAFF = "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Staff"


@pytest.fixture
def desk(tool: Tool) -> str:
    """The page of the platform, of an administrator."""
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    tool.launch("launch-resource-admin")
    tool.grant_to("2", "admin")
    home = tool.launch("launch-resource-admin").location.removeprefix(TOOL)
    (platform,) = tool.sql("SELECT id FROM lti_tool.platform_registration")
    return f"{home}admin/platforms/{platform.id}"


def role_of(tool: Tool, *roles: str) -> str:
    answer = tool.launch(sub="77", **{ROLES: list(roles)})
    visit = answer.location.split("/t/")[1].split("/")[0]
    (row,) = tool.sql("SELECT role FROM lti_tool.launch WHERE id = :id", id=visit)
    return str(row.role)


def test_what_a_role_gives_is_decided_on_the_page_of_its_platform(tool: Tool, desk: str) -> None:
    assert role_of(tool, OBSERVER) == "mentor"
    page = tool.get(desk)
    assert "What its roles give" in page.text and OBSERVER in page.text
    page = tool.post(f"{desk}/rights", page, role=OBSERVER, right="teacher")
    assert "from the next launch" in page.text
    assert role_of(tool, OBSERVER) == "teacher"
    tool.post(f"{desk}/rights", page, role=OBSERVER, right="")
    assert role_of(tool, OBSERVER) == "mentor", "as usual"
    tool.post(f"{desk}/rights", page, role=STAFF, right="designer")
    assert role_of(tool, STAFF) == "designer"
    acts = [row.act for row in tool.sql("SELECT act FROM lti_tool.audit ORDER BY audit_id")]
    assert acts.count("decided what a role gives") == 3


@pytest.mark.parametrize(
    "form",
    [
        {"role": OBSERVER, "right": "admin"},
        {"role": "", "right": "teacher"},
        {"role": "two words", "right": "teacher"},
        {"role": "x" * 300, "right": "teacher"},
    ],
)
def test_no_role_gives_what_is_no_right(tool: Tool, desk: str, form: dict[str, str]) -> None:
    page = tool.get(desk)
    assert tool.post(f"{desk}/rights", page, **form).status_code == 400
    (row,) = tool.sql("SELECT role_rights FROM lti_tool.platform_registration")
    assert row.role_rights == {}


def test_an_administrator_of_the_lms_by_decision_is_offered_and_is_none_here(
    tool: Tool, desk: str
) -> None:
    page = tool.get(desk)
    tool.post(f"{desk}/rights", page, role=STAFF, right="LMS administrator")
    answer = tool.launch(sub="78", **{ROLES: [STAFF]})
    home = answer.location.removeprefix(TOOL)
    assert tool.get(f"{home}admin/").status_code == 403


def test_the_way_back_leads_to_the_lms_alone(tool: Tool) -> None:
    """Moodle shows its pages under one address: field report of 30 November 2026, F10."""
    foreign: dict[str, Any] = {
        f"{CLAIM_PREFIX}launch_presentation": {"return_url": "https://evil.example/course"}
    }
    tool.sql("UPDATE lti_tool.platform_registration SET family = 'moodle'")
    page = tool.get(tool.launch(**foreign).location)
    assert "evil.example" not in page.headers["Content-Security-Policy"]
    (row,) = tool.sql("SELECT return_url FROM lti_tool.launch")
    assert row.return_url == ""
    own = {f"{CLAIM_PREFIX}launch_presentation": {"return_url": f"{ISSUER}/course/view.php?id=2"}}
    tool.launch(**own)
    assert tool.sql("SELECT 1 FROM lti_tool.launch WHERE return_url <> ''")


def test_a_refusal_says_whose_turn_it_is_and_when_it_happened(tool: Tool) -> None:
    stranger = tool.login(iss="https://other.example")
    assert "turn of the administrator of your LMS" in stranger.text
    assert "It happened at" in stranger.text
    learner = tool.launch(
        "launch-deep-linking-teacher",
        **{ROLES: ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"]},
    )
    assert "your teacher’s turn" in learner.text
    tool.sql("UPDATE lti_tool.platform_registration SET status = 'disabled'")
    assert "whoever runs this tool for your organisation" in tool.login().text
