"""What leaves: statements to the record store, grades to the gradebook; nothing lost, nothing doubled, refusals explained."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from adapters.lms.standard import SCORE_SCOPE
from adapters.lrs_client import RecordStore
from lti_tool.jobs import grades, statements
from lti_tool.lti import tokens
from lti_tool.lti.errors import TokenRefused
from tests.integration.lti_tool.conftest import CLIENT_ID, Tool, capture
from tests.integration.lti_tool.test_learning import choices, open_check, where

SCORES = "/lineitems/2/lineitem/scores"


def send_statements(tool: Tool) -> int:
    store = RecordStore(tool.moodle.server.url, "key", "secret")
    return statements.send(tool.deps.unit_of_work, tool.tenant_id, store, tool.deps.client)


def finish_check(tool: Tool) -> None:
    """A learner finishes a check whose line item is on our server, with a query as Moodle's have."""
    endpoint = {"scope": [SCORE_SCOPE], "lineitem": f"{tool.moodle.server.url}/lineitems/2/lineitem?type_id=2"}
    home = tool.launch(**{"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": endpoint}).location
    page = tool.post(f"{home}checks/1w", tool.get(home))
    path = where(page)
    for position in range(1, 6):
        tool.post(path, page, position=position, choice=choices(page)[0])
        page = tool.get(path)


def send_grades(tool: Tool) -> int:
    return grades.send(tool.deps.unit_of_work, tool.tenant_id, tool.deps.client, lambda platform: "a-token")


def grade_row(tool: Tool) -> Any:
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        return connection.execute(text("SELECT sent_at, refused, at, next_try_at, tries FROM lti_tool.grade_outbox")).one()


def due_again(tool: Tool, table: str) -> None:
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        connection.execute(text(f"UPDATE lti_tool.{table} SET next_try_at = now()"))  # noqa: S608 - names of this file


def test_statements_arrive_as_the_bytes_of_their_act_and_leave_the_outbox(tool: Tool) -> None:
    tool.moodle.server.says("/xapi/statements", (200, "OK", []))
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        kept = [bytes(row) for row in connection.execute(text("SELECT payload FROM lti_tool.statement_outbox ORDER BY id")).scalars()]
    assert send_statements(tool) == 6
    sent = next(body for _, path, _, body in tool.moodle.server.requests if path == "/xapi/statements")
    assert sent == b"[" + b",".join(kept) + b"]"
    headers = next(headers for _, path, headers, _ in tool.moodle.server.requests if path == "/xapi/statements")
    assert headers["X-Experience-API-Version"] == "1.0.3"
    assert headers["User-Agent"].startswith("Carryover/")
    assert tool.rows("statement_outbox") == 0


@pytest.mark.parametrize("answer", [(503, "Unavailable", ""), (401, "Unauthorized", ""), (302, "Found", ""), (500, "Error", "")])
def test_statements_wait_while_the_record_store_cannot_take_them(tool: Tool, answer: tuple[int, str, str]) -> None:
    tool.moodle.server.says("/xapi/statements", answer)
    assert send_statements(tool) == 0
    assert tool.rows("statement_outbox") == 6
    tool.moodle.server.says("/xapi/statements", (200, "OK", []))
    assert send_statements(tool) == 0, "not before its time"
    due_again(tool, "statement_outbox")
    assert send_statements(tool) == 6


def test_of_a_refused_batch_only_the_bad_statement_is_set_aside(tool: Tool) -> None:
    no = (400, "Bad Request", {"error": {"message": "this one is bad"}})
    yes: tuple[int, str, Any] = (200, "OK", [])
    tool.moodle.server.says("/xapi/statements", no, yes, yes, no, yes, yes, yes)
    assert send_statements(tool) == 5
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        (reason,) = connection.execute(text("SELECT refused FROM lti_tool.statement_outbox")).scalars().all()
    assert "this one is bad" in reason


def test_a_sender_that_dies_after_sending_sends_again_and_that_is_harmless(tool: Tool) -> None:
    from lti_tool.store import outbox

    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        first = outbox.lease_statements(connection, tool.tenant_id, 100)
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        assert outbox.lease_statements(connection, tool.tenant_id, 100) == [], "leased rows are nobody else's"
    due_again(tool, "statement_outbox")
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        again = outbox.lease_statements(connection, tool.tenant_id, 100)
    assert [row.payload for row in again] == [row.payload for row in first]


def test_a_score_arrives_as_a_real_moodle_wants_it(tool: Tool) -> None:
    finish_check(tool)
    tool.moodle.server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 1
    method, path, headers, body = next(request for request in tool.moodle.server.requests if request[1].startswith(SCORES))
    assert (method, path) == ("POST", f"{SCORES}?type_id=2")
    assert headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
    assert headers["Authorization"] == "Bearer a-token"
    assert "Accept" not in headers, "Moodle refuses */*"
    score = json.loads(body)
    assert (score["userId"], score["scoreMaximum"], score["activityProgress"], score["gradingProgress"]) == ("5", 5, "Completed", "FullyGraded")
    assert grade_row(tool).sent_at is not None
    assert send_grades(tool) == 0


