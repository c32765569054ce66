"""Weekly figures for those who may not see individual people: what was published week by week."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from analytics.publishing import weeks
from analytics.publishing.values import ScopeKey
from analytics.publishing.weeks import WeekPoint
from analytics.reports.published import PublishedScope
from analytics.store import published as store
from analytics.store.published import PROGRAMME
from analytics.store.weekly_figures import WeekFigure
from analytics.weekly_series import WEEKLY_SERIES

TEAM = "team"


def load_points(connection: Connection, scope: PublishedScope, series: str) -> list[WeekPoint]:
    """The points of a series over a scope, in order."""
    found = _load_scopes(connection, scope.tenant_id, scope.programme, series)
    return found.get((scope.kind, scope.value or ""), [])


def load_week_figures(
    connection: Connection, tenant_id: int, programme: str, series: str
) -> list[WeekFigure]:
    """All that was published of a series of a programme and of its teams (none: the whole), by team
    and in order."""
    found = _load_scopes(connection, tenant_id, programme, series)
    return [
        _week_figure(series, team, point)
        for (kind, team), points in sorted(found.items())
        if kind in (PROGRAMME, TEAM)
        for point in points
    ]


def _load_scopes(
    connection: Connection, tenant_id: int, programme: str | None, key: str
) -> dict[ScopeKey, list[WeekPoint]]:
    series = WEEKLY_SERIES[key]
    released: Sequence[store.ReleasedRow] = store.list_released(
        connection, tenant_id, programme, series.metric
    )
    packets = {item.packet_id: item for item in store.list_packets(connection, tenant_id)}
    return weeks.compute_points(series, released, packets)


def _week_figure(series: str, team: str, point: WeekPoint) -> WeekFigure:
    return WeekFigure(
        point.number,
        series,
        team,
        point.week,
        point.numerator,
        point.denominator,
        point.people,
        point.at,
        restated_at=None,
        restated_by=None,
        restated_why=None,
    )
