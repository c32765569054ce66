"""Figures in words, tables and pictures."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from xml.etree import ElementTree

from lrs.metrics.catalogue import BY_KEY, CATALOGUE
from lrs.reports import picture
from lrs.reports.values import MetricValue, as_csv
from lrs.vocabulary import VERBS

VALUE = MetricValue(
    "transfer_rate", 1, "Transfer", "", "All", None, 5, 25, 0.2, 0.089, 0.391, 0.95, 24, "2026-11-23T00:00:00.000Z", "2026-11-23T00:00:01.000Z"
)
NOTHING = replace(VALUE, numerator=0, denominator=0, value=None, ci_low=None, ci_high=None, learners=0)


def test_a_figure_in_words_names_all_that_is_needed_to_judge_it() -> None:
    assert picture.sentence(VALUE) == "20 % (5 of 25; 95 % interval 9 % to 39 %; 24 people)."
    assert picture.sentence(replace(NOTHING, part="1w", part_label="1 week")) == "1 week: nothing to count yet."


def test_the_picture_has_a_title_and_a_description_and_escapes_what_it_is_given() -> None:
    metric = replace(BY_KEY["transfer_rate"], label='Use <of> "it"')
    root = ElementTree.fromstring(picture.draw(metric, [replace(VALUE, part_label="<script>"), NOTHING]))  # noqa: S314 - our own picture
    name = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert root.findtext(f"{name}title") == 'Use <of> "it"'
    assert "20 %" in (root.findtext(f"{name}desc") or "")
    assert set((root.get("aria-labelledby") or "").split()) == {element.get("id") for element in root if element.get("id")}


def test_a_spreadsheet_runs_nothing_from_the_csv() -> None:
    (row,) = csv.DictReader(io.StringIO(as_csv([replace(VALUE, programme="=HYPERLINK(1)")])))
    assert row["programme"] == "'=HYPERLINK(1)"
    assert row["numerator"] == "5"


def test_every_metric_of_the_catalogue_says_what_it_means_and_what_not() -> None:
    assert len(BY_KEY) == len(CATALOGUE)
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


def test_transfer_is_called_self_reported_while_nobody_confirms_it() -> None:
    assert "self-reported" in BY_KEY["transfer_rate"].label
