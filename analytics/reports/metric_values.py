"""Metric values: a figure is never told without numerator, denominator, interval, n, version and
watermark."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from analytics.catalogue import RATIO, SHARE, Metric
from analytics.definitions import Scope
from analytics.statistics.estimates import NO_ESTIMATE, Estimate
from analytics.statistics.proportions import CONFIDENCE
from core.clock import format_instant
from core.csv_cells import escape_formula

LIVE = "live"


@dataclass(frozen=True)
class MetricValue:
    """One figure. ``value`` and the interval are None where there is nothing to count, or where \
it is suppressed (``reason`` says why).

    ``status``: "live" (as of now, not published), or of a published one "shown", "waiting" or "too
    few"; ``day``: how many days after the certification people were looked at (none: as of now);
    ``waits_until``: when more can be told, as far as that is known. ``watermark``: counted up to
    there.
    """

    metric: str
    version: int
    label: str
    part: str
    part_label: str
    unit: str
    programme: str | None
    scope: dict[str, str]
    numerator: float | None
    denominator: float | None
    value: float | None
    ci_low: float | None
    ci_high: float | None
    confidence: float
    learners: int | None
    suppressed: bool
    reason: str
    flags: list[str]
    day: int | None
    status: str
    waits_until: str | None
    watermark: str
    computed_at: str


def compute_estimates(connection: Connection, metric: Metric, scope: Scope) -> dict[str, Estimate]:
    """Part -> estimate, counted on request."""
    return metric.estimate(connection.execute(metric.count(scope)).all())


def compute_metric_values(
    connection: Connection, metric: Metric, scope: Scope, watermark: datetime
) -> list[MetricValue]:
    """The live values of a metric, one for each of its parts, counted on request: for those who
    may see individual people."""
    result = compute_estimates(connection, metric, scope)
    created = []
    for part, label in metric.parts:
        item = result.get(part, NO_ESTIMATE)
        created.append(
            MetricValue(
                metric=metric.key,
                version=metric.version,
                label=metric.label,
                part=part,
                part_label=label,
                unit=metric.unit,
                programme=scope.programme,
                scope=dict(scope.by),
                numerator=whole_if_possible(item.numerator),
                denominator=whole_if_possible(item.denominator),
                value=item.value,
                ci_low=item.low,
                ci_high=item.high,
                confidence=CONFIDENCE,
                learners=item.learners,
                suppressed=False,
                reason="",
                flags=list(item.flags),
                day=None,
                status=LIVE,
                waits_until=None,
                watermark=format_instant(watermark),
                computed_at=format_instant(scope.as_of),
            )
        )
    return created


def whole_if_possible(value: float) -> float:
    """A whole number as an int."""
    return int(value) if float(value).is_integer() else value


def format_value(value: float | None, unit: str) -> str:
    """A number formatted for a page: ``83 %``, ``12 days``, ``0.91``; an en dash if there is
    none."""
    if value is None:
        return "–"
    if unit == SHARE:
        return f"{value * 100:.0f} %"
    if unit == "days":
        return f"{value:.0f} {'day' if round(value) == 1 else 'days'}"
    return f"{value:.2f}" if unit == RATIO or abs(value) < 10 else f"{value:.0f}"


def describe_value(value: MetricValue) -> str:
    """One value as a sentence."""
    where = f"{value.part_label}: " if value.part else ""
    if value.suppressed:
        return f"{where}not shown: {value.reason}."
    if value.value is None:
        return f"{where}{value.flags[0]}." if value.flags else f"{where}nothing to count yet."
    people = f"{value.learners} {'person' if value.learners == 1 else 'people'}"
    interval = ""
    if value.ci_low is not None or value.ci_high is not None:
        high = (
            "beyond what was seen"
            if value.ci_high is None
            else format_value(value.ci_high, value.unit)
        )
        interval = f"95 % interval {format_value(value.ci_low, value.unit)} to {high}; "
    counts = f"{value.numerator} of {value.denominator}; " if value.unit in (SHARE, "days") else ""
    when = _format_day(value.day)
    return f"{where}{format_value(value.value, value.unit)} ({counts}{interval}{people}){when}."


def _format_day(day: int | None) -> str:
    """Until when people were looked at, as the end of a sentence."""
    if day is None:
        return ""
    return f", by day {day}" if day else ", at the certification"


def values_as_json(values: Iterable[MetricValue]) -> list[dict[str, Any]]:
    """The values for the API."""
    return [asdict(value) for value in values]


def values_as_csv(values: Iterable[MetricValue]) -> str:
    """A CSV table with a header line. Texts that a spreadsheet would run as a formula are
    prefixed with an apostrophe."""
    out = io.StringIO()
    writer = csv.DictWriter(
        out, fieldnames=list(MetricValue.__dataclass_fields__), lineterminator="\r\n"
    )
    writer.writeheader()
    for row in values_as_json(values):
        flat = {
            **row,
            "scope": "; ".join(f"{k}={v}" for k, v in row["scope"].items()),
            "flags": "; ".join(row["flags"]),
        }
        writer.writerow({name: escape_formula(value) for name, value in flat.items()})
    return out.getvalue()
