"""Coming without an LMS: a look at a link changes nothing, its button opens the person's own page,
an old one sends a new one.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from adapters.channels import create_mailer
from lti_tool.base import mail_outbox_store
from lti_tool.checks import attempts_store
from lti_tool.nudges import mail_sender as mail_job
from lti_tool.people import directory, people_import
from tests.support.listed_people import LIST, person
from tests.support.mailbox import NOW, Postbox, link_of, press, sign_in
from tests.support.tool import TOOL, Tool


def take(tool: Tool, content: bytes = LIST) -> None:
    assert people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=content,
        apply=True,
        who="test",
        now=NOW,
    ).applied


def test_a_look_at_a_link_opens_nothing_and_its_button_does(tool: Tool) -> None:
    take(tool)
    link, before = link_of(tool, person(tool, "E1").id), tool.rows("launch")
    page = tool.get(link)
    assert "Open my page" in page.text and tool.rows("launch") == before, (
        "mail scanners look at links"
    )
    opened = press(tool, link)
    assert (
        opened.status_code == 200
        and "No certification" in opened.text
        and opened.request.path.startswith("/t/")
    )
    assert opened.headers["Content-Security-Policy"].endswith("frame-ancestors 'none'")


def test_a_check_is_taken_from_a_mail_and_its_grade_goes_to_the_course(tool: Tool) -> None:
    """The learner launched once; the quiz is opened by a link later, and the grade still finds its
    column.
    """
    tool.launch()
    learner = tool.sql("SELECT person_id FROM lti_tool.identity WHERE subject = '5'")[0][0]
    opened = press(tool, link_of(tool, learner))
    home = f"/t/{opened.request.path.split('/')[2]}/"
    page = tool.post(f"{home}checks/1w", opened)
    path = page.request.path
    for position in range(1, 6):
        page = tool.post(path, page, position=position, choice="a")
    grade = tool.sql(
        "SELECT subject, registration_id, line_items_url <> '' FROM lti_tool.grade_outbox"
    )
    assert len(grade) == 1 and grade[0][0] == "5" and grade[0][2]


def test_a_link_that_was_changed_opens_nothing(tool: Tool) -> None:
    take(tool)
    link = link_of(tool, person(tool, "E1").id)
    for spoiled in (link[:-2], link.replace("/s/", "/s/x"), "/s/nonsense"):
        assert tool.get(spoiled).status_code == 400 and press(tool, spoiled).status_code == 400


def test_an_old_link_sends_a_new_one_to_the_same_address(tool: Tool) -> None:
    take(tool)
    link = link_of(tool, person(tool, "E1").id, made_at=NOW - timedelta(days=15))
    page = tool.get(link)
    assert "too old" in page.text and "Open my page" not in page.text
    assert press(tool, link).status_code == 400
    for _ in range(2):
        assert "Look into your mail" in press(tool, f"{link}/again").text
    assert tool.sql("SELECT person_id, kind FROM lti_tool.mail") == [
        (person(tool, "E1").id, "sign-in")
    ], "once an hour"


def test_a_form_of_another_site_opens_nothing(tool: Tool) -> None:
    take(tool)
    link = link_of(tool, person(tool, "E1").id)
    answer = tool.browser.post(
        link, base_url="https://127.0.0.1:8080", headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403 and tool.rows("launch") == 0


def test_signing_in_by_mail_tells_nobody_who_is_known(tool: Tool) -> None:
    take(tool)
    known, unknown = (
        press(tool, "/sign-in", email="ONE@example.org"),
        press(tool, "/sign-in", email="stranger@example.org"),
    )
    assert known.text == unknown.text and known.status_code == unknown.status_code == 200
    assert tool.sql("SELECT person_id FROM lti_tool.mail") == [(person(tool, "E1").id,)]


def test_a_given_role_opens_by_signing_in_and_not_by_a_nudge(tool: Tool) -> None:
    take(tool)
    one = person(tool, "E1").id
    directory.grant_role(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        person_id=one,
        role="training manager",
        who="test",
    )
    nudged, signed_in = (
        f"/t/{press(tool, link).request.path.split('/')[2]}/people/"
        for link in (link_of(tool, one), sign_in(tool, "one@example.org"))
    )
    assert (tool.get(nudged).status_code, tool.get(signed_in).status_code) == (403, 200)


def test_only_people_of_the_list_sign_in_by_address(tool: Tool) -> None:
    """What a launch claimed to be an address opens nothing."""
    tool.launch("launch-resource-student1", sub="90", email="claimed@example.org")
    press(tool, "/sign-in", email="claimed@example.org")
    assert tool.rows("mail") == 0


def queue(tool: Tool, *rows: tuple[str, str]) -> None:
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        for external_id, key in rows:
            row = {
                "person_id": person(tool, external_id).id,
                "kind": "due",
                "key": key,
                "subject": "A check is open",
                "words": "Five questions.",
                "programme": "phishing-response",
                "path": "today",
            }
            mail_outbox_store.enqueue_mails(connection, tool.tenant_id, [row, row])


def test_letters_reach_a_mail_server_once_each_with_a_link_that_works(
    tool: Tool, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    take(tool)
    queue(tool, ("E1", "due 1"), ("E1", "due 1"), ("E8", "due 1"))
    mailer = create_mailer(url, "Learning <learning@example.org>")
    assert mailer is not None
    assert mail_job.send_due_mails(tool.deps, tool.tenant_id, mailer) == 2
    assert mail_job.send_due_mails(tool.deps, tool.tenant_id, mailer) == 0
    letter = next(one for one in box.letters if "one@example.org" in one["To"])
    assert (
        letter["From"] == "Learning <learning@example.org>"
        and letter["Subject"] == "A check is open"
    )
    assert (
        letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        and letter["Auto-Submitted"] == "auto-generated"
    )
    body = letter.get_body(("plain",)).get_content()
    links = re.findall(rf"{re.escape(TOOL)}(/\S+)", body)
    assert links[0].startswith("/s/") and links[1].startswith("/stop/")
    assert press(tool, links[0]).request.path.endswith("/today")
    assert tool.sql("SELECT count(*) FROM lti_tool.mail WHERE opened_at IS NOT NULL")[0][0] == 1
    assert "Stop these mails" in tool.get(links[1]).text and tool.rows("mail_stop") == 0
    # As a mail program's own button sends it (RFC 8058): no page of ours, no origin.
    tool.browser.post(
        links[1], data={"List-Unsubscribe": "One-Click"}, base_url="https://127.0.0.1:8080"
    )
    assert tool.sql("SELECT kind FROM lti_tool.mail_stop") == [("due",)]


def test_who_cannot_be_reached_is_told_and_holds_up_nobody(
    tool: Tool, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    take(tool, b"id,email\nE1,gone@example.org\nE8,busy@example.org\nE9,\n")
    queue(tool, ("E1", "k"), ("E8", "k"), ("E9", "k"))
    mailer = create_mailer(url, "learning@example.org")
    assert mailer is not None
    assert mail_job.send_due_mails(tool.deps, tool.tenant_id, mailer) == 0
    refused = dict(
        tool.sql(
            "SELECT p.external_id, m.refused FROM lti_tool.mail m JOIN lti_tool.person p ON p.id "
            "= m.person_id"
        )
    )
    assert (
        "550: no such person" in refused["E1"]
        and "No address" in refused["E9"]
        and refused["E8"] is None
    )
    box.busy = False
    tool.sql("UPDATE lti_tool.mail SET next_try_at = now()")
    assert mail_job.send_due_mails(tool.deps, tool.tenant_id, mailer) == 1


def test_an_address_that_no_mail_can_carry_holds_up_nobody(
    tool: Tool, postbox: tuple[Postbox, str]
) -> None:
    box, url = postbox
    take(tool, "id,email\nE1,jörg@example.org\nE8,eight@example.org\n".encode())
    queue(tool, ("E1", "k"), ("E8", "k"))
    mailer = create_mailer(url, "learning@example.org")
    assert mailer is not None
    assert mail_job.send_due_mails(tool.deps, tool.tenant_id, mailer) >= 1
    assert any("eight@example.org" in letter["To"] for letter in box.letters)


def test_a_mail_server_that_is_away_loses_nothing(tool: Tool) -> None:
    take(tool)
    queue(tool, ("E1", "k"))
    mailer = create_mailer("smtp://127.0.0.1:9", "learning@example.org")
    assert mailer is not None
    assert mail_job.send_due_mails(tool.deps, tool.tenant_id, mailer) == 0
    assert tool.sql("SELECT tries, refused FROM lti_tool.mail") == [(1, None)]


def test_where_grades_go_is_remembered_by_the_latest_launch(tool: Tool) -> None:
    tool.launch()
    learner = tool.sql("SELECT person_id FROM lti_tool.identity WHERE subject = '5'")[0][0]
    with tool.deps.unit_of_work(tool.tenant_id) as connection:
        place = attempts_store.find_grade_place(
            connection, tool.tenant_id, learner, "phishing-response"
        )
    assert place is not None and place.subject == "5" and place.line_items_url


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:8080", 200),
        ("http://localhost:8080", 200),
        ("http://localhost:8081", 403),
        ("https://localhost:8080", 403),
        ("http://localhost.example:8080", 403),
        ("null", 403),
    ],
)
def test_the_sign_in_works_under_both_names_of_this_machine(
    tool: Tool, origin: str, status: int
) -> None:
    """The README says localhost: there the form was refused as one of another site."""
    host = "localhost:8080" if status == 200 else "127.0.0.1:8080"
    page = tool.browser.get("/sign-in", base_url=f"http://{host}")
    assert page.status_code == 200
    sent = tool.browser.post(
        "/sign-in",
        data={"email": "nobody@example.org"},
        base_url=f"http://{host}",
        headers={"Origin": origin, "Sec-Fetch-Site": "same-origin"},
    )
    assert sent.status_code == status
