"""My times: people choose the days and hours on which mails reach them, nights included."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapters.channels import create_mailer
from lti_tool.nudges import mail_sender, reminders
from lti_tool.people import people_import
from lti_tool.programmes import certification
from lti_tool.programmes.working_time import ReminderHours
from tests.support.listed_people import person
from tests.support.mailbox import Postbox, press
from tests.support.tool import TOOL, Tool
from tests.support.visits import visit

# A Wednesday at 10:00 in Berlin.
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
LIST = b"id,name,email,time_zone,working_days,language\nE1,One,one@example.org,Europe/Berlin,Mon-Fri,en\n"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def certified(tool: Tool) -> Tool:
    """Somebody whose check after one week is due this morning."""
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=LIST,
        apply=True,
        who="test",
        now=NOW,
    )
    certification.certify_person(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        person_id=person(tool, "E1").id,
        programme="phishing-response",
        certified_at=NOW - timedelta(days=7),
        now=NOW - timedelta(days=6),
    )
    tool.sql("DELETE FROM lti_tool.scheduled_act")
    return tool


def choose(tool: Tool, days: list[int], begins: int, ends: int) -> str:
    home = visit(tool, "E1")
    page = tool.get(f"{home}times")
    return tool.post(f"{home}times", page, day=days, begins=begins, ends=ends).text


def reminded_at(tool: Tool, local: datetime) -> bool:
    queued = reminders.queue_reminders(
        tool.deps.unit_of_work, tenant_id=tool.tenant_id, now=local.astimezone(UTC)
    )
    return queued > 0


def test_a_night_worker_is_reminded_at_night_and_not_by_day(certified: Tool) -> None:
    assert "Your times are saved." in choose(certified, [3], 22, 6)
    assert not reminded_at(certified, datetime(2026, 11, 25, 10, tzinfo=BERLIN)), (
        "working hours hold no more"
    )
    assert not reminded_at(certified, datetime(2026, 11, 25, 21, 50, tzinfo=BERLIN))
    assert not reminded_at(certified, datetime(2026, 11, 26, 23, tzinfo=BERLIN)), (
        "the night of Thursday"
    )
    assert reminded_at(certified, datetime(2026, 11, 26, 3, tzinfo=BERLIN)), (
        "the night that begins on Wednesday"
    )


def test_the_page_shows_what_was_chosen_and_gives_it_back(certified: Tool) -> None:
    page = choose(certified, [1, 6], 20, 23)
    assert re.findall(r'name="day" value="(\d)" checked', page) == ["1", "6"]
    assert re.findall(r'<option value="(\d+)" selected', page) == ["20", "23"]
    assert "Europe/Berlin" in page
    home = visit(certified, "E1")
    shown = certified.get(f"{home}times")
    assert "working hours again" in certified.post(f"{home}times", shown, act="working hours").text
    assert certified.rows("reminder_times") == 0
    assert reminded_at(certified, datetime(2026, 11, 25, 10, tzinfo=BERLIN))


@pytest.mark.parametrize(
    ("days", "begins", "ends"), [([], 8, 18), ([9], 8, 18), ([1], 24, 6), ([1], 8, -1)]
)
def test_what_cannot_be_kept_says_why(
    certified: Tool, days: list[int], begins: int, ends: int
) -> None:
    assert 'role="alert"' in choose(certified, days, begins, ends)
    assert certified.rows("reminder_times") == 0


def test_today_and_each_reminder_lead_there(certified: Tool, postbox: tuple[Postbox, str]) -> None:
    assert "When mails reach me" in certified.get(f"{visit(certified, 'E1')}today").text
    assert reminded_at(certified, datetime(2026, 11, 25, 10, tzinfo=BERLIN))
    certified.sql("UPDATE lti_tool.mail SET queued_at = now(), next_try_at = now()")
    box, url = postbox
    mailer = create_mailer(url, "Learning <learning@example.org>")
    assert mailer is not None
    assert mail_sender.send_due_mails(certified.deps, certified.tenant_id, mailer) == 1
    body = box.letters[0].get_body(("plain",))
    assert body is not None
    link = re.search(rf"Change my times:\s+{re.escape(TOOL)}(/s/\S+/times)", body.get_content())
    assert link is not None
    assert "Open my page" in certified.get(link[1]).text
    assert press(certified, link[1]).request.path.endswith("/times")


def test_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    monday = date(2026, 11, 23)
    night = ReminderHours(frozenset({1}), time(22), time(6))
    assert night.day_of(datetime(2026, 11, 23, 22, tzinfo=BERLIN)) == monday
    assert night.day_of(datetime(2026, 11, 24, 5, 59, tzinfo=BERLIN)) == monday
    assert night.day_of(datetime(2026, 11, 23, 5, tzinfo=BERLIN)) is None, "the night of Sunday"
    assert night.day_of(datetime(2026, 11, 24, 6, tzinfo=BERLIN)) is None
    whole = ReminderHours(frozenset({1}), time(8), time(8))
    assert [
        whole.day_of(datetime(2026, 11, 23, hour, tzinfo=BERLIN)) for hour in (0, 7, 8, 23)
    ] == [monday] * 4
