"""Pages in a real browser: opening, waiting, accessibility."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page

from tests.support.demo import DEADLINE_SECONDS

Pages = Callable[..., Page]
Pictures = Callable[..., None]


# WCAG 2.2 AA and what lies below it.
AXE = Axe().axe_script


# Frames are judged each by itself, so axe need not wait for an answer of theirs; and of what passed
# nobody wants the places.
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "iframes": False,
    "resultTypes": ["violations"],
}


def frame_of(page: Page) -> Frame:
    """The tool's frame, once it shows a page after the launch."""

    frame = wait_for_frame(page, "/t/")
    frame.wait_for_load_state()
    return frame


# What axe has seen: the same page at the same size in the same colours is judged once.
_seen: set[str] = set()
_STATE = """() => [
    matchMedia("(prefers-color-scheme: dark)").matches,
    window.innerWidth,
    document.documentElement.outerHTML,
].join(" ")"""


def accessible(page: Page) -> None:
    """No violation on the page nor in the frame, and nothing that scrolls sideways."""
    for frame in page.frames:
        if not frame.url.startswith("http"):
            continue
        frame.wait_for_load_state()  # what a click led to is judged, not what it left
        assert frame.evaluate(
            "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), frame.url
        state: str = frame.evaluate(_STATE)
        if state in _seen:
            continue
        # A frame of another site is judged by itself: axe does not look into it from outside.
        if frame.evaluate("typeof axe") == "undefined":
            frame.evaluate(AXE)
        violations: list[dict[str, Any]] = frame.evaluate(
            "options => axe.run(document, options).then(report => report.violations)", RULES
        )
        assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations] == [], (
            frame.url
        )
        _seen.add(state)


def wait_for_frame(page: Page, part: str) -> Frame:
    """The frame once its address holds ``part``."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        for frame in page.frames:
            if part in frame.url:
                return frame
        page.wait_for_timeout(50)
    raise AssertionError([frame.url for frame in page.frames])
