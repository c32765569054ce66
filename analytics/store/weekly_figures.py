"""Published weekly figures, alarms and baseline decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    any_,
    func,
    insert,
    literal,
    or_,
    select,
    union,
    update,
)

from analytics.store.tables import alarm, baseline, fact_episode, week_figure

SELF_CHECK = "self-check"
FigureKey = tuple[str, str, date]  # series, team, week


@dataclass(frozen=True)
class WeekFigure:
    """A figure of a week, published at ``at``; a restated one says when, by whom and why."""

    figure_id: int
    series: str
    team: str
    week: date
    numerator: int
    denominator: int
    learners: int
    at: datetime
    restated_at: datetime | None
    restated_by: str | None
    restated_why: str | None


@dataclass(frozen=True)
class Alarm:
    """Something to look at. ``level``: owner, sponsor, steering; ``history``: of its last weeks, \
x for a signal and . for none."""

    alarm_id: int
    programme: str
    series: str
    team: str
    words: str
    owner: str
    level: str
    weeks: int
    calm: int
    history: str
    week: date
    opened_at: datetime
    changed_at: datetime
    ended_at: datetime | None


def list_monitored_programmes(connection: Connection, tenant_id: int) -> list[str]:
    """Programmes in which somebody was certified, or of which a figure was published."""
    named = (
        select(table.c.programme).where(table.c.tenant_id == tenant_id)
        for table in (fact_episode, week_figure)
    )
    return sorted(connection.execute(union(*named)).scalars())


def find_published_figures(
    connection: Connection, tenant_id: int, programme: str
) -> dict[FigureKey, tuple[int, int, int, int]]:
    """Place → (figure, numerator, denominator, learners) of the current figures."""
    w = week_figure.c
    query = select(w.series, w.team, w.week, w.figure_id, w.numerator, w.denominator, w.learners)
    rows = connection.execute(
        query.where(w.tenant_id == tenant_id, w.programme == programme, w.restated_at.is_(None))
    )
    return {(row[0], row[1], row[2]): (row[3], row[4], row[5], row[6]) for row in rows}


def mark_figures_restated(
    connection: Connection, tenant_id: int, figures: Sequence[int], who: str, why: str
) -> None:
    """Mark these figures as restated."""
    w = week_figure
    conditions = (
        w.c.tenant_id == tenant_id,
        w.c.figure_id == any_(literal(list(figures), ARRAY(BigInteger))),
    )
    connection.execute(
        update(w)
        .where(*conditions)
        .values(restated_at=func.now(), restated_by=who, restated_why=why)
    )


def insert_week_figures(
    connection: Connection, tenant_id: int, programme: str, rows: Iterable[Mapping[str, Any]]
) -> None:
    """Insert these figures as current."""
    created = [{"tenant_id": tenant_id, "programme": programme, **row} for row in rows]
    if created:
        connection.execute(insert(week_figure), created)


def list_week_figures(
    connection: Connection,
    tenant_id: int,
    programme: str,
    series: str,
    team: str,
    after: int,
    rows: int,
    everything: bool,
) -> list[WeekFigure]:
    """Figures after a cursor, in order; ``everything``: restated ones included."""
    w = week_figure.c
    columns = [w[name] for name in WeekFigure.__dataclass_fields__]
    query = select(*columns).where(
        w.tenant_id == tenant_id,
        w.programme == programme,
        w.series == series,
        w.team == team,
        w.figure_id > after,
    )
    if not everything:
        query = query.where(w.restated_at.is_(None))
    return [WeekFigure(*row) for row in connection.execute(query.order_by(w.figure_id).limit(rows))]


def list_alarms(
    connection: Connection,
    tenant_id: int,
    *,
    programme: str | None,
    ended: bool,
    after: int = 0,
    rows: int = 1_000,
    published: bool = False,
) -> list[Alarm]:
    """Alarms after a cursor, in order; ``ended``: ended ones included. Of live figures, or of
    ``published`` ones; the self-check is in both."""
    a = alarm.c
    query = select(*(a[name] for name in Alarm.__dataclass_fields__)).where(
        a.tenant_id == tenant_id,
        a.alarm_id > after,
        or_(a.published.is_(published), a.series == SELF_CHECK),
    )
    if programme is not None:
        query = query.where(a.programme == programme)
    if not ended:
        query = query.where(a.ended_at.is_(None))
    return [Alarm(*row) for row in connection.execute(query.order_by(a.alarm_id).limit(rows))]


def find_recently_ended(
    connection: Connection, tenant_id: int, programme: str, since: date, published: bool
) -> set[tuple[str, str]]:
    """(series, team) of alarms that ended with a week after ``since``; of live figures, or of
    ``published`` ones."""
    a = alarm.c
    query = select(a.series, a.team).where(
        a.tenant_id == tenant_id,
        a.programme == programme,
        a.ended_at.is_not(None),
        a.week > since,
        a.published.is_(published),
    )
    return {(row[0], row[1]) for row in connection.execute(query)}


def insert_alarm(connection: Connection, tenant_id: int, values: Mapping[str, Any]) -> None:
    """Insert an alarm."""
    connection.execute(insert(alarm).values({"tenant_id": tenant_id, **values}))


def update_alarm(
    connection: Connection,
    tenant_id: int,
    alarm_id: int,
    values: Mapping[str, Any],
    end: bool = False,
) -> None:
    """Update an alarm, or end it."""
    a = alarm
    changes = {**values, "changed_at": func.now(), **({"ended_at": func.now()} if end else {})}
    connection.execute(
        update(a).where(a.c.tenant_id == tenant_id, a.c.alarm_id == alarm_id).values(changes)
    )


@dataclass(frozen=True)
class Level:
    """Somebody decided that a weekly figure has a new level ``since`` a week: those before are \
