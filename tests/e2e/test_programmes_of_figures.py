"""Figures of a second programme in a real browser: for a training manager, and for nobody whose
role opens one programme alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.browser_pages import Pages, Pictures, accessible, frame_of, opened
from tests.support.demo import Demo

SECOND = "Practice security basics"


@pytest.fixture
def own_demo(new_home: Callable[[], Path]) -> Iterator[Demo]:
    """Other tests count on one programme."""
    running = Demo.start(new_home())
    running.settled()
    yield running
    running.stop()


def test_a_second_programme_is_one_link_away_for_who_may_see_it(
    own_demo: Demo, page: Pages, pictures: Pictures
) -> None:
    """36 people were certified in a second programme, and no page of figures showed it."""
    tab = page(360)
    frame = opened(own_demo, tab, "teacher", "Programmes")
    frame.get_by_label("Title").fill(SECOND)
    frame.get_by_label("Copy of").select_option(label="Phishing response")
    frame.get_by_role("button", name="Create programme").press("Enter")
    frame.get_by_role("button", name="Publish version 1").press("Enter")
    frame.get_by_text("What you see here is published.").wait_for()
    for room in ("Figures", "Teams"):
        frame.get_by_role("navigation", name="Pages").get_by_role(
            "link", name=room, exact=True
        ).press("Enter")
        frame.get_by_text("Programme: Phishing response").press("Enter")
        accessible(tab)
        frame.get_by_role("link", name=SECOND).press("Enter")
        frame.get_by_text(f"Programme: {SECOND}").wait_for()
        accessible(tab)
    frame.get_by_text(f"Programme: {SECOND}").press("Enter")
    frame.get_by_role("link", name="All programmes").press("Enter")
    frame.get_by_role("heading", name="All programmes").wait_for()
    frame.get_by_text("After 3 months").wait_for()
    accessible(tab)
    pictures(tab, "all-programmes")
    frame.get_by_role("link", name=SECOND).press("Enter")
    frame.get_by_role("heading", name=f"{SECOND}: does the effect last?").wait_for()
    key = frame.url.partition("programme=")[2]

    tab = page(360)
    tab.goto(own_demo.told["launch"]["mentor"])
    frame = frame_of(tab)
    home = "/".join(frame.url.split("/")[:5])
    frame.goto(f"{home}/figures")
    frame.get_by_role("heading", name="Phishing response").wait_for()
    assert frame.get_by_text("Programme: ").count() == 0
    for address in (f"figures?programme={key}", f"reports/teams?programme={key}", "figures/all"):
        answer = frame.goto(f"{home}/{address}")
        assert answer is not None and answer.status == 403, address
    accessible(tab)
