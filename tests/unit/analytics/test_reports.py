"""Figures in words, tables and pictures."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from xml.etree import ElementTree

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
    root = ElementTree.fromstring(  # noqa: S314 - our own picture
        pictures.draw_metric(metric, [replace(VALUE, part_label="<script>"), NOTHING])
    )
    name = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert root.findtext(f"{name}title") == 'Use <of> "it"'
    assert "20 %" in (root.findtext(f"{name}desc") or "")
    assert set((root.get("aria-labelledby") or "").split()) == {
        element.get("id") for element in root if element.get("id")
    }


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
