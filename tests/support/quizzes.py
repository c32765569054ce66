"""Taking a quiz as a learner, and the statements of it."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

from sqlalchemy import text
from werkzeug.test import TestResponse

from carryover.sample_programme import sample_document
from lrs.vocabulary import VERBS
from tests.support.tool import Tool


def statements(tool: Tool) -> list[dict[str, Any]]:
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        rows = connection.execute(
            text("SELECT payload FROM lti_tool.statement_outbox ORDER BY id")
        ).scalars()
        return [json.loads(bytes(row)) for row in rows]


def verbs(tool: Tool) -> list[str]:
    names = {verb.id: name for name, verb in VERBS.items()}
    return [names[one["verb"]["id"]] for one in statements(tool)]


def open_check(tool: Tool) -> tuple[str, TestResponse]:
    """The learner launches and begins the open check: (home, first question)."""
    home = tool.launch().location
    return home, tool.post(f"{home}checks/1w", tool.get(home))


def where(page: TestResponse) -> str:
    return str(page.request.path)


def choices(page: TestResponse) -> list[str]:
    return re.findall(r'name="choice" value="(\w+)"', page.text)


def answer_check(tool: Tool, home: str) -> str:
    """The learner of this visit begins the open check and answers all of it; gives its address."""
    page = tool.post(f"{home}checks/1w", tool.get(home))
    path = where(page)
    for position in range(1, 6):
        tool.post(path, page, position=position, choice=choices(page)[0])
        page = tool.get(path)
    return path


def right_choice(tool: Tool, page: TestResponse) -> str:
    stem = unescape(page.text.split('<legend dir="auto">')[1].split("</legend>")[0])
    return str(
        next(item["correct"][0] for item in sample_document()["items"] if item["stem"] == stem)
    )
