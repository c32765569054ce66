"""A whole school opens the activity together, and every launch is replayed: each is taken once."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from html import unescape

import httpx

from tests.support.demo import ANSWER_SECONDS, TLS, Browser, Demo

LAUNCHES, REPLAYS, THREADS = 100, 10, 20


def up_to_the_launch(demo: Demo) -> tuple[Browser, dict[str, str]]:
    """A browser that has come as far as the LMS's signed message, and that message."""
    browser = Browser()
    page = browser.login(demo.told["launch"]["learner"])
    fields = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
    return browser, {name: unescape(value) for name, value in fields}


def test_100_launches_at_once_with_10_replays_each_are_100_sessions(demo: Demo) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        ready = list(pool.map(lambda _: up_to_the_launch(demo), range(LAUNCHES)))

    def post(launch: tuple[Browser, dict[str, str]]) -> tuple[int, str]:
        browser, fields = launch
        cookies = "; ".join(
            f"{name}={value}" for name, value in browser.cookies_of("127.0.0.1").items()
        )
        with httpx.Client(timeout=ANSWER_SECONDS, verify=TLS) as client:
            answer = client.post(
                f"{demo.base}/lti/launch", data=fields, headers={"Cookie": cookies}
            )
        return answer.status_code, answer.headers.get("location", "")

    # The first tries and the replays of all launches, mixed.
    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(post, ready * (1 + REPLAYS)))
    assert Counter(status for status, _ in answers) == {303: LAUNCHES, 400: LAUNCHES * REPLAYS}
    opened = {location for status, location in answers if status == 303}
    assert len(opened) == LAUNCHES, "a session of its own for each"
    for browser, _ in ready:
        browser.close()
