"""The operator's page of statements in a real browser: a filter that follows what is typed, without
a script as well.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.support.browser_pages import Pictures, accessible
from tests.support.demo import Demo, http_get, http_post, wait_until

Pages = Callable[..., Page]


@pytest.fixture
def signed_in(demo: Demo, page: Pages) -> Callable[..., Page]:
    kept = json.loads((demo.home / "demo.json").read_text())["xapi"]
    token = base64.b64encode(f"{kept['key']}:{kept['secret']}".encode()).decode()

    def make(width: int, dark: bool = False, scripts: bool = True) -> Page:
        made = page(width, dark, scripts)
        made.set_extra_http_headers({"Authorization": f"Basic {token}"})
        made.goto(f"http://127.0.0.1:{demo.port}/browse")
        return made

    return make


def test_the_list_follows_the_filter_and_is_accessible(
    signed_in: Pages, pictures: Pictures
) -> None:
    opened = signed_in(1280, dark=True)
    assert opened.locator(".rows > li").count() == 50
    accessible(opened)
    assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    opened.get_by_label("Verb").fill("https://w3id.org/xapi/tla/verbs/certified")
    wait_until(lambda: set(opened.locator(".rows strong").all_inner_texts()) == {"certified"})
    assert "certified" in opened.url
    opened.get_by_label("Verb").fill("no iri")
    opened.get_by_role("alert").wait_for()
    assert "absolute IRI" in opened.get_by_role("alert").inner_text()
    opened.get_by_label("Verb").fill("")
    opened.locator(".rows summary").first.wait_for()
    first = opened.locator(".rows > li").first
    first.locator("summary").first.focus()
    opened.keyboard.press("Enter")
    accessible(opened)
    pictures(opened, "browse")
    assert '"actor"' in first.locator("pre").inner_text()
    first.get_by_role("link", name="this statement alone").click()
    opened.get_by_text("One statement is shown").wait_for()
    accessible(opened)
    pictures(opened, "browse-statement")
    opened.get_by_role("link", name="this person or group").click()
    opened.get_by_role("region", name="What is known of the agent").wait_for()
    assert "agent=" in opened.url
    accessible(opened)
    pictures(opened, "browse-agent")


def test_what_does_not_count_and_who_may_be_one_person_are_pages_beside_it(
    demo: Demo, signed_in: Pages, pictures: Pictures
) -> None:
    opened = signed_in(360)
    for name, heading in (
        ("What does not count", "What does not count"),
        ("One person?", "One person?"),
    ):
        opened.get_by_role("navigation", name="Record store").get_by_role("link", name=name).click()
        opened.get_by_role("heading", name=heading, level=1).wait_for()
        accessible(opened)
        pictures(opened, heading.lower().rstrip("?").replace(" ", "-"))


def test_without_a_script_the_filter_and_the_earlier_pages_work(signed_in: Pages) -> None:
    opened = signed_in(360, scripts=False)
    first = opened.locator(".rows summary").first.inner_text()
    opened.get_by_role("button", name="Earlier statements").click()
    assert opened.locator(".rows summary").first.inner_text() != first
    opened.get_by_role("textbox", name="Who e-mail").fill("nobody@example.org")
    opened.get_by_role("button", name="Show").click()
    assert "No statement fits" in opened.locator("#rows").inner_text()


def test_new_statements_come_by_themselves(demo: Demo, signed_in: Pages) -> None:
    opened = signed_in(1280)
    kept = json.loads((demo.home / "demo.json").read_text())["xapi"]
    new = {
        "actor": {"mbox": "mailto:just-now@example.org"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/experienced"},
        "object": {"id": "https://example.org/new"},
    }
    headers = {"X-Experience-API-Version": "1.0.3"}
    http_post(
        f"http://127.0.0.1:{demo.port}/xapi/statements",
        json=new,
        headers=headers,
        auth=(kept["key"], kept["secret"]),
    )
    opened.locator(".who", has_text="just-now@example.org").wait_for()
    assert http_get(f"http://127.0.0.1:{demo.port}/browse").status_code == 401
