"""Figures in words, tables and pictures."""

from __future__ import annotations

import csv
import io
import re
import struct
from dataclasses import replace
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.catalogue import CATALOGUE, METRICS_BY_KEY
from analytics.publishing.rows import PublishedRow, RowKey
from analytics.publishing.values import compute_values
from analytics.reports import metric_values, pictures, privacy
from analytics.reports.metric_values import LIVE, MetricValue, values_as_csv
from analytics.reports.published import why_not_shown
from analytics.store.published import Packet
from lrs.vocabulary import VERBS

VALUE = MetricValue(
    metric="transfer_rate",
    version=2,
    label="Transfer",
    part="",
    part_label="All",
    unit="share",
    programme=None,
    scope={},
    numerator=5,
    denominator=25,
    value=0.2,
    ci_low=0.089,
    ci_high=0.391,
    confidence=0.95,
    learners=24,
    suppressed=False,
    reason="",
    flags=[],
    day=None,
    status=LIVE,
    waits_until=None,
    watermark="2026-11-23T00:00:00.000Z",
    computed_at="2026-11-23T00:00:01.000Z",
)
SVG = "{http://www.w3.org/2000/svg}"
NOTHING = replace(
    VALUE, numerator=0, denominator=0, value=None, ci_low=None, ci_high=None, learners=0
)


def test_a_figure_in_words_names_all_that_is_needed_to_judge_it() -> None:
    assert (
        metric_values.describe_value(VALUE)
        == "20 % (5 of 25; 95 % interval 9 % to 39 %; 24 people)."
    )
    assert (
        metric_values.describe_value(replace(NOTHING, part="1w", part_label="1 week"))
        == "1 week: nothing to count yet."
    )


def test_the_picture_has_a_title_and_a_description_and_escapes_what_it_is_given() -> None:
    metric = replace(METRICS_BY_KEY["transfer_rate"], label='Use <of> "it"')
    drawn = pictures.draw_metric(metric, [replace(VALUE, part_label="<script>"), NOTHING])
    page = ElementTree.fromstring(f"<div>{drawn}</div>")  # noqa: S314 - our own picture
    assert [root.get("display") for root in page] == [None, "none"], "one of two drawings is shown"
    for root in page:
        assert root.get("role") == "img"
        assert root.findtext(f"{SVG}title") == 'Use <of> "it"'
        assert "20 %" in (root.findtext(f"{SVG}desc") or "")
        assert set((root.get("aria-labelledby") or "").split()) == {
            element.get("id") for element in root if element.get("id")
        }


WEEKS = [
    {"period": f"2026-{month:02}-01", "value": 0.5, "centre": 0.5, "low": 0.4, "high": 0.6}
    for month in range(1, 13)
]
ROWS = [{"label": "North desk", "value": 0.5, "low": 0.4, "high": 0.6, "text": "50 % (12)"}]
POINTS = [{"x": 1.0, "value": 0.5, "low": 0.4, "high": 0.6, "n": 12}]
CELLS: list[dict[str, object]] = [
    {"row": "North desk", "column": "Reporting", "value": 0.0, "text": "0 %\nof 12"},
    {"row": "South desk", "column": "Reporting", "value": 1.0, "text": "100 %\nof 30"},
    {"row": "West desk", "column": "Reporting", "value": None, "text": "1\nperson"},
]


@pytest.mark.parametrize(
    "spec",
    [
        pictures.interval_chart(METRICS_BY_KEY["transfer_rate"], [VALUE]),
        pictures.curve_chart(POINTS, POINTS, "days"),
        pictures.step_chart(POINTS, "days"),
        pictures.control_chart([{**week, "signal": True} for week in WEEKS], "share"),
        pictures.stacked_control_charts([("Clicks", WEEKS), ("Calls", WEEKS)]),
        pictures.heat_map_chart(CELLS),
        pictures.forest_plot(ROWS, "transfer", "share"),
        pictures.event_study_chart(POINTS, "periods", "clicks"),
    ],
)
def test_letters_of_pictures_are_legible_and_fit_a_phone(spec: pictures.Spec) -> None:
    """Nothing scales a drawing, so its letters are as high as they are drawn."""
    drawn = pictures.render_svg(spec, "one", "Title", "Text")
    sizes = [float(size) for size in re.findall(r'font-size="([0-9.]+)px"', drawn)]
    assert sizes and min(sizes) >= 12
    widths = [float(width) for width in re.findall(r'<svg [^>]*? width="([0-9.]+)"', drawn)]
    assert max(widths) <= pictures.WIDE and (len(widths) == 1 or widths[1] <= pictures.SMALL)


