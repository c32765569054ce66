"""Certifications that come by themselves: from statements of any source, and from a column of the
gradebook of a platform that is not ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from adapters.lms.claims import CLAIM_PREFIX
from core.clock import format_instant
from lrs.vocabulary import BASE, EARNED, VERBS
from lti_tool.base.tenants_store import get_installation_id
from lti_tool.people import people_import
from lti_tool.programmes import certification_sources_jobs
from tests.conftest import Databases
from tests.support.counterpart import Meeting, meeting
from tests.support.demo import Browser
from tests.support.listed_people import grant, person
from tests.support.lms_browser import follow, launch
from tests.support.tool import Asked, Reply, Tool
from tests.support.visits import said, visit

NOW = datetime.now(UTC)
ACTIVITY = "https://academy.example/certifications/phishing"
LIST = (
    b"id,name,email\nE1,One,one@example.org\nE2,Two,two@example.org\nE3,Three,three@example.org\n"
)


class Store:
    """What the record store answers: statements by verb, two a page."""

    def __init__(self, tool: Tool) -> None:
        self.by_verb: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[dict[str, list[str]]] = []
        tool.moodle.server.says("/xapi/statements", self.answer)

    def answer(self, call: Asked) -> Reply:
        asked = parse_qs(urlsplit(call[1]).query)
        self.asked.append(asked)
        since = asked.get("since", [""])[0]
        found = [one for one in self.by_verb.get(asked["verb"][0], []) if one["stored"] > since]
        start = int(asked.get("from", ["0"])[0])
        more = (
            f"/xapi/statements?verb={asked['verb'][0]}&from={start + 2}"
            if start + 2 < len(found)
            else ""
        )
        return 200, "OK", {"statements": found[start : start + 2], "more": more}

    def say(self, verb: str, actor: dict[str, Any], days_ago: float = 1, **more: Any) -> None:
        held = self.by_verb.setdefault(verb, [])
        stored = format_instant(NOW + timedelta(seconds=len(held)))
        held.append(
            {
                "actor": actor,
                "timestamp": format_instant(NOW - timedelta(days=days_ago)),
                "stored": stored,
                **more,
            }
        )


@pytest.fixture
def console(tool: Tool) -> str:
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=LIST,
        apply=True,
        who="test",
        now=NOW,
    )
    tool.launch("launch-resource-teacher")
    grant(tool, "training manager")
    return f"{tool.launch('launch-resource-teacher').location}programmes/phishing-response/"


def begun(tool: Tool) -> set[str]:
    rows = tool.sql(
        "SELECT p.external_id FROM lti_tool.episode e JOIN lti_tool.person p ON p.id = "
        "e.person_id WHERE e.source = 'statement'"
    )
    return {row[0] for row in rows}


def read(tool: Tool) -> int:
    tool.sql("UPDATE lti_tool.statement_source SET due_at = now() - interval '1 second'")
    return certification_sources_jobs.read_certification_sources(tool.deps, tool.tenant_id)


def test_whoever_earned_it_somewhere_else_begins_the_programme_once(
    tool: Tool, console: str
) -> None:
    store = Store(tool)
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        ours = f"{BASE}installations/{get_installation_id(connection)}"
    store.say(EARNED, {"mbox": "mailto:One@example.org"}, 3, result={"score": {"scaled": 0.9}})
    store.say(EARNED, {"account": {"homePage": "https://hr.example", "name": "E2"}})
    store.say(EARNED, {"mbox": "mailto:stranger@example.org"})
    store.say(
        VERBS["certified"].id,
        {"account": {"homePage": ours, "name": str(person(tool, "E3").id)}},
        2,
    )
    page = tool.post(
        f"{console}sources", tool.get(console), activity=ACTIVITY, home_page="https://hr.example"
    )
    assert ACTIVITY in page.text
    assert read(tool) == 3 and begun(tool) == {"E1", "E2", "E3"}
    at = tool.sql(
        "SELECT e.certified_at FROM lti_tool.episode e JOIN lti_tool.person p ON p.id = "
        "e.person_id WHERE p.external_id = 'E1'"
    )[0][0]
    assert abs(at - (NOW - timedelta(days=3))) < timedelta(seconds=1), "it began when it was earned"
    assert tool.sql("SELECT share FROM lti_tool.exam_score") == [(0.9,)]
    assert all(
        asked["activity"] == [ACTIVITY] and asked["ascending"] == ["true"]
        for asked in store.asked
        if "from" not in asked
    )
    assert "1 match nobody on the list" in tool.get(console).text
    count = len(said(tool, "certified"))
    assert read(tool) == 0 and len(said(tool, "certified")) == count
    assert "1 match nobody on the list" in tool.get(console).text, (
        "what is read again is not counted again"
    )


def test_whom_the_list_comes_to_know_later_begins_then(tool: Tool, console: str) -> None:
    store = Store(tool)
    store.say(EARNED, {"mbox": "mailto:late@example.org"})
    for _ in range(3):
        store.say(EARNED, {"mbox": "mailto:one@example.org"})
    tool.post(f"{console}sources", tool.get(console), activity=ACTIVITY)
    assert read(tool) == 1 and read(tool) == 0
    late = b"id,name,email\nE4,Late,late@example.org\n"
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=late,
        apply=True,
        who="test",
        now=NOW,
    )
    assert read(tool) == 1 and begun(tool) == {"E1", "E4"}
    assert "match nobody" not in tool.get(console).text


def test_accounts_of_a_system_that_is_not_trusted_name_nobody(tool: Tool, console: str) -> None:
    """Numbers of systems collide: 7 is somebody else in each."""
    store = Store(tool)
    store.say(EARNED, {"account": {"homePage": "https://other.example", "name": "E1"}})
    tool.post(
        f"{console}sources", tool.get(console), activity=ACTIVITY, home_page="https://hr.example"
    )
    assert read(tool) == 0
    tool.post(f"{console}sources", tool.get(console), activity=ACTIVITY)
    assert read(tool) == 0 and "1 match nobody on the list" in tool.get(console).text


@pytest.mark.parametrize(
    "statement",
    [
        {"actor": {"mbox": "mailto:one@example.org"}, "timestamp": "yesterday"},
        {
            "actor": {"mbox": "mailto:one@example.org"},
            "timestamp": format_instant(NOW + timedelta(days=9)),
        },
        {"actor": {"mbox": 7}, "timestamp": format_instant(NOW)},
        {"actor": None, "timestamp": format_instant(NOW)},
        {"actor": {"account": {"homePage": "x", "name": 5}}, "timestamp": format_instant(NOW)},
        {
            "actor": {"account": {"homePage": "https://hr.example", "name": "E1\0"}},
            "timestamp": format_instant(NOW),
        },
        {"actor": {"mbox": "mailto:one@example.org\0"}, "timestamp": format_instant(NOW)},
        {"actor": {"mbox": "mailto:one@example.org"}, "timestamp": "0001-01-01T00:00:00+05:00"},
    ],
)
def test_what_names_nobody_or_no_moment_begins_nothing_and_stops_nothing(
    tool: Tool, console: str, statement: dict[str, Any]
) -> None:
    store = Store(tool)
    store.by_verb[EARNED] = [{**statement, "stored": format_instant(NOW)}]
    store.say(EARNED, {"mbox": "mailto:two@example.org"})
    tool.post(f"{console}sources", tool.get(console), activity=ACTIVITY)
    assert read(tool) == 1 and begun(tool) == {"E2"}


def test_a_store_that_does_not_answer_is_named_and_tried_again(tool: Tool, console: str) -> None:
    tool.moodle.server.says("/xapi/statements", (403, "Forbidden", {}))
    tool.post(f"{console}sources", tool.get(console), activity=ACTIVITY)
    assert read(tool) == 0 and "answered 403" in tool.get(console).text
    assert tool.sql(
        "SELECT due_at > now() + interval '50 minutes' FROM lti_tool.statement_source"
    ) == [(True,)]


@pytest.mark.parametrize("activity", ["", "no id", "x" * 1_001, "https://["])
def test_what_is_no_activity_says_why(tool: Tool, console: str, activity: str) -> None:
    answer = tool.post(f"{console}sources", tool.get(console), activity=activity)
    assert answer.status_code == 400 and "no id of an activity" in answer.text


def test_an_activity_that_was_taken_away_begins_nothing(tool: Tool, console: str) -> None:
    store = Store(tool)
    store.say(EARNED, {"mbox": "mailto:one@example.org"})
    tool.post(f"{console}sources", tool.get(console), activity=ACTIVITY)
    page = tool.post(f"{console}sources", tool.get(console), remove=ACTIVITY)
    assert (
        ACTIVITY not in page.text
        and certification_sources_jobs.read_certification_sources(tool.deps, tool.tenant_id) == 0
    )


@pytest.fixture(scope="module")
def met(
    servers: Any,
    databases: Databases,
    tool_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Meeting]:
    with (
        databases.temporary(tool_template) as database,
        meeting(servers, database, tmp_path_factory.mktemp("home")) as made,
    ):
        yield made


def test_who_reaches_the_mark_in_the_gradebook_begins_the_programme(met: Meeting) -> None:
    """On a platform of lti1p3platform: the column is made by the tool, the results are entered
    there.
    """
    deps, tenant_id = met.deps, met.tenant_id
    activity = met.school.activity("exam", "refreshers", programme="phishing-response")
    newcomers = {f"newcomer-{number}": (f"Newcomer {number}", "Learner") for number in (1, 2, 3)}
    met.school.people |= newcomers
    for who in newcomers:
        browser = Browser()
        launch(met, browser, activity, who)
        browser.close()
    browser = Browser()
    launch(met, browser, activity, "teacher")
    follow(browser, "Course: people")
    page = browser.submit("/course/certifying", percent="75")
    assert "From 75 %." in page.text and "People who reach the pass mark" in page.text
    column = next(
        address for address, one in met.school.columns.items() if one.get("tag") == "certification"
    )
    assert met.school.columns[column]["scoreMaximum"] == 100
    for who, points in (("newcomer-1", 90), ("newcomer-2", 60), ("stranger", 100)):
        met.school.scores[column, who] = {
            "scoreGiven": points,
            "scoreMaximum": 100,
            "timestamp": format_instant(NOW),
        }
    assert certification_sources_jobs.read_certification_sources(deps, tenant_id) == 1
    met.school.scores[column, "newcomer-2"] = {
        "scoreGiven": 75,
        "scoreMaximum": 100,
        "timestamp": format_instant(NOW),
    }
    due(met)
    assert certification_sources_jobs.read_certification_sources(deps, tenant_id) == 1, (
        "who reaches it later begins later, and nobody twice"
    )
    assert "2 people have begun by it." in browser.get(str(page.url)).text
    del met.school.columns[column]
    due(met)
    assert (
        certification_sources_jobs.read_certification_sources(deps, tenant_id) == 0
        and "The column was not read to the end" in browser.get(str(page.url)).text
    )
    stopped = browser.submit("/course/certifying", percent="75", stop="1")
    assert "no longer certifies anybody" in stopped.text
    for percent in ("0", "00800", "9" * 5_000, "x"):
        refused = browser.submit("/course/certifying", percent=percent)
        assert refused.status_code == 400 and "from 1 to 100" in refused.text
    browser.close()


def due(met: Meeting) -> None:
    with met.deps.unit_of_work(met.tenant_id) as connection:
        connection.execute(
            text("UPDATE lti_tool.certifying_column SET due_at = now() - interval '1 second'")
        )


def test_a_badge_begins_the_programme_for_its_holder(tool: Tool, console: str) -> None:
    page = tool.post(
        f"{console}badges", tool.get(console), badge="https://academy.example/badges/phishing"
    )
    assert "https://academy.example/badges/phishing" in page.text
    assert (
        tool.post(
            f"{console}badges", page, badge="http://academy.example/badges/phishing"
        ).status_code
        == 400
    )
    badge = f"{tool.moodle.server.url}/badges/phishing"
    tool.sql("UPDATE lti_tool.accepted_badge SET badge = :badge", badge=badge)
    assertion = {
        "id": f"{tool.moodle.server.url}/assertions/1",
        "badge": badge,
        "recipient": {"type": "email", "hashed": False, "identity": "one@example.org"},
        "issuedOn": format_instant(NOW - timedelta(days=4)),
    }
    tool.moodle.server.says("/assertions/1", (200, "OK", assertion))
    mine, other = visit(tool, "E1"), visit(tool, "E2")
    assert "You earned a badge for it?" in tool.get(f"{mine}today").text
    stolen = tool.post(f"{other}badge", tool.get(f"{other}today"), badge=assertion["id"])
    assert stolen.status_code == 400 and "given to another address" in stolen.text
    assert tool.post(f"{other}badge", tool.get(f"{other}today"), badge="").status_code == 400
    typed = tool.launch(
        "launch-resource-student1",
        sub="666",
        email="one@example.org",
        **{f"{CLAIM_PREFIX}lis": ...},
    ).location
    claimed = tool.post(f"{typed}badge", tool.get(typed), badge=assertion["id"])
    assert claimed.status_code == 400 and "proven" in claimed.text, (
        "an address in an LMS's profile is anybody's"
    )
    begun_page = tool.post(f"{mine}badge", tool.get(f"{mine}today"), badge=assertion["id"])
    assert begun_page.status_code == 200 and "Your checks" in begun_page.text
    rows = tool.sql(
        "SELECT e.source, e.certified_at, p.external_id FROM lti_tool.episode e JOIN "
        "lti_tool.person p ON p.id = e.person_id WHERE e.source = 'badge'"
    )
    assert (
        len(rows) == 1
        and rows[0][2] == "E1"
        and abs(rows[0][1] - (NOW - timedelta(days=4))) < timedelta(seconds=1)
    )
    tool.sql("DELETE FROM lti_tool.accepted_badge")
    assert "You earned a badge" not in tool.get(f"{other}today").text
    assert tool.post(f"{other}badge", tool.get(f"{other}me"), badge="x").status_code == 400
