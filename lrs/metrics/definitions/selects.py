"""The selects. ``numerator`` and ``denominator`` count answers, episodes or activities; ``learners`` counts people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, case, distinct, exists, func, literal, select

from lrs.store.tables import fact_activity, fact_episode, fact_recall, fact_use

USE_WITHIN_SECONDS = 90 * 86_400  # the plan's horizon (domain, A2)


@dataclass(frozen=True)
class Scope:
    """What is counted over: a tenant, perhaps one programme, at a moment."""

    tenant_id: int
    as_of: datetime
    programme: str | None = None


Counting = Callable[[Scope], Select[Any]]


def _scoped(query: Select[Any], table: Any, scope: Scope) -> Select[Any]:
    query = query.where(table.c.tenant_id == scope.tenant_id)
    return query.where(table.c.programme == scope.programme) if scope.programme is not None else query


def recall_by_interval(scope: Scope) -> Select[Any]:
    """Right first answers of all first answers to check items, by interval."""
    r = fact_recall
    query = select(
        r.c.interval.label("part"),
        func.sum(case((r.c.success, 1), else_=0)).label("numerator"),
        func.count().label("denominator"),
        func.count(distinct(r.c.learner)).label("learners"),
    ).group_by(r.c.interval)
    return _scoped(query, r, scope)


def used_of_certified(scope: Scope) -> Select[Any]:
    """Certified episodes with at least one use on the job within 90 days, of all certified episodes."""
    e, u = fact_episode, fact_use
    used = exists().where(
        and_(
            u.c.tenant_id == e.c.tenant_id,
            u.c.registration == e.c.registration,
            u.c.seconds_since_anchor <= USE_WITHIN_SECONDS,
        )
    )
    query = select(
        literal("").label("part"),
        func.coalesce(func.sum(case((used, 1), else_=0)), 0).label("numerator"),
        func.count().label("denominator"),
        func.count(distinct(e.c.learner)).label("learners"),
    )
    return _scoped(query, e, scope)


def done_of_due(scope: Scope) -> Select[Any]:
    """Scheduled activities that are finished, of those due by now."""
    a = fact_activity
    query = select(
        literal("").label("part"),
        func.coalesce(func.sum(case((a.c.done_at.is_not(None), 1), else_=0)), 0).label("numerator"),
        func.count().label("denominator"),
        func.count(distinct(a.c.learner)).label("learners"),
    ).where(a.c.due_at <= scope.as_of)
    return _scoped(query, a, scope)
