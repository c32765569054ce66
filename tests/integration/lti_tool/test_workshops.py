"""A supplemental workshop in its users' words: a behaviour of a team of five is below its minimum,
its leader offers a workshop, those concerned see it, and later what became of it is looked at.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from werkzeug.test import TestResponse

from lti_tool.nudges import week_summaries
from lti_tool.people import people_import
from lti_tool.programmes import certification
from tests.support.assessments import episode
from tests.support.listed_people import person
from tests.support.tool import Tool
from tests.support.visits import NOW, send, visit

TEAM = [f"T{number}" for number in range(1, 7)]
LIST = "id,name,email,manager,time_zone\nB1,Boss,boss@example.org,,Europe/Berlin\n" + "".join(
    f"{one},Learner {one},{one.lower()}@example.org,B1,Europe/Berlin\n" for one in TEAM
)
OFFER = "team/workshops/offer/phishing-response/second-way"
DAY = (NOW + timedelta(days=10)).date()


def certify(tool: Tool, people: list[str]) -> None:
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=LIST.encode(),
        apply=True,
        who="test",
        now=NOW,
    )
    for one in people:
        certification.certify_person(
            tool.deps.unit_of_work,
            tenant_id=tool.tenant_id,
            person_id=person(tool, one).id,
            programme="phishing-response",
            certified_at=NOW - timedelta(days=100),
            now=NOW - timedelta(days=100),
        )


def watch(
    tool: Tool, whose: str, level: int, at: datetime = NOW, relation: str = "manager"
) -> None:
    """Somebody's level of verifying by a second way, seen at this time."""
    tool.sql(
        "INSERT INTO lti_tool.assessment (id, tenant_id, episode_id, rater_id, relation, method, "
        "levels, words, at) VALUES (:id, :t, :e, :r, :relation, 'watching', "
        "jsonb_build_object('second-way', CAST(:level AS int), 'reports', 4), '', :at)",
        id=uuid.uuid4(),
        t=tool.tenant_id,
        e=episode(tool, whose),
        r=person(tool, "B1").id,
        relation=relation,
        level=level,
        at=at,
    )


@pytest.fixture
def boss(tool: Tool) -> str:
    """The home of somebody who leads six people, all seen at work: five of them not yet able."""
    certify(tool, TEAM)
    for one, level in zip(TEAM, (1, 2, 2, 2, 2, 3), strict=True):
        watch(tool, one, level, NOW - timedelta(days=5))
    return visit(tool, "B1")


def offer(tool: Tool, boss: str, **fields: Any) -> TestResponse:
    form = {"form_id": str(uuid.uuid4()), "day": DAY.isoformat(), "hour": "10:00", "who": "team"}
    return send(tool, boss, OFFER, **{**form, "place": "Room 4", **fields})


def test_a_weak_behaviour_of_a_team_offers_a_workshop(tool: Tool, boss: str) -> None:
    page = tool.get(f"{boss}team")
    assert "Below its minimum: Verifies by a second way" in page.text
    assert "On average 2.0 in the last observation of 6 people; the minimum is 3." in page.text
    assert "Below its minimum: Reports at once" not in page.text
    form = tool.get(f"{boss}{OFFER}")
    assert "Why: on average 2.0" in form.text and "“Alone”" in form.text
    assert "last seen: 1 · Not yet" in form.text and "Europe/Berlin" in form.text
    assert "checked" not in form.text


def test_nothing_is_said_of_fewer_than_five_nor_by_peers_or_oneself(tool: Tool) -> None:
    certify(tool, TEAM)
    for one in TEAM[:4]:
        watch(tool, one, 1)
    for one, relation in zip(TEAM[4:], ("learner", "peer"), strict=True):
        watch(tool, one, 1, relation=relation)
    home = visit(tool, "B1")
    assert "Below its minimum" not in tool.get(f"{home}team").text
    assert tool.get(f"{home}{OFFER}").status_code == 404
    assert offer(tool, home).status_code == 404


def test_those_concerned_see_it_on_today_and_in_their_calendar(tool: Tool, boss: str) -> None:
    chosen = [str(episode(tool, "T1")), str(episode(tool, "T2"))]
    done = offer(tool, boss, who="people", person=chosen)
    assert "The workshop is offered." in done.text and "2 people" in done.text
    assert "Below its minimum" not in done.text, "it is not offered again at once"
    page = tool.get(f"{visit(tool, 'T1')}today")
    assert "Workshop: Verifies by a second way" in page.text
    assert "10:00 (Europe/Berlin)" in page.text and "Room 4" in page.text
    assert "offered by Boss" in page.text and "2.0" not in page.text, "no level of anybody"
    address = page.text.split("/calendar/")[1].split(".ics")[0]
    feed = tool.stranger().get(f"/calendar/{address}.ics", base_url="https://127.0.0.1:8080")
    events = Calendar.from_ical(feed.data).walk("VEVENT")
    event = next(one for one in events if "Workshop: Verifies" in str(one["summary"]))
    assert event["dtstart"].dt == tool.sql("SELECT begins_at FROM lti_tool.workshop")[0][0]
    assert "Workshop" not in tool.get(f"{visit(tool, 'T3')}today").text
    assert "SIS" not in page.text


