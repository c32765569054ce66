"""The main job over HTTP: from a launch to a grade, statements and figures; and what strangers
send.
"""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import tincan

from core.clock import format_instant
from lrs.vocabulary import ACTIVITY_TYPES, BASE, EXTENSIONS, VERBS
from tests.support.demo import Browser, Demo, http_get, http_post, wait_until


def test_demo_json_says_where_everything_is(demo: Demo) -> None:
    told = demo.told
    assert set(told) == {"base_url", "xapi", "api", "launch", "registration_url"}
    assert told["base_url"] == demo.base
    assert told["xapi"]["endpoint"] == f"{demo.base}/xapi"
    assert set(told["launch"]) == {"learner", "newcomer", "mentor", "teacher", "admin"}
    assert told["registration_url"].startswith(f"{demo.base}/lti/register/")
    assert (demo.home / "servers.json").stat().st_mode & 0o077 == 0
    assert (demo.home / "demo.json").stat().st_mode & 0o077 == 0
    assert (demo.home / "secret.key").stat().st_mode & 0o077 == 0


def test_ready_names_queue_uncounted_and_degraded_parts(demo: Demo) -> None:
    report = demo.ready()
    assert report["status"] == "ready"
    assert report["degraded"] == []
    assert report["queue"]["waiting"] is not None
    assert set(report["uncounted"]) == {"waiting", "oldest"}
    assert http_get(f"{demo.base}/health/live").status_code == 200


def test_the_practice_cohort_has_figures_from_the_first_minute(home: Path) -> None:
    demo = Demo.start(home)
    try:
        demo.settled()
        the_cohort_has_figures(demo)
    finally:
        demo.stop()


def the_cohort_has_figures(demo: Demo) -> None:
    wait_until(lambda: demo.api("/api/v1/publications").json()["publications"])
    answer = demo.api("/api/v1/metrics/retention_observed/values").json()
    values = {value["part"]: value for value in answer["values"]}
    assert {values[part]["status"] for part in ("1d", "1w")} == {"shown"}
    assert values["6m"]["suppressed"], "half a year is not over for most"
    assert demo.figure("transfer_rate")[1] == 25, "24 of the cohort and the practice learner"


def test_a_learner_goes_from_launch_to_grade_statements_and_figures(
    demo: Demo, browser: Browser
) -> None:
    before = demo.figure("retention_observed", "1w")
    assert "Start the check" in browser.launch(demo.told["launch"]["learner"]).text
    assert "Practice data" in browser.page.text
    browser.submit("/checks/1w")
    attempt = str(browser.page.url)
    for position in range(1, 6):
        assert f"Question {position} of 5" in browser.page.text
        browser.submit(choice="a", position=str(position))
        assert "What is right" in browser.page.text or "✓ Right" in browser.page.text
        browser.get(attempt)
    assert "of 5 right" in browser.page.text
    lms = demo.told["launch"]["learner"].partition("/practice")[0]
    wait_until(lambda: "check after 1 week" in browser.get(f"{lms}/practice/gradebook").text)
    wait_until(lambda: demo.figure("retention_observed", "1w")[1] == before[1] + 5)
    found = demo.xapi("GET", params={"verb": VERBS["answered"].id, "limit": 5}).json()["statements"]
    assert {one["context"]["extensions"][EXTENSIONS["kind"]] for one in found} == {"check"}
    assert "score sent to your course" in wait_until(
        lambda: page_with(browser, demo, "score sent to your course")
    )


def page_with(browser: Browser, demo: Demo, words: str) -> str:
    text = browser.launch(demo.told["launch"]["learner"]).text
    return text if words in text else ""


def test_a_learner_commits_to_a_plan_and_reports_a_use_that_moves_transfer(
    demo: Demo, browser: Browser
) -> None:
    before = demo.figure("transfer_by_grade", "1")
    home = str(browser.launch(demo.told["launch"]["learner"]).url)
    browser.get(f"{home}plan")
    by_when = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    browser.submit(
        "/plan", act="commit", task="approvals", what="Call back before I approve.", by_when=by_when
    )
    assert "You have committed" in browser.page.text
    browser.submit(
        "/uses",
        task="approvals",
        used_on=datetime.now(UTC).date().isoformat(),
        words="Called back.",
    )
    assert "Your use at work is reported" in browser.page.text
    wait_until(lambda: demo.figure("transfer_by_grade", "1") == (before[0] + 1, before[1]))


@pytest.mark.parametrize("who", ["teacher", "mentor"])
def test_those_who_lead_see_the_headlines_with_their_intervals(
    demo: Demo, browser: Browser, who: str
) -> None:
    tool, visit = str(browser.launch(demo.told["launch"][who]).url).split("/t/")
    page = browser.get(f"{tool}/t/{visit.split('/')[0]}/figures").text
    assert page.count('<ul class="dots">') == 3, "of what nobody was looked at there is no picture"
    for words in (
        "Retention",
        "Transfer",
        "somebody else confirmed",
        "Adoption",
        "Still done after 90 days",
        "Likely range",
        "As a table",
        "counted up to",
        "Practice data",
    ):
        assert words in page


