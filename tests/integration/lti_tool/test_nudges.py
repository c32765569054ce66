"""Nudges: what is due, once, in working hours, in the person's language, no more than is good; and
the calendar feed.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from lti_tool.base import mail_outbox_store
from lti_tool.nudges import reminders, reminders_store
from lti_tool.people import people_import
from lti_tool.programmes import certification
from tests.support.listed_people import person
from tests.support.mailbox import press
from tests.support.tool import TOOL, Tool
from tests.support.visits import visit

# A Wednesday at 10:00 in Berlin.
BASE = "https://127.0.0.1:8080"
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
LIST = b"id,name,email,time_zone,working_days,language\nE1,One,one@example.org,Europe/Berlin,Mon-Fri,de\nE2,Two,two@example.org,Pacific/Auckland,Mon-Fri,\nE3,Three,,Europe/Berlin,,\n"


@pytest.fixture
def certified(tool: Tool) -> Tool:
    """Three people who were certified a week before, at the same hour."""
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=LIST,
        apply=True,
        who="test",
        now=NOW,
    )
    for external_id in ("E1", "E2", "E3"):
        certification.certify_person(
            tool.deps.unit_of_work,
            tenant_id=tool.tenant_id,
            person_id=person(tool, external_id).id,
            programme="phishing-response",
            certified_at=NOW - timedelta(days=7),
            now=NOW - timedelta(days=6),
        )
    return tool


def remind(tool: Tool, at: datetime) -> list[tuple[str, str, str]]:
    """(whom, kind, subject) of what is queued at this moment."""
    before = {row[0] for row in tool.sql("SELECT id FROM lti_tool.mail")}
    reminders.queue_reminders(tool.deps.unit_of_work, tenant_id=tool.tenant_id, now=at)
    rows = tool.sql(
        "SELECT m.id, p.external_id, m.kind, m.subject FROM lti_tool.mail m JOIN lti_tool.person "
        "p ON p.id = m.person_id ORDER BY m.id"
    )
    return [tuple(row[1:]) for row in rows if row[0] not in before]


def test_a_check_is_told_once_in_the_person_s_language(certified: Tool) -> None:
    certified.sql("DELETE FROM lti_tool.scheduled_act")
    assert remind(certified, NOW) == [("E1", "due", "Ihr Check nach 1 Woche ist offen")]
    assert remind(certified, NOW) == [] and remind(certified, NOW + timedelta(hours=1)) == []


def test_quiet_hours_and_days_off_are_the_person_s_own(certified: Tool) -> None:
    assert "E2" not in {one[0] for one in remind(certified, NOW)}, "22:00 in Auckland"
    assert [one[0] for one in remind(certified, NOW + timedelta(hours=11))] == ["E2"], (
        "9:00 there, 21:00 in Berlin"
    )
    assert remind(certified, datetime(2026, 11, 28, 9, tzinfo=UTC)) == [], "a Saturday"


def test_who_cannot_be_told_now_holds_up_nobody(
    certified: Tool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many wait for their morning, those behind them are told."""
    for table in ("scheduled_check", "scheduled_act"):
        certified.sql(
            f"UPDATE lti_tool.{table} SET due_at = due_at - interval '1 hour' WHERE episode_id "  # noqa: S608 - our own names
            "IN (SELECT id FROM lti_tool.episode WHERE person_id = :two)",
            two=person(certified, "E2").id,
        )
    everybody = remind(certified, NOW)
    certified.sql("DELETE FROM lti_tool.mail")
    monkeypatch.setattr(reminders_store, "PAGE_SIZE", 1)
    assert [one[0] for one in everybody] == ["E1"] and remind(certified, NOW) == everybody


def test_no_more_than_one_a_day_and_three_a_week(certified: Tool) -> None:
    told = []
    for hour in range(0, 24 * 21, 3):
        at = NOW + timedelta(hours=hour)
        told += [(at, kind) for who, kind, _ in remind(certified, at) if who == "E1"]
    assert len(told) >= 3
    for at, _ in told:
        assert sum(at <= other < at + timedelta(days=1) for other, _ in told) == 1
        assert sum(at <= other < at + timedelta(days=7) for other, _ in told) <= 3


