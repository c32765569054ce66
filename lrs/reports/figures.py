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
from lrs.reports.asking import Asked
from lrs.reports.values import MetricValue
from lrs.store import statements, work


def watermark_of(connection: Connection, tenant_id: int) -> datetime:
    """The instant up to which every statement has been counted."""
    horizon = statements.high_water_mark(connection)
    oldest = work.find_oldest_pending(connection, tenant_id)
    return min(horizon, oldest - clock.MICROSECOND) if oldest else horizon


def figures(unit_of_work: UnitOfWork, metrics: Sequence[Metric], scope: Scope, individual: bool) -> list[list[MetricValue]]:
    """The values of each metric."""
    with unit_of_work(scope.tenant_id) as connection:
        return keeping.values(Asked(connection, scope, individual), metrics, watermark_of(connection, scope.tenant_id))
