"""Asking for figures: one unit of work, one moment, one watermark for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from lrs.ground import clock
from lrs.ground.database import UnitOfWork
from lrs.metrics.catalogue import Metric
from lrs.metrics.definitions.selects import Scope
from lrs.reports.values import MetricValue, values_of
from lrs.store import statements, work


def figures(unit_of_work: UnitOfWork, *, tenant_id: int, metrics: Sequence[Metric], programme: str | None) -> list[list[MetricValue]]:
    """The values of each metric, counted now. The watermark is the instant up to which every statement has been counted."""
    with unit_of_work(tenant_id) as connection:
        horizon = statements.horizon(connection)
        oldest = work.oldest(connection, tenant_id)
        watermark = min(horizon, oldest - clock.MICROSECOND) if oldest else horizon
        scope = Scope(tenant_id, clock.now(), programme)
        return [values_of(connection, metric, scope, watermark) for metric in metrics]
