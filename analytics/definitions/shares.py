"""Shares: how many out of how many. Each select gives part, numerator, denominator, learners,
kk, kn, nn; and contributors where it counts packets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    union_all,
)

from analytics.definitions.dialects import seconds_between
from analytics.definitions.scope import (
    CountQuery,
    Scope,
    contributors,
    part_with_group,
    split_column,
)
from analytics.store.tables import (
    fact_activity,
    fact_check,
    fact_episode,
    fact_presence,
    fact_recall,
)
from lrs.vocabulary import BASELINE, INTERVALS, REPLY_KINDS, ActivityKind, VerbName

DAY = 86_400
ANSWER_WITHIN = 8 * DAY  # the end of the seventh day after, in any time zone
USE_WITHIN = 90 * DAY  # the period that a transfer plan covers
SCRAP_AFTER = 60 * DAY
SUSTAINED_AFTER = 90 * DAY
EARLY_USE_BEFORE = (
    60 * DAY
)  # a first verified use before day 60 can be observed again within the half year
GRADES = ("1", "2", "3", "4")
VERIFIED = 2  # the evidence grade from which on somebody else vouches for a use
EPISODE = fact_episode.c


def _select_by_learner(
    part: ColumnElement[Any],
    k: ColumnElement[Any],
    n: ColumnElement[Any],
    scope: Scope,
    table: Any,
    *where: Any,
    contributes: ColumnElement[bool] | None = None,
) -> Select[Any]:
    """One row for each part, group and learner of a fact table. ``contributes``: which rows are
    something new to the figure of the window before."""
    learner = table.c.learner if scope.is_whole_programme else EPISODE.learner
    query = select(
        part.label("part"),
        split_column(scope).label("group"),
        learner.label("learner"),
        func.sum(k).label("k"),
        func.sum(n).label("n"),
    )
    if scope.packets is not None:
        new = true() if contributes is None else contributes
        query = query.add_columns(func.max(_indicator(new)).label("new"))
    return scope.select_from_facts(query, table).where(*where).group_by("part", "group", learner)


def _select_episode_shares(scope: Scope, parts: Mapping[str, tuple[Any, Any]]) -> Select[Any]:
    """The shares of some parts: among the episodes that meet the second condition, those that
    meet the first. Computed in one scan of the episodes."""
    item = select(split_column(scope).label("group"), EPISODE.learner.label("learner"))
    for i, (k, n) in enumerate(parts.values()):
        item = item.add_columns(
            func.sum(_indicator(and_(n, k))).label(f"k{i}"), func.sum(_indicator(n)).label(f"n{i}")
        )
    seen = item.where(*scope.episode_conditions()).group_by("group", EPISODE.learner).cte("seen")
    columns = seen.c
    return _sum_over_learners(
        scope,
        *(
            select(
                literal(part).label("part"),
                columns.group,
                columns.learner,
                columns[f"k{i}"].label("k"),
                columns[f"n{i}"].label("n"),
            )
            for i, part in enumerate(parts)
        ),
    )


def _sum_over_learners(scope: Scope, *selects: Select[Any]) -> Select[Any]:
    """Sum over learners: the counts, and the sums of products that show how strongly the
    answers of one person are correlated."""
    item = (union_all(*selects) if len(selects) > 1 else selects[0]).subquery()
    k, n = cast(item.c.k, BigInteger), cast(item.c.n, BigInteger)
    learner = case((item.c.new > 0, item.c.learner)) if "new" in item.c else item.c.learner
    return (
        select(
            part_with_group(item.c.part, item.c.group, scope).label("part"),
            func.sum(k).label("numerator"),
            func.sum(n).label("denominator"),
            func.count().label("learners"),
            func.sum(k * k).label("kk"),
            func.sum(k * n).label("kn"),
            func.sum(n * n).label("nn"),
            *contributors(scope, learner),
        )
        .where(n > 0)
        .group_by(item.c.part, item.c.group)
    )


def _indicator(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def select_retention(scope: Scope) -> Select[Any]:
    """Right first answers out of all first answers to check items, by interval."""
    c = fact_check.c
    return _sum_over_learners(
        scope,
        _select_by_learner(c.interval, c.right, c.asked, scope, fact_check, c.interval != BASELINE),
    )


def _select_answers(scope: Scope, part: ColumnElement[Any]) -> Select[Any]:
    r = fact_recall.c
    return _sum_over_learners(
        scope,
        _select_by_learner(
            part,
            _indicator(r.success),
            literal(1),
            scope,
            fact_recall,
            r.interval != BASELINE,
            scope.closed_interval(r.interval),
            part.is_not(None),
        ),
    )


def select_answers_by_competency(scope: Scope) -> Select[Any]:
    """Right first answers out of all first answers to check items, by competency."""
    return _select_answers(scope, fact_recall.c.competency)


def select_answers_by_question(scope: Scope) -> Select[Any]:
    """Right first answers out of all first answers to check items, by question."""
    return _select_answers(scope, fact_recall.c.item)


def select_response_rate(scope: Scope) -> Select[Any]:
    """Checks that were answered, out of those that came due, by interval."""
    c = fact_check.c
    in_time: ColumnElement[bool] = c.done_at.is_not(None)
    if scope.packets is not None:
        closes = {item.key: timedelta(days=item.closes_days) for item in INTERVALS}
        in_time = or_(
            *(and_(c.interval == key, c.done_at < EPISODE.anchor + closes[key]) for key in closes)
        )
    answered = _indicator(or_(c.asked > 0, in_time))
    return _sum_over_learners(
        scope,
        _select_by_learner(
            c.interval, answered, literal(1), scope, fact_check, c.due_at <= scope.moment
        ),
    )


def select_rapid_guesses(scope: Scope) -> Select[Any]:
    """Answers given faster than the question can be read, out of all answers in checks."""
    c = fact_check.c
    return _sum_over_learners(
        scope,
        _select_by_learner(
            literal(""),
            c.rapid,
            c.asked,
            scope,
            fact_check,
            c.interval != BASELINE,
            scope.closed_interval(c.interval),
        ),
    )


def _certified_long_ago(scope: Scope, seconds: int) -> ColumnElement[bool]:
    return scope.moment >= EPISODE.anchor + timedelta(seconds=seconds)


def _used_in_time(grade: str) -> ColumnElement[bool]:
    return EPISODE[f"used_{grade}_seconds"] <= USE_WITHIN


def select_transfer(scope: Scope) -> Select[Any]:
    """Verified use within 90 days, out of all certified episodes; and out of those whose 90
    days are over."""
    return _select_episode_shares(
        scope,
        {
            "": (_used_in_time("2"), true()),
            "matured": (_used_in_time("2"), _certified_long_ago(scope, USE_WITHIN)),
        },
    )


def select_transfer_by_grade(scope: Scope) -> Select[Any]:
    """A use of at least each evidence grade within 90 days, out of all certified episodes."""
    return _select_episode_shares(
        scope, {grade: (_used_in_time(grade), true()) for grade in GRADES}
    )


def select_conditional_transfer(scope: Scope) -> Select[Any]:
    """Verified use among those with a plan, and among those who had an opportunity."""
    return _select_episode_shares(
        scope,
        {
            "planned": (_used_in_time("2"), scope.has_passed(EPISODE.planned_seconds)),
            "opportunity": (_used_in_time("2"), not_(_had_no_chance(scope))),
        },
    )


def _had_no_chance(scope: Scope) -> ColumnElement[bool]:
    """Whether the learner said that there was nothing to use it on, and has no use. Neither is
    unknown: the column of what did not happen is empty."""
    stated, used = EPISODE.no_opportunity_seconds, EPISODE.used_1_seconds
    return and_(
        func.coalesce(scope.has_passed(stated), false()),
        not_(func.coalesce(scope.has_passed(used), false())),
    )


def select_no_opportunity(scope: Scope) -> Select[Any]:
    """Episodes whose learner reported that there was nothing to use the skill on, and that have
    no use, out of all certified episodes."""
    return _select_episode_shares(
        scope,
        {"": (_had_no_chance(scope), true())},
    )


def select_scrap_learning(scope: Scope) -> Select[Any]:
    """Episodes without a use of any kind by day 60, out of those certified 60 days ago or
    more."""
    unused = or_(EPISODE.used_1_seconds.is_(None), EPISODE.used_1_seconds > SCRAP_AFTER)
    return _select_episode_shares(scope, {"": (unused, _certified_long_ago(scope, SCRAP_AFTER))})


def select_sustained_use(scope: Scope) -> Select[Any]:
    """Still done 90 days or more after a first verified use before day 60: among those observed
    by somebody; and among all, with those not observed counted as not doing it."""
    early = EPISODE.used_2_seconds < EARLY_USE_BEFORE
    due = seconds_between(EPISODE.anchor, scope.moment) >= EPISODE.used_2_seconds + SUSTAINED_AFTER
    return _select_episode_shares(
        scope,
        {
            "seen": (EPISODE.sustained.is_(True), and_(early, due, EPISODE.sustained.is_not(None))),
            "all": (EPISODE.sustained.is_(True), and_(early, due)),
        },
    )


def select_adoption(scope: Scope) -> Select[Any]:
    """What was finished out of what is due by now: overall, and for each kind of activity.
    Reviews of work that was not handed in are left out, because they cannot be given."""
    a = fact_activity.c
    return _select_whole_and_parts(
        a.kind,
        _indicator(scope.has_happened(a.done_at)),
        scope,
        a.due_at <= scope.moment,
        ~_hand_in_missing(scope),
    )


def _counterpart_exists(of: ColumnElement[Any], *where: Any) -> ColumnElement[bool]:
    """Whether the same episode has the counterpart (the hand-in of an answer, or the answer to
    a hand-in) with these conditions; ``of`` pairs the two kinds."""
    a, h = fact_activity.c, _COUNTERPART.c
    return (
        select(h.activity)
        .where(h.tenant_id == a.tenant_id, h.registration == a.registration, of, *where)
        .exists()
    )


_COUNTERPART = fact_activity.alias("other")
_HAND_IN_MATCHES = or_(
    *(
        and_(fact_activity.c.kind == answer, _COUNTERPART.c.kind == kind)
        for kind, answer in REPLY_KINDS.items()
    )
)
_ANSWER_MATCHES = or_(
    *(
        and_(fact_activity.c.kind == kind, _COUNTERPART.c.kind == answer)
        for kind, answer in REPLY_KINDS.items()
    )
)


def _hand_in_missing(scope: Scope) -> ColumnElement[bool]:
    """Whether it is the answer to work that was to be handed in, and was not."""
    handed_in = func.coalesce(scope.has_happened(_COUNTERPART.c.done_at), false())
    return _counterpart_exists(_HAND_IN_MATCHES, not_(handed_in))


def _is_new(scope: Scope) -> ColumnElement[bool]:
    """Whether an activity was not counted at the look before: it fell due since, or what it
    answers was handed in since."""
    before = replace(scope, within=scope.before)
    return or_(fact_activity.c.due_at > before.moment, _hand_in_missing(before))


def select_answered_in_a_week(scope: Scope) -> Select[Any]:
    """What was handed in and answered by the end of the seventh day after, out of what was
    handed in at least that long ago."""
    a = fact_activity.c
    in_time = _indicator(
        _counterpart_exists(
            _ANSWER_MATCHES, seconds_between(a.done_at, _COUNTERPART.c.done_at) <= ANSWER_WITHIN
        )
    )
    where = (
        a.kind.in_(list(REPLY_KINDS)),
        a.done_at <= scope.moment - timedelta(seconds=ANSWER_WITHIN),
        _counterpart_exists(_ANSWER_MATCHES),
    )
    return _select_whole_and_parts(a.kind, in_time, scope, *where)


def _select_whole_and_parts(
    part: ColumnElement[Any], k: ColumnElement[Any], scope: Scope, *where: Any
) -> Select[Any]:
    """A share of activities: of everything (an empty part), and of each part."""
    by_kind = _select_by_learner(
        part, k, literal(1), scope, fact_activity, *where, contributes=_is_new(scope)
    )
    c = by_kind.cte("kinds").c
    whole = select(
        literal("").label("part"),
        c.group,
        c.learner,
        func.sum(c.k).label("k"),
        func.sum(c.n).label("n"),
    )
    kinds = select(c.part, c.group, c.learner, c.k, c.n)
    if "new" in c:
        whole, kinds = whole.add_columns(func.max(c.new).label("new")), kinds.add_columns(c.new)
    return _sum_over_learners(scope, whole.group_by(c.group, c.learner), kinds)


def select_checks_started(scope: Scope) -> Select[Any]:
    """Checks that were started, out of those due by now."""
    a = fact_activity.c
    begun = _indicator(or_(scope.has_happened(a.started_at), scope.has_happened(a.done_at)))
    return _sum_over_learners(
        scope,
        _select_by_learner(
            literal(""),
            begun,
            literal(1),
            scope,
            fact_activity,
            a.kind == ActivityKind.CHECK,
            a.due_at <= scope.moment,
            contributes=_is_new(scope),
        ),
    )


def select_reach(scope: Scope) -> Select[Any]:
    """Episodes with any activity at all (a check, a plan, a use), out of all certified
    episodes."""
    c = fact_check.c
    answered = (
        select(c.registration)
        .where(
            c.tenant_id == EPISODE.tenant_id,
            c.registration == EPISODE.registration,
            c.asked > 0,
            c.interval != BASELINE,
            scope.closed_interval(c.interval),
        )
        .exists()
    )
    return _select_episode_shares(
        scope,
        {
            "": (
                or_(
                    scope.has_passed(EPISODE.planned_seconds),
                    scope.has_passed(EPISODE.used_1_seconds),
                    answered,
                ),
                true(),
            )
        },
    )


def _on_time_query(kind: ActivityKind) -> CountQuery:
    def select_on_time(scope: Scope) -> Select[Any]:
        a = fact_activity.c
        on_time = _indicator(a.done_at <= a.due_at)
        return _sum_over_learners(
            scope,
            _select_by_learner(
                literal(""),
                on_time,
                literal(1),
                scope,
                fact_activity,
                a.kind == kind,
                a.due_at <= scope.moment,
            ),
        )

    return select_on_time


select_feedback_on_time = _on_time_query(ActivityKind.FEEDBACK)
select_reviews_on_time = _on_time_query(ActivityKind.EXERCISE_REVIEW)


def select_coaching_attended(scope: Scope) -> Select[Any]:
    """Meetings attended, out of meetings that were due."""
    a = fact_activity.c
    attended = _indicator(scope.has_happened(a.done_at))
    return _sum_over_learners(
        scope,
        _select_by_learner(
            literal(""),
            attended,
            literal(1),
            scope,
            fact_activity,
            a.kind == ActivityKind.MEETING,
            a.due_at <= scope.moment,
            contributes=_is_new(scope),
        ),
    )


def select_reminders_opened(scope: Scope) -> Select[Any]:
    """Mails whose link was followed, out of mails handed to the mail server. Presences carry no
    wave, version or episode: with those filters the result is empty."""
    p = fact_presence.c
    allowed = {"programme", "team", "site", "role"}
    where = [
        p.tenant_id == scope.tenant_id,
        p.what.in_((VerbName.RECEIVED, VerbName.OPENED)),
        *(p[name] == value for name, value in scope.by.items() if name in allowed),
    ]
    if set(scope.by) - allowed or scope.episodes_of is not None:
        where.append(literal(False))
    if scope.since is not None:
        where.append(p.at >= scope.since)
    if scope.until is not None:
        where.append(p.at < scope.until)
    item = select(
        literal("").label("part"),
        literal("").label("group"),
        p.agent.label("learner"),
        func.sum(_indicator(p.what == VerbName.OPENED)).label("k"),
        func.sum(_indicator(p.what == VerbName.RECEIVED)).label("n"),
    )
    return _sum_over_learners(scope, item.where(*where).group_by(p.agent))
