"""Sizes of a browser, and pages opened in each."""

from __future__ import annotations

from playwright.sync_api import Frame, Page

from tests.support.browser_pages import frame_of
from tests.support.demo import Demo

SIZES = [(360, False), (1280, True)]


def opened(demo: Demo, tab: Page, who: str, room: str) -> Frame:
    """The room of a person, from the navigation after a launch."""
    tab.goto(demo.told["launch"][who])
    frame = frame_of(tab)
    frame.get_by_role("navigation", name="Pages").get_by_role("link", name=room, exact=True).press(
        "Enter"
    )
    return frame
