"""No more minutes of questions a week than the organisation allows, over all programmes; and what a
programme asks of people in six months is said where it is set up.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from carryover.sample_programme import sample_document
from lti_tool.people import people_import
from lti_tool.programmes import certification, programmes, workload
from tests.support.listed_people import person
from tests.support.tool import Tool, capture
from tests.support.visits import visit

NOW = datetime.now(UTC)
LIST = b"id,name,email,time_zone,working_days\nE1,Learner one,one@example.org,UTC,Mon-Sun\n"
REFRESHER = "Your refresher of the week"


@pytest.fixture
def between_checks(tool: Tool) -> Tool:
    """A learner of two programmes, certified 16 days ago, whose next check is far."""
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=LIST,
        apply=True,
        who="test",
        now=NOW,
    )
    programmes.save_programme(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        document={**sample_document(), "key": "second", "title": "Second programme"},
    )
    for key in ("phishing-response", "second"):
        certification.certify_person(
            tool.deps.unit_of_work,
            tenant_id=tool.tenant_id,
            person_id=person(tool, "E1").id,
            programme=key,
            certified_at=NOW - timedelta(days=16),
            now=NOW - timedelta(days=16),
        )
    tool.sql("DELETE FROM lti_tool.scheduled_check WHERE interval IN ('1d', '1w')")
    return tool


def begin(tool: Tool, programme: str, kind: str, count: int) -> None:
    """Refreshers that the learner has done this week."""
    for _ in range(count):
        tool.sql(
            "INSERT INTO lti_tool.attempt (id, tenant_id, episode_id, interval, kind, items, "
            "line_item_url, line_items_url, subject, started_at, finished_at, right_answers) "
            "SELECT gen_random_uuid(), tenant_id, id, '', :kind, '{}', '', '', '', now(), now(), "
            "0 FROM lti_tool.episode WHERE programme = :programme",
            kind=kind,
            programme=programme,
        )


def today(tool: Tool) -> str:
    return tool.get(f"{visit(tool, 'E1')}today").text


def allow(tool: Tool, minutes: str) -> str:
    tool.launch("launch-resource-admin")
    tool.grant_to(SUBJECT, "admin")
    home = f"{tool.launch('launch-resource-admin').location}admin/"
    page = tool.get(f"{home}attention")
    return tool.post(f"{home}attention", page, weekly_minutes=minutes).text


SUBJECT = capture("launch-resource-admin")["claims"]["sub"]


def test_refreshers_of_all_programmes_share_the_minutes_of_a_week(between_checks: Tool) -> None:
    assert REFRESHER in today(between_checks)
    begin(between_checks, "second", "reinforcement", 4)
    assert REFRESHER in today(between_checks), "ten minutes are five refreshers"
    begin(between_checks, "second", "reinforcement", 1)
    page = today(between_checks)
    assert REFRESHER not in page and "Nothing is due today" in page
    assert "Practise" in page, "practice is one's own choice"


def test_a_check_of_another_programme_takes_the_place_of_a_refresher(between_checks: Tool) -> None:
    between_checks.sql("UPDATE lti_tool.tenant SET weekly_minutes = 6")
    assert REFRESHER in today(between_checks)
    between_checks.sql(
        "UPDATE lti_tool.scheduled_check SET due_at = now(), opens_at = now() WHERE interval = "
        "'1m' AND episode_id IN (SELECT id FROM lti_tool.episode WHERE programme = 'second')"
    )
    assert REFRESHER not in today(between_checks)


def test_a_check_is_asked_however_full_the_week_is(between_checks: Tool) -> None:
    between_checks.sql("UPDATE lti_tool.tenant SET weekly_minutes = 0")
    between_checks.sql(
        "UPDATE lti_tool.scheduled_check SET due_at = now() - interval '1 hour', opens_at = "
        "now() - interval '1 hour' WHERE interval = '1m'"
    )
    page = today(between_checks)
    assert "Your check after 1 month is open" in page and "Start the check" in page


def test_a_refresher_that_was_begun_can_be_finished(between_checks: Tool) -> None:
    home = visit(between_checks, "E1")
    between_checks.post(f"{home}quizzes/reinforcement", between_checks.get(f"{home}today"))
    between_checks.sql("UPDATE lti_tool.tenant SET weekly_minutes = 0")
    between_checks.sql("UPDATE lti_tool.attempt SET started_at = now() - interval '8 days'")
    assert "Go on" in today(between_checks)


def test_an_administrator_sets_the_minutes(tool: Tool) -> None:
    assert "It holds from now on." in allow(tool, "25")
    assert tool.sql("SELECT weekly_minutes FROM lti_tool.tenant") == [(25,)]
    assert tool.sql("SELECT details FROM lti_tool.audit WHERE act = 'set the minutes a week'") == [
        ({"minutes": 25},)
    ]
    for wrong in ("-1", "301", "ten", "", "1e2"):
        assert 'role="alert"' in allow(tool, wrong), wrong
    assert tool.sql("SELECT weekly_minutes FROM lti_tool.tenant") == [(25,)]


def test_setting_up_a_programme_says_how_much_time_it_asks_for(tool: Tool, console: str) -> None:
    asked = workload.estimate_workload(programmes.parse_programme(sample_document()))
    page = re.sub(r"\s+", " ", tool.get(console).text)
    assert f"each learner for {asked.learner // 60} h {asked.learner % 60} min" in page
    assert f"leads one for {asked.leader} min" in page
