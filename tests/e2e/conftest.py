"""A real browser, at the sizes people use."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.support.browser_pages import HEIGHT, Pictures, looks
from tests.support.demo import DEADLINE_SECONDS, Demo
from tests.support.demo_homes import demo, new_home

# Fixtures of the helpers, for every test of this folder.
__all__ = ["demo", "new_home"]

CHROMIUM = Path("/usr/bin/chromium")
# Without these, a closed network is asked many times at each start.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A frame of another site stays in its page's process. Where it moves to one of its own while
    # all processors are taken, Playwright can miss that, and waits for a frame that is no more.
    "--disable-site-isolation-trials",
    "--disable-features=IsolateOrigins,site-per-process",
]

expect.set_options(timeout=DEADLINE_SECONDS * 1000)


@pytest.fixture(scope="package")
def driver() -> Iterator[Playwright]:
    """Its event loop runs in this thread, so it ends with the tests of this folder."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def chromium(driver: Playwright) -> Iterator[Browser]:
    """Debian's Chromium where it stands, else Playwright's own; make test has seen to one of the
    two.
    """
    path = str(CHROMIUM) if CHROMIUM.exists() else None
    # Third-party cookies are blocked as browsers do more and more; a test proves it with a cookie
    # that does not arrive.
    browser = driver.chromium.launch(
        executable_path=path, args=[*QUIET, "--test-third-party-cookie-phaseout"]
    )
    yield browser
    browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Makes a page in a browser profile of its own."""
    contexts: list[BrowserContext] = []

    def make(width: int, dark: bool = False, scripts: bool = True) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )
        context.set_default_timeout(DEADLINE_SECONDS * 1000)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def without_cookies(
    demo: Demo, driver: Playwright, tmp_path: Path
) -> Iterator[Callable[[int], Page]]:
    """Makes a page whose browser gives the tool no cookie at all, not even a partitioned one, while
    the LMS's page is around it.
    """
    contexts: list[BrowserContext] = []
    pair = f"http://127.0.0.1:{demo.port},http://localhost:{demo.port}"
    blocked = {
        "exceptions": {"cookies": {pair: {"setting": 2, "last_modified": "13400000000000000"}}}
    }
    profile = {
        "profile": {
            "block_third_party_cookies": True,
            "cookie_controls_mode": 1,
            "content_settings": blocked,
        }
    }
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(profile))

    def make(width: int) -> Page:
        path = str(CHROMIUM) if CHROMIUM.exists() else None
        viewport: Any = {"width": width, "height": HEIGHT}
        context = driver.chromium.launch_persistent_context(
            tmp_path, executable_path=path, args=QUIET, viewport=viewport, reduced_motion="reduce"
        )
        context.set_default_timeout(DEADLINE_SECONDS * 1000)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def pictures() -> Pictures:
    """Takes screenshots of a page in each look into the folder CARRYOVER_PICTURES, for whoever wants
    to see it.
    """
    folder = os.environ.get("CARRYOVER_PICTURES")

    def take(page: Page, name: str, full_page: bool = False) -> None:
        if folder:
            for width in looks(page):
                page.screenshot(path=Path(folder) / f"{name}-{width}.png", full_page=full_page)

    return take
