"""The question itself comes by mail: two taps, no sign-in; a look at a link answers nothing, and
the link opens no other page.
"""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from email.message import EmailMessage
from html import unescape
from typing import Any

import pytest
from werkzeug.test import TestResponse

from adapters.channels import create_mailer
from core import clock
from lti_tool.base.token_hash import hash_token
from lti_tool.nudges import mail_sender, mailed_questions, reminders
from lti_tool.people import people_import
from lti_tool.privacy import expiry
from lti_tool.programmes import certification
from tests.support.listed_people import person
from tests.support.mailbox import NOW, Postbox, press
from tests.support.quizzes import choices, statements, verbs
from tests.support.tool import TOOL, Tool

LIST = (
    b"id,name,email,time_zone,working_days,language\n"
    b"E1,Learner one,one@example.org,UTC,Mon-Sun,en\n"
)
MORNING = NOW.replace(hour=9, minute=0, second=0, microsecond=0)


def certify(tool: Tool, days: int) -> uuid.UUID:
    """One listed learner, certified so many days before this morning; gives the person's id."""
    people_import.import_people(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        content=LIST,
        apply=True,
        who="test",
        now=MORNING,
    )
    learner = person(tool, "E1").id
    certification.certify_person(
        tool.deps.unit_of_work,
        tenant_id=tool.tenant_id,
        person_id=learner,
        programme="phishing-response",
        certified_at=MORNING - timedelta(days=days),
        now=MORNING - timedelta(days=days),
    )
    tool.sql("DELETE FROM lti_tool.scheduled_act")
    return learner


def receive(tool: Tool, postbox: tuple[Postbox, str]) -> EmailMessage:
    """The mail that the reminders of this morning send."""
    box, url = postbox
    reminders.queue_reminders(tool.deps.unit_of_work, tenant_id=tool.tenant_id, now=MORNING)
    tool.sql(
        "UPDATE lti_tool.mail SET queued_at = now(), next_try_at = now() WHERE sent_at IS NULL"
    )
    mailer = create_mailer(url, "Learning <learning@example.org>")
    assert mailer is not None
    assert mail_sender.send_due_mails(tool.deps, tool.tenant_id, mailer) == 1
    return box.letters[-1]


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def choice_links(letter: EmailMessage) -> list[str]:
    return re.findall(rf"{re.escape(TOOL)}(/question/\S+/[a-t])\b", text_of(letter))


def chosen(page: TestResponse) -> list[str]:
    return re.findall(r'value="(\w+)"\s+required checked', page.text)


def confirm(tool: Tool, link: str, choice: str) -> TestResponse:
    page: TestResponse = press(tool, link.rpartition("/")[0], choice=choice)
    return page


@pytest.fixture
def letter(tool: Tool, postbox: tuple[Postbox, str]) -> EmailMessage:
    """The mail of somebody whose check after one week is due."""
    certify(tool, 8)
    return receive(tool, postbox)


def test_a_mail_carries_one_question_and_a_link_for_each_choice(
    tool: Tool, letter: EmailMessage
) -> None:
    text, html = text_of(letter), text_of(letter, "html")
    links = choice_links(letter)
    assert len(links) >= 2 and len(set(links)) == len(links)
    assert [link.rpartition("/")[2] for link in links] == list("abcdefgh"[: len(links)])
    for link in links:
        assert html.count(f'href="{TOOL}{link}"') == 2, "the letter and the text of the choice"
    page = tool.get(links[0])
    stem = unescape(
        re.sub("<[^>]*>", "", page.text.split('<legend dir="auto">')[1].split("</legend>")[0])
    )
    assert stem in text and stem in unescape(html)
    assert "http" not in letter["Subject"]


def test_who_sends_it_and_until_when_can_be_read_without_html(
    tool: Tool, letter: EmailMessage
) -> None:
    text = text_of(letter)
    title = tool.sql("SELECT document->>'title' FROM lti_tool.programme_version")[0][0]
    organisation = tool.sql("SELECT name FROM lti_tool.tenant")[0][0]
    assert text.startswith(f"{title} · {organisation}\n") and "Hello Learner one," in text
    assert "about 5 minutes" in text
    assert re.search(r"open until \w+day, \d+ \w+", text), "day of the week and date"
    assert all(len(address) <= 80 for address in re.findall(r"http\S+", text))
    assert all(line.strip().startswith("http") for line in text.splitlines() if "http" in line), (
        "an address stands on a line of its own"
    )


