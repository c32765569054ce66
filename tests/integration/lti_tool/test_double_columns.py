"""One check, one column of the gradebook. Columns are those that a Moodle 4.5.6 showed
(tests/captures/moodle-4.5, services: lineitem-of-link-get for the column of an activity,
lineitem-get-after-put for one that a tool made, score-ok, lineitem-delete).
"""

from __future__ import annotations

from typing import Any

import pytest

from adapters.lms.claims import CLAIM_PREFIX, DEEP_LINKING_PREFIX
from adapters.lms.standard import LINE_ITEM_SCOPE, READ_LINE_ITEM_SCOPE, SCORE_SCOPE
from tests.support.outboxes import grade_row, send_grades
from tests.support.quizzes import answer_check
from tests.support.recorded import RECORDED, exchanges
from tests.support.recorded_courses import picked
from tests.support.tool import Reply, Tool

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
CHECK = "phishing-response/1w"
OWN, ACTIVITY = "/lineitems/4/lineitem", "/lineitems/2/lineitem"


def column(tool: Tool, name: str, **changes: Any) -> dict[str, Any]:
    """A recorded column, on our server, of a check."""
    body = exchanges("services")[name]["response"]["body"]
    address = body["id"].replace(f"{RECORDED}/mod/lti/services.php/2", tool.moodle.server.url)
    check = {"id": address, "resourceId": CHECK, "tag": "carryover-check", "scoreMaximum": 5}
    return {**body, **check, "label": "Phishing response: check after 1 week", **changes}


def own(tool: Tool) -> dict[str, Any]:
    return column(tool, "lineitem-get-after-put")


def of_activity(tool: Tool, **changes: Any) -> dict[str, Any]:
    return column(tool, "lineitem-of-link-get", **changes)


def shows(tool: Tool, *columns: dict[str, Any]) -> None:
    """The gradebook holds these columns."""
    server = tool.moodle.server
    server.says("/token", (200, "OK", {"access_token": "t", "expires_in": 3600}))
    server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    server.says("/lineitems", (200, "OK", list(columns)))
    for item in columns:
        path = item["id"].removeprefix(server.url).partition("?")[0]
        server.says(path, (200, "OK", item))
        server.says(f"{path}/scores", (200, "OK", ""))
        server.says(f"{path}/results", (200, "OK", []))


def endpoint(tool: Tool, line_item: str = "") -> dict[str, Any]:
    url = tool.moodle.server.url
    services: dict[str, Any] = {
        "scope": [LINE_ITEM_SCOPE, READ_LINE_ITEM_SCOPE, SCORE_SCOPE],
        "lineitems": f"{url}/lineitems?type_id=2",
    }
    return services | ({"lineitem": f"{url}{line_item}?type_id=2"} if line_item else {})


def made_by_the_tool(tool: Tool) -> None:
    """A learner's check of today went to a column that the tool made."""
    shows(tool)
    tool.moodle.server.says("/lineitems", (200, "OK", []), (201, "Created", own(tool)))
    tool.moodle.server.says(f"{OWN}/scores", (200, "OK", ""))
    answer_check(tool, tool.launch(**{AGS: endpoint(tool)}).location)
    assert send_grades(tool) == 1
    assert len(tool.moodle.server.bodies(f"{OWN}/scores")) == 1
    shows(tool, own(tool))


def chosen(tool: Tool, page: str) -> bool:
    """Whether the answer to a request for content asks for a column."""
    tool.sql(
        "UPDATE lti_tool.course SET line_items_url = :url",
        url=f"{tool.moodle.server.url}/lineitems",
    )
    _, claims = picked_here(tool, page)
    (item,) = claims[f"{DEEP_LINKING_PREFIX}content_items"]
    return "lineItem" in item


