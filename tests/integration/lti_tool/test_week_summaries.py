"""The weekly summary in its readers' words: what went well first, who waits for what, two lines of
figures, one next step; in their hours, within their mails of a week, stopped by one click.
"""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

import pytest

from adapters.channels import create_mailer
from lti_tool.nudges import mail_sender, reminder_times_store, reminders
from lti_tool.people import people_import
from lti_tool.programmes.working_time import ReminderHours
from tests.support.listed_people import person
from tests.support.mailbox import Postbox, press
from tests.support.tool import TOOL, Tool
from tests.support.visits import NOW, confirm, hand_in, report, visit

# The next hour in which mails may go out, in UTC.
WORKING = b"id,time_zone,working_days\nE8,UTC,Mon-Sun\nE9,UTC,Mon-Sun\nSIS-L,UTC,Mon-Sun\n"
MORNING = (NOW + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)


@pytest.fixture
def home(tool: Tool, home: str) -> str:
    """The learner's home; mentor and manager work on every day."""
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=WORKING,
        apply=True,
        who="test",
        now=NOW,
    )
    return home


def summaries(tool: Tool, at: datetime = MORNING) -> list[tuple[str, str, str]]:
    """(to whom, subject, text) of the summaries that this moment queues; other mails are not
    looked at, and take no place."""
    tool.sql("DELETE FROM lti_tool.mail WHERE kind <> 'week'")
    before = {row[0] for row in tool.sql("SELECT id FROM lti_tool.mail")}
    reminders.queue_reminders(tool.deps.unit_of_work, tenant_id=tool.tenant_id, now=at)
    rows = tool.sql(
        "SELECT m.id, p.external_id, m.subject, m.words FROM lti_tool.mail m JOIN "
        "lti_tool.person p ON p.id = m.person_id WHERE m.kind = 'week' ORDER BY p.external_id"
    )
    return [tuple(row[1:]) for row in rows if row[0] not in before]


def without_prompts(tool: Tool) -> None:
    for leader in ("E8", "E9"):
        tool.sql(
            "INSERT INTO lti_tool.mail_stop (tenant_id, person_id, kind) VALUES (:t, :p, 'prompt')",
            t=tool.tenant_id,
            p=person(tool, leader).id,
        )


def test_the_week_in_a_mail_what_went_well_comes_first(tool: Tool, home: str) -> None:
    without_prompts(tool)
    use = report(tool, home)
    confirm(tool, "E9", use)
    hand_in(tool, visit(tool, "SIS-L"))
    found = {who: (subject, words) for who, subject, words in summaries(tool)}
    assert set(found) == {"E8", "E9"}, "whoever leads, and whoever accompanies"
    subject, words = found["E9"]
    assert subject == "Your team this week: 1 waiting for you"
    good, waiting, figures, step = words.split("\n\n")
    assert good.splitlines() == [
        "What went well this week",
        "Uses at work that were confirmed: 1",
        "Work samples and real examples submitted: 1",
        "Plans committed to: 1",
    ]
    assert waiting.splitlines()[0] == "Who waits for you, about 5 minutes"
    assert re.fullmatch(
        r"Learner seventeen: Work sample, answer by \w+, \d+ \w+", waiting.splitlines()[1]
    )
    checks, uses = figures.splitlines()
    assert re.fullmatch("Checks done so far: 0 of [01] due", checks)
    assert uses == "Uses at work so far: 1 of 1 confirmed"
    assert step == "Next step: answer Learner seventeen first. Start with what went well."
    assert not re.search("right|wrong|%", words), "no answer of a check, no score"


def test_once_a_week_and_not_without_anything_to_say(tool: Tool, home: str) -> None:
    without_prompts(tool)
    assert summaries(tool) == [], "nothing waits, nothing happened"
    hand_in(tool, home)
    days = [MORNING + timedelta(days=day) for day in range(14)]
    sent = [(day, who) for day in days for who, _, _ in summaries(tool, day) if who == "E9"]
    weeks = [day.isocalendar()[:2] for day, _ in sent]
    assert len(weeks) == len(set(weeks)) >= 2


def test_where_nothing_waits_the_next_step_is_a_question_to_ask(tool: Tool, home: str) -> None:
    without_prompts(tool)
    confirm(tool, "E9", report(tool, home))
    tool.sql("DELETE FROM lti_tool.confirmation WHERE person_id <> :m", m=person(tool, "E9").id)
    subject, words = next(rest for who, *rest in summaries(tool) if who == "E9")
    assert subject == "Your team this week"
    assert words.split("\n\n")[-1].startswith("Next step: People whom you lead were certified.")
    assert tool.sql(
        "SELECT path FROM lti_tool.mail WHERE kind = 'week' AND person_id = :m",
        m=person(tool, "E9").id,
    ) == [("team",)]


def test_it_keeps_to_the_hours_that_the_reader_chose(tool: Tool, home: str) -> None:
    without_prompts(tool)
    hand_in(tool, home)
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        reminder_times_store.upsert_hours(
            connection,
            tool.tenant_id,
            person(tool, "E9").id,
            ReminderHours(frozenset(range(1, 8)), time(20), time(22)),
        )
    assert [who for who, _, _ in summaries(tool)] == ["E8"]
    assert [who for who, _, _ in summaries(tool, MORNING.replace(hour=21))] == ["E9"]


def test_it_counts_as_one_of_three_mails_a_week(tool: Tool, home: str) -> None:
    without_prompts(tool)
    hand_in(tool, home)
    tool.sql("DELETE FROM lti_tool.mail")
    tool.sql(
        "INSERT INTO lti_tool.mail (tenant_id, person_id, kind, key, subject, words, programme, "
        "path, queued_at) SELECT :t, :p, 'review', 'r' || n, '', '', '', '', :at - n * interval "
        "'30 hours' FROM generate_series(1, 3) n",
        t=tool.tenant_id,
        p=person(tool, "E9").id,
        at=MORNING,
    )
    reminders.queue_reminders(tool.deps.unit_of_work, tenant_id=tool.tenant_id, now=MORNING)
    assert tool.sql(
        "SELECT p.external_id FROM lti_tool.mail m JOIN lti_tool.person p ON p.id = m.person_id "
        "WHERE m.kind = 'week'"
    ) == [("E8",)]


def test_one_click_stops_it(tool: Tool, home: str, postbox: tuple[Postbox, str]) -> None:
    without_prompts(tool)
    hand_in(tool, home)
    summaries(tool)
    box, url = postbox
    tool.sql("UPDATE lti_tool.mail SET queued_at = now(), next_try_at = now()")
    mailer = create_mailer(url, "Learning <learning@example.org>")
    assert mailer is not None
    mail_sender.send_due_mails(tool.deps, tool.tenant_id, mailer)
    letter = next(letter for letter in box.letters if "manager@" in str(letter["To"]))
    body = letter.get_body(("plain",))
    assert body is not None and "Change my times" in body.get_content()
    stop = re.findall(rf"{re.escape(TOOL)}(/stop/\S+)", body.get_content())[0]
    assert "no more mails of this kind" in press(tool, stop).text
    later = [who for who, _, _ in summaries(tool, MORNING + timedelta(days=7))]
    assert later == ["E8"]
