"""What leaves: statements to the record store, grades to the gradebook; nothing lost, nothing
doubled, refusals explained.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from adapters.lms.standard import LINE_ITEM_SCOPE, READ_LINE_ITEM_SCOPE, SCORE_SCOPE
from adapters.lrs_client import RecordStore
from lti_tool.base import access_tokens, statement_sender
from lti_tool.base.launch_errors import TokenRefused
from lti_tool.checks import grades_store as stored_grades
from lti_tool.people import rosters
from lti_tool.programmes.activity_pages import CHECK_TAG
from tests.support.outboxes import (
    RESULTS,
    SCORES,
    copy_grade,
    due_again,
    finish_check,
    grade_row,
    result,
    send_grades,
)
from tests.support.quizzes import answer_check, open_check
from tests.support.recorded import exchanges
from tests.support.recorded_courses import course_with_roster
from tests.support.tool import CLIENT_ID, Tool


def send_statements(tool: Tool) -> int:
    store = RecordStore(tool.moodle.server.url, "key", "secret")
    return statement_sender.send_due_statements(
        tool.deps.unit_of_work, tool.tenant_id, store, tool.deps.client
    )


def test_statements_arrive_as_the_bytes_of_their_act_and_leave_the_outbox(tool: Tool) -> None:
    tool.moodle.server.says("/xapi/statements", (200, "OK", []))
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        kept = [
            bytes(row)
            for row in connection.execute(
                text("SELECT payload FROM lti_tool.statement_outbox ORDER BY id")
            ).scalars()
        ]
    assert send_statements(tool) == len(kept)
    sent = next(
        body for _, path, _, body in tool.moodle.server.requests if path == "/xapi/statements"
    )
    assert sent == b"[" + b",".join(kept) + b"]"
    headers = next(
        headers for _, path, headers, _ in tool.moodle.server.requests if path == "/xapi/statements"
    )
    assert headers["X-Experience-API-Version"] == "1.0.3"
    assert headers["User-Agent"].startswith("Carryover/")
    assert tool.rows("statement_outbox") == 0


@pytest.mark.parametrize(
    "answer",
    [(503, "Unavailable", ""), (401, "Unauthorized", ""), (302, "Found", ""), (500, "Error", "")],
)
def test_statements_wait_while_the_record_store_cannot_take_them(
    tool: Tool, answer: tuple[int, str, str]
) -> None:
    tool.moodle.server.says("/xapi/statements", answer)
    assert send_statements(tool) == 0
    waiting = tool.rows("statement_outbox")
    tool.moodle.server.says("/xapi/statements", (200, "OK", []))
    assert send_statements(tool) == 0, "not before its time"
    due_again(tool, "statement_outbox")
    assert send_statements(tool) == waiting > 0


def test_of_a_refused_batch_only_the_bad_statement_is_set_aside(tool: Tool) -> None:
    no = (400, "Bad Request", {"error": {"message": "this one is bad"}})
    yes: tuple[int, str, Any] = (200, "OK", [])
    waiting = tool.rows("statement_outbox")
    tool.moodle.server.says("/xapi/statements", no, yes, yes, no, yes)
    assert send_statements(tool) == waiting - 1
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        (reason,) = (
            connection.execute(text("SELECT refused FROM lti_tool.statement_outbox"))
            .scalars()
            .all()
        )
    assert "this one is bad" in reason


def test_a_sender_that_dies_after_sending_sends_again_and_that_is_harmless(tool: Tool) -> None:
    from lti_tool.base import statement_outbox_store

    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        first = statement_outbox_store.lease_statements(connection, tool.tenant_id, 100)
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        assert statement_outbox_store.lease_statements(connection, tool.tenant_id, 100) == [], (
            "leased rows are nobody else's"
        )
    due_again(tool, "statement_outbox")
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        again = statement_outbox_store.lease_statements(connection, tool.tenant_id, 100)
    assert [row.payload for row in again] == [row.payload for row in first]


def test_a_score_arrives_as_a_real_moodle_wants_it(tool: Tool) -> None:
    finish_check(tool)
    tool.moodle.server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 1
    method, path, headers, body = next(
        request for request in tool.moodle.server.requests if request[1].startswith(SCORES)
    )
    assert (method, path) == ("POST", f"{SCORES}?type_id=2")
    assert headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
    assert headers["Authorization"] == "Bearer a-token"
    assert "Accept" not in headers, "Moodle refuses */*"
    score = json.loads(body)
    assert (
        score["userId"],
        score["scoreMaximum"],
        score["activityProgress"],
        score["gradingProgress"],
    ) == ("5", 5, "Completed", "FullyGraded")
    assert grade_row(tool).sent_at is not None
    assert send_grades(tool) == 0


def test_the_time_of_a_score_has_parts_of_a_second_and_a_zone(tool: Tool) -> None:
    """docs/lti-certification.md, 8.15 (AGS 2.0, 3.4.9: ISO 8601 with both)."""
    finish_check(tool)
    tool.moodle.server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 1
    (score,) = tool.moodle.server.bodies(SCORES)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", score["timestamp"])


def recorded(name: str) -> tuple[int, str, str]:
    """A recorded answer to a score."""
    response = exchanges("services")[name]["response"]
    return response["status"], response["reason"], "[]"


@pytest.mark.parametrize("case", ["A4 as new as one of ours", "A4 nobody can say what is there"])
def test_a_score_of_the_same_second_is_said_again_with_a_later_time(tool: Tool, case: str) -> None:
    finish_check(tool)
    tool.moodle.server.says(SCORES, recorded("score-same-timestamp"), (200, "OK", ""))
    tool.moodle.server.says(RESULTS, result(None) if "ours" in case else (403, "Forbidden", ""))
    before = grade_row(tool).at
    assert send_grades(tool) == 0
    assert "as new" in grade_row(tool).trouble
    due_again(tool, "grade_outbox")
    assert send_grades(tool) == 1
    first, second = (
        datetime.fromisoformat(body["timestamp"]) for body in tool.moodle.server.bodies(SCORES)
    )
    assert second - first >= timedelta(seconds=1) - timedelta(milliseconds=1)
    assert grade_row(tool).at > before


def test_a_grade_that_a_teacher_changed_meanwhile_is_not_overwritten_unasked(tool: Tool) -> None:
    finish_check(tool)
    tool.moodle.server.says(SCORES, recorded("score-same-timestamp"), (200, "OK", ""))
    tool.moodle.server.says(RESULTS, result(4.75))
    assert send_grades(tool) == 0
    row = grade_row(tool)
    assert "4.75 of 5" in row.refused
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    home = tool.launch("launch-resource-teacher").location
    page = tool.get(f"{home}course/")
    assert "4.75 of 5" in page.text
    assert "on its way again" in tool.post(f"{home}course/grades/{row.id}", page).text
    assert send_grades(tool) == 1
    assert grade_row(tool).at > row.at
    tool.moodle.server.says(RESULTS, result(None))
    assert "on its way again" in tool.post(f"{home}course/grades/{row.id}", page).text
    assert send_grades(tool) == 1, "what was sent is sent again, too"


@pytest.mark.parametrize("case", ["A5 it had arrived", "A5 it had not arrived"])
def test_a_sender_that_died_between_sending_and_noting_it_sends_once(tool: Tool, case: str) -> None:
    finish_check(tool)
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        row = stored_grades.lease_grade(connection, tool.tenant_id, [])
    assert row is not None
    assert send_grades(tool) == 0, "leased rows are nobody else's"
    tool.sql("UPDATE lti_tool.grade_outbox SET leased_until = now()")
    tool.moodle.server.says(SCORES, (200, "OK", ""))
    tool.moodle.server.says(
        RESULTS, result(row.score) if case.endswith("it had arrived") else result(None)
    )
    assert send_grades(tool) == 1
    assert len(tool.moodle.server.bodies(SCORES)) == (0 if case.endswith("it had arrived") else 1)
    assert grade_row(tool).sent_at is not None


@pytest.mark.parametrize("case", [f"A3 {status}" for status in (400, 403, 404, 422)])
def test_a_final_refusal_is_kept_with_the_reason_the_lms_gave_and_shown(
    tool: Tool, case: str
) -> None:
    status = int(case.split()[1])
    finish_check(tool)
    answer = (
        recorded("score-teacher-user") if status == 400 else (status, "The course is closed", "[]")
    )
    tool.moodle.server.says(SCORES, (answer[0], answer[1].partition("{")[0], answer[2]))
    assert send_grades(tool) == 0
    reason = "Incorrect score received" if status == 400 else "The course is closed"
    assert reason in grade_row(tool).refused
    learners = tool.get(tool.launch().location).text
    assert "our course leader sees why" in learners and reason not in learners
    due_again(tool, "grade_outbox")
    send_grades(tool)
    assert len(tool.moodle.server.bodies(SCORES)) == 1


@pytest.mark.parametrize("case", ["A2 429", "A2 500", "A2 503", "A1 401"])
def test_a_passing_trouble_is_tried_again_later(tool: Tool, case: str) -> None:
    status = int(case.split()[1])
    finish_check(tool)
    tool.moodle.server.says(SCORES, (status, "Trouble", ""))
    assert send_grades(tool) == 0
    row = grade_row(tool)
    assert (row.refused, row.sent_at) == (None, None)
    assert row.next_try_at > row.at


def test_an_lms_that_asks_for_patience_gets_it(tool: Tool) -> None:
    finish_check(tool)
    tool.moodle.server.says(SCORES, (429, "Too Many", "", {"Retry-After": "900"}))
    assert send_grades(tool) == 0
    row = grade_row(tool)
    assert row.next_try_at - datetime.now(UTC) > timedelta(seconds=890)
    assert "429" in row.trouble


@pytest.mark.parametrize("case", ["A1 a token that ended early"])
def test_one_new_token_after_401(tool: Tool, case: str) -> None:
    finish_check(tool)
    tool.moodle.server.says(
        "/token",
        (200, "OK", {"access_token": "first", "expires_in": 3600}),
        (200, "OK", {"access_token": "second", "expires_in": 3600}),
    )
    tool.moodle.server.says(SCORES, (401, "Unauthorized", ""), (200, "OK", ""))
    assert send_grades(tool) == 1
    used = [
        headers["Authorization"]
        for _, path, headers, _ in tool.moodle.server.requests
        if urlsplit(path).path == SCORES
    ]
    assert used == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("case", ["A11 tokens in logs"])
def test_no_token_is_logged(tool: Tool, case: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    finish_check(tool)
    tool.moodle.server.says(
        "/token", (200, "OK", {"access_token": "the-secret-token", "expires_in": 3600})
    )
    tool.moodle.server.says(SCORES, (500, "Error", ""))
    send_grades(tool)
    assertion = (
        next(body for _, path, _, body in tool.moodle.server.requests if path == "/token")
        .decode()
        .split("client_assertion=")[1]
        .split("&")[0]
    )
    assert "the-secret-token" not in caplog.text
    assert assertion not in caplog.text


@pytest.mark.parametrize(
    "case", ["A7 a teacher's launch", "A7 the test student", "A7 no score scope"]
)
def test_who_gets_no_grade(tool: Tool, case: str) -> None:
    from adapters.lms.claims import CLAIM_PREFIX

    learner = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
    changes: dict[str, Any] = {
        "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": {
            "scope": [SCORE_SCOPE],
            "lineitem": f"{tool.moodle.server.url}/l",
        }
    }
    if "teacher" in case:
        changes[f"{CLAIM_PREFIX}roles"] = [learner.replace("Learner", "Mentor")]
    elif "test student" in case:
        changes[f"{CLAIM_PREFIX}roles"] = [
            learner,
            "http://purl.imsglobal.org/vocab/lti/system/person#TestUser",
        ]
    else:
        changes["https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"]["scope"] = []
    tool.launch(**changes)
    assert [row.line_item_url for row in tool.sql("SELECT line_item_url FROM lti_tool.launch")] == [
        ""
    ]


def test_a_newer_grade_of_a_person_takes_the_place_of_one_that_waits_and_never_overtakes_it(
    tool: Tool,
) -> None:
    finish_check(tool)
    row = grade_row(tool)
    copy_grade(tool, row.id, row.place)
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        leased = stored_grades.lease_grade(connection, tool.tenant_id, [])
    assert leased is not None
    newest = copy_grade(tool, row.id, row.place)
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        assert stored_grades.lease_grade(connection, tool.tenant_id, []) is None, (
            "while one is under way, the next one waits"
        )
        stored_grades.mark_grade_sent(
            connection, tool.tenant_id, leased, leased.line_item_url, datetime.now(UTC)
        )
        after = stored_grades.lease_grade(connection, tool.tenant_id, [])
    assert after is not None and after.id == newest
    assert after.at - leased.at >= timedelta(seconds=1)


def test_a_platform_that_does_not_answer_is_asked_once_in_a_run(tool: Tool) -> None:
    finish_check(tool)
    copy_grade(tool, grade_row(tool).id, f"{tool.moodle.server.url}/lineitems/2/lineitem?other")
    tool.moodle.server.says("/token", (503, "Unavailable", ""))
    assert send_grades(tool) == 0
    assert tool.moodle.server.count("/token") == 1
    assert (
        tool.sql("SELECT count(*) AS n FROM lti_tool.grade_outbox WHERE trouble IS NOT NULL")[0].n
        == 1
    )


def test_an_address_that_is_none_holds_up_no_other(tool: Tool) -> None:
    finish_check(tool)
    copy_grade(tool, grade_row(tool).id, "http://[broken")
    tool.sql(
        "UPDATE lti_tool.grade_outbox SET next_try_at = now() - interval '1 minute' WHERE place "
        "= 'http://[broken'"
    )
    tool.moodle.server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 1
    assert (
        "address"
        in tool.sql(
            "SELECT coalesce(refused, trouble) AS words FROM lti_tool.grade_outbox WHERE place = "
            "'http://[broken'"
        )[0].words
    )


@pytest.mark.parametrize("case", ["A8 the next page is elsewhere"])
def test_a_list_that_goes_on_elsewhere_is_not_followed(tool: Tool, case: str) -> None:
    tool.moodle.server.says("/token", (200, "OK", {"access_token": "t"}))
    link = {"Link": '<http://localhost:9/evil>; rel="next"'}
    tool.moodle.server.says(
        "/members", (200, "OK", {"members": [{"user_id": "5", "roles": ["Learner"]}]}, link)
    )
    course_with_roster(tool, "/members")
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 0
    assert "another address" in tool.sql("SELECT reason FROM lti_tool.roster_run")[0].reason


def roster_page(number: int, last: bool, url: str, path: str = "/members") -> Any:
    members = [
        {
            "user_id": f"u{number * 50 + n}",
            "status": "Active",
            "roles": ["Learner"],
            "name": f"Learner {number * 50 + n}",
        }
        for n in range(50)
    ]
    link = (
        {}
        if last
        else {"Link": f'<{url}{path}?page={number + 1}>; rel="next", <{url}{path}>; rel="first"'}
    )
    return (200, "OK", {"members": members}, link)


@pytest.mark.parametrize("case", ["A9 151 members on four pages"])
def test_a_long_roster_is_read_to_its_end(tool: Tool, case: str) -> None:
    server = tool.moodle.server
    server.says("/token", (200, "OK", {"access_token": "t"}))
    last: Any = (
        200,
        "OK",
        {
            "members": [
                {"user_id": "3", "roles": ["Instructor"]},
                {"user_id": "gone", "status": "Inactive", "roles": ["Learner"]},
            ]
        },
        {},
    )
    server.says(
        "/members",
        roster_page(0, False, server.url),
        roster_page(1, False, server.url),
        roster_page(2, False, server.url),
        last,
    )
    course_with_roster(tool, "/members")
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 1
    run = tool.sql("SELECT pages, members, arrived FROM lti_tool.roster_run")[0]
    assert (run.pages, run.members, run.arrived) == (4, 151, 150), "the teacher had been there"
    assert (
        tool.sql("SELECT count(*) AS n FROM lti_tool.membership WHERE active AND role = 'learner'")[
            0
        ].n
        == 150
    )


@pytest.mark.parametrize(
    "case", ["A10 a page fails", "A10 a page is none", "A10 an empty roster", "A10 a circle"]
)
def test_only_a_reading_to_the_end_makes_people_leave(tool: Tool, case: str) -> None:
    server = tool.moodle.server
    server.says("/token", (200, "OK", {"access_token": "t"}))
    server.says("/members", roster_page(0, True, server.url))
    course_with_roster(tool, "/members")
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 1
    active = "SELECT count(*) AS n FROM lti_tool.membership WHERE active"
    assert tool.sql(active)[0].n == 50, "the teacher is not on the list any more"
    again: dict[str, list[Any]] = {
        "A10 a page fails": [roster_page(5, False, server.url), (500, "Error", "")],
        "A10 a page is none": [roster_page(5, False, server.url), (200, "OK", {"members": "none"})],
        "A10 an empty roster": [(200, "OK", {"members": []})],
        "A10 a circle": [roster_page(5, False, server.url)],
    }
    server.says("/members", *again[case])
    tool.sql("UPDATE lti_tool.course SET roster_due_at = now() - interval '1 second'")
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 0
    assert tool.sql(active)[0].n >= 50, "nobody was made to leave"
    assert tool.sql("SELECT reason FROM lti_tool.roster_run ORDER BY id DESC LIMIT 1")[0].reason


def test_a_check_without_a_column_of_its_own_finds_or_makes_one(tool: Tool) -> None:
    """Once a second column is tied to a link, Moodle sends no lineitem any more: the resource finds
    it.
    """
    server = tool.moodle.server
    endpoint = {
        "scope": [SCORE_SCOPE, LINE_ITEM_SCOPE, READ_LINE_ITEM_SCOPE],
        "lineitems": f"{server.url}/lineitems?type_id=2",
    }
    home = tool.launch(
        **{"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": endpoint}
    ).location
    answer_check(tool, home)
    made = {
        "id": f"{server.url}/lineitems/2/lineitem?type_id=2",
        "label": "x",
        "scoreMaximum": 5,
        "resourceId": "phishing-response/1w",
        "tag": "",
    }
    server.says(
        "/lineitems", lambda asked: (200, "OK", []) if asked[0] == "GET" else (201, "Created", made)
    )
    server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 1
    asked = [
        (method, path) for method, path, _, _ in server.requests if path.startswith("/lineitems?")
    ]
    assert asked == [
        ("GET", "/lineitems?type_id=2&resource_id=phishing-response%2F1w"),
        ("POST", "/lineitems?type_id=2"),
    ]
    (body,) = server.bodies("/lineitems")
    assert (body["resourceId"], body["scoreMaximum"]) == ("phishing-response/1w", 5)
    assert [row.url for row in tool.sql("SELECT url FROM lti_tool.line_item")] == [made["id"]]


def test_a_column_on_the_second_page_of_the_list_is_found_and_not_made_again(tool: Tool) -> None:
    """docs/lti-certification.md, 8.17 (AGS 2.0, 3.2.4): a tool uses the address of the next page
    as it is and does not apply the filters to it again. A bookmark is what Canvas puts there.
    """
    server = tool.moodle.server
    endpoint = {
        "scope": [SCORE_SCOPE, LINE_ITEM_SCOPE, READ_LINE_ITEM_SCOPE],
        "lineitems": f"{server.url}/lineitems?type_id=2",
    }
    home = tool.launch(
        **{"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": endpoint}
    ).location
    answer_check(tool, home)
    other = {
        "id": f"{server.url}/lineitems/1/lineitem?type_id=2",
        "label": "Homework",
        "scoreMaximum": 5,
        "resourceId": "homework",
    }
    ours = {
        "id": f"{server.url}/lineitems/2/lineitem?type_id=2",
        "label": "Check after 1 week",
        "scoreMaximum": 5,
        "resourceId": "phishing-response/1w",
    }
    second = "/lineitems?page=bookmark:WyJhL2IiLDJd&per_page=1&x=a%2Fb+c"
    link = {"Link": f'<{server.url}{second}>; rel="next", <{server.url}/lineitems>; rel="first"'}
    server.says("/lineitems", (200, "OK", [other], link), (200, "OK", [ours]))
    server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 1
    asked = [
        (method, path) for method, path, _, _ in server.requests if path.startswith("/lineitems?")
    ]
    assert asked == [
        ("GET", "/lineitems?type_id=2&resource_id=phishing-response%2F1w"),
        ("GET", second),
    ]
    assert server.count(SCORES) == 1


def test_no_grade_for_an_activity_without_a_place_in_the_gradebook(tool: Tool) -> None:
    open_check(tool)
    tool.launch(**{"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": ...})
    assert tool.rows("grade_outbox") == 0


def token(tool: Tool) -> str:
    from lti_tool.base import platforms_store

    (platform,) = platforms_store.find_platforms(
        tool.deps.engine, "http://127.0.0.1:8100", CLIENT_ID
    )
    return access_tokens.get_access_token(tool.deps, platform, SCORE_SCOPE)


@pytest.mark.parametrize("case", ["A12 the assertion"])
def test_a_token_is_asked_for_with_a_signed_assertion_as_a_real_moodle_takes_it(
    tool: Tool, case: str
) -> None:
    import jwt

    tool.moodle.server.says(
        "/token", (200, "OK", exchanges("services")["token-all"]["response"]["body"])
    )
    assert token(tool) == exchanges("services")["token-all"]["response"]["body"]["access_token"]
    sent = next(
        body for _, path, _, body in tool.moodle.server.requests if path == "/token"
    ).decode()
    assertion = sent.split("client_assertion=")[1].split("&")[0]
    (key,) = tool.get("/lti/jwks.json").json["keys"]
    claims = jwt.decode(
        assertion,
        jwt.PyJWK(key).key,
        algorithms=["RS256"],
        audience=f"{tool.moodle.server.url}/token",
    )
    assert (claims["iss"], claims["sub"]) == (CLIENT_ID, CLIENT_ID)
    assert claims["exp"] - claims["iat"] <= 300
    assert jwt.get_unverified_header(assertion)["kid"] == key["kid"]


def test_a_refused_token_is_final_and_says_why(tool: Tool) -> None:
    refusal = exchanges("services")["token-scope-unknown"]["response"]
    tool.moodle.server.says("/token", (refusal["status"], refusal["reason"], refusal["body"]))
    with pytest.raises(TokenRefused, match="invalid_scope"):
        token(tool)


@pytest.mark.parametrize("known", [True, False])
def test_the_check_of_a_week_never_overwrites_the_check_of_a_day(tool: Tool, known: bool) -> None:
    """Open edX in programmatic mode puts the first column of an activity into every launch of it
    (xblock-lti-consumer, models.py: ltiagslineitem_set.first(); its issue 707). The column says
    whose it is; it made its own and knows it.
    """
    server = tool.moodle.server
    first: dict[str, Any] = {
        "id": f"{server.url}/edx/1",
        "label": "Check after 1 day",
        "scoreMaximum": 5,
        "resourceId": "phishing-response/1d",
        "tag": CHECK_TAG,
    }
    own = {
        **first,
        "id": f"{server.url}/edx/2",
        "label": "Check after 1 week",
        "resourceId": "phishing-response/1w",
    }
    lists = f"{server.url}/edx"
    if known:
        with tool.deps.unit_of_work(tool.tenant_id) as connection:
            place = stored_grades.place_key(lists, "phishing-response/1d")
            made = stored_grades.Column(place, first["id"], first["label"], 5.0)
            stored_grades.upsert_column(
                connection,
                tool.tenant_id,
                tool.sql("SELECT id FROM lti_tool.platform_registration")[0].id,
                made,
            )
    endpoint = {
        "scope": [SCORE_SCOPE, LINE_ITEM_SCOPE],
        "lineitems": lists,
        "lineitem": first["id"],
    }
    home = tool.launch(
        **{"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": endpoint}
    ).location
    answer_check(tool, home)
    server.says("/edx/1", (200, "OK", first))
    server.says(
        "/edx", lambda asked: (200, "OK", [first]) if asked[0] == "GET" else (201, "Created", own)
    )
    for number in (1, 2):
        server.says(f"/edx/{number}/scores", (200, "OK", ""))
    assert send_grades(tool) == 1
    assert (server.count("/edx/1/scores"), server.count("/edx/2/scores")) == (0, 1)
    assert server.count("/edx/1") == (0 if known else 1), "asked once, where we did not make it"


def test_a_column_that_a_teacher_made_takes_the_grades_of_its_activity(tool: Tool) -> None:
    server = tool.moodle.server
    theirs = {
        "id": f"{server.url}/edx/1",
        "label": "Homework",
        "scoreMaximum": 5,
        "resourceId": "",
        "tag": "",
    }
    endpoint = {
        "scope": [SCORE_SCOPE, LINE_ITEM_SCOPE],
        "lineitems": f"{server.url}/edx",
        "lineitem": theirs["id"],
    }
    home = tool.launch(
        **{"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": endpoint}
    ).location
    answer_check(tool, home)
    server.says("/edx/1", (200, "OK", theirs))
    server.says("/edx/1/scores", (200, "OK", ""))
    assert send_grades(tool) == 1
    assert server.count("/edx/1/scores") == 1
