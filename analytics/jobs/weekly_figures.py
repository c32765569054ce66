"""The watch job: keeps the live figures of completed weeks, restates those that have changed since,
and raises and ends alarms, of live figures and of published ones apart."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date
from typing import Any

from sqlalchemy import Connection

from analytics.definitions import Scope, groups
from analytics.publishing.packets import monday_of
from analytics.reports.figures import counted_up_to
from analytics.reports.published_weeks import load_week_figures
from analytics.statistics import control_rules, false_discovery, seasons
from analytics.statistics.control_rules import AlarmState, WeekVerdict
from analytics.store import weekly_figures as store
from analytics.store.weekly_figures import Alarm, FigureKey
from analytics.weekly_series import WEEKLY_SERIES, week_start
from core import clock
from core.advisory_locks import MONITORING_LOCK, try_advisory_lock
from core.database import UnitOfWork
from lrs import feed
from lrs.vocabulary import MIN_GROUP_SIZE

log = logging.getLogger(__name__)

SYSTEM_ACTOR = "the record store"
DEFAULT_REASON = "statements that came late, were voided or erased, or a merge of persons"
WeekCounts = tuple[int, int, int]  # numerator, denominator, learners
_Place = tuple[str, str]  # key of the series, team (empty: the whole programme)


def watch_tenant(
    unit_of_work: UnitOfWork, tenant_id: int, who: str = SYSTEM_ACTOR, why: str = DEFAULT_REASON
) -> int:
    """Watch all programmes of a tenant; return how many alarms of live figures are open. ``who``
    and ``why`` are recorded with restated figures.

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
        for figures in (
            _live_figures(scope, counted),
            _published_figures(connection, scope, programme),
        ):
            _update_alarms(connection, scope, programme, figures)
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


@dataclass(frozen=True)
class _Judged:
    """What alarms are raised from: live figures of calendar weeks, or published ones; ``last`` is
    the week that is judged."""

    published: bool
    last: date
    figures: Mapping[FigureKey, WeekCounts]


def _live_figures(scope: Scope, counted: Mapping[FigureKey, WeekCounts]) -> _Judged:
    return _Judged(False, (groups.settled_until(scope) - groups.WEEK).date(), counted)


def _published_figures(connection: Connection, scope: Scope, programme: str) -> _Judged:
    """What was published until the last Monday: more may be published within a week."""
    monday = monday_of(scope.as_of.astimezone(UTC).date())
    figures = {
        (item.series, item.team, item.week): (item.numerator, item.denominator, item.learners)
        for key in WEEKLY_SERIES
        for item in load_week_figures(connection, scope.tenant_id, programme, key)
        if item.week < monday
    }
    return _Judged(True, monday - groups.WEEK, figures)


def _update_alarms(connection: Connection, scope: Scope, programme: str, found: _Judged) -> None:
    """Judge the last week of every scope that has data for it. For an open alarm whose scope has
    none, that week counts as calm; of published figures it says nothing, since a small programme
    publishes in few weeks."""
    tenant_id, last = scope.tenant_id, found.last
    by_scope: dict[_Place, dict[date, WeekCounts]] = defaultdict(dict)
    for (series, team, week), counts in found.figures.items():
        by_scope[series, team][week] = counts
    for place, level in store.find_current_baselines(connection, tenant_id, programme).items():
        by_scope[place] = {
            week: counts for week, counts in by_scope[place].items() if week >= level.since
        }
    judged = _judge_scopes(by_scope, found)
    standing = false_discovery.benjamini_hochberg(
        {"\n".join(place): entry.p for place, entry in judged.items()},
        control_rules.FALSE_ALARM_RATE,
    )
    open_now = {
        (alarm.series, alarm.team): alarm
        for alarm in store.list_alarms(
            connection, tenant_id, programme=programme, ended=False, published=found.published
        )
    }
    lately = store.find_recently_ended(
        connection,
        tenant_id,
        programme,
        last - control_rules.COOL_DOWN_WEEKS * groups.WEEK,
        found.published,
    )
    for place, item in judged.items():
        if "\n".join(place) in standing and place not in open_now and place not in lately:
            _open_alarm(connection, tenant_id, programme, place, found, item)
    for place, open_alarm in open_now.items():
        # Each week is judged once, however often the job runs.
        if open_alarm.week < last and (not found.published or last in by_scope[place]):
            signal = judged[place] if "\n".join(place) in standing else None
            _continue_alarm(connection, tenant_id, open_alarm, found, signal)


def _judge_scopes(
    by_scope: Mapping[_Place, Mapping[date, WeekCounts]], found: _Judged
) -> dict[_Place, WeekVerdict]:
    """The verdict on the last week of each scope that has data of enough people for it."""
    judged: dict[_Place, WeekVerdict] = {}
    for place, weeks in by_scope.items():
        if found.last in weeks and weeks[found.last][2] >= MIN_GROUP_SIZE:
            series = _in_order(weeks) if found.published else _fill_gaps(weeks, found.last)
            item = control_rules.judge_last_week(*series)
            if item is not None:
                judged[place] = item
    return judged


def _open_alarm(
    connection: Connection,
    tenant_id: int,
    programme: str,
    place: _Place,
    found: _Judged,
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
            "published": found.published,
            **_alarm_text(place, found, verdict),
            **asdict(control_rules.advance_alarm_state(None, True)),
        },
    )


def _continue_alarm(
    connection: Connection,
    tenant_id: int,
    alarm: Alarm,
    found: _Judged,
    signal: WeekVerdict | None,
) -> None:
    """Bring an open alarm up to the last week; ``signal``: the verdict if the week stands out, None
    if it was calm."""
    state = control_rules.advance_alarm_state(
        AlarmState(alarm.weeks, alarm.calm, alarm.level, alarm.history), signal is not None
    )
    values: dict[str, Any] = {**asdict(state), "week": found.last}
    if signal is not None:
        values |= _alarm_text((alarm.series, alarm.team), found, signal)
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


def _in_order(weeks: Mapping[date, WeekCounts]) -> tuple[list[tuple[int, int]], list[float]]:
    """Return (successes, trials) of the weeks in which something was published; no season is taken
    out, since these are not all weeks of a year."""
    counts = [weeks[week][:2] for week in sorted(weeks)]
    return counts, [0.0] * len(counts)


def _alarm_text(scope: _Place, found: _Judged, week_verdict: WeekVerdict) -> dict[str, Any]:
    series = WEEKLY_SERIES[scope[0]]
    where = f" in {scope[1]}" if scope[1] else ""
    when = "of what was published in the week" if found.published else "in the week"
    text = (
        f"{series.alarm_text}{where}: {week_verdict.value:.0%} {when} from "
        f"{found.last.isoformat()}, {week_verdict.centre:.0%} before ({week_verdict.rule})."
    )
    return {"words": text, "week": found.last}


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
