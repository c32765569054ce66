"""Counts by group (competencies, teams, waves, weeks), and single answers for what a job
computes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    distinct,
    func,
    literal,
    select,
    union_all,
)

from analytics.definitions.dialects import seconds_between
from analytics.definitions.scope import Scope, split_column
from analytics.definitions.shares import USE_WITHIN
from analytics.store.tables import (
    borrowed,
    fact_activity,
    fact_check,
    fact_competency,
    fact_episode,
    fact_presence,
    fact_rating,
    fact_recall,
    uncountable,
)
from analytics.store.unwanted import select_unwanted
from lrs.vocabulary import BASELINE, VerbName

EPISODE = fact_episode.c
WEEK = timedelta(weeks=1)
WEEK_ZERO = datetime(1969, 12, 29, tzinfo=UTC)  # the Monday from which weeks are numbered


def select_competencies(scope: Scope) -> Select[Any]:
    """Rows of competency, asked, right, rated, reached, learners."""
    return _select_competency_sums(scope, fact_competency.c.competency)


def select_competencies_by_team(scope: Scope) -> Select[Any]:
    """Rows of team, competency, asked, right, rated, reached, learners."""
    return _select_competency_sums(scope, EPISODE.team, fact_competency.c.competency)


def _select_competency_sums(scope: Scope, *keys: ColumnElement[Any]) -> Select[Any]:
    c = fact_competency.c
    sums = [func.sum(c[name]).label(name) for name in ("asked", "right", "rated", "reached")]
    query = select(*keys, *sums, func.count(distinct(EPISODE.learner)).label("learners"))
    return (
        query.select_from(fact_competency.join(fact_episode, scope.join_on(fact_competency)))
        .where(*scope.episode_conditions())
        .group_by(*keys)
    )


def select_group_sizes(scope: Scope, dimension: str) -> Select[Any]:
    """Rows of value, learners: how many people each value of a dimension has."""
    column = EPISODE[dimension]
    return (
        select(column.label("value"), func.count(distinct(EPISODE.learner)).label("learners"))
        .where(*scope.episode_conditions())
        .group_by(column)
        .order_by(column)
    )


def select_programmes(tenant_id: int) -> Select[Any]:
    """Rows of programme, learners: the programmes of a tenant."""
    query = select(
        EPISODE.programme, func.count(distinct(EPISODE.learner)).label("learners")
    ).where(EPISODE.tenant_id == tenant_id)
    return query.group_by(EPISODE.programme).order_by(EPISODE.programme)


def select_first_answers(scope: Scope) -> Select[Any]:
    """Rows of person, item, right, response, seconds: every first answer to a check item."""
    r = fact_recall.c
    query = select(
        r.learner.label("person"),
        r.item,
        r.success.label("right"),
        r.response,
        r.took_seconds.label("seconds"),
    )
    return query.select_from(fact_recall.join(fact_episode, scope.join_on(fact_recall))).where(
        *scope.episode_conditions(), r.interval != BASELINE
    )


def select_answer_histories(scope: Scope) -> Select[Any]:
    """Rows of learner, competency, seconds, right in chronological order, as a memory model
    needs them."""
    r = fact_recall.c
    query = select(
        r.learner, r.competency, r.seconds_since_anchor.label("seconds"), r.success.label("right")
    )
    query = query.select_from(fact_recall.join(fact_episode, scope.join_on(fact_recall))).where(
        *scope.episode_conditions(), r.interval != BASELINE
    )
    return query.order_by(r.learner, r.competency, r.seconds_since_anchor, r.item)


def select_answered_checks(scope: Scope) -> Select[Any]:
    """Rows of learner, days, right, asked: one for each answered check."""
    r = fact_recall.c
    days = cast(func.avg(r.seconds_since_anchor), BigInteger) / 86_400.0
    query = select(
        r.learner,
        days.label("days"),
        func.sum(case((r.success, 1), else_=0)).label("right"),
        func.count().label("asked"),
    )
    query = query.select_from(fact_recall.join(fact_episode, scope.join_on(fact_recall))).where(
        *scope.episode_conditions(), r.interval != BASELINE
    )
    return query.group_by(r.learner, r.registration, r.interval)


CHECK_GRACE = timedelta(
    days=7
    # a check done within this time after its due date still counts for its week; after that, the
    # week's figure is final
)


def select_checks_by_week(scope: Scope) -> Select[Any]:
    """Rows of group, week, due, done, asked, right, learners (for whom something was due),
    answerers (who answered): checks by the week in which they were due (of ISO 8601, in UTC,
    numbered: ``week_begin``); ``done`` and the answers are those within a week of the due date.
    Weeks for which that week is not over yet are left out."""
    c = fact_check.c
    in_time = c.done_at <= c.due_at + CHECK_GRACE
    inner = (
        select(
            split_column(scope).label("group"),
            _week_number(c.due_at).label("week"),
            case((in_time, 1), else_=0).label("done"),
            case((in_time, c.asked), else_=0).label("asked"),
            case((in_time, c.right), else_=0).label("right"),
            EPISODE.learner,
            case((and_(in_time, c.asked > 0), EPISODE.learner)).label("answerer"),
        )
        .select_from(fact_check.join(fact_episode, scope.join_on(fact_check)))
        .where(*scope.episode_conditions(), c.due_at < settled_until(scope))
        .subquery()
    )
    i = inner.c
    sums = [func.sum(i[name]).label(name) for name in ("done", "asked", "right")]
    people = (
        func.count(distinct(i.learner)).label("learners"),
        func.count(distinct(i.answerer)).label("answerers"),
    )
    query = select(i.group, i.week, func.count().label("due"), *sums, *people)
    return query.group_by(i.group, i.week).order_by(i.group, i.week)


def select_transfer_by_week(scope: Scope) -> Select[Any]:
    """Rows of group, week, certified, used, learners: episodes by the week in which their 90
    days ended, and how many of them had a verified use within the 90 days."""
    ended = EPISODE.anchor + timedelta(seconds=USE_WITHIN)
    inner = (
        select(
            split_column(scope).label("group"),
            _week_number(ended).label("week"),
            case((EPISODE.used_2_seconds <= USE_WITHIN, 1), else_=0).label("used"),
            EPISODE.learner,
        )
        .where(*scope.episode_conditions(), ended < settled_until(scope))
        .subquery()
    )
    i = inner.c
    query = select(
        i.group,
        i.week,
        func.count().label("certified"),
        func.sum(i.used).label("used"),
        func.count(distinct(i.learner)).label("learners"),
    )
    return query.group_by(i.group, i.week).order_by(i.group, i.week)


def _week_number(instant: ColumnElement[Any]) -> ColumnElement[int]:
    zero = cast(literal(WEEK_ZERO.isoformat()), EPISODE.anchor.type)
    return cast(func.floor(seconds_between(zero, instant) / WEEK.total_seconds()), BigInteger)


def week_begin(week: int) -> datetime:
    """The Monday midnight (UTC) on which a numbered week begins."""
    return WEEK_ZERO + week * WEEK


def settled_until(scope: Scope) -> datetime:
    """The instant before which weeks are final: they are over, and so is the week after
    them."""
    return week_begin((scope.as_of - CHECK_GRACE - WEEK_ZERO) // WEEK)


def select_presence_by_team(scope: Scope) -> Select[Any]:
    """Rows of team, people, days, looks since ``scope.since``: who logged in, and who viewed
    figures."""
    p = fact_presence.c
    where = _presence_conditions(scope, VerbName.LOGGED_IN, VerbName.VIEWED)
    logged_in = case((p.what == VerbName.LOGGED_IN, 1), else_=0)
    viewed = case((p.what == VerbName.VIEWED, 1), else_=0)
    query = select(
        p.team,
        func.count(distinct(p.agent)).label("people"),
        func.sum(logged_in).label("days"),
        func.sum(viewed).label("looks"),
    )
    return query.where(*where).group_by(p.team).order_by(p.team)


def select_visits(scope: Scope) -> Select[Any]:
    """A row of learners, days: who logged in within the period."""
    return _select_presence(scope, VerbName.LOGGED_IN, "days")


def select_looks(scope: Scope) -> Select[Any]:
    """A row of learners, looks: who viewed figures within the period."""
    return _select_presence(scope, VerbName.VIEWED, "looks")


def _select_presence(scope: Scope, verb: VerbName, name: str) -> Select[Any]:
    people = func.count(distinct(fact_presence.c.agent)).label("learners")
    columns: list[ColumnElement[Any]] = [people, func.count().label(name)]
    return select(*columns).where(*_presence_conditions(scope, verb))


def _presence_conditions(scope: Scope, *verbs: VerbName) -> list[ColumnElement[bool]]:
    p = fact_presence.c
    where: list[ColumnElement[bool]] = [p.tenant_id == scope.tenant_id, p.what.in_(verbs)]
    if scope.programme is not None:
        where.append(p.programme == scope.programme)
    if scope.since is not None:
        where.append(p.at >= scope.since)
    if scope.until is not None:
        where.append(p.at < scope.until)
    return where


def select_ratings(scope: Scope, calibration: bool) -> Select[Any]:
    """Rows of subject, criterion, rater, level, levels in chronological order: either of
    raters' exercises or of people's work."""
    r = fact_rating.c
    query = select(r.subject, r.criterion, r.rater, r.level, r.levels).where(
        r.tenant_id == scope.tenant_id, r.calibration.is_(calibration)
    )
    if scope.programme is not None:
        query = query.where(r.programme == scope.programme)
    return query.order_by(r.at, r.ord)


def select_data_quality(scope: Scope) -> Select[*tuple[Any, ...]]:
    """One row of what would make the figures doubtful: the number of episodes and learners, and
    how many episodes lack a team, a schedule or a baseline, or lie in the future."""
    c, a = fact_check.c, fact_activity.c
    scheduled = (
        select(a.registration)
        .where(a.tenant_id == EPISODE.tenant_id, a.registration == EPISODE.registration)
        .exists()
    )
    based = (
        select(c.registration)
        .where(
            c.tenant_id == EPISODE.tenant_id,
            c.registration == EPISODE.registration,
            c.interval == BASELINE,
        )
        .exists()
    )
    counted = select(
        func.count().label("episodes"),
        func.count(distinct(EPISODE.learner)).label("learners"),
        func.sum(case((EPISODE.team.is_(None), 1), else_=0)).label("without_team"),
        func.sum(case((~scheduled, 1), else_=0)).label("without_schedule"),
        func.sum(case((and_(~based, EPISODE.exam.is_(None)), 1), else_=0)).label(
            "without_baseline"
        ),
        func.sum(case((EPISODE.anchor > scope.as_of, 1), else_=0)).label("in_the_future"),
    )
    return counted.where(*scope.episode_conditions())


def select_answer_speed(scope: Scope) -> Select[*tuple[Any, ...]]:
    """One row of answers, timed, impossible (under a second), rapid, from checks."""
    r = fact_recall.c
    return (
        select(
            func.count().label("answers"),
            func.count(r.took_seconds).label("timed"),
            func.sum(case((r.took_seconds < 1, 1), else_=0)).label("impossible"),
            func.sum(case((r.rapid, 1), else_=0)).label("rapid"),
        )
        .select_from(fact_recall.join(fact_episode, scope.join_on(fact_recall)))
        .where(*scope.episode_conditions(), r.interval != BASELINE)
    )


def select_refusals(tenant_id: int) -> Select[Any]:
    """Rows of reason, statements: what could not be counted."""
    u, b = uncountable.c, borrowed.c
    external = (
        select(b.ord)
        .where(b.tenant_id == u.tenant_id, b.ord == u.ord, b.registration != u.registration)
        .exists()
    )  # it counts for another episode
    query = select(u.reason, func.count().label("statements")).where(
        u.tenant_id == tenant_id, ~external
    )
    both = union_all(query.group_by(u.reason), select_unwanted(tenant_id)).subquery()
    return select(both.c.reason, both.c.statements).order_by(both.c.statements.desc())