def test_64_teacher_pages_at_once_all_answer(demo: Demo) -> None:
    browsers = [Browser() for _ in range(64)]
    with ThreadPoolExecutor(16) as pool:
        homes = list(
            pool.map(lambda one: str(one.launch(demo.told["launch"]["teacher"]).url), browsers)
        )
    with ThreadPoolExecutor(64) as pool:
        answers = list(
            pool.map(lambda pair: pair[0].get(pair[1]), zip(browsers, homes, strict=True))
        )
    for one in browsers:
        one.close()
    assert [answer.status_code for answer in answers] == [200] * 64
    assert all(answer.text.count('<ul class="dots">') == 3 for answer in answers)


def remote(demo: Demo) -> Any:
    xapi = demo.told["xapi"]
    return tincan.RemoteLRS(
        version="1.0.3", endpoint=xapi["endpoint"], username=xapi["key"], password=xapi["secret"]
    )


def test_a_stock_client_saves_and_reads_back_and_its_statement_moves_the_metric_until_it_is_voided(
    demo: Demo,
) -> None:
    """tincan's RemoteLRS is a client that knows nothing of us."""
    lrs = remote(demo)
    before = demo.figure("retention_observed", "1m")
    certified = datetime.now(UTC) - timedelta(days=30)
    registration, programme = (
        str(uuid.uuid4()),
        {
            "id": f"{BASE}programmes/phishing-response",
            "definition": {"type": ACTIVITY_TYPES["programme"]},
        },
    )
    actor = {"account": {"homePage": "https://elsewhere.example", "name": "somebody"}}

    def said(verb: str, obj: str, at: datetime, **parts: Any) -> Any:
        context = {
            "registration": registration,
            "contextActivities": {"grouping": [programme]},
            "extensions": parts.pop("extensions", {}),
        }
        value = {
            "actor": actor,
            "verb": {"id": VERBS[verb].id},
            "object": {"id": obj},
            "timestamp": format_instant(at),
            "context": context,
        }
        return tincan.Statement({**value, **parts})

    assert lrs.save_statement(
        said("certified", f"{BASE}programmes/phishing-response/certification", certified)
    ).success
    answer = said(
        "answered",
        "https://elsewhere.example/item/1",
        certified + timedelta(days=29),
        result={"success": True},
        extensions={EXTENSIONS["kind"]: "check"},
    )
    saved = lrs.save_statement(answer)
    assert saved.success
    read = lrs.retrieve_statement(saved.content.id)
    assert read.success
    assert read.content.actor.account.name == "somebody"
    queried = lrs.query_statements({"registration": registration, "limit": 1})
    assert queried.success
    assert (
        lrs.more_statements(queried.content.more).success
        if "://" in queried.content.more
        else queried.content.more.startswith("/xapi/")
    )
    wait_until(lambda: demo.figure("retention_observed", "1m") == (before[0] + 1, before[1] + 1))
    voiding = tincan.Statement(
        {
            "actor": actor,
            "verb": {"id": VERBS["voided"].id},
            "object": {"objectType": "StatementRef", "id": str(saved.content.id)},
        }
    )
    assert lrs.save_statement(voiding).success
    wait_until(lambda: demo.figure("retention_observed", "1m") == before)


def test_a_bad_statement_is_refused_with_index_path_and_reason(demo: Demo) -> None:
    good = {
        "actor": {"mbox": "mailto:a@example.org"},
        "verb": {"id": "https://v.example"},
        "object": {"id": "https://o.example"},
    }
    marked = {**good, "id": str(uuid.uuid4())}
    answer = demo.xapi("POST", json=[marked, {**good, "result": {"score": {"scaled": 2}}}])
    assert answer.status_code == 400
    assert answer.json()["error"]["where"] == {"path": "$.result.score.scaled", "index": 1}
    assert "between -1 and 1" in answer.json()["error"]["message"]
    assert demo.xapi("GET", params={"statementId": marked["id"]}).status_code == 404


def test_csv_by_accept(demo: Demo) -> None:
    api = demo.told["api"]
    answer = http_get(
        f"{demo.base}/api/v1/metrics/adoption_due/values",
        auth=(api["key"], api["secret"]),
        headers={"Accept": "text/csv"},
    )
    assert answer.text.startswith("metric,version,label")


def test_keys_of_one_kind_do_not_open_the_other_door(demo: Demo) -> None:
    api = demo.told["api"]
    denied = http_get(
        f"{demo.base}/xapi/statements",
        auth=(api["key"], api["secret"]),
        headers={"X-Experience-API-Version": "1.0.3"},
    )
    assert denied.status_code == 403
    assert http_get(f"{demo.base}/api/v1/metrics").status_code == 401


def test_a_refused_launch_is_a_page_that_a_teacher_understands(demo: Demo) -> None:
    answer = http_post(f"{demo.base}/lti/launch", data={"state": "x", "id_token": "y"})
    assert answer.status_code == 400
    assert "open the activity again" in answer.text
    assert "set-cookie" not in answer.headers


def test_the_practice_lms_offers_names_and_roles_and_line_items_to_whoever_holds_a_token(
    demo: Demo,
) -> None:
    lms = demo.told["launch"]["learner"].partition("/practice")[0]
    assert http_get(f"{lms}/practice/memberships").status_code == 401
    assert (
        http_post(
            f"{lms}/practice/token",
            data={"grant_type": "client_credentials", "client_assertion": "x"},
        ).status_code
        == 400
    )
    assert http_get(f"{lms}/practice/launch/nobody").status_code == 404
    config = http_get(f"{lms}/practice/jwks.json").json()
    assert json.dumps(config).count('"d"') == 0
