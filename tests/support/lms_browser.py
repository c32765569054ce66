"""Launching from an LMS that is software of its own."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import urljoin

import httpx

from tests.support.counterpart import Activity, Meeting
from tests.support.demo import Browser


def enter(browser: Browser, door: str) -> httpx.Response:
    """Through the login to the platform's form, which a script would send."""
    browser.get(door)
    return browser.submit("/lti/launch")


def launch(met: Meeting, browser: Browser, activity: Activity, person: str) -> httpx.Response:
    page = enter(browser, met.school.door(activity, person))
    assert page.status_code == 200, page.text
    assert str(page.url).startswith(f"{met.tool}/t/")
    return page


def follow(browser: Browser, words: str) -> httpx.Response:
    """Click on the link with these words."""
    found = re.search(rf'<a [^>]*href="([^"]*)"[^>]*>\s*{words}', browser.page.text)
    assert found, browser.page.text
    return browser.get(urljoin(str(browser.page.url), unescape(found[1])))
