"""Requesting figures: one transaction, one instant and one watermark for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from analytics.catalogue import Metric
from analytics.definitions import Scope
from analytics.reports import cache
from analytics.reports.context import ReportRequest, is_published_scope, published_scope
from analytics.reports.metric_values import MetricValue
from analytics.reports.published import load_published
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


def load_figures_and_published(
    unit_of_work: UnitOfWork, metrics: Sequence[Metric], scope: Scope, individual: bool
) -> list[tuple[list[MetricValue], list[MetricValue] | None]]:
    """The values of each metric, and beside live ones what is published over the same: nothing
    where that is not published. None beside values that are published themselves."""
    with unit_of_work(scope.tenant_id) as connection:
        watermark = counted_up_to(connection, scope.tenant_id)
        requested = ReportRequest(connection, scope, individual)
        values = cache.load_metric_values(requested, metrics, watermark)
        if not individual:
            return [(item, None) for item in values]
        published: list[list[MetricValue]] = [[] for _ in metrics]
        if is_published_scope(scope):
            published = load_published(connection, published_scope(scope), metrics, watermark)
        return list(zip(values, published, strict=True))
