"""Means. Each select gives part, n, total, squares, learners; and contributors where it counts
packets. ``_select_paired`` gives the sums of products of two shares of the same people."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Float, Select, case, cast, distinct, func, literal, select

from analytics.definitions.scope import (
    CountQuery,
    Scope,
    contributors,
    part_with_group,
    split_column,
)
from analytics.definitions.shares import VERIFIED
from analytics.store.tables import fact_check, fact_episode, fact_rating, fact_use
from lrs.vocabulary import BASELINE

EPISODE = fact_episode.c
# Sums of products of (right, asked) at an interval and (right, asked) of the baseline.
PRODUCT_NAMES = ("kk", "kn", "nn", "kb", "km", "nb", "nm", "bb", "bm", "mm")


def select_transfer_intensity(scope: Scope) -> Select[Any]:
    """The number of distinct tasks with a verified use, over people with a plan."""
    t = cast(EPISODE.tasks_verified, Float)
    if scope.within is not None:
        u = fact_use.c
        t = cast(
            select(func.count(distinct(u.task)))
            .where(
                u.tenant_id == EPISODE.tenant_id,
                u.registration == EPISODE.registration,
                u.evidence_grade >= VERIFIED,
                u.seconds_since_anchor <= scope.within,
            )
            .scalar_subquery(),
            Float,
        )
    return (
        select(
            part_with_group(literal(""), split_column(scope), scope).label("part"),
            func.count().label("n"),
            func.sum(t).label("total"),
            func.sum(t * t).label("squares"),
            func.count(distinct(EPISODE.learner)).label("learners"),
            *contributors(scope, EPISODE.learner),
        )
        .where(*scope.episode_conditions(), scope.has_passed(EPISODE.planned_seconds))
        .group_by("part")
    )


def select_behaviour(scope: Scope) -> Select[Any]:
    """The level of each criterion on a scale from 0 (lowest) to 1 (highest), by the rater's
    relation; an assessment counts once, with its mean."""
    r = fact_rating.c
    scaled = cast(r.level - 1, Float) / case((r.levels > 1, r.levels - 1), else_=1)
    item = (
        select(
            part_with_group(func.coalesce(r.relation, "unknown"), split_column(scope), scope).label(
                "part"
            ),
            r.ord,
            EPISODE.learner,
            func.avg(scaled).label("mean"),
        )
        .select_from(fact_rating.join(fact_episode, scope.join_on(fact_rating)))
        .where(*scope.episode_conditions(), r.calibration.is_(False), scope.has_happened(r.at))
        .group_by("part", r.ord, EPISODE.learner)
        .subquery()
    )
    return select(
        item.c.part,
        func.count().label("n"),
        func.sum(item.c.mean).label("total"),
        func.sum(item.c.mean * item.c.mean).label("squares"),
        func.count(distinct(item.c.learner)).label("learners"),
        *contributors(scope, item.c.learner),
    ).group_by(item.c.part)


def recall_bound(unanswered: float) -> CountQuery:
    """The share right over every check that came due, with ``unanswered`` imputed for checks
    that were not answered: 0 for nothing known, 1 for everything known (Manski 1989). A check
    counts once, however many questions it had."""

    def select_bound(scope: Scope) -> Select[Any]:
        c = fact_check.c
        share = case(
            (c.asked > 0, cast(c.right, Float) / func.nullif(c.asked, 0)), else_=unanswered
        )
        answered = case((c.asked > 0, EPISODE.learner))
        item = select(
            c.interval,
            split_column(scope).label("group"),
            answered.label("answered"),
            EPISODE.learner,
            share.label("share"),
        )
        rows = item.select_from(fact_check.join(fact_episode, scope.join_on(fact_check)))
        inner = rows.where(
            *scope.episode_conditions(), c.interval != BASELINE, c.due_at <= scope.moment
        ).subquery()
        i = inner.c
        return select(
            part_with_group(i.interval, i.group, scope).label("part"),
            func.count().label("n"),
            func.sum(i.share).label("total"),
            func.sum(i.share * i.share).label("squares"),
            # The share of the others is imputed, so only those who answered are revealed by the
            # figure.
            func.count(distinct(i.answered)).label("learners"),
            *contributors(scope, i.answered),
            *contributors(scope, i.learner, "due"),
        ).group_by(i.interval, i.group)

    return select_bound


def select_recall_against_form(scope: Scope) -> Select[Any]:
    """Recall at each interval compared with the day-0 form of the same people."""
    c, base = fact_check.c, fact_check.alias("base")
    joined = fact_check.join(fact_episode, scope.join_on(fact_check)).join(
        base,
        (base.c.tenant_id == c.tenant_id)
        & (base.c.registration == c.registration)
        & (base.c.interval == BASELINE),
    )
    return _select_paired(
        scope, joined, cast(base.c.right, Float), cast(base.c.asked, Float), base.c.asked > 0
    )


def select_recall_against_exam(scope: Scope) -> Select[Any]:
    """Recall at each interval compared with the exam score of the same people."""
    return _select_paired(
        scope,
        fact_check.join(fact_episode, scope.join_on(fact_check)),
        cast(EPISODE.exam, Float),
        cast(literal(1), Float),
        EPISODE.exam.is_not(None),
    )


def _select_paired(scope: Scope, joined: Any, b: Any, m: Any, *where: Any) -> Select[Any]:
    c = fact_check.c
    item = (
        select(
            part_with_group(c.interval, split_column(scope), scope).label("part"),
            EPISODE.learner,
            cast(func.sum(c.right), Float).label("k"),
            cast(func.sum(c.asked), Float).label("n"),
            func.sum(b).label("b"),
            func.sum(m).label("m"),
        )
        .select_from(joined)
        .where(*scope.episode_conditions(), c.interval != BASELINE, c.asked > 0, *where)
        .group_by("part", EPISODE.learner)
        .subquery()
    )
    return _select_products(scope, item)


def _select_products(scope: Scope, item: Any) -> Select[Any]:
    """Sums, and sums of products, from one row for each person and part."""
    sums = {name: func.sum(item.c[name[0]] * item.c[name[1]]).label(name) for name in PRODUCT_NAMES}
    return select(
        item.c.part,
        func.count().label("learners"),
        *(func.sum(item.c[name]).label(name) for name in ("k", "n", "b", "m")),
        *sums.values(),
        *contributors(scope, item.c.learner),
    ).group_by(item.c.part)


def select_learning_gain(scope: Scope) -> Select[Any]:
    """What was gained out of what could be gained, from the test before the training to the
    exam after it: sums over the same people. People who knew everything beforehand had nothing
    to gain, and are left out."""
    return _select_gained(scope, cast(literal(1), Float))


def select_learning_efficiency(scope: Scope) -> Select[Any]:
    """The gain, with the hours that the training took."""
    return _select_gained(
        scope, cast(EPISODE.training_seconds, Float) / 3_600, EPISODE.training_seconds > 0
    )


def _select_gained(scope: Scope, base: Any, *where: Any) -> Select[Any]:
    before = func.least(EPISODE.pre_test, 1.0)
    item = (
        select(
            part_with_group(literal(""), split_column(scope), scope).label("part"),
            EPISODE.learner,
            func.sum(func.least(EPISODE.exam, 1.0) - before).label("k"),
            func.sum(1.0 - before).label("n"),
            func.sum(base).label("b"),
            cast(func.count(), Float).label("m"),
        )
        .where(*scope.episode_conditions(), EPISODE.exam.is_not(None), EPISODE.pre_test < 1, *where)
        .group_by("part", EPISODE.learner)
        .subquery()
    )
    return _select_products(scope, item)
