"""Who changed something is said by name, never by an id; dates of a page are in one style."""

from __future__ import annotations

import re
from html import unescape

from werkzeug.test import TestResponse

from tests.support.tool import Tool

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def shown(page: TestResponse) -> str:
    """What people read of a page."""
    assert page.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page.text.partition("<body")[2])).split())


def manager(tool: Tool) -> str:
    """A training manager and administrator, who changes a programme and grants a role."""
    tool.launch("launch-resource-teacher")
    subject = tool.sql("SELECT subject FROM lti_tool.identity ORDER BY subject")[0][0]
    for role in ("training manager", "admin"):
        tool.grant_to(subject, role)
    home: str = tool.launch("launch-resource-teacher").location
    page = tool.get(f"{home}programmes/")
    tool.post(f"{home}programmes/", page, title="Passwords")
    person = tool.sql("SELECT id FROM lti_tool.person LIMIT 1")[0][0]
    tool.post(f"{home}people/roles", page, person=str(person), role="executive", act="grant")
    tool.post(f"{home}admin/invites", tool.get(f"{home}admin/platforms/"), name="Another LMS")
    return home


def test_no_page_shows_an_id_as_who_changed_something(tool: Tool) -> None:
    home = manager(tool)
    name = tool.sql("SELECT name FROM lti_tool.person WHERE name <> '' LIMIT 1")[0][0]
    stored = tool.sql("SELECT who FROM lti_tool.audit WHERE who LIKE '%(%-%-%)'")
    assert stored and all(_ID.search(row[0]) for row in stored), "an erasure finds it by the id"
    for path in (
        "programmes/",
        "programmes/phishing-response/",
        "programmes/passwords/",
        "people/",
        "people/joins",
        "admin/",
        "admin/audit",
        "me/wishes",
    ):
        page = tool.get(f"{home}{path}")
        assert f"{name} (" not in shown(page), path
    assert name in shown(tool.get(f"{home}admin/audit"))
    assert f"given by {name}" in shown(tool.get(f"{home}people/"))


def test_the_days_of_the_preview_are_in_one_style(tool: Tool) -> None:
    """It said Tue 1 December beside 03 December."""
    home = manager(tool)
    page = tool.get(f"{home}programmes/phishing-response/?certified_on=2026-12-01")
    text = shown(page)
    days = re.findall(r"\b(?:\w+day, )?\d{1,2} (?:December|January|June) 202\d\b", text)
    assert len(days) > 8 and all("day, " in day for day in days[-8:]), days
    assert not re.search(r"\b0\d (?:December|January)", text)
    assert "Open until" in text