def test_a_link_scanner_answers_nothing(tool: Tool, letter: EmailMessage) -> None:
    before = (verbs(tool), tool.rows("mail_link"), tool.rows("mailed_question"))
    stranger = tool.stranger()
    for link in [*choice_links(letter), choice_links(letter)[0].rpartition("/")[0]]:
        for method in ("HEAD", "GET"):
            assert (
                stranger.open(link, method=method, base_url="https://127.0.0.1:8080").status_code
                == 200
            )
    assert tool.rows("attempt") == 0 and tool.rows("launch") == 0
    assert (verbs(tool), tool.rows("mail_link"), tool.rows("mailed_question")) == before


def test_two_taps_answer_it_and_say_why_without_a_session(tool: Tool, letter: EmailMessage) -> None:
    link = choice_links(letter)[1]
    page = tool.get(link)
    assert len(chosen(page)) == 1 and chosen(page)[0] == choices(page)[1], "the mail's choice"
    assert "Nothing is recorded before you confirm." in page.text
    answer = confirm(tool, link, chosen(page)[0])
    assert answer.status_code == 200 and "Your answer:" in answer.text
    assert "One more?" in answer.text
    rows = tool.sql(
        "SELECT a.kind, a.interval, n.position, n.response, n.rapid FROM lti_tool.attempt a JOIN "
        "lti_tool.answer n ON n.attempt_id = a.id"
    )
    assert rows == [("check", "1w", 1, chosen(page)[0], False)], "read in the mail: no rapid guess"
    assert tool.rows("launch") == 0 and not answer.headers.getlist("Set-Cookie")
    assert tool.sql("SELECT count(*) FROM lti_tool.mail WHERE opened_at IS NOT NULL")[0][0] == 1


def test_all_of_a_check_is_answered_from_a_mail_and_its_grade_goes_to_the_course(
    tool: Tool, postbox: tuple[Postbox, str]
) -> None:
    """The same code as in the LMS: its column, its statements."""
    tool.launch()
    learner = tool.sql("SELECT person_id FROM lti_tool.identity WHERE subject = '5'")[0][0]
    tool.sql(
        "UPDATE lti_tool.person SET email = 'five@example.org', imported_at = now(), "
        "time_zone = 'UTC', working_days = '{1,2,3,4,5,6,7}' WHERE id = :id",
        id=learner,
    )
    tool.sql("DELETE FROM lti_tool.scheduled_act")
    tool.sql(
        "UPDATE lti_tool.scheduled_check SET due_at = :at, opens_at = :at WHERE interval = '1w'",
        at=MORNING - timedelta(hours=1),
    )
    letter = receive(tool, postbox)
    link = choice_links(letter)[0]
    page = confirm(tool, link, "a")
    for _ in range(4):
        more = re.search(r'href="(/question/[\w-]+)">One more', page.text)
        assert more is not None
        page = press(tool, more[1], choice="a")
    assert "That was the last question." in page.text
    grade = tool.sql("SELECT subject, maximum, line_items_url <> '' FROM lti_tool.grade_outbox")
    assert grade == [("5", 5.0, True)]
    answered = [one for one in statements(tool) if one["verb"]["id"].endswith("/answered")]
    assert len(answered) == 5 and "duration" not in answered[0]["result"]


def test_answering_twice_shows_the_first_answer(tool: Tool, letter: EmailMessage) -> None:
    links = choice_links(letter)
    keys = choices(tool.get(links[0]))
    first = confirm(tool, links[0], keys[0])
    again = confirm(tool, links[1], keys[1])
    assert tool.rows("answer") == 1
    assert tool.sql("SELECT response FROM lti_tool.answer") == [(keys[0],)]
    said = re.search(r'<div class="said quiet">.*?</div>', first.text, re.DOTALL)
    assert said is not None and said[0] in again.text
    seen = tool.get(links[1])
    assert said[0] in seen.text and "Confirm my answer" not in seen.text
    assert "One more?" not in seen.text, "who gets the mail later can answer nothing"


