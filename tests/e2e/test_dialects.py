"""The practice LMS plays each product in a real browser that blocks third-party cookies: chosen on
the course's page, then the learner's launch in the frame.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from carryover.practice_lms.dialects import DIALECTS
from tests.support.browser_pages import Pages, accessible, frame_of
from tests.support.demo import Demo, http_post

DEFAULT = next(iter(DIALECTS))


def course_of(demo: Demo) -> str:
    return str(demo.told["launch"]["learner"]).partition("launch/")[0]


def choose(demo: Demo, tab: Page, key: str) -> None:
    """Choose a product on the page, which then shows it as the chosen one."""
    tab.goto(course_of(demo))
    tab.get_by_label("Play the product").select_option(label=DIALECTS[key].label)
    with tab.expect_navigation():
        tab.get_by_role("button", name="Play", exact=True).click()
    expect(tab.get_by_label("Play the product")).to_have_value(key)


@pytest.fixture(scope="module")
def default_afterwards(demo: Demo) -> Iterator[None]:
    """The demo is that of all tests of this folder."""
    yield
    answer = http_post(f"{course_of(demo)}dialect", data={"dialect": DEFAULT})
    assert answer.status_code == 303


@pytest.mark.usefixtures("default_afterwards")
@pytest.mark.parametrize("key", list(DIALECTS))
def test_a_learner_comes_from_each_product(demo: Demo, page: Pages, key: str) -> None:
    tab = page(1280)
    choose(demo, tab, key)
    if key == DEFAULT:
        accessible(tab)
    tab.goto(demo.told["launch"]["learner"])
    frame = frame_of(tab)
    # Who has another id in this product is somebody new, who was certified nowhere yet.
    frame.get_by_text(
        re.compile("Phishing response|No certification is on record")
    ).first.wait_for()
    assert not frame.locator("[role=alert]").count()
    assert "does it last?" not in frame.locator("main").inner_text(), (
        "a learner, who teaches nobody"
    )
