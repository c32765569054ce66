"""What lasts: how knowledge fades, and when the first use happens."""

from __future__ import annotations

from typing import Any

from analytics.catalogue import METRICS_BY_KEY
from analytics.definitions import times
from analytics.reports import pictures, privacy
from analytics.reports.computed import get_computed
from analytics.reports.context import (
    ReportRequest,
    estimates_of,
    not_narrowed_notes,
    report,
)
from analytics.reports.report import Column, Report
from analytics.statistics import survival
from analytics.statistics.estimates import NO_ESTIMATE
from lrs.vocabulary import INTERVALS


@report("first_use")
def first_use_report(requested: ReportRequest) -> Report:
    """Time to the first verified use: one minus the survival curve of those who have not got
    there yet."""
    rows = [
        row
        for row in requested.connection.execute(times.select_time_to_first_use(requested.scope))
        if row.part == "verified"
    ]
    people = sum(int(row.people) for row in rows)
    if people < (1 if requested.individual else privacy.MIN_GROUP_SIZE):
        rows = []
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
        "When the first use comes",
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
        curve
        if requested.individual
        else [{**row, "events": None, "at_risk": None} for row in curve],
        notes=("Kaplan and Meier 1958; the band is a 95 % interval for each day by itself.",),
        svg=pictures.render_svg(
            pictures.step_chart(points, "days since certification"),
            "picture-first-use",
            "When the first use comes",
            words,
        )
        if curve
        else "",
    )


_FORGETTING_COLUMNS = (
    Column("after", "After"),
    Column("share", "Right", "share"),
    Column("low", "From", "share"),
    Column("high", "To", "share"),
    Column("people", "People", "count"),
    Column("worst", "If nobody else knows it", "share"),
    Column("best", "If everybody else knows it", "share"),
)


@report("forgetting")
def forgetting_report(requested: ReportRequest) -> Report:
    """The cohort's curve with its band, the observed points, and whether a memory model's
    predictions may be shown."""
    result = get_computed(requested, "forgetting")
    rows, points = _observed_points(requested)
    body: dict[str, Any] = (
        result.body if result else {"curve": None, "comparison": None, "people": 0}
    )
    fitted = (
        body["curve"] if requested.individual or body["people"] >= privacy.MIN_GROUP_SIZE else None
    )
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
    notes = [*_curve_notes(fitted), *_model_notes(body["comparison"])]
    if not_narrowed_notes(requested):
        notes.insert(
            0,
            "The line, and what is said of models, is of the whole programme; the points are "
            "narrowed.",
        )
    words = " ".join(
        f"After {row['after']}: {row['share']:.0%} ({row['low']:.0%} to {row['high']:.0%})."
        for row in rows
    )
    return Report(
        "forgetting",
        "How what was learnt fades",
        "Points: what people knew at each interval, with 95 % intervals. Line: the curve fitted "
        "to all of them, with its band by bootstrap over people.",
        _FORGETTING_COLUMNS,
        rows,
        notes=notes or ["A curve needs answers of twenty people over three intervals."],
        svg=pictures.render_svg(
            pictures.curve_chart(line, points, "days since certification"),
            "picture-forgetting",
            "How what was learnt fades",
            words,
        )
        if points
        else "",
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


def _observed_points(
    requested: ReportRequest,
) -> tuple[list[dict[str, Any]], list[dict[str, float]]]:
    """What people knew at each interval: rows of the table, and points of the picture."""
    observed, worst, best = (
        estimates_of(requested, METRICS_BY_KEY[key])
        for key in ("retention_observed", "retention_worst", "retention_best")
    )
    rows, points = [], []
    for interval in INTERVALS:
        item = observed.get(interval.key, NO_ESTIMATE)
        if item.value is None or (
            not requested.individual and item.learners < privacy.MIN_GROUP_SIZE
        ):
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
        points.append(
            {
                "x": float(interval.due_days),
                "value": item.value,
                "low": item.low or 0.0,
                "high": item.high or 0.0,
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
        else "The half-life lies beyond what was seen, so none is told."
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
