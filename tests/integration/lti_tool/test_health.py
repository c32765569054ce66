"""Health: one sentence for each part, the worst first, with what to do."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from lti_tool import operator_api
from lti_tool.people import rosters
from tests.support.administration import Admin, by_link
from tests.support.outboxes import SCORES, finish_check, send_grades
from tests.support.recorded import exchanges
from tests.support.tool import Tool


@pytest.fixture
def admin(tool: Tool) -> Admin:
    server = tool.moodle.server
    server.says("/xapi/statements", (200, "OK", {"statements": [], "more": ""}))
    server.says("/api/v1/forwards", (200, "OK", {"forwards": []}))
    server.says("/api/v1/publications", (200, "OK", {"publications": [], "next": None}))
    desk = operator_api.TenantOperator(
        tool.deps.unit_of_work, tool.deps.settings, tool.tenant_id, "operator at a test"
    )
    return by_link(tool, desk)


def lines(admin: Admin) -> dict[str, str]:
    """Subject → its words on the page, in the order of the page."""
    page: Any = admin.get("")
    assert page.status_code == 200
    found = re.findall(r'<li id="(\w+)">(.*?)</li>', page.text, re.DOTALL)
    return {key: " ".join(unescape(re.sub(r"<[^>]+>", " ", words)).split()) for key, words in found}


def test_a_tool_that_was_just_set_up_says_what_is_missing(tool: Tool, admin: Admin) -> None:
    said = lines(admin)
    assert set(said) == {
        "launches", "grades", "rosters", "imports", "mails", "jobs", "store", "releases",
    }  # fmt: skip
    assert "No mail server is set, so no mail is sent." in said["mails"]
    assert "Broken" in said["mails"] and "See what is missing" in said["mails"]
    assert "No worker is running" in said["jobs"]
    assert "carryover worker" in said["jobs"]
    assert "Nobody opened the tool" in said["launches"]
    assert "No grades were due" in said["grades"]
    assert "No figures were released yet" in said["releases"]


def test_the_worst_comes_first_and_no_state_is_told_by_colour_alone(
    tool: Tool, admin: Admin
) -> None:
    tool.launch()
    words = ["Broken", "Look at this", "Fine"]
    found = [next(word for word in words if word in line) for line in lines(admin).values()]
    assert found == sorted(found, key=words.index)
    assert {"Broken", "Fine"} <= set(found)


def test_grades_that_do_not_arrive_say_why_and_where_they_are_sent_again(
    tool: Tool, admin: Admin
) -> None:
    """The answer is the recorded Moodle's, after its column was deleted."""
    answer = exchanges("services")["score-gone-item"]["response"]
    finish_check(tool)
    tool.moodle.server.says(SCORES, (answer["status"], answer["reason"], answer["body"] or ""))
    send_grades(tool)
    line = lines(admin)["grades"]
    assert "0 of 1 grade of the last 30 days arrived." in line
    assert "1 is held up: " in line and "Send again" in line and "So since" in line
    link = re.findall(r'href="([^"]+#outbox)"', admin.get("").text)[0]
    assert "Send again" in admin.browser.get(link, base_url="https://127.0.0.1:8080").text


def test_a_refused_launch_is_told_with_its_lms_and_its_reason(tool: Tool, admin: Admin) -> None:
    tool.launch()
    assert "1 launch in the last 7 days, accepted." in lines(admin)["launches"]
    assert tool.launch(exp=1).status_code >= 400
    line = lines(admin)["launches"]
    assert "2 launches in the last 7 days, 1 refused." in line
    assert "the last launch was refused" in line and "Look at its launches" in line


def test_a_roster_that_is_not_read_says_why(tool: Tool, admin: Admin) -> None:
    """The LMS answers that it has no such course any more."""
    url = f"{tool.moodle.server.url}/members"
    claim = {"context_memberships_url": url, "service_versions": ["2.0"]}
    tool.launch(**{"https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice": claim})
    token = {"access_token": "a-token", "expires_in": 3600}
    tool.moodle.server.says("/token", (200, "OK", token))
    rosters.sync_due_rosters(tool.deps, tool.tenant_id)
    line = lines(admin)["rosters"]
    assert "0 of 1 course has its people from the LMS." in line
    assert "1 is not read: The LMS answered 404" in line and "Broken" in line


def test_a_record_store_that_does_not_answer_is_broken(tool: Tool, admin: Admin) -> None:
    tool.moodle.server.says("/xapi/statements", (503, "Service Unavailable", ""))
    said = lines(admin)
    assert "The record store answered 503" in said["store"] and "Broken" in said["store"]
    assert "releases" not in said, "what does not answer says nothing of figures"


def test_what_is_forwarded_and_does_not_arrive_is_told(tool: Tool, admin: Admin) -> None:
    forward = {
        "to": "https://other.example", "stopped": False, "failures": 3,
        "last_error": "The record store answered 401.", "dead_letters": 0,
    }  # fmt: skip
    tool.moodle.server.says("/api/v1/forwards", (200, "OK", {"forwards": [forward]}))
    line = lines(admin)["store"]
    assert "Forwarding to https://other.example does not work" in line and "Look at this" in line


def test_figures_that_were_not_released_for_weeks_are_told(tool: Tool, admin: Admin) -> None:
    old = {"publications": [{"at": "2026-01-05T06:00:00Z"}], "next": None}
    tool.moodle.server.says("/api/v1/publications", (200, "OK", old))
    assert "the last ones did not come" in lines(admin)["releases"]
