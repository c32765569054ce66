"""A use at work and a work sample are answered from their mail: two taps, no sign-in; a look at a
link answers nothing, and the link opens no other page.
"""

from __future__ import annotations

import io
import re
from email.message import EmailMessage

import pytest

from adapters.channels import create_mailer
from lti_tool.base.token_hash import hash_token
from lti_tool.launch import visits
from lti_tool.nudges import mail_sender
from tests.support.listed_people import person
from tests.support.mailbox import Postbox, press
from tests.support.quizzes import verbs
from tests.support.tool import TOOL, Tool
from tests.support.visits import confirm, hand_in, report, said, visit


def letters(tool: Tool, postbox: tuple[Postbox, str]) -> dict[str, EmailMessage]:
    """Address → the mail of it, of those that wait."""
    box, url = postbox
    mailer = create_mailer(url, "Learning <learning@example.org>")
    assert mailer is not None
    mail_sender.send_due_mails(tool.deps, tool.tenant_id, mailer)
    return {str(letter["To"].addresses[0].addr_spec): letter for letter in box.letters}


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def links(letter: EmailMessage) -> list[str]:
    return re.findall(rf"{re.escape(TOOL)}(/review/\S+)", text_of(letter))


@pytest.fixture
def mentors(tool: Tool, home: str, postbox: tuple[Postbox, str]) -> EmailMessage:
    """The mail to a mentor about a use that waits."""
    report(tool, home)
    return letters(tool, postbox)["mentor@example.org"]


def test_the_mail_about_a_use_has_a_link_for_each_answer(tool: Tool, mentors: EmailMessage) -> None:
    assert mentors["Subject"] == "Learner seventeen used it at work and asks you to confirm it"
    found = links(mentors)
    assert [link.rpartition("/")[2] for link in found] == ["yes", "no"]
    html = text_of(mentors, "html")
    assert all(html.count(f'href="{TOOL}{link}"') == 1 for link in found)
    assert "I can confirm it" in html and "I could not see it" in html
    assert "No sign-in needed" in html and "It was false." not in html, "no words of the learner"


def test_a_link_scanner_confirms_nothing(tool: Tool, mentors: EmailMessage) -> None:
    before = (verbs(tool), tool.rows("mail_link"))
    for link in (*links(mentors), links(mentors)[0].rpartition("/")[0]):
        for method in ("HEAD", "GET"):
            answer = tool.stranger().open(link, method=method, base_url="https://127.0.0.1:8080")
            assert answer.status_code == 200
    assert tool.rows("confirmation") == 0 and tool.rows("launch") == 1, "the learner's own"
    assert (verbs(tool), tool.rows("mail_link")) == before


def test_two_taps_confirm_a_use_without_a_session(tool: Tool, mentors: EmailMessage) -> None:
    link, visits_before = links(mentors)[0], tool.rows("launch")
    page = tool.get(link)
    assert "It was false." in page.text and "Learner seventeen" in page.text
    assert re.findall(r'value="(\w+)" required checked', page.text) == ["yes"]
    assert "Nothing is recorded before you confirm." in page.text
    for _ in range(2):
        answer = press(tool, link.rpartition("/")[0], seen="yes")
        assert "Your answer is saved." in answer.text
    assert tool.sql("SELECT grade FROM lti_tool.job_use") == [(2,)]
    assert len(said(tool, "confirmed")) == 1 and tool.rows("launch") == visits_before
    assert not answer.headers.getlist("Set-Cookie")
    assert tool.sql("SELECT count(*) FROM lti_tool.mail WHERE opened_at IS NOT NULL") == [(1,)]


def test_not_seen_is_two_taps_too_and_the_first_answer_stands(
    tool: Tool, mentors: EmailMessage
) -> None:
    link = links(mentors)[1]
    assert re.findall(r'value="(\w+)" required checked', tool.get(link).text) == ["no"]
    place = link.rpartition("/")[0]
    assert "Noted: you could not see it." in press(tool, place, seen="no").text
    assert "Noted: you could not see it." in press(tool, place, seen="yes").text
    assert tool.sql("SELECT seen FROM lti_tool.confirmation") == [(False,)]
    assert "I can confirm it" not in tool.get(link).text


