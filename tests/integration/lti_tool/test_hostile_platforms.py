"""What a second pair of eyes found: platforms that lie, are slow, or answer nonsense; senders that
are late; each mended, with its test.
"""

from __future__ import annotations

import gzip
import itertools
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.lms import dialect_for
from adapters.lms.standard import LINE_ITEM_SCOPE, SCORE_SCOPE
from core.http_client import GuardedClient, OutsideCallFailed, limit_total_time
from lti_tool import operator_api
from lti_tool.base import platform_key_cache
from lti_tool.checks import grades_store as stored
from lti_tool.people import rosters
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
from tests.support.recorded_courses import course_with_roster
from tests.support.tool import TOOL, FakeServer, Tool


def test_a_packed_answer_is_not_unpacked(server: FakeServer) -> None:
    bomb = gzip.compress(gzip.compress(b"0" * 50_000_000))
    server.says("/bomb", (200, "OK", bomb, {"Content-Encoding": "gzip, gzip"}))
    client = GuardedClient(allow_private=True)
    with pytest.raises(OutsideCallFailed, match="packed"):
        client.call("GET", f"{server.url}/bomb")
    assert server.requests[0][2]["Accept-Encoding"] == "identity"
    client.close()


def test_what_one_answer_sets_goes_with_no_other_request(server: FakeServer) -> None:
    server.says("/a", (200, "OK", "", {"Set-Cookie": "session=of-one-tenant"}))
    client = GuardedClient(allow_private=True)
    for _ in range(2):
        client.call("GET", f"{server.url}/a")
    assert "Cookie" not in server.requests[1][2]
    client.close()


@pytest.mark.parametrize(
    "link", ['<http://[>; rel="next"', "<>; rel=next", "nonsense", '<\x00>; rel="next"']
)
def test_a_link_that_is_none_leads_nowhere(server: FakeServer, link: str) -> None:
    server.says("/a", (200, "OK", "x", {"Link": link}))
    client = GuardedClient(allow_private=True)
    try:
        assert client.call("GET", f"{server.url}/a").next_url in ("", f"{server.url}/a")
    except OutsideCallFailed:
        assert "\x00" in link
    client.close()


def test_all_calls_of_one_piece_of_work_end_together(server: FakeServer) -> None:
    def slow(asked: Any) -> Any:
        time.sleep(0.2)
        return (200, "OK", "")

    server.says("/slow", slow)
    client = GuardedClient(allow_private=True)
    answered = 0
    with limit_total_time(2.0):
        for _ in range(30):
            try:
                answered += client.call("GET", f"{server.url}/slow").status == 200
            except OutsideCallFailed:
                break
    assert 1 <= answered <= 10
    assert client.call("GET", f"{server.url}/slow").status == 200, (
        "and what comes after it has its own time"
    )
    client.close()


@pytest.mark.parametrize(
    "wait", ["9" * 5_000, "Mon, 01 Jan 99999999999 00:00:00 GMT", "-5", "soon", ""]
)
def test_a_wait_that_is_none_does_no_harm(wait: str) -> None:
    told = dialect_for("standard").outcome(429, "", {"retry-after": wait}, b"")
    assert told.wait_seconds is None or 0 <= told.wait_seconds <= 3_600


def test_numbers_and_texts_of_line_items_are_what_can_be_kept() -> None:
    item = dialect_for("standard").read_line_item(
        {"id": "https://lms.example/1", "label": "a\0b", "scoreMaximum": 10**400, "tag": 5}
    )
    assert item is not None
    assert (item.label, item.maximum, item.tag) == ("ab", 0, "")
    assert (
        dialect_for("standard").read_line_item({"id": "https://lms.example/\0", "label": "x"})
        is None
    )
    assert (
        dialect_for("standard")
        .read_result([{"userId": "5", "resultScore": 10**400, "resultMaximum": 5}], "5")
        .score
        is None
    )


def test_a_platform_that_is_switched_off_keeps_its_grades_for_later(tool: Tool) -> None:
    finish_check(tool)
    desk = operator_api.TenantOperator(
        tool.deps.unit_of_work, tool.deps.settings, tool.tenant_id, "a test"
    )
    desk.set_status(desk.platforms()[0].id, "disable")
    tool.moodle.server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 0
    assert (grade_row(tool).refused, grade_row(tool).tries) == (None, 0)
    desk.set_status(desk.platforms()[0].id, "enable")
    assert send_grades(tool) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_a_token_that_is_refused_for_a_moment_loses_no_grade(tool: Tool, status: int) -> None:
    finish_check(tool)
    tool.moodle.server.says(
        "/token", (status, "x", {"error": "invalid_client"}), (200, "OK", {"access_token": "t"})
    )
    tool.moodle.server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 0
    assert grade_row(tool).refused is None
    assert grade_row(tool).trouble
    due_again(tool, "grade_outbox")
    assert send_grades(tool) == 1


