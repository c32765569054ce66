"""The catalogue of metrics as views of schema ``report`` (analytics.store.reporting_views): its
rows stand in the views, written from the code whenever they are rebuilt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analytics.catalogue import CATALOGUE, Metric
from analytics.store.reporting_views import View
from core.translations import list_languages, translate_text

Cell = str | int | bool


def catalogue_views() -> dict[str, View]:
    """The views ``metric`` and ``metric_part``."""
    return {
        "metric": View(
            "The catalogue of metrics.",
            "metric: its key; parts: the keys of its parts beside the whole, with commas between; "
            "titles by language",
            _values(
                "metric, version, {}, unit, more_is_better, is_leading, meaning, not_meaning, "
                "formula, source, parts",
                map(_metric_row, CATALOGUE),
            ),
        ),
        "metric_part": View(
            "The parts of metrics, such as the intervals of retention.",
            "part: its key, empty for the whole; position: its place among the parts",
            _values(
                "metric, part, position, {}",
                (
                    [metric.key, part, position, *_titles(label)]
                    for metric in CATALOGUE
                    for position, (part, label) in enumerate(metric.parts, 1)
                ),
            ),
        ),
    }


def _metric_row(metric: Metric) -> list[Cell]:
    return [
        metric.key,
        metric.version,
        *_titles(metric.label),
        metric.unit,
        metric.more_is_better,
        metric.leading,
        metric.meaning,
        metric.not_meaning,
        metric.formula,
        metric.source,
        ", ".join(part for part, _ in metric.parts if part),
    ]


def _titles(text: str) -> list[str]:
    return [translate_text(tag, text) for tag in list_languages()]


def _values(columns: str, rows: Iterable[Sequence[Cell]]) -> str:
    """SQL that selects these rows; the titles stand where ``columns`` has braces."""
    titles = ", ".join(f"title_{tag}" for tag in list_languages())
    listed = ", ".join(f"({', '.join(_literal(cell) for cell in row)})" for row in rows)
    return f"SELECT * FROM (VALUES {listed}) AS t ({columns.format(titles)})"  # noqa: S608 - our own constants


def _literal(cell: Cell) -> str:
    """A constant of this code in SQL, where a backslash means itself."""
    if isinstance(cell, str):
        return "'" + cell.replace("'", "''") + "'"
    return str(cell)