def test_one_person_is_no_bar() -> None:
    metric = METRICS_BY_KEY["transfer_rate"]
    few = replace(VALUE, numerator=0, denominator=1, value=0.0, ci_low=0.0, ci_high=0.8, learners=1)
    assert pictures.draw_metric(metric, [few]) == ""
    both = pictures.draw_metric(metric, [VALUE, replace(few, part_label="Lately")])
    assert "20 % (24)" in both and ">Lately<" not in both


def test_pale_is_low_in_the_dark_as_well() -> None:
    """The advice beside the heat map speaks of pale cells, so its colours do not follow the page."""
    drawn = pictures.render_svg(pictures.heat_map_chart(CELLS), "heat", "Title", "Text")
    fills = re.findall(r'<path [^>]*d="M[^>]*fill="([^"]+)"', drawn)
    assert "rgb(247, 241, 227)" in drawn and "rgb(141, 180, 236)" in drawn, fills
    assert f'fill="{pictures.HEAT_INK}"' in drawn
    assert "of 12" in drawn and "person" in drawn, "each cell says of how many it is"


def test_weeks_of_which_it_is_too_early_to_speak_are_grey() -> None:
    points = [{**week, "signal": False} for week in WEEKS]
    early = pictures.render_svg(pictures.control_chart(points, "share", False), "a", "t", "x")
    judged = pictures.render_svg(pictures.control_chart(points, "share"), "b", "t", "x")
    assert "--accent" not in early and "stroke-dasharray" not in early
    assert "--accent" in judged and "stroke-dasharray" in judged


def test_a_bitmap_is_of_the_wider_drawing_alone() -> None:
    drawn = pictures.render_svg(pictures.forest_plot(ROWS, "transfer", "share"), "a", "t", "x")
    png = pictures.svg_to_png(drawn, scale=1)
    assert struct.unpack(">I", png[16:20]) == (pictures.WIDE,)


def test_a_spreadsheet_runs_nothing_from_the_csv() -> None:
    (row,) = csv.DictReader(io.StringIO(values_as_csv([replace(VALUE, programme="=HYPERLINK(1)")])))
    assert row["programme"] == "'=HYPERLINK(1)"
    assert row["numerator"] == "5"


def test_every_metric_of_the_catalogue_says_what_it_means_and_what_not() -> None:
    assert len(METRICS_BY_KEY) == len(CATALOGUE)
    for metric in CATALOGUE:
        for text in (
            metric.label,
            metric.unit,
            metric.meaning,
            metric.not_meaning,
            metric.formula,
            metric.source,
            metric.owner,
            metric.update_frequency,
        ):
            assert text.strip()
        assert set(metric.verbs) <= set(VERBS) | {"completed"}


def test_the_headline_of_transfer_is_what_somebody_else_confirmed() -> None:
    metric = METRICS_BY_KEY["transfer_rate"]
    assert "somebody else confirmed" in metric.meaning
    assert metric.parts[0] == ("", "All certified"), "the honest denominator stands first"


def test_a_value_that_is_not_shown_tells_no_number() -> None:
    """Four people are counted, and published as too few; eight of whom the window goes on wait."""
    metric, now = METRICS_BY_KEY["transfer_rate"], datetime(2026, 11, 30, tzinfo=UTC)

    def packet(number: int, people: int, certified: date) -> Packet:
        return Packet(
            number, "p", None, "team", f"{number}", False, date(2026, 7, 6), people, certified, None
        )

    packets = [packet(1, 8, date(2026, 7, 6)), packet(2, 8, now.date())]
    sums = [{"numerator": 3, "denominator": 4, "kk": 3, "kn": 3, "nn": 4, "learners": 4}]
    row = PublishedRow(
        RowKey(metric.key, "", 90), metric.version, (1,), 4, sums, {"": [1, 2, 3, 4]}
    )
    made = {
        item.scope_value: item
        for item in compute_values("p", packets, [row], now)
        if (item.metric, item.part, item.scope) == (metric.key, "", "team")
    }
    for item, why in (
        (made["1"], "fewer than 5 people"),
        (made["2"], "it is published on 2027-03-01 or later"),
    ):
        assert (item.value, item.numerator, item.denominator, item.people, item.ci_low) == (
            None,
            None,
            None,
            None,
            None,
        )
        assert why_not_shown(metric, item) == why
    gone = replace(NOTHING, suppressed=True, reason="fewer than 5 people")
    assert metric_values.describe_value(gone) == "not shown: fewer than 5 people."


@given(st.lists(st.integers(0, 40), max_size=12))
def test_no_small_group_can_be_told_from_the_total(people: list[int]) -> None:
    reasons = privacy.suppression_reasons(people)
    hidden = [n for n, reason in zip(people, reasons, strict=True) if reason and n]
    shown = [n for n, reason in zip(people, reasons, strict=True) if not reason and n]
    assert all(n >= privacy.MIN_GROUP_SIZE for n in shown)
    assert not hidden or (len(hidden) > 1 and sum(hidden) >= privacy.MIN_GROUP_SIZE) or not shown
