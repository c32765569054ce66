"""A programme with a rubric, and assessments by it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from lti_tool.coaching import coaching_groups
from lti_tool.people import people_import
from lti_tool.programmes import certification
from tests.support.listed_people import person
from tests.support.peers import LIST as PEERS
from tests.support.tool import Tool
from tests.support.visits import send, visit

NOW = datetime.now(UTC)


LEVELS = {
    "level-reads-before-acting": "3",
    "level-second-way": "4",
    "level-reports": "",
    "level-first-hour": "2",
}


WATCHED = {"method": "watching", "words": "Calm and complete."}


def episode(tool: Tool, external_id: str) -> uuid.UUID:
    rows = tool.sql("SELECT person_id, id FROM lti_tool.episode")
    found: uuid.UUID = next(row[1] for row in rows if row[0] == person(tool, external_id).id)
    return found


def assess(tool: Tool, rater: str, whose: str = "SIS-L", **fields: Any) -> TestResponse:
    of = episode(tool, whose)
    form = {"form_id": str(uuid.uuid4()), "draft": f"assessment/{of}"}
    values = {**form, **LEVELS, **WATCHED, **fields}
    return send(tool, visit(tool, rater), f"assessments/form/{of}", **values)


@pytest.fixture
def group(tool: Tool, home: str) -> str:
    """The learner in a coaching group with four peers."""
    tool.sql(
        "UPDATE lti_tool.episode SET left_at = now() WHERE person_id IN (SELECT person_id FROM "
        "lti_tool.identity)"
    )
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=PEERS,
        apply=True,
        who="test",
        now=NOW,
    )
    for number in range(1, 5):
        certification.certify_person(
            tool.deps.unit_of_work,
            tenant_id=tool.tenant_id,
            person_id=person(tool, f"M{number}").id,
            programme="phishing-response",
            certified_at=NOW - timedelta(hours=1),
            now=NOW,
        )
    assert (
        coaching_groups.form_groups(
            tool.deps.unit_of_work,
            tenant_id=tool.tenant_id,
            programme="phishing-response",
            who="test",
            now=NOW,
        )
        == 1
    )
    return visit(tool, "SIS-L")
