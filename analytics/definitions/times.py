"""Times to an event. Each select gives part, days, met, people: whole days since the anchor,
censored at the time of leaving or now; and contributors where it counts packets."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select, union_all

from analytics.definitions.dialects import seconds_between
from analytics.definitions.scope import Scope, contributors, part_with_group, split_column
from analytics.store.tables import fact_episode

DAY_SECONDS = 86_400
EPISODE = fact_episode.c


def _select_times_to(part: str, column: ColumnElement[Any], scope: Scope) -> Select[Any]:
    now = scope.moment
    seen = seconds_between(
        EPISODE.anchor,
        case(
            (and_(EPISODE.left_at.is_not(None), EPISODE.left_at < now), EPISODE.left_at), else_=now
        ),
    )
    met = and_(column.is_not(None), column <= seen)
    seconds = case((met, column), else_=seen)
    inner = (
        select(
            part_with_group(literal(part), split_column(scope), scope).label("part"),
            (seconds / DAY_SECONDS).label("days"),
            case((met, 1), else_=0).label("met"),
            EPISODE.learner,
        )
        .where(*scope.episode_conditions(), EPISODE.anchor <= now, seen >= 0)
        .subquery()
    )
    return select(
        inner.c.part,
        func.floor(inner.c.days).label("days"),
        inner.c.met,
        func.count().label("people"),
        *contributors(scope, inner.c.learner),
    ).group_by(inner.c.part, func.floor(inner.c.days), inner.c.met)


def select_time_to_first_use(scope: Scope) -> Select[Any]:
    """Time to the first use on the job: of any kind, and verified."""
    both = union_all(
        _select_times_to("any", EPISODE.used_1_seconds, scope),
        _select_times_to("verified", EPISODE.used_2_seconds, scope),
    ).subquery()
    return select(both)


def select_time_to_competency(scope: Scope) -> Select[Any]:
    """Time to the second of two consecutive qualified observations that met the rubric's
    standard."""
    return _select_times_to("", EPISODE.competent_seconds, scope)
