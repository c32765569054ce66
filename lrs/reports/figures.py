"""Requesting figures: one transaction, one instant and one watermark for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from core import clock
from core.database import UnitOfWork
from lrs.metrics.catalogue import Metric
from lrs.metrics.definitions import Scope
from lrs.reports import keeping
from lrs.reports.asking import ReportRequest
from lrs.reports.values import MetricValue
from lrs.store import statements, work


def counted_up_to(connection: Connection, tenant_id: int) -> datetime:
    """The instant up to which every statement has been counted."""
    horizon = statements.high_water_mark(connection)
    oldest = work.find_oldest_pending(connection, tenant_id)
    return min(horizon, oldest - clock.MICROSECOND) if oldest else horizon


def load_figures(unit_of_work: UnitOfWork, metrics: Sequence[Metric], scope: Scope, individual: bool) -> list[list[MetricValue]]:
    """The values of each metric."""
    with unit_of_work(scope.tenant_id) as connection:
        return keeping.load_metric_values(ReportRequest(connection, scope, individual), metrics, counted_up_to(connection, scope.tenant_id))
