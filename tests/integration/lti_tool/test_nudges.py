"""Nudges: what is due, once, in working hours, in the person's language, no more than is good; and the calendar feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar

from lti_tool.actions import certifying, importing, nudging
from lti_tool.store import mails, nudges
from tests.integration.lti_tool.conftest import TOOL, Tool
from tests.integration.lti_tool.test_people import person
from tests.integration.lti_tool.test_transfer import visit

# A Wednesday at 10:00 in Berlin.
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
LIST = b"id,name,email,time_zone,working_days,language\nE1,One,one@example.org,Europe/Berlin,Mon-Fri,de\nE2,Two,two@example.org,Pacific/Auckland,Mon-Fri,\nE3,Three,,Europe/Berlin,,\n"


@pytest.fixture
def certified(tool: Tool) -> Tool:
    """Three people who were certified a week before, at the same hour."""
    importing.import_people(tool.deps.unit_of_work, tenant_id=tool.tenant_id, content=LIST, apply=True, who="test", now=NOW)
    for external_id in ("E1", "E2", "E3"):
        certifying.certify(
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
    nudging.remind(tool.deps.unit_of_work, tenant_id=tool.tenant_id, now=at)
    rows = tool.sql("SELECT m.id, p.external_id, m.kind, m.subject FROM lti_tool.mail m JOIN lti_tool.person p ON p.id = m.person_id ORDER BY m.id")
    return [tuple(row[1:]) for row in rows if row[0] not in before]


def test_a_check_is_told_once_in_the_person_s_language(certified: Tool) -> None:
    certified.sql("DELETE FROM lti_tool.scheduled_act")
    assert remind(certified, NOW) == [("E1", "due", "Dein Check nach 1 Woche ist offen")]
    assert remind(certified, NOW) == [] and remind(certified, NOW + timedelta(hours=1)) == []


def test_quiet_hours_and_days_off_are_the_person_s_own(certified: Tool) -> None:
    assert "E2" not in {one[0] for one in remind(certified, NOW)}, "22:00 in Auckland"
    assert [one[0] for one in remind(certified, NOW + timedelta(hours=11))] == ["E2"], "9:00 there, 21:00 in Berlin"
    assert remind(certified, datetime(2026, 11, 28, 9, tzinfo=UTC)) == [], "a Saturday"


def test_who_cannot_be_told_now_holds_up_nobody(certified: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait for their morning, those behind them are told."""
    for table in ("scheduled_check", "scheduled_act"):
        certified.sql(
            f"UPDATE lti_tool.{table} SET due_at = due_at - interval '1 hour' WHERE episode_id IN (SELECT id FROM lti_tool.episode WHERE person_id = :two)",  # noqa: S608 - our own names
            two=person(certified, "E2").id,
        )
    everybody = remind(certified, NOW)
    certified.sql("DELETE FROM lti_tool.mail")
    monkeypatch.setattr(nudges, "MOST", 1)
    assert [one[0] for one in everybody] == ["E1"] and remind(certified, NOW) == everybody


def test_no_more_than_one_a_day_and_three_a_week(certified: Tool) -> None:
    told = []
    for hour in range(24 * 21):
        at = NOW + timedelta(hours=hour)
        told += [(at, kind) for who, kind, _ in remind(certified, at) if who == "E1"]
    assert len(told) >= 3
    for at, _ in told:
        assert sum(at <= other < at + timedelta(days=1) for other, _ in told) == 1
        assert sum(at <= other < at + timedelta(days=7) for other, _ in told) <= 3


def test_what_was_done_is_not_told(certified: Tool) -> None:
    certified.sql("UPDATE lti_tool.scheduled_act SET done_at = now()")
    certified.sql(
        "INSERT INTO lti_tool.attempt (id, tenant_id, episode_id, interval, kind, items, line_item_url, line_items_url, subject, started_at, finished_at) SELECT gen_random_uuid(), tenant_id, id, '1w', 'check', '{}', '', '', '', now(), now() FROM lti_tool.episode"
    )
    assert remind(certified, NOW) == []


def test_who_stopped_a_kind_or_is_on_hold_or_left_is_left_alone(certified: Tool) -> None:
    one = person(certified, "E1").id
    with certified.deps.unit_of_work(certified.tenant_id) as connection:
        mails.stop(connection, certified.tenant_id, one, "due")
    assert remind(certified, NOW) == []
    later = NOW + timedelta(days=5, hours=1)
    certified.sql(
        "INSERT INTO lti_tool.hold (id, tenant_id, episode_id, from_at, set_by) SELECT gen_random_uuid(), tenant_id, id, :at, 'x' FROM lti_tool.episode",
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
    assert [one for one in overdue if one[0] == "E1"] == [("E1", "overdue", "Noch offen: Dein Check nach 1 Woche ist offen")]


def test_due_dates_are_a_calendar_that_holds_nothing_else(certified: Tool) -> None:
    page = certified.get(f"{visit(certified, 'E1')}today")
    address = page.text.split("/calendar/")[1].split(".ics")[0]
    found = certified.stranger().get(f"/calendar/{address}.ics", base_url=f"https://{TOOL.split('//')[1]}")
    assert found.mimetype == "text/calendar"
    calendar = Calendar.from_ical(found.data)
    events = [(str(one["summary"]), one["dtstart"].dt) for one in calendar.walk("VEVENT")]
    due = {
        row[0]
        for row in certified.sql(
            "SELECT due_at FROM lti_tool.scheduled_check c JOIN lti_tool.episode e ON e.id = c.episode_id WHERE e.person_id = :id",
            id=person(certified, "E1").id,
        )
    }
    assert due <= {at for _, at in events}
    assert any("Check nach 1 Monat" in summary for summary, _ in events)
    assert certified.stranger().get("/calendar/nonsense.ics", base_url="https://127.0.0.1:8080").status_code == 400
