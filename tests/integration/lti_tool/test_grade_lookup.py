"""Grades that were sent are looked for once a day: a deleted column, a reset course and somebody
else's grade are shown, and a teacher sends again what is to count. The answers are those that a
Moodle 4.5.6 gave (tests/captures/moodle-4.5, services): lineitem-of-link-get, results-link-item,
lineitem-get-deleted, score-gone-item.
"""

from __future__ import annotations

import runpy
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from adapters.lms import dialect_for
from adapters.lms.standard import LINE_ITEM_SCOPE, SCORE_SCOPE
from lti_tool.checks import grade_lookup
from lti_tool.checks.grades_store import MISSING, OTHER, THERE
from lti_tool.programmes.activity_pages import CHECK_TAG
from lti_tool.tables import schema
from tests.support.outboxes import (
    RESULTS,
    SCORES,
    copy_grade,
    finish_check,
    grade_row,
    send_grades,
)
from tests.support.recorded import RECORDED, exchanges
from tests.support.tool import Asked, Reply, Tool

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
        MISSING: "no longer in the gradebook",
    }
    assert words[found] in page.text and "checked" in page.text


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
    assert "no longer in the gradebook" in page.text
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
    assert grade_row(sent).found is None and grade_row(sent).looked_at is None
    assert look(sent) == 0
    wait = sent.sql("SELECT next_look_at - now() AS wait FROM lti_tool.column_look")[0].wait
    assert wait > timedelta(hours=23)


def test_when_a_column_closes_is_read_back_and_kept_when_it_is_renamed(sent: Tool) -> None:
    server = sent.moodle.server
    place = f'["{server.url}{COLUMNS}", "x/1w"]'
    endpoint = {"scope": [LINE_ITEM_SCOPE, SCORE_SCOPE], "lineitems": f"{server.url}{COLUMNS}"}
    address = f"{sent.launch('launch-resource-teacher', **{AGS: endpoint}).location}course/"
    sent.sql(
        "UPDATE lti_tool.grade_outbox SET line_item_url = '', place = :p, sent_url = :u",
        p=place,
        u=f"{server.url}{COLUMN}",
    )
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


def due_again(tool: Tool) -> None:
    tool.sql("UPDATE lti_tool.column_look SET next_look_at = now()")


def sent_to(tool: Tool, subject: str, url: str) -> int:
    """The same grade of another person, sent to the column ``url`` of the same place."""
    made = copy_grade(tool, grade_row(tool).id, grade_row(tool).place)
    tool.sql(
        "UPDATE lti_tool.grade_outbox n SET subject = :s, line_item_url = :u, sent_url = :u,"
        " place = o.place, line_items_url = o.line_items_url, resource_id = o.resource_id,"
        " score = o.score, maximum = o.maximum, replaced = false,"
        " sent_at = now() - interval '2 days' FROM lti_tool.grade_outbox o"
        " WHERE n.id = :id AND o.id = (SELECT min(id) FROM lti_tool.grade_outbox)",
        s=subject,
        u=url,
        id=made,
    )
    tool.sql("UPDATE lti_tool.grade_outbox SET replaced = false")
    return made


def states(tool: Tool) -> dict[int, str | None]:
    return {row.id: row.found for row in tool.sql("SELECT id, found FROM lti_tool.grade_outbox")}


def result_of(subject: str, row: Any) -> dict[str, Any]:
    """A result as Moodle and Canvas write it, with the members that are read."""
    return {"userId": subject, "resultScore": row.score, "resultMaximum": row.maximum}


def test_the_column_that_a_grade_went_to_is_looked_at_not_the_launchs(tool: Tool) -> None:
    """The launch of the 1-day activity, whose column belongs to its check; the learner does the
    check of one week there."""
    finish_check(tool)
    server = tool.moodle.server
    tool.sql("UPDATE lti_tool.grade_outbox SET line_items_url = :url", url=f"{server.url}{COLUMNS}")
    tool.sql("UPDATE lti_tool.grade_outbox SET place = :p", p=f'["{server.url}{COLUMNS}", "x/1w"]')
    tool.sql("UPDATE lti_tool.grade_outbox SET resource_id = 'x/1w'")
    server.says(COLUMN, recorded(tool, "lineitem-of-link-get", resourceId="x/1d", tag=CHECK_TAG))
    own = f"{server.url}/lineitems/3/lineitem?type_id=2"
    made = recorded(tool, "lineitem-of-link-get", resourceId="x/1w", tag=CHECK_TAG, id=own)
    server.says(COLUMNS, (200, "OK", []), (201, "Created", made[2]))
    server.says("/lineitems/3/lineitem/scores", (200, "OK", ""))
    assert send_grades(tool) == 1
    assert (grade_row(tool).sent_url, server.count(SCORES)) == (own, 0)
    tool.sql("UPDATE lti_tool.grade_outbox SET sent_at = sent_at - interval '2 days'")
    row = grade_row(tool)
    server.says("/lineitems/3/lineitem", made)
    server.says(
        "/lineitems/3/lineitem/results",
        recorded(
            tool,
            "results-link-item",
            resultScore=row.score,
            resultMaximum=row.maximum,
            userId=row.subject,
        ),
    )
    assert look(tool) == 1
    assert (grade_row(tool).found, server.count(RESULTS)) == (THERE, 0)


