"""Coaching groups on their pages: formed once, meetings with who was there, actions carried over
until they are done.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from lti_tool.coaching import coaching_groups
from lti_tool.nudges import reminders
from lti_tool.people import people_import
from lti_tool.programmes import certification
from tests.support.listed_people import grant, person
from tests.support.peers import LIST
from tests.support.tool import Tool
from tests.support.visits import said, send, visit

NOW = datetime.now(UTC)


@pytest.fixture
def wave(tool: Tool) -> Tool:
    """Four people who were certified yesterday."""
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=LIST,
        apply=True,
        who="test",
        now=NOW,
    )
    for number in range(1, 5):
        certification.certify_person(
            tool.deps.unit_of_work,
            tenant_id=tool.tenant_id,
            person_id=person(tool, f"M{number}").id,
            programme="phishing-response",
            certified_at=NOW - timedelta(days=1),
            now=NOW,
        )
    tool.sql(
        "UPDATE lti_tool.episode SET left_at = now() WHERE person_id IN (SELECT person_id FROM "
        "lti_tool.identity)"
    )
    return tool


def form(tool: Tool) -> int:
    return coaching_groups.form_groups(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        programme="phishing-response",
        who="test",
        now=NOW,
    )


def begin(tool: Tool) -> str:
    """A group whose first meeting is today; the home of its first member."""
    assert form(tool) == 1
    tool.sql("UPDATE lti_tool.meeting SET at = now() WHERE number = 1")
    return visit(tool, "M1")


def test_groups_are_formed_once_and_their_meetings_are_scheduled(wave: Tool) -> None:
    assert form(wave) == 1 and form(wave) == 0
    assert wave.rows("group_member") == 4 and wave.rows("meeting") == 6
    meetings = [one for one in said(wave, "scheduled") if "/meetings/" in one["object"]["id"]]
    assert len(meetings) == 24, "each member's own, so that attendance has its denominator"
    page = wave.get(f"{visit(wave, 'M1')}group")
    assert "Member 4" in page.text and page.text.count("Meeting ") >= 6


def test_a_training_manager_forms_them(wave: Tool) -> None:
    wave.launch("launch-resource-teacher")
    grant(wave, "training manager")
    place = f"{wave.launch('launch-resource-teacher').location}programmes/phishing-response/groups"
    page = wave.get(place)
    assert "4 people are in no group" in page.text
    formed = wave.post(place, page)
    assert "1 new group." in formed.text and "Member 1, Member 2, Member 3, Member 4" in formed.text


def test_a_meeting_is_recorded_once_with_who_was_there(wave: Tool) -> None:
    home = begin(wave)
    page = wave.get(f"{home}group")
    meeting = page.text.split("group/meetings/")[1].split('"')[0]
    there = [
        row[0]
        for row in wave.sql(
            "SELECT e.id FROM lti_tool.episode e JOIN lti_tool.person p ON p.id = e.person_id "
            "WHERE p.external_id IN ('M1', 'M2')"
        )
    ]
    for _ in range(2):
        recorded = wave.post(
            f"{home}group/meetings/{meeting}", page, there=[str(one) for one in there]
        )
    assert "There were: Member 1, Member 2" in recorded.text
    assert (len(said(wave, "held")), len(said(wave, "attended")), wave.rows("attendance")) == (
        1,
        2,
        2,
    )
    nobody = wave.post(f"{home}group/meetings/{meeting}", page)
    assert nobody.status_code == 400 and "Tick who was there." in nobody.text
    later = wave.sql("SELECT id FROM lti_tool.meeting WHERE number = 2")[0][0]
    assert send(wave, home, f"group/meetings/{later}", there=[str(there[0])]).status_code == 400, (
        "it has not been yet"
    )


def test_what_was_agreed_is_carried_over_until_it_is_done(wave: Tool) -> None:
    home = begin(wave)
    page = wave.get(f"{home}group")
    whose = str(
        wave.sql(
            "SELECT e.id FROM lti_tool.episode e JOIN lti_tool.person p ON p.id = e.person_id "
            "WHERE p.external_id = 'M2'"
        )[0][0]
    )
    form_id = str(uuid.uuid4())
    for _ in range(2):
        page = wave.post(
            f"{home}group/actions",
            page,
            form_id=form_id,
            whose=whose,
            words="Show the others one mail",
            due_on="2026-12-24",
        )
    assert wave.rows("agreed_action") == 1
    other = visit(wave, "M2")
    page = wave.get(f"{other}group")
    assert "Show the others one mail" in page.text
    closed = wave.post(f"{other}group/actions/{form_id}", page)
    assert "Done: 1" in closed.text
    send(wave, other, f"group/actions/{form_id}")
    (statement,) = said(wave, "closed")
    assert statement["actor"]["account"]["name"] == str(person(wave, "M2").id)
    assert "Show the others" not in str(statement)


def test_who_is_not_in_it_sees_and_changes_nothing(wave: Tool) -> None:
    begin(wave)
    people_import.import_people(
        wave.deps.unit_of_work,
        tenant_id=wave.tenant_id,
        content=b"id,name,email\nM9,Member 9,m9@example.org\n",
        apply=True,
        who="test",
        now=NOW,
    )
    certification.certify_person(
        wave.deps.unit_of_work,
        tenant_id=wave.tenant_id,
        person_id=person(wave, "M9").id,
        programme="phishing-response",
        certified_at=NOW - timedelta(days=1),
        now=NOW,
    )
    outside = visit(wave, "M9")
    page = wave.get(f"{outside}group")
    assert "You are in no coaching group yet." in page.text and "Member 1" not in page.text
    meeting = wave.sql("SELECT id FROM lti_tool.meeting WHERE number = 1")[0][0]
    assert send(wave, outside, f"group/meetings/{meeting}", there="x").status_code == 404
    assert (
        send(
            wave, outside, "group/actions", form_id=str(uuid.uuid4()), whose="x", words="x"
        ).status_code
        == 404
    )
    assert form(wave) == 0, "one alone waits for others"


def test_a_meeting_tomorrow_is_told_to_each_member_once(wave: Tool) -> None:
    form(wave)
    at = datetime(2026, 11, 26, 9, tzinfo=UTC)
    wave.sql("UPDATE lti_tool.meeting SET at = :at WHERE number = 1", at=at)
    before = at - timedelta(hours=23)
    for _ in range(2):
        reminders.queue_reminders(wave.deps.unit_of_work, tenant_id=wave.tenant_id, now=before)
    told = wave.sql("SELECT subject FROM lti_tool.mail WHERE kind = 'coaching'")
    assert [row[0] for row in told] == ["Your coaching group meets on Thursday, 26 November"] * 4