def test_what_was_answered_in_the_inbox_is_not_asked_again(
    tool: Tool, mentors: EmailMessage
) -> None:
    use = tool.sql("SELECT id FROM lti_tool.job_use")[0][0]
    confirm(tool, "E8", use)
    assert "Your answer is saved." in tool.get(links(mentors)[0]).text


def test_without_an_answer_or_from_another_site_nothing_is_stored(
    tool: Tool, mentors: EmailMessage
) -> None:
    place = links(mentors)[0].rpartition("/")[0]
    none = press(tool, place)
    assert none.status_code == 400 and "Choose one of the answers" in none.text
    foreign = tool.browser.post(
        place,
        data={"seen": "yes"},
        base_url="https://127.0.0.1:8080",
        headers={"Origin": "https://evil.example"},
    )
    assert foreign.status_code == 403 and tool.rows("confirmation") == 0


def test_the_link_opens_no_page_and_is_stored_nowhere(tool: Tool, mentors: EmailMessage) -> None:
    token = links(mentors)[0].split("/")[2]
    for path in (f"/s/{token}", f"/stop/{token}"):
        assert tool.get(path).status_code == 400 and press(tool, path).status_code == 400
    assert tool.get(f"/question/{token}").status_code == 404
    page_token = re.findall(r"/s/(\S+)", text_of(mentors))[0]
    assert tool.get(f"/review/{page_token}").status_code == 404
    stored = {bytes(row[0]) for row in tool.sql("SELECT token_hash FROM lti_tool.mail_link")}
    assert hash_token(token) in stored and token.encode() not in stored


def test_who_leads_no_more_reads_and_answers_nothing(tool: Tool, mentors: EmailMessage) -> None:
    tool.sql("UPDATE lti_tool.person SET mentor_id = NULL, manager_id = NULL")
    link = links(mentors)[0]
    page = tool.get(link)
    assert page.status_code == 403 and "It was false." not in page.text
    assert press(tool, link.rpartition("/")[0], seen="yes").status_code == 403
    assert tool.rows("confirmation") == 0


def test_an_old_link_says_where_it_waits(tool: Tool, mentors: EmailMessage) -> None:
    tool.sql(
        "UPDATE lti_tool.mail_link SET created_at = now() - make_interval(days => :days)",
        days=visits.LINK_DAYS,
    )
    page = tool.get(links(mentors)[0])
    assert page.status_code == 400 and "too old" in page.text and "/sign-in" in page.text


def test_a_work_sample_is_read_and_answered_from_its_mail_and_then_the_next(
    tool: Tool, home: str, postbox: tuple[Postbox, str]
) -> None:
    hand_in(tool, home, file=(io.BytesIO(b"%PDF real data"), "my mail.pdf"))
    report(tool, visit(tool, "SIS-L"))
    box, _ = postbox
    letters(tool, postbox)
    mine = next(
        letter
        for letter in box.letters
        if "waits for your answer" in str(letter["Subject"]) and "mentor@" in str(letter["To"])
    )
    (link,) = links(mine)
    page = tool.get(link)
    assert "I looked at the domain first." in page.text
    assert tool.get(f"{link}/document").data == b"%PDF real data"
    assert press(tool, link, good="Calm.", next_step="").status_code == 400
    assert "Calm.</textarea>" in press(tool, link, good="Calm.", next_step="").text
    done = press(tool, link, good="Calm.", next_step="Report it, too.")
    assert "Your answer is with the learner." in done.text
    following = re.search(r'href="(/review/[\w-]+)">Answer what waits next', done.text)
    assert following is not None and "It was false." in tool.get(following[1]).text
    assert "Calm." in tool.get(f"{visit(tool, 'SIS-L')}work").text
    assert tool.sql("SELECT reviewer_id FROM lti_tool.review") == [(person(tool, "E8").id,)]