def test_a_column_that_is_gone_takes_nothing_from_another_one_of_its_place(sent: Tool) -> None:
    """An activity was deleted and made again: new learners' grades go to its new column."""
    server, old = sent.moodle.server, grade_row(sent)
    place, new_url = f'["{server.url}{COLUMNS}", "x/1w"]', f"{server.url}/lineitems/9/lineitem"
    sent.sql(
        "UPDATE lti_tool.grade_outbox SET line_items_url = :l, place = :p, resource_id = 'x/1w'",
        l=f"{server.url}{COLUMNS}",
        p=place,
    )
    new = sent_to(sent, "6", new_url)
    sent.sql(
        "INSERT INTO lti_tool.line_item (tenant_id, registration_id, place, url, label, maximum) "
        "SELECT tenant_id, id, :p, :u, 'x', 5 FROM lti_tool.platform_registration",
        p=place,
        u=new_url,
    )
    server.says(COLUMN, recorded(sent, "lineitem-get-deleted"))
    server.says("/lineitems/9/lineitem", recorded(sent, "lineitem-of-link-get", id=new_url))
    server.says("/lineitems/9/lineitem/results", (200, "OK", [result_of("6", old)]))
    assert look(sent) == 2
    assert states(sent) == {old.id: MISSING, new: THERE}
    urls = {row.id: row.line_item_url for row in sent.sql("SELECT * FROM lti_tool.grade_outbox")}
    assert urls == {old.id: "", new: new_url}
    assert [row.url for row in sent.sql("SELECT url FROM lti_tool.line_item")] == [new_url]


def test_canvas_is_asked_for_a_hundred_results_a_page() -> None:
    """Without it there are 10 (docs/lms/canvas.md). Moodle gives all without a limit, and Open
    edX gives no next page with one (docs/lms/openedx.md)."""
    url = "https://lms.example.org/lineitems/2"
    assert dialect_for("canvas").results_url(url) == f"{url}/results?limit=100"
    for family in ("moodle", "openedx", "standard"):
        assert dialect_for(family).results_url(url) == f"{url}/results"


def test_a_large_column_is_read_on_where_it_was_cut_short(sent: Tool) -> None:
    """Three pages with Canvas's Link (instructure/canvas-lms, lib/api.rb, build_links)."""
    server, first = sent.moodle.server, grade_row(sent)
    grades = [first.id, *(sent_to(sent, name, first.sent_url) for name in ("6", "7", "8"))]
    held = {"1": [first.subject], "2": ["6"], "3": ["7"]}
    busy = [(503, "Service Unavailable", "")]
    asked: list[str] = []

    def page(request: Asked) -> Reply:
        number = parse_qs(urlsplit(request[1]).query).get("page", ["1"])[0]
        asked.append(number)
        if number == "2" and busy:
            return busy.pop()
        at = f"{server.url}{RESULTS}?page="
        links = [f'<{at}{number}&per_page=1>; rel="current"']
        if number != "3":
            links.append(f'<{at}{int(number) + 1}&per_page=1>; rel="next"')
        body = [result_of(subject, first) for subject in held[number]]
        return (200, "OK", body, {"Link": ",".join(links)})

    server.says(COLUMN, recorded(sent, "lineitem-of-link-get"))
    server.says(RESULTS, page)
    assert look(sent) == 1
    assert states(sent) == dict(zip(grades, (THERE, None, None, None), strict=True))
    assert look(sent) == 0, "it goes on some minutes later"
    due_again(sent)
    assert look(sent) == 1
    assert asked == ["1", "2", "2", "3"]
    # Between two attempts people move from page to page: of the fourth, nobody knows yet.
    assert states(sent) == dict(zip(grades, (THERE, THERE, THERE, None), strict=True))
    due_again(sent)
    assert look(sent) == 1
    assert states(sent) == dict(zip(grades, (THERE, THERE, THERE, MISSING), strict=True))