def test_a_late_sender_changes_nothing_of_the_next_one(tool: Tool) -> None:
    finish_check(tool)
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        late = stored.lease_grade(connection, tool.tenant_id, [])
    tool.sql("UPDATE lti_tool.grade_outbox SET leased_until = now()")
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        next_one = stored.lease_grade(connection, tool.tenant_id, [])
    assert late is not None and next_one is not None
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        stored.mark_grade_refused(connection, tool.tenant_id, late, "too late")
        stored.mark_grade_sent(
            connection, tool.tenant_id, next_one, next_one.line_item_url, datetime.now(UTC)
        )
        stored.mark_grade_refused(connection, tool.tenant_id, next_one, "too late as well")
    row = grade_row(tool)
    assert row.sent_at is not None
    assert row.refused is None


def test_an_old_grade_that_was_refused_does_not_come_after_a_newer_one(tool: Tool) -> None:
    finish_check(tool)
    old = grade_row(tool)
    tool.sql("UPDATE lti_tool.grade_outbox SET refused = 'no'")
    newer = copy_grade(tool, old.id, old.place)
    tool.moodle.server.says(SCORES, (200, "OK", ""))
    assert send_grades(tool) == 1
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        requeued = stored.requeue_grade(
            connection, tool.tenant_id, old.id, None, None, datetime.now(UTC)
        )
    assert requeued is stored.Requeued.NEWER_COUNTS
    assert send_grades(tool) == 0
    states = {
        row.id: (row.replaced, row.refused)
        for row in tool.sql("SELECT id, replaced, refused FROM lti_tool.grade_outbox")
    }
    assert states == {old.id: (True, None), newer: (False, None)}


def test_a_try_whose_answer_was_lost_is_no_new_submission(tool: Tool) -> None:
    """Canvas makes a submission of every score that does not say that it is none."""
    tool.sql("UPDATE lti_tool.platform_registration SET family = 'canvas'")
    finish_check(tool)
    tool.sql("UPDATE lti_tool.platform_registration SET family = 'canvas'")
    tool.moodle.server.says(SCORES, (502, "Bad Gateway", ""), (200, "OK", ""))
    tool.moodle.server.says(RESULTS, result(None))
    send_grades(tool)
    due_again(tool, "grade_outbox")
    assert send_grades(tool) == 1
    said = [
        body["https://canvas.instructure.com/lti/submission"]["new_submission"]
        for body in tool.moodle.server.bodies(SCORES)
    ]
    assert said == [True, False]


def test_columns_pressed_for_twice_at_once_are_made_once(tool: Tool) -> None:
    server, kept = tool.moodle.server, list[dict[str, Any]]()
    server.says("/token", (200, "OK", {"access_token": "t"}))
    server.says("/api/v1/figures", (200, "OK", {"figures": []}))

    def items(asked: Any) -> Any:
        time.sleep(0.05)
        if asked[0] == "GET":
            return (200, "OK", [])
        kept.append({**json.loads(asked[3]), "id": f"{server.url}/items/{len(kept)}"})
        return (201, "Created", kept[-1])

    server.says("/items", items)
    server.otherwise = lambda asked: (
        200,
        "OK",
        {"id": f"{server.url}{asked[1]}", "label": "x", "scoreMaximum": 5},
    )
    endpoint = {"scope": [LINE_ITEM_SCOPE, SCORE_SCOPE], "lineitems": f"{server.url}/items"}
    home = tool.launch(
        "launch-resource-teacher",
        **{"https://purl.imsglobal.org/spec/lti-ags/claim/endpoint": endpoint},
    ).location
    token = tool.get(f"{home}course/").text.split('name="form_token" value="')[1].split('"')[0]
    cookies = {cookie.key: cookie.value for cookie in tool.browser._cookies.values()}

    def press(_: int) -> int:
        browser = tool.stranger()
        for name, value in cookies.items():
            browser.set_cookie(name, value, domain="127.0.0.1", secure=True)
        return browser.post(
            f"{home.removeprefix(TOOL)}course/columns",
            data={"form_token": token},
            base_url="https://127.0.0.1:8080",
        ).status_code

    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(press, range(3))) <= {303, 400}
    assert sorted(one["resourceId"] for one in kept) == sorted(
        {one["resourceId"] for one in kept}
    ), "none twice"


