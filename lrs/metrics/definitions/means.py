"""Means. Each select gives part, n, total, squares, learners. ``_paired`` gives the sums of
products of two shares of the same people."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float, Select, case, cast, distinct, func, literal, select

from lrs.metrics.definitions.scope import Counting, Scope, group_of, labelled
from lrs.store.tables import fact_check, fact_episode, fact_rating
from lrs.vocabulary import BASELINE

E = fact_episode.c
# Sums of products of (right, asked) at an interval and (right, asked) of the baseline.
PRODUCTS = ("kk", "kn", "nn", "kb", "km", "nb", "nm", "bb", "bm", "mm")


def intensity(scope: Scope) -> Select[Any]:
    """The number of distinct tasks with a verified use, over people with a plan."""
    t = cast(E.tasks_verified, Float)
    return (
        select(
            labelled(literal(""), group_of(scope), scope).label("part"),
            func.count().label("n"),
            func.sum(t).label("total"),
            func.sum(t * t).label("squares"),
            func.count(distinct(E.learner)).label("learners"),
        )
        .where(*scope.episodes(), E.planned_seconds.is_not(None))
        .group_by("part")
    )


def behaviour(scope: Scope) -> Select[Any]:
    """The level of each criterion on a scale from 0 (lowest) to 1 (highest), by the rater's
    relation; an assessment counts once, with its mean."""
    r = fact_rating.c
    scaled = cast(r.level - 1, Float) / case((r.levels > 1, r.levels - 1), else_=1)
    one = (
        select(labelled(func.coalesce(r.relation, "unknown"), group_of(scope), scope).label("part"), r.ord, E.learner, func.avg(scaled).label("mean"))
        .select_from(fact_rating.join(fact_episode, scope.of(fact_rating)))
        .where(*scope.episodes(), r.calibration.is_(False))
        .group_by("part", r.ord, E.learner)
        .subquery()
    )
    return select(
        one.c.part,
        func.count().label("n"),
        func.sum(one.c.mean).label("total"),
        func.sum(one.c.mean * one.c.mean).label("squares"),
        func.count(distinct(one.c.learner)).label("learners"),
    ).group_by(one.c.part)


def bound(unanswered: float) -> Counting:
    """The share right over every check that came due, with ``unanswered`` imputed for checks
    that were not answered: 0 for nothing known, 1 for everything known (Manski 1989). A check
    counts once, however many questions it had."""

    def counted(scope: Scope) -> Select[Any]:
        c = fact_check.c
        share = case((c.asked > 0, cast(c.right, Float) / func.nullif(c.asked, 0)), else_=unanswered)
        answered = case((c.asked > 0, E.learner))
        one = select(c.interval, group_of(scope).label("group"), answered.label("answered"), share.label("share"))
        rows = one.select_from(fact_check.join(fact_episode, scope.of(fact_check)))
        inner = rows.where(*scope.episodes(), c.interval != BASELINE, c.due_at <= scope.as_of).subquery()
        i = inner.c
        return select(
            labelled(i.interval, i.group, scope).label("part"),
            func.count().label("n"),
            func.sum(i.share).label("total"),
            func.sum(i.share * i.share).label("squares"),
            # The share of the others is imputed, so only those who answered are revealed by the
            # figure.
            func.count(distinct(i.answered)).label("learners"),
        ).group_by(i.interval, i.group)

    return counted


def against_form(scope: Scope) -> Select[Any]:
    """Recall at each interval compared with the day-0 form of the same people."""
    c, base = fact_check.c, fact_check.alias("base")
    joined = fact_check.join(fact_episode, scope.of(fact_check)).join(
        base, (base.c.tenant_id == c.tenant_id) & (base.c.registration == c.registration) & (base.c.interval == BASELINE)
    )
    return _paired(scope, joined, cast(base.c.right, Float), cast(base.c.asked, Float), base.c.asked > 0)


def against_exam(scope: Scope) -> Select[Any]:
    """Recall at each interval compared with the exam score of the same people."""
    return _paired(scope, fact_check.join(fact_episode, scope.of(fact_check)), cast(E.exam, Float), cast(literal(1), Float), E.exam.is_not(None))


def _paired(scope: Scope, joined: Any, b: Any, m: Any, *where: Any) -> Select[Any]:
    c = fact_check.c
    one = (
        select(
            labelled(c.interval, group_of(scope), scope).label("part"),
            E.learner,
            cast(func.sum(c.right), Float).label("k"),
            cast(func.sum(c.asked), Float).label("n"),
            func.sum(b).label("b"),
            func.sum(m).label("m"),
        )
        .select_from(joined)
        .where(*scope.episodes(), c.interval != BASELINE, c.asked > 0, *where)
        .group_by("part", E.learner)
        .subquery()
    )
    return _products(one)


def _products(one: Any) -> Select[Any]:
    """Sums, and sums of products, from one row for each person and part."""
    sums = {name: func.sum(one.c[name[0]] * one.c[name[1]]).label(name) for name in PRODUCTS}
    return select(
        one.c.part,
        func.count().label("learners"),
        *(func.sum(one.c[name]).label(name) for name in ("k", "n", "b", "m")),
        *sums.values(),
    ).group_by(one.c.part)


def gain(scope: Scope) -> Select[Any]:
    """What was gained out of what could be gained, from the test before the training to the
    exam after it: sums over the same people. People who knew everything beforehand had nothing
    to gain, and are left out."""
    return _gained(scope, cast(literal(1), Float))


def efficiency(scope: Scope) -> Select[Any]:
    """The gain, with the hours that the training took."""
    return _gained(scope, cast(E.training_seconds, Float) / 3_600, E.training_seconds > 0)


def _gained(scope: Scope, base: Any, *where: Any) -> Select[Any]:
    before = func.least(E.pre_test, 1.0)
    one = (
        select(
            labelled(literal(""), group_of(scope), scope).label("part"),
            E.learner,
            func.sum(func.least(E.exam, 1.0) - before).label("k"),
            func.sum(1.0 - before).label("n"),
            func.sum(base).label("b"),
            cast(func.count(), Float).label("m"),
        )
        .where(*scope.episodes(), E.exam.is_not(None), E.pre_test < 1, *where)
        .group_by("part", E.learner)
        .subquery()
    )
    return _products(one)
