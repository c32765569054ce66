"""Published values, as those read them who may not see individual people: everywhere the same, from
what the publishing job wrote (docs/privacy.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from analytics.catalogue import PUBLISHED_METRICS, Metric
from analytics.publishing.rows import add_sums, estimate_row
from analytics.reports.metric_values import MetricValue, whole_if_possible
from analytics.statistics.estimates import NO_ESTIMATE, Estimate
from analytics.statistics.proportions import CONFIDENCE
from analytics.store import published as store
from analytics.store import published_months as store_months
from analytics.store.published import (
    ALL_PROGRAMMES,
    MONTH,
    PROGRAMME,
    SHOWN,
    TOO_FEW,
    WAITING,
    PublishedValue,
)
from analytics.store.published_months import PublishedMonth
from core.clock import format_instant
from lrs import feed

_WHOLE_ONLY = "it is published of the whole programme alone, by month"


@dataclass(frozen=True)
class PublishedScope:
    """A programme (None: all together), or within it a wave, a team, site or role, or a month of
    certification; ``value`` None: each of them."""

    tenant_id: int
    programme: str | None
    kind: str = PROGRAMME
    value: str | None = ""


def load_published(
    connection: Connection, scope: PublishedScope, metrics: Sequence[Metric], watermark: datetime
) -> list[list[MetricValue]]:
    """The values of each metric: of each part and day, in order; of one that is of no certification
    by month, and of one whose parts are those that occur what is shown."""
    found: dict[tuple[str, str, int], PublishedValue] = {
        (item.metric, item.part, item.day): item
        for item in _list_values(connection, scope, metrics)
    }
    occurring: dict[str, list[tuple[str, str]]] = defaultdict(list)
    named = [part for key, part, _ in found if not PUBLISHED_METRICS[key].parts]
    names = feed.find_activity_names(connection, scope.tenant_id, named)
    for key, part, _ in found:
        if not PUBLISHED_METRICS[key].parts:
            occurring[key].append((part, names[part]))
    return [
        load_months(connection, scope, metric, watermark)
        if metric.published is None
        else [
            _metric_value(
                metric, scope, part, label, day, found.get((metric.key, part, day)), watermark
            )
            for part, label in metric.parts or occurring.get(metric.key, ())
            for day in metric.published.days_of(part)
        ]
        for metric in metrics
    ]


def load_months(
    connection: Connection, scope: PublishedScope, metric: Metric, watermark: datetime
) -> list[MetricValue]:
    """The values of a metric that is published by month: one for each month, or for several that
    are summed up; if there is none, one that says so. ``scope`` may name a month."""
    found = store_months.list_months(connection, scope.tenant_id, scope.programme, [metric.key])
    together: dict[tuple[str, str], list[tuple[PublishedMonth, datetime]]] = defaultdict(list)
    for item, released in found:
        within = item.first_month <= (scope.value or "") <= item.last_month
        if scope.kind == PROGRAMME or (scope.kind == MONTH and within):
            together[item.first_month, item.last_month].append((item, released))
    if not together:
        only_whole = scope.kind not in (PROGRAMME, MONTH)
        why = _WHOLE_ONLY if only_whole else "it waits for more people"
        status = TOO_FEW if only_whole else WAITING
        return [
            _month_value(
                metric, scope, _Month(metric.version, {}, status, why, NO_ESTIMATE, watermark)
            )
        ]
    return [
        _month_value(
            metric,
            scope,
            _Month(
                items[0][0].version,
                {MONTH: items[0][0].label},
                SHOWN,
                "",
                _estimate_months(metric, [item for item, _ in items]),
                max(released for _, released in items),
            ),
        )
        for items in together.values()
    ]


def _estimate_months(metric: Metric, months: Sequence[PublishedMonth]) -> Estimate:
    """The estimate of what is published of a month, of one programme or of several."""
    sums = add_sums(month.sums for month in months)
    return estimate_row(metric, "", sums)


@dataclass(frozen=True)
class _Month:
    """What is published of a month, or why nothing is."""

    version: int
    scope: dict[str, str]
    status: str
    why: str
    estimate: Estimate
    released: datetime


def _month_value(metric: Metric, scope: PublishedScope, month: _Month) -> MetricValue:
    shown, found = month.status == SHOWN, month.estimate
    own = {} if scope.kind == PROGRAMME else {scope.kind: scope.value or ""}
    return MetricValue(
        metric=metric.key,
        version=month.version,
        label=metric.label,
        part="",
        part_label=metric.parts[0][1],
        unit=metric.unit,
        programme=scope.programme,
        scope={**own, **month.scope},
        numerator=_number(found.numerator) if shown else None,
        denominator=_number(found.denominator) if shown else None,
        value=found.value,
        ci_low=found.low,
        ci_high=found.high,
        confidence=CONFIDENCE,
        learners=found.learners if shown else None,
        suppressed=not shown,
        reason=month.why,
        flags=list(found.flags),
        day=None,
        status=month.status,
        waits_until=None,
        watermark=format_instant(month.released),
        computed_at=format_instant(month.released),
    )


def published_estimates(
    connection: Connection, scope: PublishedScope, metric: Metric
) -> dict[str, dict[str, Estimate]]:
    """Value of the scope -> part -> what is shown of it, at the last day of which something is."""
    result: dict[str, dict[str, Estimate]] = defaultdict(dict)
    for item in list_published(connection, scope, metric):  # in the order of days
        if item.status == SHOWN:
            result[item.scope_value][item.part] = as_estimate(item)
    return result


def list_published(
    connection: Connection, scope: PublishedScope, metric: Metric
) -> list[PublishedValue]:
    """What is published of a metric, shown or not, in the order of values of the scope, parts and
    days."""
    return _list_values(connection, scope, [metric])


def as_estimate(item: PublishedValue) -> Estimate:
    """A value that is shown."""
    return Estimate(
        item.numerator or 0,
        item.denominator or 0,
        item.value,
        item.ci_low,
        item.ci_high,
        item.people or 0,
        tuple(item.flags),
    )


def last_shown(values: Iterable[MetricValue]) -> list[MetricValue]:
    """Of each part one value: that of the last day of which one is shown, otherwise the first."""
    chosen: dict[str, MetricValue] = {}
    for value in values:
        if value.part not in chosen or not value.suppressed:
            chosen[value.part] = value
    return list(chosen.values())


def _list_values(
    connection: Connection, scope: PublishedScope, metrics: Sequence[Metric]
) -> list[PublishedValue]:
    found = store.list_values(
        connection,
        scope.tenant_id,
        ALL_PROGRAMMES if scope.programme is None else scope.programme,
        [(scope.kind, scope.value)],
        [metric.key for metric in metrics],
    )
    return [item for item in found if item.version == PUBLISHED_METRICS[item.metric].version]


def _metric_value(
    metric: Metric,
    scope: PublishedScope,
    part: str,
    label: str,
    day: int,
    item: PublishedValue | None,
    watermark: datetime,
) -> MetricValue:
    shown = item is not None and item.status == SHOWN
    released = item.released_at if item else watermark
    return MetricValue(
        metric=metric.key,
        version=metric.version,
        label=metric.label,
        part=part,
        part_label=label,
        unit=metric.unit,
        programme=scope.programme,
        scope={} if scope.kind == PROGRAMME else {scope.kind: scope.value or ""},
        numerator=_number(item.numerator) if item else None,
        denominator=_number(item.denominator) if item else None,
        value=item.value if item else None,
        ci_low=item.ci_low if item else None,
        ci_high=item.ci_high if item else None,
        confidence=CONFIDENCE,
        learners=item.people if item else None,
        suppressed=not shown,
        reason="" if shown else why_not_shown(metric, item),
        flags=item.flags if item else [],
        day=day,
        status=item.status if item else WAITING,
        waits_until=item.waits_until.isoformat() if item and item.waits_until else None,
        watermark=format_instant(released),
        computed_at=format_instant(released),
    )


def _number(value: float | None) -> float | None:
    return None if value is None else whole_if_possible(value)


def why_not_shown(metric: Metric, item: PublishedValue | None) -> str:
    """Why a value is not shown, as a clause; ``item``: None where none was ever computed."""
    if metric.published is None:
        return "it is not published"
    if item is not None and item.waits_until is not None:
        return f"it is published on {item.waits_until} or later"
    if item is None or item.status == WAITING:
        return "it waits for more people"
    return f"fewer than {metric.published.min_people} people"
