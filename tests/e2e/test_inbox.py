"""The inbox of who leads or accompanies people, in a real browser: it opens by itself, one item
after the other, on a phone and at a desk.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from playwright.sync_api import Frame, Locator

from tests.support.browser_pages import Pages, Pictures, accessible, frame_of
from tests.support.demo import Browser, Demo

TODAY = datetime.now(UTC).date().isoformat()
PLAN = {"task": "inbox", "what": "Look at the domain first", "by_when": TODAY}


def press(frame: Frame, target: Locator) -> None:
    """Press what leads to another page, and wait for that."""
    with frame.expect_navigation():
        target.press("Enter")


def learner_reports(demo: Demo) -> None:
    """The practice learner submits a real example, and reports two uses."""
    browser = Browser()
    page = browser.launch(demo.told["launch"]["learner"])
    found = re.match(r"(.*/t/[^/]+/)", str(page.url))
    assert found is not None
    home = found[1]
    browser.get(f"{home}work")
    browser.submit("/hand-in/case-study", task="inbox", words="A supplier had a new account.")
    browser.get(f"{home}plan")
    browser.submit("/plan", act="commit", **PLAN, with_whom="", evidence="", obstacle="")
    for words in ("It was a false invoice.", "I warned a colleague."):
        browser.get(f"{home}plan")
        browser.submit("/uses", task="inbox", used_on=TODAY, words=words)
    browser.close()


def test_a_mentor_lands_on_what_waits_and_the_next_opens_by_itself(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    learner_reports(demo)
    tab = page(360)
    tab.goto(demo.told["launch"]["mentor"])
    frame = frame_of(tab)
    frame.get_by_role("heading", name="Waiting for you").wait_for()
    frame.get_by_text("waiting, about").wait_for()
    accessible(tab)
    pictures(tab, "inbox", full_page=True)

    frame.get_by_text("See all").click()
    narrow = frame.get_by_role("navigation", name="All that waits")
    press(frame, narrow.get_by_role("link", name="Answer a real example"))
    frame.get_by_text("A supplier had a new account.").wait_for()
    frame.get_by_label("What is good").fill("You waited with the payment.")
    press(frame, frame.get_by_role("button", name="Later"))
    assert frame.get_by_text("A supplier had a new account.").count() == 0

    tab.set_viewport_size({"width": 1280, "height": 800})
    beside = frame.get_by_role("navigation", name="All that waits")
    press(frame, beside.get_by_role("link", name=re.compile(r"Confirm \d+ uses at work")))
    frame.get_by_role("heading", name=re.compile(r"Confirm \d+ uses at work")).wait_for()
    for tick in frame.get_by_role("checkbox").all():
        tick.press("Space")
    accessible(tab)
    pictures(tab, "inbox-uses", full_page=True)
    press(frame, frame.get_by_role("button", name="Confirm ticked uses"))
    status = frame.get_by_role("status").filter(has_text="Your answer is saved.")
    status.wait_for()
    assert status.evaluate("element => element === document.activeElement")

    answer = frame.get_by_label("What is good")
    if frame.get_by_text("A supplier had a new account.").count() == 0:
        press(frame, beside.get_by_role("link", name="Answer a real example"))
        frame.get_by_text("A supplier had a new account.").wait_for()
    assert answer.input_value() == "You waited with the payment.", "Later lost nothing"
    frame.get_by_label("What comes next").fill("Tell the others how.")
    press(frame, frame.get_by_role("button", name="Send the answer"))
    frame.get_by_text("Your answer is with the learner.").wait_for()
    accessible(tab)
