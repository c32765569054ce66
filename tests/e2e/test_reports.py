"""Figures and every report in a real browser, as whoever teaches meets them: axe on each page,
narrowed by keyboard, the table beside each picture.
"""

from __future__ import annotations

from playwright.sync_api import Frame

from lrs.vocabulary.report_names import REPORT_GROUPS
from tests.support.browser_pages import Pages, Pictures, accessible, frame_of, opened
from tests.support.demo import Demo


def chosen(frame: Frame, label: str) -> None:
    """Another report, by keyboard."""
    others = frame.get_by_text("Other reports")
    if others.count():
        others.press("Enter")
    frame.get_by_role("navigation", name="Reports").get_by_role(
        "link", name=label, exact=True
    ).press("Enter")
    frame.locator(f"nav[aria-label=Reports] [aria-current=page]:text-is('{label}')").wait_for(
        state="attached"
    )


def test_every_report_is_reached_from_the_figures_and_reads_well(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    demo.settled()
    tab = page(1280, dark=True)
    tab.goto(demo.told["launch"]["teacher"])
    frame = frame_of(tab)
    frame.get_by_role("link", name="Every figure").press("Enter")
    frame.get_by_role("heading", name="Days to competency").wait_for()
    accessible(tab)
    for some in REPORT_GROUPS.values():
        for key, label in some.items():
            chosen(frame, label)
            assert frame.get_by_role("alert").count() == 0, key
            accessible(tab)
            pictures(tab, f"report-{key}", full_page=True)
    chosen(frame, "Scorecard")
    frame.get_by_text("Filter by wave").press("Enter")
    frame.get_by_label("Team").select_option("North desk")
    frame.get_by_role("button", name="Show").press("Enter")
    frame.get_by_text("Filtered by").wait_for()
    accessible(tab)


def test_from_a_figure_to_the_statements_behind_it(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    tab = page(360)
    frame = opened(demo, tab, "teacher", "Figures")
    figure = frame.get_by_role("region", name="Transfer", exact=True)
    figure.get_by_text("What to keep in mind").press("Enter")
    figure.get_by_role("link", name="The statements behind it: Transfer").press("Enter")
    frame.get_by_role("heading", name="What a figure rests on: transfer rate").wait_for()
    frame.locator("summary").first.press("Enter")
    frame.get_by_role("cell", name="certified").or_(
        frame.get_by_role("rowheader", name="certified")
    ).first.wait_for()
    accessible(tab)
    pictures(tab, "behind")
    frame.get_by_role("link", name="More people").press("Enter")
    frame.get_by_role("heading", name="What a figure rests on: transfer rate").wait_for()
