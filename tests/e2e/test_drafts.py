"""What is typed survives a reload, a broken connection and a second tab, in a real browser."""

from __future__ import annotations

from playwright.sync_api import Frame, Page, expect

from tests.support.browser_pages import Pages, Pictures, accessible, opened
from tests.support.demo import Demo

DRAFTS = "Object.keys(localStorage).filter(key => key.startsWith('carryover-draft'))"


def plan_in_a_tab(demo: Demo, tab: Page) -> Frame:
    """The learner’s plan."""
    frame = opened(demo, tab, "learner", "At work")
    frame.get_by_role("link", name="Transfer plan", exact=True).press("Enter")
    frame.get_by_label("What I will do").wait_for(state="attached")
    committed = frame.locator("details:has(#what)")
    if committed.count():  # by another test of this demo: the form is folded then
        committed.evaluate("details => details.open = true")
    frame.get_by_label("What I will do").wait_for()
    return frame


def test_a_plan_is_kept_while_it_is_typed(demo: Demo, page: Pages, pictures: Pictures) -> None:
    tab = page(360)
    frame = plan_in_a_tab(demo, tab)
    typed = "Look at the domain of each sender before I open anything."
    frame.get_by_label("What I will do").fill(typed)
    frame.get_by_text("Draft kept at").wait_for()
    accessible(tab)
    pictures(tab, "plan-draft", full_page=True)
    frame = plan_in_a_tab(demo, tab)
    expect(frame.get_by_label("What I will do")).to_have_value(typed)
    frame.get_by_text("This is what you typed and did not send yet.").wait_for()

    tab.context.set_offline(True)
    more = f"{typed} And ask before I pay."
    frame.get_by_label("What I will do").fill(more)
    frame.get_by_text("Your draft is kept on this device.").wait_for()
    frame.get_by_role("button", name="Save as draft").press("Enter")
    frame.get_by_role("alert").get_by_text("There is no connection.").wait_for()
    tab.context.set_offline(False)
    frame.get_by_text("Draft kept at").wait_for()
    other = plan_in_a_tab(demo, tab.context.new_page())
    expect(other.get_by_label("What I will do")).to_have_value(more)
    other.get_by_role("button", name="Save as draft").press("Enter")
    other.get_by_text("Your draft is saved.").wait_for()
    again = plan_in_a_tab(demo, tab)
    expect(again.get_by_label("What I will do")).to_have_value(more)
    expect(again.get_by_text("did not send yet")).to_have_count(0)
    again.get_by_label("What I will do").wait_for()
    assert again.locator("body").evaluate(DRAFTS) == [], "nothing stays on the device"
