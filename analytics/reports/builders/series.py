"""Is it changing: weekly figures on their control charts, and business figures by period.
Whether a figure is good enough is a separate question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from analytics.catalogue import SHARE
from analytics.reports import pictures
from analytics.reports.context import (
    ReportBuilder,
    ReportRequest,
    not_narrowed_notes,
    published_notes,
    published_scope,
    report,
)
from analytics.reports.published_weeks import load_points
from analytics.reports.report import Column, Report
from analytics.statistics import charts, control_rules
from analytics.statistics.changes import Counted, direction_of_change
from analytics.statistics.charts import Signal
from analytics.store import kpis
from analytics.store import weekly_figures as store
from analytics.store.kpis import Kpi
from analytics.store.weekly_figures import Level
from analytics.weekly_series import WEEKLY_SERIES, week_start

MAX_POINTS = 52
OVERDISPERSED = 1.05  # sigma Z from which weeks vary more than by chance alone
_CHANGING_ADVICE = "It is changing: look at what happened in the {word}s marked."
_STEADY_ADVICE = (
    "Nothing has changed beyond ordinary variation: asking about a single {word} leads nowhere."
)


def _weekly_report_builder(key: str) -> ReportBuilder:
    """A builder of the report on one of WEEKLY_SERIES."""

    def build_report(requested: ReportRequest) -> Report:
        return _weekly_report(requested, key)

    return build_report


_WEEKLY_COLUMNS = (
    Column("week", "Week from"),
    Column("value", "Share", "share"),
    Column("of", "Of", "count"),
    Column("people", "People", "count"),
    Column("low", "Lower limit", "share"),
    Column("high", "Upper limit", "share"),
    Column("signal", "Stands out"),
)


def _weekly_report(requested: ReportRequest, key: str) -> Report:
    """A share by week on a p′ chart, since its last new level. Without a baseline, weeks are
    drawn in grey and without limits; weeks of fewer than five people are not drawn."""
    series, level = WEEKLY_SERIES[key], _current_level(requested, key)
    found = _live_weeks(requested, key) if requested.individual else _released_weeks(requested, key)
    rows = [row for row in found if row[2] and (level is None or row[0] >= level.since)]
    counts = [(k, n) for _, k, n, _ in rows]
    centre, limits, over = charts.p_chart(counts)
    enough, values = control_rules.has_baseline(counts), [k / n for k, n in counts]
    result = _signals_by_index(charts.detect_signals(values, centre, limits) if enough else [])
    weeks: list[dict[str, Any]] = [
        {
            "week": week.isoformat(),
            "value": k / n,
            "of": n,
            "people": people,
            "low": max(0.0, low),
            "high": min(1.0, high),
            "centre": centre,
            "signal": result.get(i, ""),
        }
        for i, ((week, k, n, people), (low, high)) in enumerate(zip(rows, limits, strict=True))
    ][-MAX_POINTS:]
    judged = Report(
        key,
        series.label,
        f"By week: the share, and in dashed lines what ordinary variation around {centre:.0%} "
        "would give.",
        _WEEKLY_COLUMNS,
        weeks,
        notes=(_LIVE_NOTE if requested.individual else _RELEASED_NOTE, *_level_notes(level)),
        method=(_spread_note(over),),
        svg=_draw_weeks(weeks, f"picture-{key.replace('_', '-')}", series.label, enough),
        legend=("point", "usual", "signal"),
        what_to_do=_weekly_verdict(enough, weeks),
        extra={
            "new_level": _find_new_level([week for week, *_ in rows], values, centre)
            if enough and requested.individual and _is_watched_scope(requested)
            else None,
            # Of live weeks none: who may see single people reads the same published change.
            "change": None if requested.individual else _change_by_month(found),
        },
    )
    return judged if enough else _without_limits(judged)


def _change_by_month(weeks: Sequence[_Week]) -> dict[str, Any] | None:
    """The last month of which something was published beside the one before: sums of published
    weeks. None if there are fewer than two."""
    months: dict[str, list[_Week]] = defaultdict(list)
    for week in weeks:
        if week[2]:
            months[f"{week[0]:%Y-%m}"].append(week)
    if len(months) < _MONTHS_COMPARED:
        return None
    (earlier, before), (later, after) = [
        (month, _sum_weeks(months[month])) for month in sorted(months)[-_MONTHS_COMPARED:]
    ]
    return {
        "since": earlier,
        "month": later,
        "direction": direction_of_change(before, after),
        "share": after.share,
        "was": before.share,
        "people": after.people,
    }


_MONTHS_COMPARED = 2


def _sum_weeks(weeks: Sequence[_Week]) -> Counted:
    return Counted(
        sum(k for _, k, _, _ in weeks), sum(n for _, _, n, _ in weeks), sum(p for *_, p in weeks)
    )


def _without_limits(judged: Report) -> Report:
    """The same report where no weeks are usual yet."""
    return replace(
        judged,
        meaning="By week: the share. It is too early to say what is usual.",
        columns=[column for column in _WEEKLY_COLUMNS if column.key not in _LIMITS],
        method=(),
        legend=("early",),
    )


_LIMITS = ("low", "high", "signal")


def _draw_weeks(weeks: Sequence[Mapping[str, Any]], name: str, title: str, judged: bool) -> str:
    """The weeks that are of enough people to be drawn; empty if there are none."""
    drawn = [row for row in weeks if pictures.is_drawn(row["people"])]
    words = " ".join(
        f"{row['week']}: {row['value']:.0%} of {row['of']}"
        f"{', ' + row['signal'] if row['signal'] else ''}."
        for row in drawn
    )
    points = [{**row, "period": row["week"], "signal": bool(row["signal"])} for row in drawn]
    if not points:
        return ""
    return pictures.render_svg(pictures.control_chart(points, SHARE, judged), name, title, words)


_LIVE_NOTE = "Live: calendar weeks as they are counted now, for those who may see single people."
_RELEASED_NOTE = (
    "Published: each week is what was published in it, of people whose time for it was over."
)
_Week = tuple[date, int, int, int]  # its Monday, numerator, denominator, people


def _live_weeks(requested: ReportRequest, key: str) -> list[_Week]:
    series = WEEKLY_SERIES[key]
    return [
        (
            week_start(int(row.week)),
            int(getattr(row, series.numerator)),
            int(getattr(row, series.denominator)),
            int(getattr(row, series.learners)),
        )
        for row in requested.connection.execute(series.count(requested.scope))
    ]


def _released_weeks(requested: ReportRequest, key: str) -> list[_Week]:
    points = load_points(requested.connection, published_scope(requested.scope), key)
    return [(point.week, point.numerator, point.denominator, point.people) for point in points]


def _weekly_verdict(enough: bool, weeks: Sequence[Mapping[str, Any]]) -> str:
    if not enough:
        return (
            f"Too early to say whether it is changing: that takes {charts.MIN_BASELINE_POINTS} "
            f"complete weeks of {control_rules.MIN_TRIALS_A_WEEK} or more."
        )
    changing = any(row["signal"] for row in weeks)
    return (_CHANGING_ADVICE if changing else _STEADY_ADVICE).format(word="week")


def _spread_note(over: float) -> str:
    """How the limits were drawn. ``over``: how much more the weeks vary than by chance alone."""
    spread = (
        "weeks vary more than chance alone, the limits allow for it"
        if over > OVERDISPERSED
        else "weeks vary as chance alone makes them"
    )
    return (
        f"The first {charts.BASELINE_POINTS} weeks are the baseline. Laney’s p′ chart; sigma Z "
        f"is {over:.2f}: {spread}."
    )


def _level_notes(level: Level | None) -> list[str]:
    if level is None:
        return []
    since = level.since.isoformat()
    return [f"A new level holds since {since}; weeks before are left out. Why: {level.why}"]


def _is_watched_scope(requested: ReportRequest) -> bool:
    """Whether the request is for the whole programme or for one of its teams, which is what
    weekly figures are published and monitored for."""
    return (
        requested.scope.by.keys() <= {"programme", "team"}
        and requested.scope.since is None
        and requested.scope.until is None
    )


def _current_level(requested: ReportRequest, key: str) -> Level | None:
    if not _is_watched_scope(requested):
        return None
    result = store.find_current_baselines(
        requested.connection, requested.scope.tenant_id, requested.scope.programme or ""
    )
    return result.get((key, requested.scope.by.get("team", "")))


def _find_new_level(weeks: Sequence[date], values: Sequence[float], centre: float) -> str | None:
    """The date since which all weeks lie on one side of the centre, if they are long enough to
    be a run."""
    run = charts.trailing_run_length(values, centre)
    return weeks[-run].isoformat() if run >= charts.RUN_LENGTH and run < len(weeks) else None


def _signals_by_index(signals: Sequence[Signal]) -> dict[int, str]:
    """Index → description of the signals there."""
    result: dict[int, list[str]] = defaultdict(list)
    for signal in signals:
        result[signal.index].append(f"{'up' if signal.upward else 'down'}: {signal.rule}")
    return {index: "; ".join(rules) for index, rules in result.items()}


_READINGS_COLUMNS = (
    Column("kpi", "Figure"),
    Column("period", "Period from"),
    Column("value", "Mean", "number"),
    Column("subjects", "Of", "count"),
    Column("low", "Lower limit", "number"),
    Column("high", "Upper limit", "number"),
    Column("signal", "Stands out"),
)


@report("readings", published=True)
def readings_report(requested: ReportRequest) -> Report:
    """Each business figure on an XmR chart (Wheeler): the mean of its subjects in each period,
    against its own moving ranges."""
    programme, tenant_id = requested.scope.programme or "", requested.scope.tenant_id
    all_rows: list[dict[str, Any]] = []
    drawn: list[tuple[str, list[dict[str, Any]]]] = []
    notes: list[str] = [*not_narrowed_notes(requested), *published_notes(requested)]
    for item in kpis.list_kpis(requested.connection, tenant_id, programme):
        rows, remarks = _figure_rows(requested, item)
        notes += remarks
        all_rows += rows
        if rows:
            drawn.append((f"{item.label} ({item.unit})", rows))
    words = " ".join(
        f"{row['kpi']}, {row['period']}: "
        f"{row['value']:.2f}{', ' + row['signal'] if row['signal'] else ''}."
        for row in all_rows
    )
    verdict = (
        (_CHANGING_ADVICE if any(row["signal"] for row in all_rows) else _STEADY_ADVICE).format(
            word="period"
        )
        if any(r["low"] is not None for r in all_rows)
        else ""
    )
    return Report(
        "readings",
        "Business figures, period by period",
        "The mean of all teams, sites or people in each period; the dashed lines are what its "
        "ordinary variation would give.",
        _READINGS_COLUMNS,
        all_rows,
        notes=(
            *notes,
            "That it moved does not say why: what the programme did is under Business figures, "
            "beside a comparison.",
        ),
        method=(
            f"The first {charts.BASELINE_POINTS} periods are the baseline. XmR chart: mean ± "
            f"{charts.NATURAL_FACTOR} mean moving ranges, or median ± "
            f"{charts.MEDIAN_NATURAL_FACTOR} median ones (Wheeler 1993).",
        ),
        legend=("point", "usual", "signal"),
        svg=pictures.render_svg(
            pictures.stacked_control_charts(drawn),
            "picture-readings",
            "Business figures, period by period",
            words,
        )
        if drawn
        else "",
        what_to_do=verdict,
    )


def _figure_rows(requested: ReportRequest, item: Kpi) -> tuple[list[dict[str, Any]], list[str]]:
    """The periods of one business figure with its limits, and notes on it."""
    shown = kpis.average_readings(
        requested.connection,
        requested.scope.tenant_id,
        requested.scope.programme or "",
        item.kpi,
        requested.individual,
    )
    if len({kind for kind, *_ in shown}) > 1:
        return [], [
            f"{item.label}: its readings are of persons and of teams or sites at once; send "
            "them of one kind."
        ]
    means = [mean for _, _, mean, _ in shown]
    notes, limits, signals = list[str](), None, dict[int, str]()
    if len(means) < charts.MIN_BASELINE_POINTS:
        notes.append(
            f"{item.label}: {len(means)} periods, too few for limits; "
            f"{charts.MIN_BASELINE_POINTS} make a baseline."
        )
    else:
        limits, robust = charts.baseline_limits(means[: charts.BASELINE_POINTS])
        if robust:
            notes.append(
                f"{item.label}: its baseline jumps, so its limits are those of the medians, "
                "which one value does not move."
            )
        signals = _signals_by_index(
            charts.detect_signals(means, limits.centre, [(limits.low, limits.high)] * len(means))
        )
    rows = [
        {
            "kpi": item.label,
            "period": day.isoformat(),
            "value": mean,
            "subjects": subjects,
            "centre": limits.centre if limits else None,
            "low": limits.low if limits else None,
            "high": limits.high if limits else None,
            "signal": signals.get(i, ""),
        }
        for i, (_, day, mean, subjects) in enumerate(shown)
    ]
    return rows[-MAX_POINTS:], notes


for _key in WEEKLY_SERIES:
    report(_key, published=True)(_weekly_report_builder(_key))