def test_sent_twice_it_is_one_workshop_of_the_whole_team(tool: Tool, boss: str) -> None:
    form_id = str(uuid.uuid4())
    for _ in range(2):
        assert "6 people" in offer(tool, boss, form_id=form_id).text
    assert tool.rows("workshop") == 1 and tool.rows("workshop_member") == 6


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"day": ""}, "Enter the day"),
        ({"day": "2020-01-01"}, "within the next year"),
        ({"hour": "noon"}, "Enter the hour"),
        ({"who": ""}, "Choose for whom"),
        ({"who": "people"}, "Tick the people"),
        ({"who": "people", "person": str(uuid.uuid4())}, "people of your team"),
        ({"place": "x" * 301}, "300 characters"),
    ],
)
def test_what_cannot_be_taken_says_why_and_keeps_what_was_typed(
    tool: Tool, boss: str, fields: dict[str, str], words: str
) -> None:
    answer = offer(tool, boss, **fields)
    assert answer.status_code == 400 and words in answer.text and tool.rows("workshop") == 0
    if "place" not in fields:
        assert 'value="Room 4"' in answer.text


def test_it_is_cancelled_by_who_offered_it_and_nobody_else(tool: Tool, boss: str) -> None:
    offer(tool, boss)
    target = tool.sql("SELECT id FROM lti_tool.workshop")[0][0]
    tool.sql(
        "UPDATE lti_tool.person SET manager_id = :t WHERE external_id = 'T2'",
        t=person(tool, "T1").id,
    )
    other = visit(tool, "T1")
    assert send(tool, other, f"team/workshops/{target}/cancel").status_code == 404
    done = send(tool, boss, f"team/workshops/{target}/cancel")
    assert "The workshop is cancelled." in done.text
    assert "Workshop" not in tool.get(f"{visit(tool, 'T1')}today").text


def test_its_effect_is_looked_at_from_five_people_on(tool: Tool, boss: str) -> None:
    offer(tool, boss)
    held = NOW - timedelta(days=3)
    tool.sql("UPDATE lti_tool.workshop SET begins_at = :at", at=held)
    assert "Seen before and after: 0 of 6 people." in tool.get(f"{boss}team").text
    for one in TEAM[:4]:
        watch(tool, one, 3, NOW - timedelta(days=1))
    page = tool.get(f"{boss}team").text
    assert "Seen before and after: 4 of 6 people." in page and "likely" not in page
    watch(tool, TEAM[4], 2, NOW - timedelta(days=1))
    page = " ".join(re.sub("<[^>]*>", "", tool.get(f"{boss}team").text).split())
    assert "Before: 0 of 5 people at the minimum (likely 0 % to 43 %), on average 1.8." in page, (
        page
    )
    assert "After: 4 of 5 people at the minimum (likely 38 % to 96 %), on average 2.8." in page
    assert "Other things may have changed as well." in page


def test_the_weekly_summary_names_the_workshop_as_the_next_step(tool: Tool, boss: str) -> None:
    tool.sql("DELETE FROM lti_tool.scheduled_act")
    tool.sql(
        "INSERT INTO lti_tool.attempt (id, tenant_id, episode_id, interval, kind, items, "
        "line_item_url, line_items_url, subject, started_at, finished_at) SELECT "
        "gen_random_uuid(), tenant_id, id, '3m', 'check', '{}', '', '', '', :at, :at FROM "
        "lti_tool.episode WHERE person_id = :p",
        at=NOW - timedelta(hours=1),
        p=person(tool, "T1").id,
    )
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        leader = person(tool, "B1").id
        found = week_summaries.load_summary(connection, tool.tenant_id, leader, NOW)
    assert found is not None
    _, words = week_summaries.write_summary(found, "en", ZoneInfo("Europe/Berlin"), NOW, "")
    assert "Checks done: 1" in words
    assert words.endswith(
        "Next step: offer a workshop. “Verifies by a second way” is below its minimum in your team."
    )


def test_who_leads_nobody_offers_nothing(tool: Tool, boss: str) -> None:
    member = visit(tool, "T1")
    assert offer(tool, member).status_code == 403
    assert tool.get(f"{member}{OFFER}").status_code == 403


def test_the_hour_is_that_of_who_offers_it(tool: Tool, boss: str) -> None:
    offer(tool, boss, hour="09:30")
    begins = tool.sql("SELECT begins_at FROM lti_tool.workshop")[0][0].astimezone(UTC)
    assert (begins.hour, begins.minute) in ((7, 30), (8, 30)), "Berlin's 9:30"
