"""The happy paths against code that is not ours, over real HTTP: a platform of lti1p3platform, and
launches that Open edX signs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import pytest

from adapters.lms import dialect_for
from adapters.lms.claims import CLAIM_PREFIX, DEEP_LINKING_PREFIX
from adapters.lms.standard import LINE_ITEM_SCOPE, RESULT_SCOPE, ROSTER_SCOPE, SCORE_SCOPE
from carryover.sample_programme import sample_document
from lti_tool.base import access_tokens, platform_services
from lti_tool.checks import grade_sender
from lti_tool.people import rosters
from tests.conftest import Databases
from tests.support.counterpart import (
    CLIENT_ID,
    DEPLOYMENT_ID,
    LEARNERS,
    Meeting,
    OpenEdx,
    meeting,
    private_key,
    register_open_edx,
)
from tests.support.demo import Browser
from tests.support.lms_browser import enter, follow, launch

RIGHT = {item["stem"]: item["correct"][0] for item in sample_document()["items"]}


@pytest.fixture(scope="module")
def met(
    servers: Any,
    databases: Databases,
    tool_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Meeting]:
    """Tool and platform for all tests here; each works in a course, and with learners, of its own."""
    with (
        databases.temporary(tool_template) as database,
        meeting(servers, database, tmp_path_factory.mktemp("home")) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def edx(met: Meeting) -> OpenEdx:
    return register_open_edx(met)


@pytest.fixture
def browser() -> Iterator[Browser]:
    made = Browser()
    yield made
    made.close()


def finish_check(browser: Browser, right: int) -> httpx.Response:
    """Answer the open check; the first ``right`` answers are right. Gives the page of the result."""
    browser.submit("/checks/1w")
    for position in range(1, 6):
        stem = unescape(browser.page.text.split('<legend dir="auto">')[1].split("</legend>")[0])
        keys = re.findall(r'name="choice" value="(\w+)"', browser.page.text)
        browser.submit(
            "/attempts/",
            choice=next(key for key in keys if (key == RIGHT[stem]) == (position <= right)),
        )
        follow(browser, "Continue" if position < 5 else "See your result")
    assert f"{right} of 5 right" in browser.page.text
    return browser.page


def columns_of(met: Meeting, course: str) -> list[dict[str, Any]]:
    return [one for address, one in met.school.columns.items() if f"/{course}/" in address]


# --- lti1p3platform
# ---------------------------------------------------------------------------------------------------------------


def test_a_learner_launches_and_sees_what_is_due(met: Meeting, browser: Browser) -> None:
    page = launch(met, browser, met.school.activity("launches", "today"), "learner-1")
    assert "Learner 1, you were certified on" in page.text
    assert "Your check after 1 week is open" in page.text
    assert "Course launches" in page.text
    assert (
        f"frame-ancestors 'self' {met.school.url};" in page.headers["Content-Security-Policy"] + ";"
    )


def test_a_teacher_launches_and_sees_the_course(met: Meeting, browser: Browser) -> None:
    page = launch(met, browser, met.school.activity("launches", "figures"), "teacher")
    assert "does the effect last?" in page.text
    page = follow(browser, "Course: people")
    assert page.status_code == 200
    assert "Tessa Teacher" in page.text


def test_a_finished_check_arrives_in_the_gradebook(met: Meeting, browser: Browser) -> None:
    activity = met.school.activity(
        "whole", "check", column=True, programme="phishing-response", page="check-1w"
    )
    launch(met, browser, activity, "learner-2")
    assert "Your result is on its way" in finish_check(browser, right=4).text
    assert grade_sender.send_due_grades(met.deps, met.tenant_id) == 1
    score = met.school.scores[activity.column, "learner-2"]
    assert (score["scoreGiven"], score["scoreMaximum"]) == (4, 5)
    assert (score["activityProgress"], score["gradingProgress"]) == ("Completed", "FullyGraded")
    assert "Your result was sent to your course" in browser.get(str(browser.page.url)).text

    platform = met.registered(met.school.url)
    lms = dialect_for(platform.family)
    answer = platform_services.call_service(
        met.deps,
        platform,
        RESULT_SCOPE,
        lambda token: lms.results(activity.column, "learner-2", token),
    )
    result = lms.read_result(answer.json(), "learner-2")
    assert (result.score, result.maximum) == (4, 5)


def test_two_things_are_chosen_taken_by_the_library_and_opened_by_a_learner(
    met: Meeting, browser: Browser
) -> None:
    page = launch(met, browser, met.school.activity("chosen", "choose", chooses=True), "teacher")
    assert f"Your choice is sent to {met.school.url}." in page.text
    chosen = ["check-1w", "plan"]
    browser.submit("/pick", page=chosen, columns="1")  # type: ignore[arg-type]  # a form may hold one name several times
    answer = browser.submit("/chosen")
    assert "The course has 2 more activities." in answer.text
    claims = met.school.answers[-1]
    assert (claims["iss"], claims["aud"], claims[f"{CLAIM_PREFIX}deployment_id"]) == (
        CLIENT_ID,
        met.school.url,
        DEPLOYMENT_ID,
    )
    assert claims[f"{DEEP_LINKING_PREFIX}data"] == "for teacher"
    (column,) = columns_of(met, "chosen")
    assert (column["resourceId"], column["scoreMaximum"]) == ("phishing-response/1w", 5)

    check = met.school.activities["chosen-check-1w"]
    assert "check after 1 week" in launch(met, browser, check, "learner-3").text
    finish_check(browser, right=5)
    assert grade_sender.send_due_grades(met.deps, met.tenant_id) == 1
    assert met.school.scores[check.column, "learner-3"]["scoreGiven"] == 5
    assert (
        "Transfer plan"
        in launch(met, browser, met.school.activities["chosen-plan"], "learner-3").text
    )


def test_the_library_takes_no_choice_that_another_key_signed(
    met: Meeting, browser: Browser
) -> None:
    launch(met, browser, met.school.activity("forged", "choose", chooses=True), "teacher")
    page = browser.submit("/pick", page="today")
    token = page.text.split('name="JWT" value="')[1].split('"')[0]
    claims, kid = (
        jwt.decode(token, options={"verify_signature": False}),
        jwt.get_unverified_header(token)["kid"],
    )
    forged = jwt.encode(
        claims, private_key("lti1p3platform"), algorithm="RS256", headers={"kid": kid}
    )
    assert httpx.post(f"{met.school.url}/forged/chosen", data={"JWT": forged}).status_code == 400
    assert httpx.post(f"{met.school.url}/forged/chosen", data={"JWT": token}).status_code == 200


def test_a_column_is_made_once_where_the_launch_names_only_the_gradebook(
    met: Meeting, browser: Browser
) -> None:
    activity = met.school.activity("columns", "today")
    for person, right in (("learner-4", 3), ("learner-5", 2)):
        launch(met, browser, activity, person)
        finish_check(browser, right=right)
        assert grade_sender.send_due_grades(met.deps, met.tenant_id) == 1
        (column,) = columns_of(met, "columns")
        assert met.school.scores[column["id"], person]["scoreGiven"] == right
    assert (column["resourceId"], column["scoreMaximum"]) == ("phishing-response/1w", 5)
    assert "check after 1 week" in column["label"]


def test_a_column_that_is_there_is_found_by_its_resource(met: Meeting, browser: Browser) -> None:
    known = met.school.new_column(
        "known",
        {"label": "Kept", "scoreMaximum": 5, "resourceId": "phishing-response/1w", "tag": ""},
    )
    met.school.new_column(
        "known", {"label": "Another", "scoreMaximum": 5, "resourceId": "another", "tag": ""}
    )
    launch(met, browser, met.school.activity("known", "today"), "learner-6")
    finish_check(browser, right=1)
    assert grade_sender.send_due_grades(met.deps, met.tenant_id) == 1
    assert met.school.scores[known["id"], "learner-6"]["scoreGiven"] == 1
    assert len(columns_of(met, "known")) == 2


def test_columns_are_made_renamed_and_removed_on_the_page_of_the_course(
    met: Meeting, browser: Browser
) -> None:
    launch(met, browser, met.school.activity("renaming", "figures"), "teacher")
    follow(browser, "Course: people")
    assert "Every check has its column" in browser.submit("/course/columns").text
    made = {one["id"]: one["label"] for one in columns_of(met, "renaming")}
    assert len(made) == 5
    page = browser.submit("/course/columns/rename", label="Refresher Ü & <b>1</b>")
    assert "The column is renamed" in page.text
    (renamed,) = [
        one for one in columns_of(met, "renaming") if one["label"] == "Refresher Ü & <b>1</b>"
    ]
    assert (renamed["scoreMaximum"], renamed["resourceId"].partition("/")[0]) == (
        5,
        "phishing-response",
    )
    assert sum(one["label"] == made[one["id"]] for one in columns_of(met, "renaming")) == 4, (
        "the others keep their names"
    )
    place = re.search(r'name="place" value="([^"]*)"', browser.page.text)
    assert place
    page = browser.submit("/course/columns/remove", sure="1")
    assert "The column is removed" in page.text
    assert len(columns_of(met, "renaming")) == 4
    assert place[1] not in page.text


def test_a_roster_of_several_pages_is_read_to_its_end(met: Meeting, browser: Browser) -> None:
    launch(met, browser, met.school.activity("roster", "figures"), "teacher")
    assert rosters.sync_due_rosters(met.deps, met.tenant_id) >= 1
    read = [urlsplit(url).query for url in met.school.pages_read if "/roster/" in url]
    assert read == ["limit=25", "limit=25&page=2", "limit=25&page=3"], (
        "by a Link header whose rel stands without quotes"
    )
    page = follow(browser, "Course: people")
    assert f"{LEARNERS + 1} people on 3 pages, {LEARNERS} new, 0 left" in page.text
    assert f"Learner {LEARNERS}" in page.text


def test_one_token_serves_many_scores(met: Meeting, browser: Browser) -> None:
    activity = met.school.activity(
        "tokens", "check", column=True, programme="phishing-response", page="check-1w"
    )
    for person in ("learner-7", "learner-8", "learner-9"):
        launch(met, browser, activity, person)
        finish_check(browser, right=2)
    assert grade_sender.send_due_grades(met.deps, met.tenant_id) == 3
    assert {person for column, person in met.school.scores if column == activity.column} == {
        "learner-7",
        "learner-8",
        "learner-9",
    }
    assert met.school.asked.count(SCORE_SCOPE) == 1, "in all tests of this module"


# --- Open edX
# ---------------------------------------------------------------------------------------------------------------------


def test_a_learner_comes_from_open_edx(met: Meeting, edx: OpenEdx, browser: Browser) -> None:
    page = enter(browser, edx.door("ana", "student"))
    assert page.status_code == 200, page.text
    assert "Welcome, ana of edX" in page.text
    assert "No certification is on record for you" in page.text
    claims = jwt.decode(edx.id_tokens[-1], options={"verify_signature": False})
    assert claims["azp"] == claims["aud"] == "edx-client"


@pytest.mark.parametrize("role", ["staff", "instructor"])
def test_a_teacher_comes_from_open_edx(
    met: Meeting, edx: OpenEdx, browser: Browser, role: str
) -> None:
    page = enter(browser, edx.door(f"who is {role}", role))
    assert page.status_code == 200, page.text
    assert "does the effect last?" in page.text
    assert f"who is {role} of edX" in follow(browser, "Course: people").text


def test_open_edx_takes_what_a_teacher_chose(met: Meeting, edx: OpenEdx, browser: Browser) -> None:
    page = enter(browser, edx.door("ted", "staff", "LtiDeepLinkingRequest"))
    assert "What shall this course hold?" in page.text
    browser.submit("/pick", page=["today", "check-3m"])  # type: ignore[arg-type]  # a form may hold one name several times
    assert browser.submit("/edx/chosen").text == "taken"
    assert [item["custom"]["page"] for item in edx.chosen] == ["today", "check-3m"]
    assert {(item["type"], item["url"]) for item in edx.chosen} == {
        ("ltiResourceLink", f"{met.tool}/lti/launch")
    }


@pytest.mark.parametrize("scope", [SCORE_SCOPE, LINE_ITEM_SCOPE, RESULT_SCOPE, ROSTER_SCOPE])
def test_open_edx_gives_a_token_for_our_assertion(met: Meeting, edx: OpenEdx, scope: str) -> None:
    token = access_tokens.get_access_token(met.deps, met.registered(edx.issuer), scope)
    assert edx.consumer().check_token(token, [scope])
    assert not edx.consumer().check_token(token, ["another scope"])