def test_a_roster_page_of_a_thousand_is_kept(tool: Tool) -> None:
    server = tool.moodle.server
    server.says("/token", (200, "OK", {"access_token": "t"}))
    server.says(
        "/members",
        (
            200,
            "OK",
            {"members": [{"user_id": f"u{n}", "roles": ["Learner"]} for n in range(1_000)]},
        ),
    )
    course_with_roster(tool, "/members")
    assert rosters.sync_due_rosters(tool.deps, tool.tenant_id) == 1
    assert tool.sql("SELECT members FROM lti_tool.roster_run")[0].members == 1_000


def test_keys_a_little_old_serve_while_one_looks_for_newer_ones(
    tool: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tool.launch().status_code == 303
    monkeypatch.setattr(platform_key_cache, "FETCH_SECONDS", 30)

    may_answer = threading.Event()

    def slow(asked: Any) -> Any:
        may_answer.wait(30)
        return (200, "OK", {"keys": [tool.moodle.jwk()]})

    tool.moodle.server.says("/certs", slow)
    kept = tool.deps.platform_keys._cache[f"{tool.moodle.server.url}/certs"]
    kept.fresh_until = 0
    token = tool.moodle.sign({"x": 1})

    def ask(_: int) -> None:
        tool.deps.platform_keys.key_set_for_token(f"{tool.moodle.server.url}/certs", token)

    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask, number) for number in range(6)]
        served = list(itertools.islice(as_completed(asked, timeout=30), 5))
        may_answer.set()
    assert len(served) == 5, "all but the one that looks, while it waits"


def test_a_platform_cannot_be_changed_into_another_organisations(tool: Tool) -> None:
    from core.errors import Conflict
    from lti_tool.operator_api import ManualRegistration

    url = tool.moodle.server.url
    other = operator_api.create_tenant(
        tool.deps.settings, name="two", lrs_url=None, lrs_key="k", lrs_secret="s", practice=False
    )
    theirs = operator_api.TenantOperator(tool.deps.unit_of_work, tool.deps.settings, other, "them")
    made = theirs.add_platform(
        ManualRegistration(
            "",
            "",
            "http://127.0.0.1:8100",
            "theirs",
            f"{url}/a",
            f"{url}/t",
            f"{url}/k",
            "",
            (),
            (),
        ),
        True,
    )
    with pytest.raises(Conflict):
        theirs.change_platform(made, {"client_id": "43Y2YZJCB1NzxN9"})


@pytest.mark.parametrize(
    "answer",
    [
        {"figures": ["x"]},
        {"figures": [{"label": 1}]},
        {"figures": [{}]},
        {"figures": [{"values": []}]},
        [],
    ],
)
def test_a_record_store_that_answers_nonsense_breaks_no_page(tool: Tool, answer: Any) -> None:
    tool.moodle.server.says("/api/v1/figures", (200, "OK", answer))
    page = tool.get(tool.launch("launch-resource-teacher").location)
    assert page.status_code == 200
    assert "cannot be shown right now" in page.text


def test_a_deep_confirmation_is_refused(tool: Tool) -> None:
    for body in ("[" * 90_000, "[" * 200_000, "\ud800".encode("utf-8", "surrogatepass")):
        answer = tool.stranger().post(
            "/lti/launch/confirm",
            data=body,
            headers={"Origin": TOOL, "Content-Type": "application/json"},
            base_url="https://127.0.0.1:8080",
        )
        assert 400 <= answer.status_code < 500


def test_an_administrator_without_a_programme_certifies_nobody(tool: Tool) -> None:
    for table in (
        "scheduled_check",
        "scheduled_act",
        "statement_outbox",
        "episode",
        "programme_version",
    ):
        tool.sql(f"DELETE FROM lti_tool.{table}")  # noqa: S608 - names of this test
    home = tool.launch("launch-resource-admin").location
    page = tool.get(f"{home}me")
    assert (
        tool.post(f"{home}certifications", page, person="x", certified_on="2026-01-01").status_code
        == 404
    )
