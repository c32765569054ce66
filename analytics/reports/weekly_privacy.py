"""Which weekly figures may be shown to callers who may not see individual people."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from analytics.reports import privacy
from analytics.store import weekly_figures
from analytics.store.weekly_figures import WeekFigure


def hidden_figures(
    connection: Connection,
    tenant_id: int,
    programme: str,
    series: str,
    figures: Sequence[WeekFigure],
) -> set[int]:
    """The ids of the figures that are hidden: those of fewer than five people; those of a team
    from which, together with the others and the whole, a smaller one could be derived; and
    every restated one, because the difference from its successor may reveal the one person in
    between."""
    result = {
        item.figure_id
        for item in figures
        if item.learners < privacy.MIN_GROUP_SIZE or item.restated_at is not None
    }
    weeks = sorted({item.week for item in figures if item.team})
    if weeks:
        people = weekly_figures.count_team_learners(connection, tenant_id, programme, series, weeks)
        whole = weekly_figures.count_programme_learners(
            connection, tenant_id, programme, series, weeks
        )
        for figure in figures:
            if figure.team and figure.team in privacy.hidden_teams(
                people.get(figure.week, {}), whole.get(figure.week, 0)
            ):
                result.add(figure.figure_id)
    return result