def test_an_attempt_that_fails_leaves_what_was_found_and_when(sent: Tool) -> None:
    row = grade_row(sent)
    sent.moodle.server.says(COLUMN, recorded(sent, "lineitem-of-link-get"))
    sent.moodle.server.says(RESULTS, (200, "OK", [result_of(row.subject, row)]))
    assert look(sent) == 1
    sent.sql("UPDATE lti_tool.grade_outbox SET looked_at = looked_at - interval '1 day'")
    before = grade_row(sent)
    assert before.found == THERE
    for answer in (
        (503, "Service Unavailable", ""),
        (403, "Forbidden", ""),
        (200, "OK", {"error": "no list"}),
    ):
        sent.moodle.server.says(RESULTS, answer)
        due_again(sent)
        assert look(sent) == 1
        after = grade_row(sent)
        assert (after.found, after.looked_at) == (before.found, before.looked_at)
        wait = sent.sql("SELECT next_look_at - now() AS wait FROM lti_tool.column_look")[0].wait
        assert timedelta(minutes=50) < wait < timedelta(minutes=61)


def test_a_newer_grade_ends_what_an_older_one_is_missing(sent: Tool) -> None:
    """Certified again: the grade of the first time is neither missing nor sent again."""
    older = grade_row(sent)
    sent.moodle.server.says(COLUMN, recorded(sent, "lineitem-of-link-get"))
    sent.moodle.server.says(RESULTS, (200, "OK", []))
    assert look(sent) == 1
    assert grade_row(sent).found == MISSING
    newer = copy_grade(sent, older.id, older.place)
    sent.sql("UPDATE lti_tool.grade_outbox SET course_id = (SELECT id FROM lti_tool.course)")
    assert send_grades(sent) == 1
    assert states(sent) == {older.id: None, newer: None}
    place, page = course_page(sent)
    assert "no longer in the gradebook" not in page.text
    assert f"course/grades/{newer}" in page.text and f"course/grades/{older.id}" not in page.text
    assert "A newer grade of this person" in sent.post(f"{place}grades/{older.id}", page).text
    sent.sql("UPDATE lti_tool.grade_outbox SET sent_at = NULL, leased_until = now() + '1 minute'")
    assert "is being sent just now" in sent.post(f"{place}grades/{newer}", page).text
    assert "There is no such grade here" in sent.post(f"{place}grades/999999", page).text


def test_a_refused_grade_that_a_newer_one_replaced_needs_nobody(tool: Tool) -> None:
    finish_check(tool)
    older = grade_row(tool)
    tool.sql("UPDATE lti_tool.grade_outbox SET refused = 'no'")
    copy_grade(tool, older.id, older.place)
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    tool.sql("UPDATE lti_tool.grade_outbox SET course_id = (SELECT id FROM lti_tool.course)")
    _, page = course_page(tool)
    assert "replaced by a newer one" in page.text and "failed</span>" not in page.text


@pytest.mark.parametrize(
    ("columns_url", "whose", "place_url", "sent_url"),
    [
        ("", None, None, "launch"),
        ("all", None, None, "launch"),
        ("all", "x/1w", None, "launch"),
        ("all", "", "own", "launch"),
        ("all", "x/1d", "own", "own"),
        ("all", "x/1d", None, ""),
    ],
)
def test_an_update_tells_where_the_grades_of_before_went(
    sent: Tool, columns_url: str, whose: str | None, place_url: str | None, sent_url: str
) -> None:
    place = f'["{columns_url}", "x/1w"]'
    sent.sql(
        "UPDATE lti_tool.grade_outbox SET sent_url = '', line_item_url = 'launch', place = :p,"
        " line_items_url = :l, resource_id = 'x/1w'",
        p=place,
        l=columns_url,
    )
    for key, url, label in (('{"claimed": "launch"}', "launch", whose), (place, place_url, "x")):
        if url is not None and label is not None:
            sent.sql(
                "INSERT INTO lti_tool.line_item"
                " (tenant_id, registration_id, place, url, label, maximum)"
                " SELECT tenant_id, id, :k, :u, :n, 5 FROM lti_tool.platform_registration",
                k=key,
                u=url,
                n=label,
            )
    revision: Path = schema.MIGRATIONS_FOLDER / "versions" / "0012_actors.py"
    sent.sql(runpy.run_path(str(revision))["SENT_URLS"])
    assert grade_row(sent).sent_url == sent_url
