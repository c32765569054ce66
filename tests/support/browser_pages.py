"""Pages in a real browser: opening, waiting, accessibility."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Frame, Page

from tests.support.demo import DEADLINE_SECONDS, Demo

Pages = Callable[..., Page]
Pictures = Callable[..., None]
Scheme = Literal["light", "dark"]
# A phone by day, a desk by night.
LOOKS: tuple[tuple[int, Scheme], ...] = ((360, "light"), (1280, "dark"))
HEIGHT = 800


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
_DARK = 'matchMedia("(prefers-color-scheme: dark)")'
_STATE = f"""() => [
    {_DARK}.matches,
    window.innerWidth,
    document.documentElement.outerHTML,
].join(" ")"""


def accessible(page: Page) -> None:
    """No violation on the page nor in the frame, and nothing that scrolls sideways: on a phone in
    light colours and on a desk in dark ones.
    """
    for _ in looks(page):
        for frame in page.frames:
            if frame.url.startswith("http"):
                _judge_what_comes(frame)


def looks(page: Page) -> Iterator[int]:
    """The page's widths, while it has each; then it has its own again."""
    own, dark = page.viewport_size, page.evaluate(f"{_DARK}.matches")
    assert own
    for width, scheme in LOOKS:
        _show(page, width, scheme)
        yield width
    _show(page, own["width"], "dark" if dark else "light")


def _show(page: Page, width: int, scheme: Scheme) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.emulate_media(color_scheme=scheme)
    for frame in page.frames:
        if not frame.url.startswith("http"):
            continue
        # What a click led to is looked at, not what it left; and a frame of another site hears of
        # its size and colours later than the page around it.
        frame.wait_for_load_state()
        within = (
            frame.frame_element().evaluate("element => element.clientWidth")
            if frame.parent_frame
            else width
        )
        frame.wait_for_function(
            f"([width, dark]) => innerWidth === width && {_DARK}.matches === dark",
            arg=[within, scheme == "dark"],
        )


def _judge_what_comes(frame: Frame) -> None:
    """A page that is left while it is looked at is no failure: the page that comes is looked at."""
    try:
        _judge(frame)
    except Error as error:
        if "because of a navigation" not in error.message:
            raise
        frame.wait_for_load_state()
        _judge(frame)


def _judge(frame: Frame) -> None:
    assert frame.evaluate(
        "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    ), frame.url
    state: str = frame.evaluate(_STATE)
    if state in _seen:
        return
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


def opened(demo: Demo, tab: Page, who: str, room: str) -> Frame:
    """The room of a person, from the navigation after a launch; it may be the page that the launch
    has opened, which is loaded once more then."""
    tab.goto(demo.told["launch"][who])
    frame = frame_of(tab)
    link = frame.get_by_role("navigation", name="Pages").get_by_role("link", name=room, exact=True)
    with frame.expect_navigation():
        link.press("Enter")
    return frame


def wait_for_frame(page: Page, part: str) -> Frame:
    """The frame once its address holds ``part``."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        for frame in page.frames:
            if part in frame.url:
                return frame
        page.wait_for_timeout(50)
    raise AssertionError([frame.url for frame in page.frames])