def picked_here(tool: Tool, page: str) -> tuple[Any, dict[str, Any]]:
    """A teacher of this course chooses a page; the launch names our server's columns."""
    launch = tool.launch
    services = {AGS: endpoint(tool)}
    tool.launch = lambda name, **more: launch(name, **services, **more)  # type: ignore[method-assign]
    try:
        return picked(tool, [page])
    finally:
        tool.launch = launch  # type: ignore[method-assign]


def test_an_activity_of_a_check_that_has_a_column_asks_for_none(tool: Tool) -> None:
    made_by_the_tool(tool)
    assert not chosen(tool, "check-1w"), "grades go on to the column that is there"
    assert chosen(tool, "check-1m"), "another check has none yet"
    shows(tool, of_activity(tool))
    assert not chosen(tool, "check-1w"), "nor does a second activity of the same check"


def test_a_column_that_was_deleted_in_the_lms_is_asked_for_again(tool: Tool) -> None:
    made_by_the_tool(tool)
    shows(tool)
    assert chosen(tool, "check-1w")
    assert tool.rows("line_item") == 0, "and the tool sends nothing more to the old one"


@pytest.mark.parametrize("reply", [(503, "Service Unavailable", ""), (401, "Unauthorized", "")])
def test_an_lms_that_does_not_say_is_taken_to_have_what_is_known(tool: Tool, reply: Reply) -> None:
    made_by_the_tool(tool)
    tool.moodle.server.says("/lineitems", reply)
    assert not chosen(tool, "check-1w")
    assert chosen(tool, "check-1m")


def test_the_column_of_an_activity_is_used_where_it_names_no_resource(tool: Tool) -> None:
    """Moodle makes one without a resource for an activity that was added by hand, or where grades
    are always accepted."""
    link = {f"{CLAIM_PREFIX}resource_link": {"id": "1", "title": "By hand"}}
    custom = {f"{CLAIM_PREFIX}custom": {"programme": "phishing-response", "page": "check-1w"}}
    shows(tool, of_activity(tool, resourceId="", tag="", resourceLinkId="1"))
    tool.launch("launch-resource-teacher", **link, **custom, **{AGS: endpoint(tool)})
    answer_check(tool, tool.launch(**{AGS: endpoint(tool)}).location)
    assert send_grades(tool) == 1
    assert len(tool.moodle.server.bodies(f"{ACTIVITY}/scores")) == 1
    made = [path for method, path, _, _ in tool.moodle.server.requests if method == "POST"]
    assert not [path for path in made if path.startswith("/lineitems?")], "no column was made"


def test_of_two_columns_the_teacher_removes_the_tool_s_own_without_losing_grades(
    tool: Tool,
) -> None:
    made_by_the_tool(tool)
    shows(tool, own(tool), of_activity(tool))
    server, place = tool.moodle.server, ""
    place = f"{tool.launch('launch-resource-teacher', **{AGS: endpoint(tool)}).location}course/"
    page = tool.get(place)
    assert "One check has two columns here" in page.text
    assert "Send 1 grade to the activity" in page.text
    fields = {"column": own(tool)["id"]}
    early = tool.post(f"{place}columns/merge", page, remove="1", **fields)
    assert early.status_code == 400 and "not in the activity" in early.text
    page = tool.post(f"{place}columns/merge", page, **fields)
    assert "1 grade is on its way" in page.text
    assert tool.post(f"{place}columns/merge", page, remove="1", **fields).status_code == 400
    assert send_grades(tool) == 1
    (score,) = server.bodies(f"{ACTIVITY}/scores")
    assert (score["userId"], score["scoreMaximum"]) == ("5", grade_row(tool).maximum)
    page = tool.get(place)
    assert "were all sent" in page.text
    server.says(OWN, (204, "OK", ""))
    tool.post(f"{place}columns/merge", page, remove="1", **fields)
    assert ("DELETE", OWN) in [
        (method, path.partition("?")[0]) for method, path, _, _ in server.requests
    ]
    strange = tool.post(f"{place}columns/merge", page, remove="1", column=of_activity(tool)["id"])
    assert strange.status_code == 404, "the activity's column is not the tool's to remove"
