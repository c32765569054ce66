"""Visits of a learner, a mentor and a manager, and what they hand in."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from lrs.vocabulary import VERBS
from lti_tool.base.sessions import compute_form_token
from lti_tool.people import people_import
from lti_tool.programmes import certification
from tests.support.listed_people import person
from tests.support.mailbox import link_of, press
from tests.support.quizzes import statements
from tests.support.tool import Tool

NOW = datetime.now(UTC)


LIST = b"""id,name,email,manager,mentor
SIS-L,Learner seventeen,learner@example.org,E9,E8
E8,Mentor,mentor@example.org,,
E9,Manager,manager@example.org,,
E7,Somebody else,else@example.org,,
"""


@pytest.fixture
def home(tool: Tool) -> str:
    """The home of a learner who was certified an hour ago, and has a manager and a mentor."""
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=LIST,
        apply=True,
        who="test",
        now=NOW,
    )
    learner = person(tool, "SIS-L").id
    certification.certify_person(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        person_id=learner,
        programme="phishing-response",
        certified_at=NOW - timedelta(hours=1),
        now=NOW,
    )
    return visit(tool, "SIS-L")


def visit(tool: Tool, external_id: str) -> str:
    opened = press(tool, link_of(tool, person(tool, external_id).id))
    return f"/t/{opened.request.path.split('/')[2]}/"


def send(tool: Tool, home: str, path: str, **fields: Any) -> TestResponse:
    """Send a form of a visit although no page of it shows one."""
    visit_id = uuid.UUID(home.split("/")[2])
    cookie = tool.browser.get_cookie(f"__Host-carryover-launch-{visit_id.hex}", domain="127.0.0.1")
    assert cookie is not None
    token = compute_form_token(visit_id, cookie.value)
    return tool.browser.post(
        f"{home}{path}",
        data={"form_token": token, **fields},
        base_url="https://127.0.0.1:8080",
        follow_redirects=True,
    )


def said(tool: Tool, verb: str) -> list[dict[str, Any]]:
    return [one for one in statements(tool) if one["verb"]["id"] == VERBS[verb].id]


def hand_in(tool: Tool, home: str, kind: str = "exercise", **fields: Any) -> TestResponse:
    page = tool.get(f"{home}work")
    return tool.post(
        f"{home}hand-in/{kind}",
        page,
        **{
            "kind": kind.replace("-", " "),
            "task": "inbox",
            "words": "I looked at the domain first.",
            **fields,
        },
    )


def report(tool: Tool, home: str) -> uuid.UUID:
    """Commit to a plan and report a use; gives its id."""
    page = tool.get(f"{home}plan")
    fields = {
        "task": "inbox",
        "what": "Look at the domain first",
        "by_when": NOW.date().isoformat(),
        "with_whom": "",
        "evidence": "",
        "obstacle": "",
    }
    page = tool.post(f"{home}plan", page, act="commit", **fields)
    form_id = str(uuid.uuid4())
    tool.post(
        f"{home}uses",
        page,
        form_id=form_id,
        task="inbox",
        used_on=NOW.date().isoformat(),
        words="It was false.",
    )
    return uuid.UUID(form_id)


def confirm(tool: Tool, who: str, use: uuid.UUID, seen: str = "yes") -> TestResponse:
    return send(tool, visit(tool, who), f"inbox/uses/{use}", seen=seen, words="")
