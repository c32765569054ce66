"""Use of the product is on record: who was here, who looked at figures, which nudges were sent and
followed; once, and for people alone who are known.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from adapters.channels import create_mailer
from lrs.vocabulary import EXTENSIONS
from lti_tool.nudges import mail_sender as mail_job
from lti_tool.nudges import reminders
from lti_tool.people import people_import
from lti_tool.programmes import product_use
from tests.support.listed_people import grant, person
from tests.support.mailbox import Postbox, postbox, press
from tests.support.tool import Tool
from tests.support.visits import home, said, visit

__all__ = ["home", "postbox"]
NOW = datetime.now(UTC)


def test_a_visit_is_said_once_a_day_with_the_team(tool: Tool) -> None:
    people = b"id,name,email,team\nE1,One,one@example.org,North\n"
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=people,
        apply=True,
        who="test",
        now=NOW,
    )
    for _ in range(2):
        visit(tool, "E1")
    (one,) = said(tool, "logged-in")
    assert (
        one["actor"]["account"]["name"] == str(person(tool, "E1").id)
        and "registration" not in one["context"]
    )
    assert one["context"]["extensions"][EXTENSIONS["team"]] == "North"
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        product_use.record_visit(
            connection,
            tool.tenant_id,
            person(tool, "E1").id,
            "phishing-response",
            NOW + timedelta(days=1),
        )
    assert len(said(tool, "logged-in")) == 2


def test_a_look_at_figures_is_said_of_people_of_the_list_alone(tool: Tool) -> None:
    office = tool.launch("launch-resource-teacher").location
    tool.get(f"{office}figures")
    assert said(tool, "viewed") == [], (
        "whom the LMS alone names may be joined to somebody of the list"
    )
    people = b"id,name,email\nE1,One,one@example.org\n"
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=people,
        apply=True,
        who="test",
        now=NOW,
    )
    tool.sql(
        "INSERT INTO lti_tool.role_grant (tenant_id, person_id, role, granted_by) VALUES "
        "(:tenant, :person, 'executive', 'test')",
        tenant=tool.tenant_id,
        person=person(tool, "E1").id,
    )
    listed = visit(tool, "E1")
    tool.sql("UPDATE lti_tool.launch SET message = 'signed in'")
    for _ in range(2):
        assert tool.get(f"{listed}figures").status_code == 200
    (one,) = said(tool, "viewed")
    assert one["object"]["id"].endswith("/reports/figures")


def test_a_nudge_that_was_sent_and_followed_is_on_record(
    tool: Tool, home: str, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    tool.sql(
        "UPDATE lti_tool.scheduled_act SET due_at = now() + interval '1 hour' WHERE act = 'plan'"
    )
    tool.sql("UPDATE lti_tool.person SET working_days = '{1,2,3,4,5,6,7}', time_zone = 'UTC'")
    reminders.queue_reminders(
        tool.deps.unit_of_work, tenant_id=tool.tenant_id, now=NOW.replace(hour=12)
    )
    tool.sql("DELETE FROM lti_tool.mail WHERE kind <> 'due'")
    tool.sql("UPDATE lti_tool.mail SET next_try_at = now(), queued_at = now()")
    mailer = create_mailer(url, "carryover@example.org")
    assert mailer is not None
    assert mail_job.send_due_mails(tool.deps, tool.tenant_id, mailer) == len(box.letters) == 1
    (sent,) = said(tool, "received")
    assert (
        sent["context"]["extensions"][EXTENSIONS["nudge"]] == "due"
        and "plan" not in sent["object"]["definition"]["name"]["en"]
    )
    link = re.search(r"/s/\S+", box.letters[0].get_body(("plain",)).get_content())
    assert link
    tool.get(link[0])
    assert said(tool, "opened") == [], "mail scanners look at links"
    for _ in range(2):
        press(tool, link[0])
    (one,) = said(tool, "opened")
    assert one["object"]["id"] == sent["object"]["id"]


def test_who_protects_data_sees_the_wishes_to_be_erased(tool: Tool, home: str) -> None:
    page = tool.get(f"{home}me")
    tool.post(f"{home}me/erase", page, sure="1")
    tool.launch("launch-resource-teacher")
    assert (
        tool.get(f"{tool.launch('launch-resource-teacher').location}me/wishes").status_code == 403
    )
    grant(tool, "data protection officer")
    wishes = tool.get(f"{tool.launch('launch-resource-teacher').location}me/wishes")
    assert (
        f"carryover erase {person(tool, 'SIS-L').id}" in wishes.text
        and "Learner seventeen" in wishes.text
    )
