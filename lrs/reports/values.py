"""Metric values: a figure never travels without numerator, denominator, interval, n, version and watermark."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from lrs.ground.clock import text_of
from lrs.metrics.catalogue import Metric
from lrs.metrics.definitions.selects import Scope
from lrs.metrics.statistics.proportions import CONFIDENCE, wilson


@dataclass(frozen=True)
class MetricValue:
    """One figure. ``value`` and the interval are None where the denominator is 0; ``watermark``: counted up to there."""

    metric: str
    version: int
    label: str
    part: str
    part_label: str
    programme: str | None
    numerator: int
    denominator: int
    value: float | None
    ci_low: float | None
    ci_high: float | None
    confidence: float
    learners: int
    watermark: str
    computed_at: str


def values_of(connection: Connection, metric: Metric, scope: Scope, watermark: datetime) -> list[MetricValue]:
    """The values of a metric, one for each of its parts, counted now."""
    counted = {row.part: row for row in connection.execute(metric.count(scope))}
    found = []
    for part, label in metric.parts:
        row = counted.get(part)
        k, n, learners = (int(row.numerator), int(row.denominator), int(row.learners)) if row else (0, 0, 0)
        low, high = wilson(k, n) if n else (None, None)
        found.append(
            MetricValue(
                metric=metric.key,
                version=metric.version,
                label=metric.label,
                part=part,
                part_label=label,
                programme=scope.programme,
                numerator=k,
                denominator=n,
                value=k / n if n else None,
                ci_low=low,
                ci_high=high,
                confidence=CONFIDENCE,
                learners=learners,
                watermark=text_of(watermark),
                computed_at=text_of(scope.as_of),
            )
        )
    return found


def as_json(values: Iterable[MetricValue]) -> list[dict[str, Any]]:
    """For the API."""
    return [asdict(value) for value in values]


def as_csv(values: Iterable[MetricValue]) -> str:
    """A table with a header line. Texts that a spreadsheet would run as a formula get an apostrophe in front."""
    rows = as_json(values)
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(MetricValue.__dataclass_fields__), lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _harmless(value) for name, value in row.items()})
    return out.getvalue()


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