def test_what_was_done_is_not_told(certified: Tool) -> None:
    certified.sql("UPDATE lti_tool.scheduled_act SET done_at = now()")
    certified.sql(
        "INSERT INTO lti_tool.attempt (id, tenant_id, episode_id, interval, kind, items, "
        "line_item_url, line_items_url, subject, started_at, finished_at) SELECT "
        "gen_random_uuid(), tenant_id, id, '1w', 'check', '{}', '', '', '', now(), now() FROM "
        "lti_tool.episode"
    )
    assert remind(certified, NOW) == []


def test_who_stopped_a_kind_or_is_on_hold_or_left_is_left_alone(certified: Tool) -> None:
    one = person(certified, "E1").id
    with certified.deps.unit_of_work(certified.tenant_id) as connection:
        mail_outbox_store.insert_mail_stop(connection, certified.tenant_id, one, "due")
    assert remind(certified, NOW) == []
    later = NOW + timedelta(days=5, hours=1)
    certified.sql(
        "INSERT INTO lti_tool.hold (id, tenant_id, episode_id, from_at, set_by) SELECT "
        "gen_random_uuid(), tenant_id, id, :at, 'x' FROM lti_tool.episode",
        at=NOW,
    )
    assert remind(certified, later) == []
    certified.sql("DELETE FROM lti_tool.hold")
    certified.sql("UPDATE lti_tool.episode SET left_at = :at", at=NOW)
    assert remind(certified, later) == []


def test_what_is_overdue_is_told_once_more(certified: Tool) -> None:
    certified.sql("DELETE FROM lti_tool.scheduled_act")
    remind(certified, NOW)
    overdue = [one for day in range(1, 8) for one in remind(certified, NOW + timedelta(days=day))]
    assert [one for one in overdue if one[0] == "E1"] == [
        ("E1", "overdue", "Noch offen: Ihr Check nach 1 Woche ist offen")
    ]


def test_due_dates_are_a_calendar_that_holds_nothing_else(certified: Tool) -> None:
    page = certified.get(f"{visit(certified, 'E1')}today")
    address = page.text.split("/calendar/")[1].split(".ics")[0]
    found = certified.stranger().get(
        f"/calendar/{address}.ics", base_url=f"https://{TOOL.split('//')[1]}"
    )
    assert found.mimetype == "text/calendar"
    calendar = Calendar.from_ical(found.data)
    events = [(str(one["summary"]), one["dtstart"].dt) for one in calendar.walk("VEVENT")]
    due = {
        row[0]
        for row in certified.sql(
            "SELECT due_at FROM lti_tool.scheduled_check c JOIN lti_tool.episode e ON e.id = "
            "c.episode_id WHERE e.person_id = :id",
            id=person(certified, "E1").id,
        )
    }
    assert due <= {at for _, at in events}
    assert any("Check nach 1 Monat" in summary for summary, _ in events)
    assert (
        certified.stranger()
        .get("/calendar/nonsense.ics", base_url="https://127.0.0.1:8080")
        .status_code
        == 400
    )


def test_a_calendar_event_leads_to_its_check_and_opens_nothing_by_itself(
    certified: Tool,
) -> None:
    page = certified.get(f"{visit(certified, 'E1')}today")
    address = page.text.split("/calendar/")[1].split(".ics")[0]
    assert f'href="webcal://127.0.0.1:8080/calendar/{address}.ics"' in page.text
    found = certified.stranger().get(f"/calendar/{address}.ics", base_url=BASE)
    events = Calendar.from_ical(found.data).walk("VEVENT")
    assert all(str(one["url"]).startswith(f"{TOOL}/calendar/{address}/") for one in events)
    event = next(one for one in events if "Check nach 1 Monat" in str(one["summary"]))
    path, visits_before = str(event["url"]).removeprefix(TOOL), certified.rows("launch")
    shown = certified.stranger().get(path, base_url=BASE)
    assert str(event["summary"]) in shown.text and "Dezember" in shown.text
    assert certified.rows("mail") == 0, "a look sends nothing"
    press(certified, path)
    press(certified, path)
    assert certified.sql("SELECT kind, person_id FROM lti_tool.mail") == [
        ("sign-in", person(certified, "E1").id)
    ], "once an hour, to the person's own address"
    assert certified.rows("launch") == visits_before