def test_what_was_answered_in_the_course_is_not_asked_by_the_mail_again(
    tool: Tool, letter: EmailMessage
) -> None:
    opened = press(tool, re.findall(rf"{re.escape(TOOL)}(/s/\S+)", text_of(letter))[0])
    home = f"/t/{opened.request.path.split('/')[2]}/"
    page = tool.post(f"{home}checks/1w", opened)
    tool.post(page.request.path, page, position=1, choice=choices(page)[0])
    assert "Your answer:" in tool.get(choice_links(letter)[0]).text
    assert "Your answer:" in confirm(tool, choice_links(letter)[0], choices(page)[-1]).text
    assert tool.rows("answer") == 1


def test_the_link_of_a_question_opens_no_other_page(tool: Tool, letter: EmailMessage) -> None:
    token = choice_links(letter)[0].split("/")[2]
    for path in (f"/s/{token}", f"/stop/{token}", f"/calendar/{token}.ics"):
        assert tool.get(path).status_code == 400, path
    for path in (f"/s/{token}", f"/stop/{token}"):
        assert press(tool, path).status_code == 400, path
    page_token = re.findall(r"/s/(\S+)", text_of(letter))[0]
    assert tool.get(f"/question/{page_token}").status_code == 404
    assert tool.get("/question/nonsense").status_code == 404
    assert tool.rows("launch") == 0 and tool.rows("mail_stop") == 0


def test_its_secret_is_stored_nowhere(
    tool: Tool, letter: EmailMessage, caplog: pytest.LogCaptureFixture
) -> None:
    token = choice_links(letter)[0].split("/")[2]
    stored = {bytes(row[0]) for row in tool.sql("SELECT token_hash FROM lti_tool.mail_link")}
    assert hash_token(token) in stored and token.encode() not in stored
    for table in ("mail", "mail_link", "mailed_question", "statement_outbox", "audit"):
        rows = tool.sql(
            f"SELECT count(*) FROM lti_tool.{table} t WHERE t::text LIKE :t",  # noqa: S608 - ours
            t=f"%{token}%",
        )
        assert rows == [(0,)], table
    confirm(tool, f"/question/{token}/a", "nonsense")
    assert token not in caplog.text