no baseline any more."""

    baseline_id: int
    programme: str
    series: str
    team: str
    since: date
    why: str
    who: str
    at: datetime


def list_baseline_decisions(
    connection: Connection, tenant_id: int, programme: str, after: int = 0, rows: int = 1_000
) -> list[Level]:
    """The decisions on a programme's figures after a cursor, in order."""
    b = baseline.c
    query = select(*(b[name] for name in Level.__dataclass_fields__)).where(
        b.tenant_id == tenant_id, b.programme == programme, b.baseline_id > after
    )
    return [Level(*row) for row in connection.execute(query.order_by(b.baseline_id).limit(rows))]


def find_current_baselines(
    connection: Connection, tenant_id: int, programme: str
) -> dict[tuple[str, str], Level]:
    """(series, team) → the decision in effect: the last one."""
    b = baseline.c
    newest = (
        select(func.max(b.baseline_id))
        .where(b.tenant_id == tenant_id, b.programme == programme)
        .group_by(b.series, b.team)
    )
    query = select(*(b[name] for name in Level.__dataclass_fields__)).where(
        b.tenant_id == tenant_id, b.baseline_id.in_(newest)
    )
    return {
        (item.series, item.team): item
        for item in (Level(*row) for row in connection.execute(query))
    }


def insert_baseline_decision(
    connection: Connection, tenant_id: int, values: Mapping[str, Any]
) -> int:
    """Record a new level, in effect from now on; an open alarm there ends. Return the
    decision's number."""
    a = alarm
    same = [a.c[name] == values[name] for name in ("programme", "series", "team")]
    connection.execute(
        update(a)
        .where(a.c.tenant_id == tenant_id, *same, a.c.ended_at.is_(None))
        .values(ended_at=func.now(), changed_at=func.now())
    )
    created = (
        insert(baseline)
        .values({"tenant_id": tenant_id, **values})
        .returning(baseline.c.baseline_id)
    )
    return int(connection.execute(created).scalar_one())
