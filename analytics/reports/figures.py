"""Requesting figures: one transaction, one instant and one watermark for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from analytics.catalogue import METRICS_BY_KEY, Metric
from analytics.definitions import Scope
from analytics.reports import cache
from analytics.reports.context import ReportRequest, is_published_scope, published_scope
from analytics.reports.metric_values import MetricValue
from analytics.reports.next_steps import NextStep, choose_step
from analytics.reports.published import last_shown, load_published
from analytics.scorecards import DEFAULT_LINES, Line, parse_lines
from analytics.statistics.estimates import Estimate
from analytics.store import scorecards
from core import clock
from core.database import UnitOfWork
from lrs import feed


def counted_up_to(connection: Connection, tenant_id: int) -> datetime:
    """The instant up to which every statement has been counted."""
    up_to = feed.high_water_mark(connection)
    oldest = feed.find_oldest_pending(connection, tenant_id)
    return min(up_to, oldest - clock.MICROSECOND) if oldest else up_to


def load_figures(
    unit_of_work: UnitOfWork, metrics: Sequence[Metric], scope: Scope, individual: bool
) -> list[list[MetricValue]]:
    """The values of each metric."""
    with unit_of_work(scope.tenant_id) as connection:
        return cache.load_metric_values(
            ReportRequest(connection, scope, individual),
            metrics,
            counted_up_to(connection, scope.tenant_id),
        )


@dataclass(frozen=True)
class Figure:
    """The values of a metric; ``published``: beside live ones what is published over the same,
    nothing where that is not published; None beside values that are published themselves.
    ``goals``: the lines of the scorecard about it, each with the part, its floor and its target.
    ``next_step``: what to do about it, chosen by the numbers."""

    metric: Metric
    values: list[MetricValue]
    published: list[MetricValue] | None
    goals: list[Line]
    next_step: NextStep


def load_figures_and_published(
    unit_of_work: UnitOfWork, metrics: Sequence[Metric], scope: Scope, individual: bool
) -> list[Figure]:
    """A figure of each metric."""
    with unit_of_work(scope.tenant_id) as connection:
        watermark = counted_up_to(connection, scope.tenant_id)
        requested = ReportRequest(connection, scope, individual)
        values = cache.load_metric_values(requested, metrics, watermark)
        published: Sequence[list[MetricValue] | None] = [[] for _ in metrics]
        if not individual:
            published = [None for _ in metrics]
        elif is_published_scope(scope):
            published = load_published(connection, published_scope(scope), metrics, watermark)
        lines = _scorecard_lines(requested)

        def estimates_by_part(key: str) -> Mapping[str, Estimate]:
            (found,) = cache.load_metric_values(requested, [METRICS_BY_KEY[key]], watermark)
            return {value.part: _as_estimate(value) for value in last_shown(found)}

        return [
            Figure(
                metric,
                live,
                beside,
                [line for line in lines if line.metric == metric.key],
                choose_step(metric.key, estimates_by_part),
            )
            for metric, live, beside in zip(metrics, values, published, strict=True)
        ]


def _scorecard_lines(requested: ReportRequest) -> list[Line]:
    scope = requested.scope
    decided = scorecards.find_latest_scorecard(
        requested.connection, scope.tenant_id, scope.programme or ""
    )
    return parse_lines(decided[1]) if decided else list(DEFAULT_LINES)


def _as_estimate(value: MetricValue) -> Estimate:
    return Estimate(
        value.numerator or 0,
        value.denominator or 0,
        value.value,
        value.ci_low,
        value.ci_high,
        value.learners or 0,
    )
