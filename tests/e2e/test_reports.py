"""Figures and every report in a real browser, as whoever teaches meets them: axe on each page,
narrowed by keyboard, the table beside each picture.
"""

from __future__ import annotations

import re

from playwright.sync_api import Frame, Page

from lrs.vocabulary.report_names import REPORT_GROUPS
from tests.support.browser_pages import (
    LOOKS,
    Pages,
    Pictures,
    accessible,
    frame_of,
    looks,
    opened,
)
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


# Height of the letters of every picture that shows, as they come out: in an SVG times its scale.
LETTERS = """() => [...document.querySelectorAll('.picture svg, .dots, .scale, .legend')]
  .filter(drawn => drawn.getBoundingClientRect().width > 0)
  .flatMap(drawn => [...drawn.querySelectorAll('text, span, strong')]
    .filter(one => one.textContent.trim() && one.getBoundingClientRect().width > 0)
    .map(one => {
      const svg = one.ownerSVGElement;
      const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
      return [one.textContent, parseFloat(getComputedStyle(one).fontSize) * scale];
    }))"""
FITS = """() => [...document.querySelectorAll('.picture')]
  .filter(one => !one.querySelector('svg:not(.wide):not(.small)'))
  .every(one => one.scrollWidth <= one.clientWidth)"""


def legible(tab: Page, frame: Frame, key: str, drawn: bool) -> None:
    """Letters of pictures are at least 12 pixels high, on a phone and on a desk."""
    for width in looks(tab):
        letters = frame.evaluate(LETTERS)
        assert letters or not drawn, (key, width)
        # Widths of drawings are rounded to a thousandth.
        small = [(text, size) for text, size in letters if size < 12]
        assert small == [], (key, width)
        assert frame.evaluate(FITS), (key, width, "a picture is cut")


def test_labels_of_every_picture_are_legible_on_a_phone_and_on_a_desk(
    demo: Demo, page: Pages
) -> None:
    """They were 6 to 9 pixels high: nobody over 40 read them."""
    demo.settled()
    tab = page(LOOKS[0][0])
    tab.goto(demo.told["launch"]["teacher"])
    frame = frame_of(tab)
    legible(tab, frame, "figures", drawn=True)
    frame.get_by_role("link", name="Every figure").press("Enter")
    frame.get_by_role("heading", name="Days to competency").wait_for()
    legible(tab, frame, "every figure", drawn=True)
    for some in REPORT_GROUPS.values():
        for key, label in some.items():
            chosen(frame, label)
            legible(tab, frame, key, drawn=key in ("heat_map", "weak_domains", "forgetting"))


def test_statisticians_words_are_read_where_one_asks_how_it_is_counted(
    demo: Demo, page: Pages
) -> None:
    """Managers met log loss, RMSE, AUC, Krippendorff, Laney and Benjamini in what they read."""
    words = re.compile("log loss|RMSE|AUC|Krippendorff|Laney|Benjamini|Wilson", re.IGNORECASE)
    demo.settled()
    tab = page(1280)
    tab.goto(demo.told["launch"]["teacher"])
    frame = frame_of(tab)
    assert not words.search(frame.locator("main").inner_text())
    frame.get_by_role("link", name="Every figure").press("Enter")
    frame.get_by_role("heading", name="Days to competency").wait_for()
    for some in REPORT_GROUPS.values():
        for key, label in some.items():
            chosen(frame, label)
            assert not words.search(frame.locator("main").inner_text()), key


def test_the_questions_report_is_no_wider_than_its_page(demo: Demo, page: Pages) -> None:
    """The column with what people answer instead was cut off."""
    tab = page(1280)
    tab.goto(demo.told["launch"]["teacher"])
    frame = frame_of(tab)
    frame.get_by_role("link", name="Questions", exact=True).press("Enter")
    table = frame.get_by_role("region", name="Questions as a table")
    table.wait_for()
    for width in looks(tab):
        assert table.evaluate("one => one.scrollWidth <= one.clientWidth"), width


def test_low_is_pale_on_the_heat_map_in_the_dark_as_well(demo: Demo, page: Pages) -> None:
    """The advice beside it speaks of pale cells; in the dark, low was dark."""
    demo.settled()
    tab = page(1280)
    tab.goto(demo.told["launch"]["teacher"])
    frame = frame_of(tab)
    frame.get_by_role("link", name="Teams and competencies").press("Enter")
    frame.get_by_text("A pale column").wait_for()
    cells = "() => [...document.querySelectorAll('.mark-rect path')].map(one => "
    seen = [frame.evaluate(f"{cells}getComputedStyle(one).fill)") for _ in looks(tab)]
    assert seen[0] and seen[0] == seen[1]
    texts = frame.locator(".picture svg").inner_html()
    assert re.search(r">\d+ %<", texts) and re.search(r">of \d+<", texts), "with n in each cell"


def test_from_a_figure_to_the_statements_behind_it(
    demo: Demo, page: Pages, pictures: Pictures
) -> None:
    tab = page(360)
    frame = opened(demo, tab, "teacher", "Figures")
    figure = frame.get_by_role("region", name="Transfer", exact=True)
    figure.get_by_text("How this is counted").press("Enter")
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