LED = b"id,name,email,manager,time_zone\nB1,Boss,boss@example.org,,Europe/Berlin\nE1,One,one@example.org,B1,Europe/Berlin\nE2,Two,two@example.org,B1,Europe/Berlin\n"


def test_who_leads_is_prompted_every_second_week_in_words_that_fit_the_time(
    certified: Tool,
) -> None:
    people_import.import_people(
        certified.deps.unit_of_work,
        tenant_id=certified.tenant_id,
        content=LED,
        apply=True,
        who="test",
        now=NOW,
    )
    assert NOW.isocalendar().week % 2 == 0
    prompts = [one for one in remind(certified, NOW) if one[1] == "prompt"]
    assert prompts == [("B1", "prompt", "Ask one question this week")], "one for both of them"
    told = []
    for day in range(1, 100):
        told += [
            (day, subject)
            for _, kind, subject in remind(certified, NOW + timedelta(days=day))
            if kind == "prompt"
        ]
    days = [day for day, _ in told]
    assert (
        all(later - earlier >= 7 for earlier, later in itertools.pairwise(days))
        and 4 <= len(days) <= 6
    )
    assert [subject for _, subject in told][
        -1
    ] == "Watch once" and "Ask to be shown one real use" in dict(told).values()
    assert max(days) < 90, "no longer than three months"


def test_who_was_asked_for_an_answer_is_reminded_before_it_is_late(certified: Tool) -> None:
    people_import.import_people(
        certified.deps.unit_of_work,
        tenant_id=certified.tenant_id,
        content=LED,
        apply=True,
        who="test",
        now=NOW,
    )
    certified.sql(
        "UPDATE lti_tool.scheduled_act SET due_at = :at, done_at = NULL WHERE act = 'exercise "
        "review'",
        at=NOW + timedelta(hours=20),
    )
    assert not [one for one in remind(certified, NOW) if one[1] == "review"], (
        "nothing was handed in"
    )
    certified.sql(
        "INSERT INTO lti_tool.handed_in (id, tenant_id, episode_id, kind, task, words, revision, "
        "at)"
        " SELECT gen_random_uuid(), s.tenant_id, s.episode_id, 'exercise', 'inbox', 'Words', 1, "
        "now() FROM lti_tool.scheduled_act s"
        " JOIN lti_tool.episode e ON e.id = s.episode_id JOIN lti_tool.person p ON p.id = "
        "e.person_id"
        " WHERE s.act = 'exercise review' AND p.external_id = 'E1'"
    )
    later = NOW + timedelta(hours=1)
    certified.sql("DELETE FROM lti_tool.mail")
    assert ("B1", "review", "One still waits for your answer") in remind(certified, later)
    assert "review" not in {kind for _, kind, _ in remind(certified, later + timedelta(days=1))}


def test_a_mail_says_by_when_with_the_weekday_in_the_reader_s_language_and_how_long(
    certified: Tool,
) -> None:
    certified.sql("DELETE FROM lti_tool.scheduled_check")
    certified.sql("DELETE FROM lti_tool.scheduled_act WHERE act <> 'plan'")
    certified.sql("UPDATE lti_tool.scheduled_act SET due_at = :at", at=NOW + timedelta(hours=12))
    remind(certified, NOW)
    words = certified.sql(
        "SELECT m.words FROM lti_tool.mail m WHERE m.person_id = :id",
        id=person(certified, "E1").id,
    )[0][0]
    assert "Mittwoch, 25. November" in words and "2026" not in words
    assert "Das dauert etwa 15 Minuten." in words