def test_a_form_of_another_site_answers_nothing(tool: Tool, letter: EmailMessage) -> None:
    answer = tool.browser.post(
        choice_links(letter)[0].rpartition("/")[0],
        data={"choice": "a"},
        base_url="https://127.0.0.1:8080",
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 403 and tool.rows("attempt") == 0


def test_without_a_choice_nothing_begins(tool: Tool, letter: EmailMessage) -> None:
    page: Any = press(tool, choice_links(letter)[0].rpartition("/")[0])
    assert page.status_code == 400 and "Choose one of the answers" in page.text
    assert tool.rows("attempt") == 0


def test_a_closed_check_is_not_answered(
    tool: Tool, letter: EmailMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = choice_links(letter)[0]
    closed = tool.sql("SELECT closes_at FROM lti_tool.mailed_question")[0][0]
    monkeypatch.setattr(clock, "now", lambda: closed)
    assert "This question closed on" in tool.get(link).text
    assert confirm(tool, link, "a").status_code == 400 and tool.rows("answer") == 0


def test_who_left_or_is_on_hold_answers_nothing(tool: Tool, letter: EmailMessage) -> None:
    tool.sql("UPDATE lti_tool.episode SET left_at = now()")
    assert confirm(tool, choice_links(letter)[0], "a").status_code == 400
    assert tool.rows("attempt") == 0


def test_between_checks_the_question_is_a_refresher(
    tool: Tool, postbox: tuple[Postbox, str]
) -> None:
    between_checks(tool)
    letter = receive(tool, postbox)
    assert letter["Subject"].startswith("One question: ")
    link = choice_links(letter)[0]
    key = choices(tool.get(link))[0]
    assert "One more?" in confirm(tool, link, key).text
    assert tool.sql("SELECT kind, cardinality(items) FROM lti_tool.attempt") == [
        ("reinforcement", 3)
    ]
    pool = tool.sql("SELECT item FROM lti_tool.mailed_question ORDER BY created_at")
    assert all(
        item.pool == "practice"
        for (key,) in pool
        for item in [mailed_questions.load_question(tool.deps, token=link.split("/")[2]).item]
    )
    assert confirm(tool, link, key).status_code == 200 and tool.rows("answer") == 1
    reminders.queue_reminders(
        tool.deps.unit_of_work, tenant_id=tool.tenant_id, now=MORNING + timedelta(days=2)
    )
    assert tool.rows("mail") == 1, "answered: nothing more this week"


def test_a_question_without_choices_is_a_link(
    tool: Tool, postbox: tuple[Postbox, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    certify(tool, 8)
    monkeypatch.setattr(mailed_questions, "MAX_MAILED_CHOICES", 1)
    letter = receive(tool, postbox)
    assert choice_links(letter) == []
    link = re.findall(rf"{re.escape(TOOL)}(/question/\S+)", text_of(letter))[0]
    page = tool.get(link)
    assert choices(page) and not chosen(page)
    assert press(tool, link, choice=choices(page)[0]).status_code == 200
    assert tool.rows("answer") == 1


def test_what_is_wrong_with_the_question_goes_to_its_owner_and_the_sitting_goes_on(
    tool: Tool, letter: EmailMessage
) -> None:
    link = choice_links(letter)[0]
    place, form_id = link.rpartition("/")[0], str(uuid.uuid4())
    early: Any = press(tool, f"{place}/remarks", form_id=form_id, words="Unclear.")
    assert early.status_code == 400 and tool.rows("remark") == 0
    confirm(tool, link, "a")
    assert press(tool, f"{place}/remarks", form_id=form_id, words=" ").status_code == 400
    for _ in range(2):
        page = press(tool, f"{place}/remarks", form_id=form_id, words="Unclear.")
        assert "without your name" in page.text and "One more?" in page.text
    asked = tool.sql("SELECT item FROM lti_tool.mailed_question ORDER BY created_at LIMIT 1")[0][0]
    assert tool.sql("SELECT item, words FROM lti_tool.remark") == [(asked, "Unclear.")]


def test_a_link_does_not_outlive_the_year_in_which_it_can_ask_for_a_new_one(
    tool: Tool, letter: EmailMessage
) -> None:
    tool.sql("UPDATE lti_tool.mail_link SET created_at = now() - interval '399 days'")
    expiry.discard_expired_data(tool.deps, tool.tenant_id)
    link = re.findall(rf"{re.escape(TOOL)}(/s/\S+)", text_of(letter))[0]
    assert "too old" in tool.get(link).text
    tool.sql("UPDATE lti_tool.mail_link SET created_at = now() - interval '401 days'")
    expiry.discard_expired_data(tool.deps, tool.tenant_id)
    assert tool.rows("mail_link") == 0 and tool.get(link).status_code == 400


def between_checks(tool: Tool) -> None:
    """A learner who was certified sixteen days ago, for whom a refresher is open."""
    certify(tool, 16)
    tool.sql(
        "UPDATE lti_tool.scheduled_check SET closes_at = :at WHERE interval IN ('1d', '1w')",
        at=MORNING - timedelta(days=3),
    )


def test_what_a_mail_asked_can_be_answered_although_the_week_is_full_by_now(
    tool: Tool, postbox: tuple[Postbox, str]
) -> None:
    """Nobody who taps an answer is refused because of what came meanwhile."""
    between_checks(tool)
    letter = receive(tool, postbox)
    tool.sql("UPDATE lti_tool.tenant SET weekly_minutes = 0")
    link = choice_links(letter)[0]
    page = confirm(tool, link, choices(tool.get(link))[0])
    assert page.status_code == 200 and "That was the last question." in page.text
    assert tool.sql("SELECT kind, cardinality(items) FROM lti_tool.attempt") == [
        ("reinforcement", 1)
    ]


def test_a_refresher_s_question_closes_before_a_check_is_due(
    tool: Tool, postbox: tuple[Postbox, str]
) -> None:
    between_checks(tool)
    due = MORNING + timedelta(days=5)
    tool.sql("UPDATE lti_tool.scheduled_check SET due_at = :due WHERE interval = '1m'", due=due)
    letter = receive(tool, postbox)
    assert tool.sql("SELECT closes_at FROM lti_tool.mailed_question") == [
        (due - timedelta(days=2),)
    ]
    assert re.search(r"Good until \w+day, \d+ \w+", text_of(letter))
