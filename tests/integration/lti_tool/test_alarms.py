"""An alarm of the record store reaches whoever can do something, once for each level, in working
hours, without names to channels.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters import xapi_statements
from adapters.channels import create_mailer
from lti_tool.nudges import alarm_jobs as jobs
from lti_tool.nudges import mail_sender as mail_job
from tests.support.digests import MONDAY, add, console, told
from tests.support.listed_people import grant
from tests.support.mailbox import Postbox, postbox
from tests.support.tool import Tool

__all__ = ["console", "postbox"]
PROGRAMME = xapi_statements.ProgrammeRef("phishing-response", "", "").iri
ALARM: dict[str, Any] = {
    "alarm_id": 7,
    "programme": PROGRAMME,
    "series": "checks_done",
    "team": "Desk 2",
    "words": "Fewer checks are done than before in Desk 2: 20% in the week from 2026-11-12, 88% "
    "before (beyond a limit).",
    "level": "owner",
}


def mails(tool: Tool) -> list[tuple[str, str]]:
    return [
        (row.key, row.words)
        for row in tool.sql("SELECT key, words FROM lti_tool.mail WHERE kind = 'alarm' ORDER BY id")
    ]


def poll(tool: Tool, at: datetime, monkeypatch: pytest.MonkeyPatch, *alarms: dict[str, Any]) -> int:
    tool.moodle.server.says("/api/v1/alarms", (200, "OK", {"alarms": list(alarms), "next": None}))
    monkeypatch.setattr("core.clock.now", lambda: at)
    return jobs.poll_tenant_alarms(tool.deps, tool.tenant_id)


def test_each_level_is_told_once_to_whoever_it_concerns(
    tool: Tool, console: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(tool, console)
    assert poll(tool, MONDAY.replace(hour=3), monkeypatch, ALARM) == 0, "nobody is told at night"
    assert poll(tool, MONDAY, monkeypatch, ALARM) == 2
    assert poll(tool, MONDAY + timedelta(hours=1), monkeypatch, ALARM) == 0, "said once"
    ((key, words),) = mails(tool)
    assert key.startswith("alarm owner ")
    assert ALARM["words"] in words
    assert "before you change anything" in words
    assert "Desk 2" not in told(tool)[-1] and "20" not in told(tool)[-1], (
        "channels hear no team and no number"
    )
    assert poll(tool, MONDAY, monkeypatch, ALARM | {"level": "sponsor"}) == 2
    assert [key.split()[1] for key, _ in mails(tool)] == ["owner", "sponsor"]


def test_the_mail_carries_the_picture_of_its_chart_and_goes_without_where_none_comes(
    tool: Tool, console: str, postbox: tuple[Postbox, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    box, url = postbox
    mailer = create_mailer(url, "Learning <learning@example.org>")
    assert mailer is not None
    png = b"\x89PNG\r\n\x1a\n and so on"
    tool.moodle.server.says(
        "/api/v1/reports/checks_done/picture.png",
        (200, "OK", png),
        (503, "Service Unavailable", {}),
    )
    for level in ("owner", "sponsor"):
        poll(tool, MONDAY, monkeypatch, ALARM | {"level": level})
    tool.sql("UPDATE lti_tool.mail SET next_try_at = now()")
    monkeypatch.undo()
    first = tool.sql("SELECT min(id) FROM lti_tool.mail WHERE kind = 'alarm'")[0][0]
    tool.sql(
        "UPDATE lti_tool.mail SET next_try_at = now() + interval '1 day' WHERE id > :first",
        first=first,
    )
    assert mail_job.send_due_mails(tool.deps, tool.tenant_id, mailer) == 1
    tool.sql("UPDATE lti_tool.mail SET next_try_at = now()")
    assert mail_job.send_due_mails(tool.deps, tool.tenant_id, mailer) == 1
    with_it, without = box.letters
    assert [part.get_content_type() for part in with_it.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "image/png",
    ]
    assert next(with_it.iter_attachments()).get_content() == png
    assert ALARM["words"] in with_it.get_body(("plain",)).get_content()
    assert without.get_content_type() == "multipart/alternative"
    asked = next(path for _, path, _, _ in tool.moodle.server.requests if "picture.png" in path)
    assert "people=groups" in asked and "team=Desk+2" in asked, (
        "whoever reads a mail, it is of groups alone"
    )


def test_what_falls_together_is_one_mail_and_whoever_stopped_them_hears_nothing(
    tool: Tool, console: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ALARM | {
        "alarm_id": 8,
        "team": "Desk 3",
        "words": "Fewer checks are done than before in Desk 3.",
    }
    assert poll(tool, MONDAY, monkeypatch, ALARM, other) == 1
    ((_, words),) = mails(tool)
    assert ALARM["words"] in words and other["words"] in words
    tool.sql(
        "INSERT INTO lti_tool.mail_stop (tenant_id, person_id, kind) SELECT tenant_id, "
        "person_id, 'alarm' FROM lti_tool.mail WHERE kind = 'alarm'"
    )
    assert poll(tool, MONDAY, monkeypatch, ALARM | {"alarm_id": 9}) == 0


def test_what_is_the_operators_reaches_administrators_alone(
    tool: Tool, console: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = ALARM | {
        "programme": "",
        "series": "self-check",
        "team": "",
        "words": "A full recount changed figures.",
    }
    assert poll(tool, MONDAY, monkeypatch, check) == 0
    grant(tool, "admin")
    assert poll(tool, MONDAY, monkeypatch, check) == 1


def test_an_alarm_of_a_programme_that_is_none_of_ours_is_left(
    tool: Tool, console: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        poll(tool, MONDAY, monkeypatch, ALARM | {"programme": "https://elsewhere.example/p"}) == 0
    )


def test_figures_show_open_alarms_first(tool: Tool, console: str) -> None:
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    tool.moodle.server.says("/api/v1/alarms", (200, "OK", {"alarms": [ALARM], "next": None}))
    page = tool.get(f"{tool.launch('launch-resource-teacher').location}figures").text
    assert "Look at these first" in page
    assert "in Desk 2: 20%" in page
    assert 'reports/checks_done?team=Desk%202"' in page


@pytest.mark.parametrize(
    "answer", [{"alarms": [{}]}, {"alarms": 7}, {}, {"alarms": [ALARM], "next": "x"}]
)
def test_nonsense_breaks_no_page_and_is_asked_again(tool: Tool, console: str, answer: Any) -> None:
    tool.moodle.server.says("/api/v1/figures", (200, "OK", {"figures": []}))
    tool.moodle.server.says("/api/v1/alarms", (200, "OK", answer))
    page = tool.get(f"{tool.launch('launch-resource-teacher').location}figures")
    assert page.status_code == 200
    assert "cannot be shown right now" in page.text
