"""The watching job: publishes the figures of weeks that are over, restates those that came to differ, and raises and ends alarms."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection

from lrs.ground import clock
from lrs.ground.database import UnitOfWork
from lrs.metrics.definitions import Scope
from lrs.metrics.statistics import seasons, watching
from lrs.metrics.statistics.watching import Judged, State
from lrs.metrics.weekly import SERIES, day_of
from lrs.reports import privacy
from lrs.store import watching as store
from lrs.store.watching import Place

log = logging.getLogger(__name__)

WHO = "the record store"
LATE = "statements that came late, were voided or erased, or a merge of persons"
Counts = tuple[int, int, int]  # numerator, denominator, learners


def watch(unit_of_work: UnitOfWork, tenant_id: int, who: str = WHO, why: str = LATE) -> int:
    """All programmes of a tenant; how many alarms are open. ``who`` and ``why`` stand at what is restated."""
    with unit_of_work(tenant_id) as connection:
        programmes = store.programmes(connection, tenant_id)
    found = 0
    for programme in programmes:
        with unit_of_work(tenant_id) as connection:
            if store.lock(connection, tenant_id, programme):
                counted = _counted(connection, Scope(tenant_id, clock.now(), {"programme": programme}))
                _publish(connection, tenant_id, programme, counted, who, why)
                _alarms(connection, tenant_id, programme, counted)
                found += len(store.alarms(connection, tenant_id, programme=programme, ended=False))
    return found


def _counted(connection: Connection, scope: Scope) -> dict[Place, Counts]:
    """Every week that is over, of the programme and of each of its teams."""
    found: dict[Place, Counts] = {}
    for key, series in SERIES.items():
        for split in (None, "team"):
            for row in connection.execute(series.count(Scope(scope.tenant_id, scope.as_of, scope.by, split=split))):
                if split is None or row.group:  # people without a team are no team
                    counts = (int(getattr(row, series.numerator)), int(getattr(row, series.denominator)), int(row.learners))
                    found[key, row.group, day_of(int(row.week))] = counts
    return found


def _publish(connection: Connection, tenant_id: int, programme: str, counted: Mapping[Place, Counts], who: str, why: str) -> None:
    held = store.published(connection, tenant_id, programme)
    # A week of which nothing is left any more (an erasure) is restated to nothing.
    now = {**dict.fromkeys(held, (0, 0, 0)), **counted}
    changed = {place: counts for place, counts in now.items() if place not in held or held[place][1:] != counts}
    gone = [held[place][0] for place in changed if place in held]
    if gone:
        store.restate(connection, tenant_id, gone, who, why)
        log.info("tenant %s: %s weekly figures of %s were restated", tenant_id, len(gone), programme)
    names = ("series", "team", "week", "numerator", "denominator", "learners")
    store.publish(connection, tenant_id, programme, [dict(zip(names, (*place, *counts), strict=True)) for place, counts in sorted(changed.items())])


def _alarms(connection: Connection, tenant_id: int, programme: str, counted: Mapping[Place, Counts]) -> None:
    by_scope: dict[tuple[str, str], dict[date, Counts]] = defaultdict(dict)
    for (series, team, week), counts in counted.items():
        by_scope[series, team][week] = counts
    judged: dict[tuple[str, str], tuple[date, Judged]] = {}
    for scope, weeks in by_scope.items():
        ordered = sorted(weeks)
        shares = [weeks[week][:2] for week in ordered]
        # An alarm is told to whoever manages the training: of a group that is too small for a figure there is none.
        if weeks[ordered[-1]][2] < privacy.FEWEST:
            continue
        one = watching.judge(shares, seasons.season_of([k / n if n else 0.0 for k, n in shares]))
        if one is not None:
            judged[scope] = ordered[-1], one
    standing = watching.raised({"\n".join(scope): one.p for scope, (_, one) in judged.items()})
    open_now = {(one.series, one.team): one for one in store.alarms(connection, tenant_id, programme=programme, ended=False)}
    for scope, (week, one) in judged.items():
        signalled, held = "\n".join(scope) in standing, open_now.get(scope)
        if held is None:
            since = week - timedelta(weeks=watching.COOL_DOWN_WEEKS)
            if signalled and scope not in store.ended_lately(connection, tenant_id, programme, since):
                first = {"programme": programme, "series": scope[0], "team": scope[1], "owner": SERIES[scope[0]].owner}
                store.begin(connection, tenant_id, {**first, **_told(scope, week, one), **asdict(watching.after(None, True))})
        elif held.week < week:  # each week is judged once, however often the job runs
            state = watching.after(State(held.weeks, held.calm, held.level, held.history), signalled)
            ends = state.calm >= watching.CALM_WEEKS
            values: dict[str, Any] = {**asdict(state), "week": week, **(_told(scope, week, one) if signalled else {})}
            store.change(connection, tenant_id, held.alarm_id, values, end=ends)


def _told(scope: tuple[str, str], week: date, one: Judged) -> dict[str, Any]:
    series = SERIES[scope[0]]
    where = f" in {scope[1]}" if scope[1] else ""
    words = f"{series.fell}{where}: {one.value:.0%} in the week from {week.isoformat()}, {one.centre:.0%} before ({one.rule})."
    return {"words": words, "week": week}


def self_check(unit_of_work: UnitOfWork, tenant_id: int, changed: bool) -> None:
    """Raise an alarm where a recount changed facts; end it with the first recount that changes none."""
    today = clock.now().date()
    with unit_of_work(tenant_id) as connection:
        held = [one for one in store.alarms(connection, tenant_id, programme="", ended=False) if one.series == store.SELF_CHECK]
        if changed and not held:
            words = "A full recount changed figures that had been counted bit by bit. The log says of which episodes; they are right now."
            first = {"programme": "", "series": store.SELF_CHECK, "team": "", "owner": "operator", "words": words, "week": today}
            store.begin(connection, tenant_id, {**first, **asdict(watching.after(None, True))})
        for one in held:
            state = watching.after(State(one.weeks, one.calm, one.level, one.history), changed)
            store.change(connection, tenant_id, one.alarm_id, {**asdict(state), "week": today}, end=not changed)
