"""What pages show: reports and values, built on request. Those of a large programme are computed
beforehand, because building them takes longer than a page may (analytics.reports.computed)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from analytics.catalogue import CATALOGUE, Metric
from analytics.definitions import Scope
from analytics.reports.computed import fill_computed, get_computed, shown_name
from analytics.reports.context import (
    NOT_PUBLISHED,
    PUBLISHED_REPORTS,
    ReportRequest,
    published_scope,
)
from analytics.reports.metric_values import MetricValue, compute_metric_values, values_as_json
from analytics.reports.published import load_published
from analytics.reports.registry import REPORT_BUILDERS, list_dimension_values
from analytics.reports.report import Column, Report
from analytics.store import computed_reports
from analytics.store.published import list_publications
from analytics.store.tables import fact_episode
from core.clock import format_instant
from lrs.vocabulary.report_names import REPORT_LABELS

# episodes; below that, the slowest report fits into the 200 ms of a page (bench/results/metrics.md)
LARGE_PROGRAMME = 3_000
_VALUES_KEY, _DIMENSIONS_KEY = "values", "dimensions"


def load_report(requested: ReportRequest, key: str, watermark: datetime) -> Report:
    """One report, stamped with the time it was computed and the watermark up to which
    statements were counted."""
    cached = _find_cached(requested, key)
    if cached is not None:
        return Report(**{**cached, "columns": [Column(**item) for item in cached["columns"]]})
    if not requested.individual and key not in PUBLISHED_REPORTS:
        return Report(
            key,
            REPORT_LABELS[key],
            NOT_PUBLISHED,
            (),
            (),
            what_to_do="Ask somebody who may see individual people, or read what is published.",
            watermark=format_instant(watermark),
            computed_at=format_instant(requested.scope.as_of),
        )
    if not requested.individual:
        return _build_published_report(requested, key, watermark)
    return _build_report(requested, key, watermark)


def _build_published_report(requested: ReportRequest, key: str, watermark: datetime) -> Report:
    """A report of published values has the time and the watermark of the last publication."""
    created = _build_report(requested, key, watermark)
    last = next(
        iter(list_publications(requested.connection, requested.scope.tenant_id, None, 1)), None
    )
    if last is None:
        return created
    return replace(
        created, watermark=format_instant(last.watermark), computed_at=format_instant(last.at)
    )


def _build_report(requested: ReportRequest, key: str, watermark: datetime) -> Report:
    created = REPORT_BUILDERS[key](requested)
    return replace(
        created,
        watermark=created.watermark or format_instant(watermark),
        computed_at=created.computed_at or format_instant(requested.scope.as_of),
    )


def load_metric_values(
    requested: ReportRequest, metrics: Sequence[Metric], watermark: datetime
) -> list[list[MetricValue]]:
    """The values of each metric: live ones for callers who may see individual people, published
    ones for all others."""
    if not requested.individual:
        return load_published(
            requested.connection, published_scope(requested.scope), metrics, watermark
        )
    cached = _find_cached(requested, _VALUES_KEY)
    if cached is not None and all(metric.key in cached for metric in metrics):
        return [[MetricValue(**item) for item in cached[metric.key]] for metric in metrics]
    return [_build_metric_values(requested, metric, watermark) for metric in metrics]


def _build_metric_values(
    requested: ReportRequest, metric: Metric, watermark: datetime
) -> list[MetricValue]:
    return compute_metric_values(requested.connection, metric, requested.scope, watermark)


def load_dimension_values(requested: ReportRequest) -> dict[str, list[str]]:
    """The values of each dimension by which the programme's figures can be narrowed."""
    whole = replace(requested, scope=requested.scope.widest())
    cached = _find_cached(whole, _DIMENSIONS_KEY)
    return list_dimension_values(whole) if cached is None else cached


def cache_reports(connection: Connection, scope: Scope, watermark: datetime) -> None:
    """Build and cache everything live for a programme; nothing if the programme is small."""
    assert scope.programme is not None
    e = fact_episode.c
    episodes = connection.execute(
        select(func.count()).where(e.tenant_id == scope.tenant_id, e.programme == scope.programme)
    ).scalar_one()
    if episodes < LARGE_PROGRAMME:
        computed_reports.discard_cached_reports(connection, scope.tenant_id, scope.programme)
        return
    requested = ReportRequest(connection, scope, individual=True)
    created = list(_build_everything(requested, watermark))
    # At the end, so that a new decision does not wait for row locks in the meantime.
    for key, body in created:
        fill_computed(requested, shown_name(key), body, watermark)


def _build_everything(
    requested: ReportRequest, watermark: datetime
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(key, body) of each report, of the metrics' values and of the dimensions' values."""
    for key in REPORT_BUILDERS:
        yield key, _build_report(requested, key, watermark).as_json()
    yield (
        _VALUES_KEY,
        {
            metric.key: values_as_json(_build_metric_values(requested, metric, watermark))
            for metric in CATALOGUE
        },
    )
    yield _DIMENSIONS_KEY, list_dimension_values(requested)


def _find_cached(requested: ReportRequest, key: str) -> dict[str, Any] | None:
    if not requested.individual or not requested.scope.is_whole_programme:
        return None
    computed = get_computed(requested, shown_name(key))
    return computed.body if computed else None