def test_a_score_of_the_same_second_is_said_again_with_a_later_time(tool: Tool) -> None:
    finish_check(tool)
    recorded = capture("score-same-timestamp")["response"]
    assert recorded["status"] == 409
    tool.moodle.server.says(SCORES, (409, recorded["reason"], "[]"), (200, "OK", ""))
    before = grade_row(tool).at
    assert send_grades(tool) == 0
    due_again(tool, "grade_outbox")
    assert send_grades(tool) == 1
    first, second = (datetime.fromisoformat(body["timestamp"]) for body in tool.moodle.server.bodies(SCORES))
    assert second - first >= timedelta(seconds=1) - timedelta(milliseconds=1)
    assert grade_row(tool).at > before


def test_a_final_refusal_is_kept_with_the_reason_the_lms_gave_and_shown_to_the_learner(tool: Tool) -> None:
    finish_check(tool)
    recorded = capture("score-teacher-user")["response"]
    tool.moodle.server.says(SCORES, (recorded["status"], recorded["reason"].partition("{")[0], "[]"))
    assert send_grades(tool) == 0
    assert "Incorrect score received" in grade_row(tool).refused
    assert "Incorrect score received" in tool.get(tool.launch().location).text
    due_again(tool, "grade_outbox")
    send_grades(tool)
    assert len(tool.moodle.server.bodies(SCORES)) == 1


@pytest.mark.parametrize("status", [429, 500, 503, 401])
def test_a_passing_trouble_is_tried_again_later(tool: Tool, status: int) -> None:
    finish_check(tool)
    tool.moodle.server.says(SCORES, (status, "Trouble", ""))
    assert send_grades(tool) == 0
    row = grade_row(tool)
    assert (row.refused, row.sent_at) == (None, None)
    assert row.next_try_at > row.at


def test_a_platform_that_does_not_answer_is_asked_once_in_a_run(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    from lrs.ground.http import OutsideCallFailed

    finish_check(tool)
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        connection.execute(
            text(
                "INSERT INTO lti_tool.attempt SELECT gen_random_uuid(), tenant_id, episode_id, 'x', 'remediation', items, line_item_url,"
                " registration_id, subject, started_at, finished_at, right_answers FROM lti_tool.attempt"
            )
        )
        connection.execute(
            text(
                "INSERT INTO lti_tool.grade_outbox (tenant_id, attempt_id, registration_id, line_item_url, subject, score, maximum, comment, at)"
                " SELECT g.tenant_id, a.id, g.registration_id, 'http://...', g.subject, 1, 5, '', g.at"
                " FROM lti_tool.grade_outbox g, lti_tool.attempt a WHERE a.kind = 'remediation'"
            )
        )
    asked = []

    def silent(platform: Any) -> str:
        asked.append(platform)
        raise OutsideCallFailed("no answer")

    assert grades.send(tool.deps.unit_of_work, tool.tenant_id, tool.deps.client, silent) == 0
    assert len(asked) == 1
    due_again(tool, "grade_outbox")
    tool.moodle.server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 1, "an address that is none holds up no other"


def test_no_grade_for_an_activity_without_a_place_in_the_gradebook(tool: Tool) -> None:
    open_check(tool)
    tool.launch(**{"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": ...})
    assert tool.rows("grade_outbox") == 0


def token(tool: Tool) -> str:
    from lti_tool.store import platforms

    (platform,) = platforms.find(tool.deps.engine, "http://127.0.0.1:8100", CLIENT_ID)
    return tokens.access_token(tool.deps.engine, tool.deps.secrets, tool.deps.client, platform, SCORE_SCOPE)


def test_a_token_is_asked_for_with_a_signed_assertion_as_a_real_moodle_takes_it(tool: Tool) -> None:
    import jwt

    tool.moodle.server.says("/token", (200, "OK", capture("token-all")["response"]["body"]))
    assert token(tool) == capture("token-all")["response"]["body"]["access_token"]
    sent = next(body for _, path, _, body in tool.moodle.server.requests if path == "/token").decode()
    assertion = sent.split("client_assertion=")[1].split("&")[0]
    (key,) = tool.get("/lti/jwks.json").json["keys"]
    claims = jwt.decode(assertion, jwt.PyJWK(key).key, algorithms=["RS256"], audience=f"{tool.moodle.server.url}/token")
    assert (claims["iss"], claims["sub"]) == (CLIENT_ID, CLIENT_ID)
    assert claims["exp"] - claims["iat"] <= 300
    assert jwt.get_unverified_header(assertion)["kid"] == key["kid"]


def test_a_refused_token_is_final_and_says_why(tool: Tool) -> None:
    recorded = capture("token-scope-unknown")["response"]
    tool.moodle.server.says("/token", (recorded["status"], recorded["reason"], recorded["body"]))
    with pytest.raises(TokenRefused, match="invalid_scope"):
        token(tool)
