"""A question from a mail is two taps, in a browser that was never signed in."""

from __future__ import annotations

import json
import mailbox
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from icalendar import Calendar
from sqlalchemy import text

from lti_tool import bootstrap
from lti_tool.nudges import reminders
from lti_tool.people import directory_store, people_import
from lti_tool.programmes import certification
from tests.support.browser_pages import Pages, Pictures, accessible
from tests.support.demo import Demo, wait_until

TENANT_ID = 1
MORNING = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0)
ADDRESS = "phone@example.org"
LIST = f"id,name,email,time_zone,working_days\nP1,Phone reader,{ADDRESS},UTC,Mon-Sun\n".encode()


def ask_by_mail(demo: Demo) -> None:
    """Somebody was certified eight days ago, and it is nine in the morning."""
    deps = bootstrap.build(json.loads((demo.home / "servers.json").read_text()))
    people_import.import_people(
        deps.unit_of_work, tenant_id=TENANT_ID, content=LIST, apply=True, who="test", now=MORNING
    )
    with deps.unit_of_work(TENANT_ID) as connection:
        reader = directory_store.find_listed_person(connection, TENANT_ID, "P1")
    assert reader is not None
    certification.certify_person(
        deps.unit_of_work,
        tenant_id=TENANT_ID,
        person_id=reader,
        programme="phishing-response",
        certified_at=MORNING - timedelta(days=8),
        now=MORNING - timedelta(days=8),
    )
    with deps.unit_of_work(TENANT_ID) as connection:
        connection.execute(
            text(
                "UPDATE lti_tool.scheduled_act SET done_at = now() WHERE episode_id IN "
                "(SELECT id FROM lti_tool.episode WHERE person_id = :reader)"
            ),
            {"reader": reader},
        )
    reminders.queue_reminders(deps.unit_of_work, tenant_id=TENANT_ID, now=MORNING)
    with deps.unit_of_work(TENANT_ID) as connection:
        connection.execute(
            text("UPDATE lti_tool.mail SET next_try_at = now() WHERE person_id = :reader"),
            {"reader": reader},
        )
    deps.engine.dispose()


def find_letter(demo: Demo) -> EmailMessage | None:
    for letter in mailbox.Maildir(demo.home / "mailbox", create=False):
        message = message_from_bytes(letter.as_bytes(), policy=default)
        if isinstance(message, EmailMessage) and ADDRESS in str(message["To"]):
            return message
    return None


def read_letter(demo: Demo) -> str:
    """The mail with its question, as HTML; it is sent once."""
    if find_letter(demo) is None:
        ask_by_mail(demo)
        wait_until(lambda: find_letter(demo) is not None)
    letter = find_letter(demo)
    assert letter is not None
    body = letter.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def test_a_question_from_a_mail_is_two_taps(demo: Demo, page: Pages, pictures: Pictures) -> None:
    tab = page(360, scripts=False)
    tab.set_content(read_letter(demo))
    pictures(tab, "mail", full_page=True)
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    taps = 0
    second = tab.locator("td.plain a").nth(1)
    words = second.inner_text()
    second.click()
    taps += 1
    tab.get_by_role("button", name="Confirm my answer").wait_for()
    chosen = tab.get_by_role("radio", checked=True)
    assert chosen.count() == 1
    assert tab.get_by_role("radio", name=words).is_checked(), "what was tapped in the mail"
    pictures(tab, "mail-confirm", full_page=True)

    tab.get_by_role("button", name="Confirm my answer").click()
    taps += 1
    tab.get_by_text("Your answer:").wait_for()
    assert taps == 2
    pictures(tab, "mail-answered", full_page=True)
    more = tab.get_by_role("link", name="One more?")
    more.click()
    tab.get_by_role("button", name="Confirm my answer").wait_for()
    assert tab.get_by_role("radio", checked=True).count() == 0, "nothing is chosen beforehand"


def test_the_pages_of_a_mailed_question_are_accessible(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    tab = page(360)
    tab.set_content(read_letter(demo))
    link = tab.locator("td.plain a").first.get_attribute("href")
    assert link is not None
    tab.goto(link)
    accessible(tab)
    confirm = tab.get_by_role("button", name="Confirm my answer")
    if confirm.count():
        confirm.press("Enter")
    tab.get_by_text("Your answer:").wait_for()
    accessible(tab)


def test_a_mail_leads_to_one_s_own_times_and_calendar(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    tab = page(360)
    tab.set_content(read_letter(demo))
    link = tab.get_by_role("link", name="Change my times").get_attribute("href")
    assert link is not None
    tab.goto(link)
    accessible(tab)
    tab.get_by_role("button", name="Open my page").press("Enter")
    tab.get_by_role("heading", name="My times").wait_for()
    accessible(tab)
    tab.get_by_label("From").select_option("22")
    tab.get_by_label("Until").select_option("6")
    tab.get_by_role("button", name="Save my times").press("Enter")
    tab.get_by_text("Your times are saved.").wait_for()
    accessible(tab)
    pictures(tab, "times", full_page=True)

    tab.goto(tab.url.replace("/times", "/today").partition("?")[0])
    tab.get_by_text("Your dates in your own calendar").click()
    subscribe = tab.get_by_role("link", name="Add it to my calendar").get_attribute("href") or ""
    pictures(tab, "today", full_page=True)
    feed = tab.request.get(subscribe.replace("webcal:", "http:", 1)).text()
    event = next(one for one in Calendar.from_ical(feed).walk("VEVENT"))
    tab.goto(str(event["url"]))
    tab.get_by_role("heading", name=str(event["summary"])).wait_for()
    accessible(tab)
    pictures(tab, "calendar-entry", full_page=True)
