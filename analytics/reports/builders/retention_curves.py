"""What lasts: how knowledge fades, and when the first use happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.catalogue import METRICS_BY_KEY, Metric
from analytics.definitions import times
from analytics.reports import pictures
from analytics.reports.computed import get_computed
from analytics.reports.context import (
    ReportRequest,
    estimates_of,
    not_narrowed_notes,
    published_scope,
    report,
)
from analytics.reports.published import list_published, why_not_shown
from analytics.reports.report import Column, Report
from analytics.statistics import survival
from analytics.statistics.estimates import NO_ESTIMATE
from analytics.store.published import SHOWN, PublishedValue
from lrs.vocabulary import INTERVALS

_FIRST_USE_TITLE = "When the first use comes"


@report("first_use", published=True)
def first_use_report(requested: ReportRequest) -> Report:
    """Time to the first verified use: one minus the survival curve of those who have not got
    there yet; of what is published its median alone."""
    return _first_use_curve(requested) if requested.individual else _first_use_medians(requested)


def _first_use_curve(requested: ReportRequest) -> Report:
    rows = [
        row
        for row in requested.connection.execute(times.select_time_to_first_use(requested.scope))
        if row.part == "verified"
    ]
    steps = survival.kaplan_meier((float(row.days), bool(row.met), int(row.people)) for row in rows)
    curve = [
        {
            "day": step.at,
            "share": 1 - step.share,
            "low": 1 - step.high,
            "high": 1 - step.low,
            "at_risk": step.at_risk,
            "events": step.events,
        }
        for step in steps
    ]
    points = [
        {"x": 0.0, "value": 0.0, "low": 0.0, "high": 0.0},
        *({"x": r["day"], "value": r["share"], "low": r["low"], "high": r["high"]} for r in curve),
    ]
    words = " ".join(
        f"By day {row['day']:.0f}: {row['share']:.0%}." for row in curve[:: max(1, len(curve) // 8)]
    )
    return Report(
        "first_use",
        _FIRST_USE_TITLE,
        "The share of people with a verified use on the job, by days since certification. Who "
        "has not got there yet counts as long as seen.",
        (
            Column("day", "Day", "number"),
            Column("share", "Have used it", "share"),
            Column("low", "From", "share"),
            Column("high", "To", "share"),
            Column("events", "First uses", "count"),
            Column("at_risk", "Seen so long", "count"),
        ),
        curve,
        method=("Kaplan and Meier 1958; the band is a 95 % interval for each day by itself.",),
        legend=("curve", "band"),
        svg=pictures.render_svg(
            pictures.step_chart(points, "days since certification"),
            "picture-first-use",
            _FIRST_USE_TITLE,
            words,
        )
        if curve and pictures.is_drawn(int(curve[0]["at_risk"]))
        else "",
    )


def _first_use_medians(requested: ReportRequest) -> Report:
    metric = METRICS_BY_KEY["time_to_first_use"]
    values = list_published(requested.connection, published_scope(requested.scope), metric)
    labels = dict(metric.parts)
    assert metric.published is not None
    return Report(
        "first_use",
        _FIRST_USE_TITLE,
        "After how many days half of the people had used it on the job. Who has not got there yet "
        "counts as long as seen.",
        (
            Column("use", "Use"),
            Column("median", "Days", "count"),
            Column("low", "From", "count"),
            Column("high", "To", "count"),
            Column("people", "People", "count"),
            Column("window", "Looked at by day", "count"),
        ),
        [
            {
                "use": labels[item.part],
                "median": item.value,
                "low": item.ci_low,
                "high": item.ci_high,
                "people": item.people,
                "window": item.day,
            }
            for item in values
            if item.status == SHOWN
        ],
        notes=(
            f"Published values: the median of {metric.published.min_people} people or more, with "
            "its 95 % interval. The share by each single day is not published, since a step of it "
            "would tell of one person.",
            *(flag for item in values for flag in item.flags),
            *_hidden_notes(metric, values),
        ),
    )


def _hidden_notes(metric: Metric, values: Sequence[PublishedValue]) -> list[str]:
    """Which parts are not shown, and why."""
    labels = dict(metric.parts)
    return [
        f"{labels[item.part]}, by day {item.day}, not shown: {why_not_shown(metric, item)}."
        for item in values
        if item.status != SHOWN
    ] or ([] if values else [f"{metric.label}, not shown: {why_not_shown(metric, None)}."])


_FORGETTING_COLUMNS = (
    Column("after", "After"),
    Column("share", "Right", "share"),
    Column("low", "From", "share"),
    Column("high", "To", "share"),
    Column("people", "People", "count"),
    Column("worst", "If nobody else knows it", "share"),
    Column("best", "If everybody else knows it", "share"),
)


_POINT_LEGEND = ("point", "range", "foot")
_FORGETTING_TITLE = "How what was learnt fades"


@report("forgetting", published=True)
def forgetting_report(requested: ReportRequest) -> Report:
    """The cohort's curve with its band, the observed points, and whether a memory model's
    predictions may be shown; of what is published the points alone."""
    return _fitted_curve(requested) if requested.individual else _published_points(requested)


def _published_points(requested: ReportRequest) -> Report:
    rows, points = _observed_points(requested)
    metric = METRICS_BY_KEY["retention_observed"]
    values = list_published(requested.connection, published_scope(requested.scope), metric)
    places = {interval.key: place for place, interval in enumerate(INTERVALS)}
    windows = ", ".join(
        f"{interval.label} by day {day}"
        for interval in INTERVALS
        for day in (metric.published.days_of(interval.key) if metric.published else ())
    )
    return Report(
        "forgetting",
        _FORGETTING_TITLE,
        "What people knew at each interval, each with its likely range.",
        _FORGETTING_COLUMNS,
        rows,
        notes=(
            f"Published values: each interval is told of once its window is over ({windows}). No "
            "curve is fitted to them.",
            *_hidden_notes(metric, sorted(values, key=lambda item: places[item.part])),
        ),
        svg=_draw_curve([], points, rows),
        legend=_POINT_LEGEND,
    )


def _fitted_curve(requested: ReportRequest) -> Report:
    result = get_computed(requested, "forgetting")
    rows, points = _observed_points(requested)
    body: dict[str, Any] = result.body if result else {"curve": None, "comparison": None}
    fitted = body["curve"]
    line = (
        [
            {"x": x, "value": v, "low": lo, "high": hi}
            for x, v, lo, hi in zip(
                fitted["days"], fitted["share"], fitted["low"], fitted["high"], strict=True
            )
        ]
        if fitted
        else []
    )
    notes = _curve_notes(fitted)
    if not_narrowed_notes(requested):
        notes.insert(
            0,
            "The line, and what is said of models, is of the whole programme; the points are "
            "narrowed.",
        )
    return Report(
        "forgetting",
        _FORGETTING_TITLE,
        "Points: what people knew at each interval. Line: the curve fitted to all of them.",
        _FORGETTING_COLUMNS,
        rows,
        notes=notes or ["A curve needs answers of twenty people over three intervals."],
        method=(
            "Points: Wilson 95 % intervals. The band of the line: bootstrap over people.",
            *_model_notes(body["comparison"]),
        ),
        svg=_draw_curve(line, points, rows),
        legend=(*_POINT_LEGEND, *(("curve", "band") if line else ())),
        watermark=result.watermark if result else "",
        computed_at=result.computed_at if result else "",
        extra={
            "curve": {
                k: v for k, v in fitted.items() if k in ("start", "stability", "half_life", "area")
            }
            if fitted
            else None,
            "comparison": body["comparison"],
        },
    )


def _draw_curve(
    line: Sequence[Mapping[str, float]],
    points: Sequence[Mapping[str, float]],
    rows: Sequence[Mapping[str, Any]],
) -> str:
    if not points:
        return ""
    rows = [row for row in rows if pictures.is_drawn(row["people"])]
    words = " ".join(
        f"After {row['after']}: {row['share']:.0%} ({row['low']:.0%} to {row['high']:.0%})."
        for row in rows
    )
    spec = pictures.curve_chart(line, points, "days since certification")
    return pictures.render_svg(spec, "picture-forgetting", _FORGETTING_TITLE, words)


def _observed_points(
    requested: ReportRequest,
) -> tuple[list[dict[str, Any]], list[dict[str, float]]]:
    """What people knew at each interval: rows of the table, and of enough people points of the
    picture."""
    observed, worst, best = (
        estimates_of(requested, METRICS_BY_KEY[key])
        for key in ("retention_observed", "retention_worst", "retention_best")
    )
    rows, points = [], []
    for interval in INTERVALS:
        item = observed.get(interval.key, NO_ESTIMATE)
        if item.value is None:
            continue
        rows.append(
            {
                "after": interval.label,
                "share": item.value,
                "low": item.low,
                "high": item.high,
                "people": item.learners,
                "worst": worst.get(interval.key, NO_ESTIMATE).value,
                "best": best.get(interval.key, NO_ESTIMATE).value,
            }
        )
        if not pictures.is_drawn(item.learners):
            continue
        points.append(
            {
                "x": float(interval.due_days),
                "value": item.value,
                "low": item.low or 0.0,
                "high": item.high or 0.0,
                "n": item.learners,
            }
        )
    return rows, points


def _curve_notes(fitted: dict[str, Any] | None) -> list[str]:
    """What the fitted curve says: the area under it, and the half-life."""
    if not fitted:
        return []
    notes = []
    half, area = fitted["half_life"], fitted.get("area")
    if area:
        notes.append(
            f"On average over the time seen, {area[0]:.0%} was there ({area[1]:.0%} to "
            f"{area[2]:.0%}): the area under the curve."
        )
    notes.append(
        f"Half of what was there at first is left after {half:.0f} days."
        if half
        else "More than half of what was there at first is still there at the end of what was seen."
    )
    return notes


def _model_notes(compared: dict[str, Any] | None) -> list[str]:
    """Whether the memory model predicts better than the plain ones."""
    if not compared:
        return []
    scores = ", ".join(
        f"{label} {compared[name]['log_loss']:.3f}"
        for name, label in (
            ("model", "memory model"),
            ("constant", "constant"),
            ("power", "power law"),
        )
    )
    verdict = (
        "The memory model is better than both here."
        if compared["shown"]
        else "The memory model is not better than both here, so what it predicts is not shown."
    )
    model = compared["model"]
    auc = f", AUC {model['auc']:.2f}." if model["auc"] is not None else "."
    return [
        f"Log loss on {compared['answers']} answers of {compared['people']} people: {scores}. "
        f"{verdict}",
        f"Memory model: RMSE over bins {model['rmse_bins']:.3f}{auc}",
    ]
