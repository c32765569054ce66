"""Every core row of the domain (docs/rows.md), in the words of the people who meet it: a practice
course, HTTP, nothing patched.

What is behind the figures of D2, D3, D4 and E4 is tested where they are made
(tests/integration/analytics/test_metrics.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest
from icalendar import Calendar

from lrs.vocabulary import ACTIVITY_TYPES, BASE, EARNED, EXTENSIONS, VERBS
from tests.support.demo import Browser, Demo, http_get, wait_until

TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="module")
def practice(new_home: Callable[[], Path]) -> Iterator[Demo]:
    """A demo of its own: its people meet everything once."""
    running = Demo.start(new_home())
    running.settled()
    yield running
    running.stop()


Enter = Callable[[str], tuple[Browser, str]]


@pytest.fixture
def enter(practice: Demo) -> Iterator[Enter]:
    """Opens the tool as somebody of the practice course: (browser, home)."""
    opened: list[Browser] = []

    def as_(who: str) -> tuple[Browser, str]:
        browser = Browser()
        opened.append(browser)
        browser.launch(practice.told["launch"][who])
        found = re.search(r"/t/[0-9a-f-]{36}/", str(browser.page.url))
        assert found, browser.page.text
        return browser, f"{practice.base}{found[0]}"

    yield as_
    for browser in opened:
        browser.close()


def letters(practice: Demo) -> str:
    lms = practice.told["launch"]["learner"].partition("/practice")[0]
    return http_get(f"{lms}/practice/mailbox").text


def stated(practice: Demo, verb: str, part: str = "") -> bool:
    """Whether the record store holds such a statement."""
    found = practice.xapi("GET", params={"verb": VERBS[verb].id, "limit": 50}).json()["statements"]
    return any(part in str(one["object"]) for one in found)


def test_a1_i_say_on_which_tasks_of_my_own_job_it_shows(practice: Demo, enter: Enter) -> None:
    browser, home = enter("learner")
    browser.get(f"{home}work")
    page = browser.submit("/tasks", competency="verify", task="", title="Invoices from abroad")
    assert "Invoices from abroad" in page.text and "The task is on your map." in page.text
    wait_until(lambda: stated(practice, "mapped"))


def test_a2_i_commit_to_one_page_and_revise_it_with_its_history(
    practice: Demo, enter: Enter
) -> None:
    browser, home = enter("learner")
    plan = {
        "task": "supplier-data",
        "with_whom": "A colleague",
        "evidence": "A note in the system",
        "obstacle": "A hurry: I call all the same",
    }
    browser.get(f"{home}plan")
    browser.submit("", act="save", what="Call back", by_when="", **plan)
    browser.submit(
        "",
        act="commit",
        what="Call back on a known number",
        by_when=(TODAY + timedelta(days=30)).isoformat(),
        **plan,
    )
    assert "You have committed to this plan." in browser.page.text
    browser.submit(
        "",
        act="commit",
        what="Call back before every change",
        by_when=(TODAY + timedelta(days=40)).isoformat(),
        **plan,
    )
    assert (
        "What it was before" in browser.page.text
        and "Call back on a known number" in browser.page.text
    )
    wait_until(lambda: stated(practice, "committed") and stated(practice, "updated"))


def test_a3_and_a4_my_exercise_and_my_case_study_are_answered_and_weak_content_reaches_its_owner(
    practice: Demo, enter: Enter
) -> None:
    browser, home = enter("learner")
    for kind in ("exercise", "case-study"):
        browser.get(f"{home}work")
        page = browser.submit(
            f"/hand-in/{kind}",
            kind=kind.replace("-", " "),
            task="inbox",
            words=f"My {kind}: I looked at the domain.",
        )
        assert "It is handed in." in page.text
    mentor, mentors = enter("mentor")
    for kind in ("exercise", "case-study"):
        assert f"My {kind}" in mentor.get(f"{mentors}inbox").text
        mentor.submit(
            "/inbox/reviews/",
            good="You slowed down.",
            next_step="Report it.",
            weak_content="No example of a voice mail.",
        )
    assert "Nothing waits for you" in mentor.get(f"{mentors}inbox").text
    assert browser.get(f"{home}work").text.count("You slowed down.") == 2
    owner, office = enter("teacher")
    said = owner.get(f"{office}programmes/phishing-response/left-open").text
    assert "No example of a voice mail." in said and "Practice learner" not in said
    wait_until(lambda: stated(practice, "submitted") and stated(practice, "reviewed"))


def test_a_use_on_the_job_is_worth_what_its_witness_is(practice: Demo, enter: Enter) -> None:
    browser, home = enter("learner")
    browser.get(f"{home}plan")
    page = browser.submit(
        "/uses", task="inbox", used_on=TODAY.isoformat(), words="Three mails were false."
    )
    assert "(self-reported)" in page.text
    manager, managers = enter("teacher")
    manager.get(f"{managers}inbox")
    manager.submit("/inbox/uses/", seen="yes", words="", record="TICKET-1")
    assert "(on record in a work system)" in browser.get(f"{home}plan").text
    browser.get(f"{home}work")
    assert (
        "Thank you for the honest answer."
        in browser.submit("/no-opportunity", words="No supplier changed anything.").text
    )

    def grades() -> list[int]:
        found = practice.xapi("GET", params={"verb": VERBS["applied"].id, "limit": 50}).json()[
            "statements"
        ]
        return [one["context"]["extensions"].get(EXTENSIONS["evidence_grade"], 1) for one in found]

    wait_until(lambda: 4 in grades())


def test_b1_groups_are_formed_meet_and_carry_their_actions_over(
    practice: Demo, enter: Enter
) -> None:
    office, place = enter("teacher")
    office.get(f"{place}people/")
    people = b"id,name,email,team\nN1,Nell,n1@example.org,North\nN2,Nico,n2@example.org,South\nN3,Nora,n3@example.org,West\n"
    office.upload("/people/import", "people.csv", people)
    office.submit("/people/")
    certified = "".join(f"N{number},{TODAY - timedelta(days=1)}\n" for number in (1, 2, 3))
    office.get(f"{place}programmes/phishing-response/")
    office.upload("/certifications/look", "certified.csv", f"id,certified_on\n{certified}".encode())
    assert "The certifications are recorded" in office.submit("/certifications/take").text
    office.get(f"{place}programmes/phishing-response/groups")
    formed = office.submit("/groups")
    assert "1 new group." in formed.text and "Practice learner" in formed.text
    browser, home = enter("learner")
    page = browser.get(f"{home}group")
    assert "Nell" in page.text and page.text.count("Meeting ") >= 6
    whose = re.search(r'<option value="([0-9a-f-]{36})"[^>]*>\s*Practice learner', page.text)
    assert whose
    agreed = browser.submit(
        "/group/actions",
        whose=whose[1],
        words="Show one false mail.",
        due_on=(TODAY + timedelta(days=14)).isoformat(),
    )
    assert "Show one false mail." in agreed.text
    browser.submit("/group/actions/")
    wait_until(lambda: stated(practice, "closed") and stated(practice, "scheduled", "/meetings/"))


def test_b3_who_leads_sees_how_far_each_is_and_what_waits(enter: Enter) -> None:
    manager, place = enter("teacher")
    team = manager.get(f"{place}team").text
    assert "Practice learner" in team and "committed" in team
    assert "People whom you lead or accompany" in manager.get(f"{place}inbox").text


def test_c1_a_check_is_two_taps_a_question_with_the_reason_at_once(enter: Enter) -> None:
    browser, _ = enter("learner")
    browser.submit("/checks/1w")
    attempt = str(browser.page.url)
    for position in range(1, 6):
        assert (
            f"Question {position} of 5" in browser.page.text
            and "correct" not in browser.page.text.lower().replace("incorrect", "")
        )
        browser.submit(choice="a", position=str(position))
        assert "✓ Right" in browser.page.text or "What is right" in browser.page.text
        browser.get(attempt)
    assert "of 5 right" in browser.page.text


def test_c2_five_checks_of_one_blueprint_and_a_rhythm_between(enter: Enter) -> None:
    office, place = enter("teacher")
    page = unescape(office.get(f"{place}programmes/phishing-response/?certified_on={TODAY}").text)
    for words in (
        "Check after 1 day",
        "Check after 1 week",
        "Check after 1 month",
        "Check after 3 months",
        "Check after 6 months",
    ):
        assert words in page
    assert (
        "two or three questions a week. They do not count" in page
        and "just before it fades" in page
    )


def test_c3_nudges_reach_me_by_mail_and_calendar(practice: Demo, enter: Enter) -> None:
    browser, home = enter("learner")
    address = re.search(
        r'<code class="secret">([^<]+\.ics)</code>', browser.get(f"{home}today").text
    )
    assert address
    events = Calendar.from_ical(http_get(unescape(address[1])).text).walk("VEVENT")
    assert any("check" in str(event["SUMMARY"]).lower() for event in events)
    wait_until(lambda: "Practice learner waits for your answer" in letters(practice))
    office, place = enter("teacher")
    office.get(f"{place}programmes/phishing-response/")
    added = office.submit(
        "/channels",
        channel_name="#desk",
        channel_url="https://hooks.slack.com/services/T0/B0/secret",
    )
    assert "#desk" in added.text and "services/T0" not in added.text


def test_d1_i_ask_to_be_watched_and_see_it_side_by_side(practice: Demo, enter: Enter) -> None:
    browser, home = enter("learner")
    browser.get(f"{home}assessments/form")
    browser.submit("/assessments/form", **{"level-second-way": "2"})
    rater = re.search(r'<option value="([0-9a-f-]{36})">\s*Practice mentor', browser.page.text)
    assert rater
    assert (
        "The wish is on its way."
        in browser.submit("/assessments/wishes", rater=rater[1], words="On Monday").text
    )
    mentor, mentors = enter("mentor")
    form = re.search(r"assessments/form/[0-9a-f-]{36}", mentor.get(f"{mentors}inbox").text)
    assert form
    mentor.get(f"{mentors}{form[0]}")
    mentor.submit(
        "/assessments/form/",
        method="watching",
        words="Calm.",
        **{"level-second-way": "3", "level-reports": "4"},
    )
    page = browser.get(f"{home}assessments").text
    assert "2 · With help" in page and "3 · Alone" in page and "Calm." in page
    mentor.get(f"{mentors}assessments/cases/phishing-response")
    rated = mentor.submit(
        "/assessments/cases/", **{"level-reads-before-acting": "3", "level-second-way": "2"}
    )
    assert "2, as agreed" in rated.text
    wait_until(
        lambda: (
            stated(practice, "assessed", "/behaviour-assessment")
            and stated(practice, "assessed", "/cases/")
        ),
    )


def test_d3_a_question_that_is_unclear_reaches_its_owner(enter: Enter) -> None:
    browser, home = enter("learner")
    browser.get(f"{home}today")
    browser.submit("/quizzes/practice")
    browser.submit(choice="a", position="1")
    browser.submit("/remarks", words="Two answers are right.")
    owner, office = enter("teacher")
    assert (
        "Two answers are right."
        in owner.get(f"{office}programmes/phishing-response/left-open").text
    )


def test_d2_a_business_figure_is_read_with_its_evidence(practice: Demo, enter: Enter) -> None:
    programme = f"{BASE}programmes/phishing-response"
    words = {"owner": "head of security", "source": "mail gateway", "frequency": "monthly"}
    clicks = {
        "label": "Clicks on false mails",
        "unit": "clicks",
        "more_is_better": False,
        "baseline": 10,
        "target": 5,
        **words,
    }
    key = practice.told["xapi"]
    asked = httpx.Client(base_url=practice.base, auth=(key["key"], key["secret"]))
    assert (
        asked.put("/api/v1/kpis/clicks", params={"programme": programme}, json=clicks).status_code
        == 204
    )
    months = [TODAY.replace(day=1) - timedelta(days=31 * back) for back in range(12, 0, -1)]
    rows = [
        {
            "subject_kind": "team",
            "subject": team,
            "period_start": month.replace(day=1).isoformat(),
            "period_end": month.isoformat(),
            "value": 9 + i % 3,
        }
        for team in ("one", "two")
        for i, month in enumerate(months)
    ]
    body = {"programme": programme, "kpi": "clicks", "readings": rows}
    assert asked.post("/api/v1/kpi-readings", json=body).json()["new"] == 24
    browser, home = enter("teacher")
    wait_until(lambda: "Clicks on false mails" in browser.get(f"{home}reports/impact").text)
    assert "no headline yet" in browser.get(f"{home}reports/roi").text
    asked.close()


def test_d3_and_d4_what_many_miss_and_each_questions_figures_point_at_the_content(
    enter: Enter,
) -> None:
    browser, home = enter("teacher")
    page = unescape(browser.get(f"{home}reports/weak_domains").text)
    assert "points at the content, not at them" in page
    # Its table comes with the job that computes it; the page explains itself before.
    wait_until(lambda: "Share right" in browser.get(f"{home}reports/items").text)
    page = unescape(browser.page.text)
    for words in (
        "Tells who knows",
        "Best less weakest 27 %",
        "What people answer",
        "(right):",
        "too few yet",
    ):
        assert words in page
    table = browser.get(f"{home}reports/items.csv").text.splitlines()
    assert table[0].startswith("Question,Answers,Share right")
    assert len(table) > 20


def test_e4_five_questions_are_answered_from_what_people_did(enter: Enter) -> None:
    browser, home = enter("teacher")
    page = unescape(browser.get(f"{home}reports/checklist").text)
    assert "Are there refreshers at growing intervals for six months?" in page
    assert "checks done, of checks due" in page
    assert "Scorecard" in unescape(browser.get(f"{home}reports/scorecard").text)


def test_e2_practice_counts_for_nothing_and_nobody_sees_it(practice: Demo, enter: Enter) -> None:
    practice.settled()
    before = practice.xapi("GET", params={"verb": VERBS["answered"].id, "limit": 1}).json()[
        "statements"
    ][0]["id"]
    browser, home = enter("learner")
    browser.get(f"{home}today")
    page = browser.submit("/quizzes/practice")
    attempt = str(page.url)
    for _ in range(4):
        if "Question" not in page.text or "position" not in page.text:
            break
        position = re.search(r'name="position" value="(\d)"', page.text)
        if position is None:
            break
        browser.submit("/attempts/", choice="a", position=position[1])
        page = browser.get(attempt)
    practice.settled()
    after = practice.xapi("GET", params={"verb": VERBS["answered"].id, "limit": 1}).json()[
        "statements"
    ][0]["id"]
    assert after == before, "practice leaves no statement"


def test_an_episode_begins_by_a_statement_of_another_system(practice: Demo, enter: Enter) -> None:
    office, place = enter("teacher")
    office.get(f"{place}people/")
    office.upload("/people/import", "people.csv", b"id,name,email\nX1,Xenia,x1@example.org\n")
    office.submit("/people/")
    earned = {
        "actor": {"mbox": "mailto:x1@example.org"},
        "verb": {"id": EARNED},
        "object": {"id": "https://academy.example/phishing"},
    }
    assert practice.xapi("POST", json=earned).status_code == 200
    office.get(f"{place}programmes/phishing-response/")
    office.submit("/sources", activity="https://academy.example/phishing")
    wait_until(lambda: "Xenia" in office.get(f"{place}programmes/phishing-response/people").text)
    assert ACTIVITY_TYPES["certification"], "what we say ourselves is of this type"
