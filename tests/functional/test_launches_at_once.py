"""A whole school opens the activity together, and every launch is replayed: each is taken once."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from html import unescape

import httpx

from tests.support.demo import ANSWER_SECONDS, TLS, Browser, Demo

# The LMS's messages live a minute, as Moodle's do: they are used while they do, a group at a time.
GROUPS, GROUP, REPLAYS, THREADS = 5, 20, 10, 20


def up_to_the_launch(demo: Demo, browser: Browser) -> dict[str, str]:
    """As far as the LMS's signed message: that message."""
    page = browser.login(demo.told["launch"]["learner"])
    fields = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in fields}


def post(demo: Demo, browser: Browser, fields: dict[str, str]) -> tuple[int, str]:
    """Enter the tool by a message; the status, and the page that was opened."""
    cookies = "; ".join(
        f"{name}={value}" for name, value in browser.cookies_of("127.0.0.1").items()
    )
    with httpx.Client(timeout=ANSWER_SECONDS, verify=TLS) as client:
        answer = client.post(f"{demo.base}/lti/launch", data=fields, headers={"Cookie": cookies})
    return answer.status_code, answer.headers.get("location", "")


def test_100_launches_at_once_with_10_replays_each_are_100_sessions(demo: Demo) -> None:
    answers: list[tuple[int, str]] = []
    for _ in range(GROUPS):
        with ThreadPoolExecutor(THREADS) as pool, ExitStack() as open_browsers:
            browsers = [Browser() for _ in range(GROUP)]
            for browser in browsers:
                open_browsers.callback(browser.close)
            messages = list(pool.map(partial(up_to_the_launch, demo), browsers))
            ready = list(zip(browsers, messages, strict=True))
            # The first tries and the replays of all launches, mixed.
            answers += pool.map(lambda one: post(demo, *one), ready * (1 + REPLAYS))
    launches = GROUPS * GROUP
    assert Counter(status for status, _ in answers) == {303: launches, 400: launches * REPLAYS}
    opened = {location for status, location in answers if status == 303}
    assert len(opened) == launches, "a session of its own for each"
