"""Grades that were sent are looked for once a day: a deleted column, a reset course and somebody
else's grade are shown, and a teacher sends again what is to count. The answers are those that a
Moodle 4.5.6 gave (tests/captures/moodle-4.5, services): lineitem-of-link-get, results-link-item,
lineitem-get-deleted, score-gone-item.
"""

from __future__ import annotations

from typing import Any

import pytest

from adapters.lms.standard import LINE_ITEM_SCOPE, SCORE_SCOPE
from lti_tool.checks import grade_lookup
from lti_tool.checks.grades_store import MISSING, OTHER, THERE
from tests.support.outboxes import RESULTS, SCORES, finish_check, grade_row, send_grades
from tests.support.recorded import RECORDED, exchanges
from tests.support.tool import Reply, Tool

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
COLUMN, COLUMNS = "/lineitems/2/lineitem", "/lineitems"


def recorded(tool: Tool, name: str, **changes: Any) -> Reply:
    """A recorded answer, of this server; ``changes``: members of the first object of its body."""
    response = exchanges("services")[name]["response"]
    body = response["body"]
    first = body[0] if isinstance(body, list) else body
    moved = {
        key: value.replace(f"{RECORDED}/mod/lti/services.php/2", tool.moodle.server.url)
        if isinstance(value, str)
        else value
        for key, value in {**first, **changes}.items()
    }
    reason = response["reason"].partition("\n")[0]
    return response["status"], reason, [moved] if isinstance(body, list) else moved


@pytest.fixture
def sent(tool: Tool) -> Tool:
    """A grade arrived two days ago."""
    finish_check(tool)
    tool.moodle.server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 1
    tool.sql("UPDATE lti_tool.grade_outbox SET sent_at = sent_at - interval '2 days'")
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    return tool


def look(tool: Tool) -> int:
    return grade_lookup.look_up_sent_grades(tool.deps, tool.tenant_id)


def course_page(tool: Tool) -> tuple[str, Any]:
    place = f"{tool.launch('launch-resource-teacher').location}course/"
    return place, tool.get(place)


@pytest.mark.parametrize(("moved", "found"), [(0, THERE), (1, OTHER), (None, MISSING)])
def test_what_the_gradebook_holds_is_looked_up_once_a_day(
    sent: Tool, moved: int | None, found: str
) -> None:
    row = grade_row(sent)
    sent.moodle.server.says(COLUMN, recorded(sent, "lineitem-of-link-get"))
    held = (row.score + (moved or 0)) % (row.maximum + 1)
    results = recorded(
        sent, "results-link-item", resultScore=held, resultMaximum=row.maximum, userId=row.subject
    )
    sent.moodle.server.says(RESULTS, (200, "OK", []) if moved is None else results)
    assert look(sent) == 1
    assert grade_row(sent).found == found
    assert look(sent) == 0, "once a day"
    _, page = course_page(sent)
    words = {
        THERE: "sent</span>",
        OTHER: "the gradebook holds another grade",
        MISSING: "not in the gradebook any more",
    }
    assert words[found] in page.text and "looked up" in page.text


def test_the_grade_of_a_deleted_activity_is_sent_to_a_new_column(sent: Tool) -> None:
    """Field report of a real Moodle, fault 4."""
    server = sent.moodle.server
    # The launch named the course's columns, too, as Moodle's do.
    sent.sql("UPDATE lti_tool.grade_outbox SET line_items_url = :url", url=f"{server.url}{COLUMNS}")
    sent.sql("UPDATE lti_tool.grade_outbox SET place = :p", p=f'["{server.url}{COLUMNS}", "x/1w"]')
    sent.sql("UPDATE lti_tool.grade_outbox SET resource_id = 'x/1w'")
    server.says(COLUMN, recorded(sent, "lineitem-get-deleted"))
    assert look(sent) == 1
    assert grade_row(sent).found == MISSING
    place, page = course_page(sent)
    assert "not in the gradebook any more" in page.text
    assert "on its way again" in sent.post(f"{place}grades/{grade_row(sent).id}", page).text
    made = recorded(sent, "lineitem-of-link-get", resourceId="x/1w")
    server.says(COLUMNS, (200, "OK", []), (201, "Created", made[2]))
    server.says(RESULTS, (200, "OK", []))
    before = len(server.bodies(SCORES))
    assert send_grades(sent) == 1
    assert len(server.bodies(SCORES)) == before + 1
    assert grade_row(sent).found is None


def test_a_score_that_finds_its_column_deleted_goes_to_another_one_when_sent_again(
    tool: Tool,
) -> None:
    finish_check(tool)
    server = tool.moodle.server
    tool.sql("UPDATE lti_tool.grade_outbox SET line_items_url = :url", url=f"{server.url}{COLUMNS}")
    tool.sql("UPDATE lti_tool.grade_outbox SET resource_id = 'x/1w'")
    server.says(COLUMN, recorded(tool, "lineitem-of-link-get"))
    server.says(SCORES, recorded(tool, "score-gone-item"))
    assert send_grades(tool) == 0
    assert grade_row(tool).refused and grade_row(tool).line_item_url == ""


@pytest.mark.parametrize("answer", [(503, "Service Unavailable", ""), (200, "OK", "no list")])
def test_an_lms_that_does_not_say_changes_nothing(sent: Tool, answer: Reply) -> None:
    sent.moodle.server.says(COLUMN, answer)
    assert look(sent) == 1
    assert grade_row(sent).found is None
    assert look(sent) == 0
    assert "sent</span>" in course_page(sent)[1].text


def test_an_lms_that_lets_nobody_look_is_left_alone_for_a_day(sent: Tool) -> None:
    sent.sql("DELETE FROM lti_tool.access_token")
    sent.moodle.server.says("/token", (400, "Bad Request", {"error": "invalid_scope"}))
    assert look(sent) == 1
    assert grade_row(sent).found is None and grade_row(sent).looked_at is not None


def test_when_a_column_closes_is_read_back_and_kept_when_it_is_renamed(sent: Tool) -> None:
    server = sent.moodle.server
    place = f'["{server.url}{COLUMNS}", "x/1w"]'
    endpoint = {"scope": [LINE_ITEM_SCOPE, SCORE_SCOPE], "lineitems": f"{server.url}{COLUMNS}"}
    address = f"{sent.launch('launch-resource-teacher', **{AGS: endpoint}).location}course/"
    sent.sql("UPDATE lti_tool.grade_outbox SET line_item_url = '', place = :p", p=place)
    sent.sql(
        "INSERT INTO lti_tool.line_item (tenant_id, registration_id, place, url, label, maximum) "
        "SELECT tenant_id, id, :p, :u, 'x', 5 FROM lti_tool.platform_registration",
        p=place,
        u=f"{server.url}{COLUMN}",
    )
    ends = "2027-01-31T22:59:00Z"
    item = recorded(
        sent,
        "lineitem-of-link-get",
        endDateTime=ends,
        id=f"{server.url}{COLUMN}",
        resourceId="x/1w",
    )
    server.says(COLUMN, item)
    server.says(RESULTS, (200, "OK", []))
    assert look(sent) == 1
    page = sent.get(address)
    assert "In the LMS it closes on" in page.text
    page = sent.post(f"{address}columns/rename", page, place=place, label="Another name")
    assert "In the LMS it closes on" in page.text
    put = [body for method, path, _, body in server.requests if method == "PUT" and COLUMN in path]
    assert ends in str(put[-1])
