"""The watch job: publishes the figures of completed weeks, restates those that have changed
since, and raises and ends alarms.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import Connection

from analytics.definitions import Scope, groups
from analytics.reports import privacy
from analytics.reports.figures import counted_up_to
from analytics.statistics import control_rules, false_discovery, seasons
from analytics.statistics.control_rules import AlarmState, WeekVerdict
from analytics.store import weekly_figures as store
from analytics.store.weekly_figures import Alarm, FigureKey
from analytics.weekly_series import WEEKLY_SERIES, week_start
from core import clock
from core.advisory_locks import MONITORING_LOCK, try_advisory_lock
from core.database import UnitOfWork
from lrs import feed

log = logging.getLogger(__name__)

SYSTEM_ACTOR = "the record store"
DEFAULT_REASON = "statements that came late, were voided or erased, or a merge of persons"
WeekCounts = tuple[int, int, int]  # numerator, denominator, learners
_Place = tuple[str, str]  # key of the series, team (empty: the whole programme)


def watch_tenant(
    unit_of_work: UnitOfWork, tenant_id: int, who: str = SYSTEM_ACTOR, why: str = DEFAULT_REASON
) -> int:
    """Watch all programmes of a tenant; return how many alarms are open. ``who`` and ``why``
    are recorded with restated figures.

    Nothing is done while counting has not reached the week to be judged: uncounted activity
    would be taken for missing activity.
    """
    scope = Scope(tenant_id, clock.now())
    with unit_of_work(tenant_id) as connection:
        if counted_up_to(connection, tenant_id) < groups.settled_until(
            scope
        ) or feed.has_pending_episodes(connection, tenant_id):
            return 0
        programmes = store.list_monitored_programmes(connection, tenant_id)
    result = 0
    for programme in programmes:
        try:
            result += _watch_programme(
                unit_of_work, scope.narrowed(programme=programme), programme, who, why
            )
        except Exception:
            log.exception(
                "tenant %s: programme %s cannot be watched; it is tried again", tenant_id, programme
            )
    return result


def _watch_programme(
    unit_of_work: UnitOfWork, scope: Scope, programme: str, who: str, why: str
) -> int:
    tenant_id = scope.tenant_id
    with unit_of_work(tenant_id) as connection:
        if not try_advisory_lock(connection, MONITORING_LOCK, tenant_id, programme):
            return 0
        counted = _count_weeks(connection, scope)
        _publish_weeks(connection, tenant_id, programme, counted, who, why)
        _update_alarms(connection, scope, programme, counted)
        return len(store.list_alarms(connection, tenant_id, programme=programme, ended=False))


def _count_weeks(connection: Connection, scope: Scope) -> dict[FigureKey, WeekCounts]:
    """Count every completed week, for the programme and for each of its teams."""
    result: dict[FigureKey, WeekCounts] = {}
    for key, series in WEEKLY_SERIES.items():
        for split in (None, "team"):
            for row in connection.execute(
                series.count(Scope(scope.tenant_id, scope.as_of, scope.by, split=split))
            ):
                if split is None or row.group:  # people without a team form no team
                    counts = (
                        int(getattr(row, series.numerator)),
                        int(getattr(row, series.denominator)),
                        int(getattr(row, series.learners)),
                    )
                    result[key, row.group, week_start(int(row.week))] = counts
    return result


def _publish_weeks(
    connection: Connection,
    tenant_id: int,
    programme: str,
    counted: Mapping[FigureKey, WeekCounts],
    who: str,
    why: str,
) -> None:
    published = store.find_published_figures(connection, tenant_id, programme)
    # A week with no data left (after an erasure) is restated to zero.
    now = {**dict.fromkeys(published, (0, 0, 0)), **counted}
    changed = {
        place: counts
        for place, counts in now.items()
        if place not in published or published[place][1:] != counts
    }
    removed = [published[place][0] for place in changed if place in published]
    if removed:
        store.mark_figures_restated(connection, tenant_id, removed, who, why)
        log.info(
            "tenant %s: %s weekly figures of %s were restated", tenant_id, len(removed), programme
        )
    names = ("series", "team", "week", "numerator", "denominator", "learners")
    store.insert_week_figures(
        connection,
        tenant_id,
        programme,
        [
            dict(zip(names, (*place, *counts), strict=True))
            for place, counts in sorted(changed.items())
        ],
    )


def _update_alarms(
    connection: Connection, scope: Scope, programme: str, counted: Mapping[FigureKey, WeekCounts]
) -> None:
    """Judge the last settled week of every scope that has data for it; for an open alarm
    whose scope has none, that week counts as calm.
    """
    tenant_id, last = scope.tenant_id, (groups.settled_until(scope) - groups.WEEK).date()
    by_scope: dict[_Place, dict[date, WeekCounts]] = defaultdict(dict)
    for (series, team, week), counts in counted.items():
        by_scope[series, team][week] = counts
    for place, level in store.find_current_baselines(connection, tenant_id, programme).items():
        by_scope[place] = {
            week: counts for week, counts in by_scope[place].items() if week >= level.since
        }
    judged = _judge_scopes(by_scope, last)
    standing = false_discovery.benjamini_hochberg(
        {"\n".join(place): entry.p for place, entry in judged.items()},
        control_rules.FALSE_ALARM_RATE,
    )
    open_now = {
        (alarm.series, alarm.team): alarm
        for alarm in store.list_alarms(connection, tenant_id, programme=programme, ended=False)
    }
    lately = store.find_recently_ended(
        connection, tenant_id, programme, last - control_rules.COOL_DOWN_WEEKS * groups.WEEK
    )
    for place, item in judged.items():
        if "\n".join(place) in standing and place not in open_now and place not in lately:
            _open_alarm(connection, tenant_id, programme, place, last, item)
    for place, open_alarm in open_now.items():
        if open_alarm.week < last:  # each week is judged once, however often the job runs
            signal = judged[place] if "\n".join(place) in standing else None
            _continue_alarm(connection, tenant_id, open_alarm, last, signal)


def _judge_scopes(
    by_scope: Mapping[_Place, Mapping[date, WeekCounts]], last: date
) -> dict[_Place, WeekVerdict]:
    """The verdict on the week ``last`` of each scope that has data for it. Readers of alarms may
    be restricted to groups: a team whose figure is suppressed gets no alarm.
    """
    hidden: dict[str, set[str]] = {}
    for key in WEEKLY_SERIES:
        people = {
            team: weeks[last][2]
            for (series, team), weeks in by_scope.items()
            if series == key and team and last in weeks
        }
        hidden[key] = privacy.hidden_teams(
            people, by_scope.get((key, ""), {}).get(last, (0, 0, 0))[2]
        )
    judged: dict[_Place, WeekVerdict] = {}
    for place, weeks in by_scope.items():
        if (
            last in weeks
            and weeks[last][2] >= privacy.MIN_GROUP_SIZE
            and place[1] not in hidden[place[0]]
        ):
            item = control_rules.judge_last_week(*_fill_gaps(weeks, last))
            if item is not None:
                judged[place] = item
    return judged


def _open_alarm(
    connection: Connection,
    tenant_id: int,
    programme: str,
    place: _Place,
    last: date,
    verdict: WeekVerdict,
) -> None:
    series, team = place
    store.insert_alarm(
        connection,
        tenant_id,
        {
            "programme": programme,
            "series": series,
            "team": team,
            "owner": WEEKLY_SERIES[series].owner,
            **_alarm_text(place, last, verdict),
            **asdict(control_rules.advance_alarm_state(None, True)),
        },
    )


def _continue_alarm(
    connection: Connection,
    tenant_id: int,
    alarm: Alarm,
    last: date,
    signal: WeekVerdict | None,
) -> None:
    """Bring an open alarm up to the week ``last``; ``signal``: the verdict if the week stands out,
    None if it was calm."""
    state = control_rules.advance_alarm_state(
        AlarmState(alarm.weeks, alarm.calm, alarm.level, alarm.history), signal is not None
    )
    values: dict[str, Any] = {**asdict(state), "week": last}
    if signal is not None:
        values |= _alarm_text((alarm.series, alarm.team), last, signal)
    store.update_alarm(
        connection,
        tenant_id,
        alarm.alarm_id,
        values,
        end=state.calm >= control_rules.CALM_WEEKS,
    )


def _fill_gaps(
    weeks: Mapping[date, WeekCounts], last: date
) -> tuple[list[tuple[int, int]], list[float]]:
    """Return (successes, trials) of every week from the first to the last, including empty
    ones; and the seasonal component of each share.
    """
    first = min(weeks)
    calendar = [first + n * groups.WEEK for n in range((last - first) // groups.WEEK + 1)]
    counts = [weeks.get(week, (0, 0, 0))[:2] for week in calendar]
    usual = sum(k for k, _ in counts) / max(1, sum(n for _, n in counts))
    return counts, seasons.seasonal_component([k / n if n else usual for k, n in counts])


def _alarm_text(scope: _Place, week: date, week_verdict: WeekVerdict) -> dict[str, Any]:
    series = WEEKLY_SERIES[scope[0]]
    where = f" in {scope[1]}" if scope[1] else ""
    text = (
        f"{series.alarm_text}{where}: {week_verdict.value:.0%} in the week from "
        f"{week.isoformat()}, {week_verdict.centre:.0%} before ({week_verdict.rule})."
    )
    return {"words": text, "week": week}


def update_self_check(unit_of_work: UnitOfWork, tenant_id: int, changed: bool) -> None:
    """Raise an alarm if a recount changed facts; end it with the first recount that changes
    none.
    """
    today = clock.now().date()
    with unit_of_work(tenant_id) as connection:
        alarms = [
            alarm
            for alarm in store.list_alarms(connection, tenant_id, programme="", ended=False)
            if alarm.series == store.SELF_CHECK
        ]
        if changed and not alarms:
            text = (
                "A full recount changed figures that had been counted bit by bit. The log says "
                "of which episodes; they are right now."
            )
            first = {
                "programme": "",
                "series": store.SELF_CHECK,
                "team": "",
                "owner": "operator",
                "words": text,
                "week": today,
            }
            store.insert_alarm(
                connection,
                tenant_id,
                {**first, **asdict(control_rules.advance_alarm_state(None, True))},
            )
        for item in alarms:
            state = control_rules.advance_alarm_state(
                AlarmState(item.weeks, item.calm, item.level, item.history), changed
            )
            store.update_alarm(
                connection,
                tenant_id,
                item.alarm_id,
                {**asdict(state), "week": today},
                end=not changed,
            )
