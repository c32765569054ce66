"""What of weekly figures may be shown to whoever may not see single people."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from lrs.reports import privacy
from lrs.store import watching
from lrs.store.watching import WeekFigure


def hidden(connection: Connection, tenant_id: int, programme: str, series: str, figures: Sequence[WeekFigure]) -> set[int]:
    """The numbers of the figures that are hidden: of fewer than five people; of a team from which, with the others and the whole, a smaller
    one could be told; and every one that was restated, because with its successor it may tell of the one person in between."""
    found = {one.figure_id for one in figures if one.learners < privacy.MIN_GROUP_SIZE or one.restated_at is not None}
    weeks = sorted({one.week for one in figures if one.team})
    if weeks:
        people = watching.count_team_learners(connection, tenant_id, programme, series, weeks)
        whole = watching.count_programme_learners(connection, tenant_id, programme, series, weeks)
        for one in figures:
            if one.team and one.team in privacy.hidden_teams(people.get(one.week, {}), whole.get(one.week, 0)):
                found.add(one.figure_id)
    return found
