"""A real browser, at the sizes people use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.demo import Demo

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
]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    running = Demo.start(tmp_path_factory.mktemp("demo") / "home")
    running.settled()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium where it stands, else Playwright's own; make test has seen to one of the two."""
    with sync_playwright() as playwright:
        path = str(CHROMIUM) if CHROMIUM.exists() else None
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Makes a page in a browser profile of its own, with third-party cookies blocked as browsers do more and more."""
    contexts: list[BrowserContext] = []

    def make(width: int, dark: bool = False, scripts: bool = True) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light", java_script_enabled=scripts, reduced_motion="reduce"
        )
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots go for whoever wants to look."""
    folder = Path(os.environ.get("CARRYOVER_PICTURES", "var/pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
