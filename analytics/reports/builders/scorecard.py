"""The scorecard on one page: each line between its floor and its target, one overall number if
enough is known, and teams side by side."""

from __future__ import annotations

from typing import Any

from analytics.catalogue import METRICS_BY_KEY
from analytics.reports import privacy
from analytics.reports.builders import roi
from analytics.reports.context import (
    ReportRequest,
    estimates_by_value,
    estimates_of,
    report,
)
from analytics.reports.metric_values import format_value
from analytics.reports.report import Column, Report
from analytics.scorecards import DEFAULT_LINES, IMPACT_METRIC, Line, parse_lines
from analytics.statistics import composite
from analytics.statistics.estimates import NO_ESTIMATE, Estimate
from analytics.store import scorecards
from lrs import feed

IMPACT_LABEL = "Way to the business target"
_NO_DATA, _HIDDEN, _OPEN = "no data", "not shown", "◆ open"


_COLUMNS = (
    Column("perspective", "Perspective"),
    Column("line", "Figure"),
    Column("shown", "Value"),
    Column("interval", "95 % interval"),
    Column("goal", "Floor → target"),
    Column("score", "Score", "count"),
    Column("weight", "Weight", "share"),
    Column("verdict", "Good enough?"),
)


@report("scorecard")
def scorecard_report(requested: ReportRequest) -> Report:
    """The scorecard report. Colour is never the only cue: each line has a verdict in words.
    Whether a line is good enough is answered here (by the target); whether it is changing is
    answered by the weekly series."""
    decided = scorecards.find_latest_scorecard(
        requested.connection, requested.scope.tenant_id, requested.scope.programme or ""
    )
    lines = parse_lines(decided[1]) if decided else list(DEFAULT_LINES)
    weights = {f"{i}": line.weight for i, line in enumerate(lines)}
    rows = [_line_row(requested, line) for line in lines]
    scores = {f"{i}": row["score"] for i, row in enumerate(rows)}
    whole = composite.weighted_composite(scores, weights)
    missing = [str(row["line"]) for row in rows if row["score"] is None]
    by = (
        f"{feed.describe_caller(requested.connection, requested.scope.tenant_id, decided[2])}, "
        f"{decided[3]:%d.%m.%Y} (version {decided[0]})"
        if decided
        else "nobody yet: these are the defaults"
    )
    notes = [
        f"Floors, targets and weights decided by {by}.",
        "Score: 0 at the floor, 100 at the target.",
    ]
    if missing:
        notes.append(f"Without a value: {', '.join(missing)}.")
    if whole is None:
        notes.append(
            "More than a quarter of the weight has no value, so there is no overall number."
        )
    teams = (
        _team_scores(requested, lines, weights) if "team" not in requested.scope.by else []
    )  # a single team has nothing to compare with
    worst = min(
        (row for row in rows if row["score"] is not None),
        key=lambda row: float(str(row["score"])),
        default=None,
    )
    return Report(
        "scorecard",
        "Scorecard",
        "Adoption, performance, efficiency, sustainability and innovation on one page."
        + (f" Overall {whole:.0f} of 100." if whole is not None else ""),
        _COLUMNS,
        rows,
        notes=notes,
        what_to_do=f"Furthest from its target: {worst['line']}. "
        f"{_line_advice(str(worst['metric']))}"
        if worst
        else "",
        extra={
            "overall": whole,
            "teams": teams,
            "meanings": [
                {"line": line_label(line), "meaning": _line_meaning(line)} for line in lines
            ],
        },
    )


def _line_row(requested: ReportRequest, line: Line) -> dict[str, Any]:
    item = _line_estimate(requested, line)
    hidden = not requested.individual and 0 < item.learners < privacy.MIN_GROUP_SIZE
    unit = METRICS_BY_KEY[line.metric].unit if line.metric != IMPACT_METRIC else "share"
    return {
        "perspective": line.perspective,
        "line": line_label(line),
        "metric": line.metric,
        "shown": _HIDDEN if hidden else format_value(item.value, unit),
        "interval": ""
        if hidden or item.low is None
        else f"{format_value(item.low, unit)} to {format_value(item.high, unit)}",
        "goal": f"{format_value(line.floor, unit)} → {format_value(line.target, unit)}",
        "score": None
        if item.value is None or hidden
        else composite.normalise_score(item.value, line.floor, line.target),
        "weight": line.weight,
        "verdict": _HIDDEN if hidden else _line_verdict(item, line),
    }


def line_label(line: Line) -> str:
    """The label of a line on a page."""
    if line.metric == IMPACT_METRIC:
        return IMPACT_LABEL
    metric = METRICS_BY_KEY[line.metric]
    part = dict(metric.parts)[line.part]
    return metric.label if not line.part else f"{metric.label}: {part[0].lower()}{part[1:]}"


def _line_meaning(line: Line) -> str:
    if line.metric == IMPACT_METRIC:
        return (
            "How much of the way from the baseline of the business figure to its target its "
            "effect has gone; of evidence A or B alone."
        )
    metric = METRICS_BY_KEY[line.metric]
    return f"{metric.meaning} {metric.not_meaning}"


def _line_advice(metric: str) -> str:
    return METRICS_BY_KEY[metric].what_to_do if metric in METRICS_BY_KEY else ""


def _line_estimate(requested: ReportRequest, line: Line) -> Estimate:
    if line.metric == IMPACT_METRIC:
        way = roi.progress_to_target(requested)
        return (
            NO_ESTIMATE
            if way is None
            else Estimate(way, 1, way, None, None, privacy.MIN_GROUP_SIZE)
        )
    return estimates_of(requested, METRICS_BY_KEY[line.metric]).get(line.part, NO_ESTIMATE)


def _line_verdict(estimate: Estimate, line: Line) -> str:
    """● yes: the whole interval is at the target or beyond. ▲ no: the whole interval is short
    of the floor. ◆ open: in between, or uncertain."""
    if estimate.value is None:
        return _NO_DATA
    if estimate.low is None and estimate.high is None and line.metric != IMPACT_METRIC:
        return _OPEN  # without an interval its uncertainty is unknown
    up = line.target > line.floor
    low, high = (
        (estimate.low if estimate.low is not None else estimate.value),
        (estimate.high if estimate.high is not None else estimate.value),
    )
    worst, best = (low, high) if up else (high, low)
    if (worst >= line.target) if up else (worst <= line.target):
        return "● yes"
    if (best < line.floor) if up else (best > line.floor):
        return "▲ no"
    return _OPEN


def _team_scores(
    requested: ReportRequest, lines: list[Line], weights: dict[str, float]
) -> list[dict[str, Any]]:
    """Each team's score, with the range of ranks that it takes when the weights vary
    slightly."""
    by_line = [
        estimates_by_value(requested, METRICS_BY_KEY[line.metric], "team")
        if line.metric != IMPACT_METRIC
        else {}
        for line in lines
    ]
    teams = sorted({team for result in by_line for team in result if team})
    people = [
        max(
            (entry.learners for result in by_line for entry in result.get(team, {}).values()),
            default=0,
        )
        for team in teams
    ]
    reasons = [None] * len(teams) if requested.individual else privacy.suppression_reasons(people)
    teams = [team for team, reason in zip(teams, reasons, strict=True) if not reason]
    scores = [
        {
            f"{i}": _team_score(
                requested, line, by_line[i].get(team, {}).get(line.part, NO_ESTIMATE)
            )
            for i, line in enumerate(lines)
        }
        for team in teams
    ]
    ranks = composite.rank_intervals(scores, weights)
    return [
        {
            "team": team,
            "score": composite.weighted_composite(current, weights),
            "best": rank[0] if rank else None,
            "worst": rank[1] if rank else None,
        }
        for team, current, rank in zip(teams, scores, ranks, strict=True)
    ]


def _team_score(requested: ReportRequest, line: Line, item: Estimate) -> float | None:
    visible = requested.individual or item.learners >= privacy.MIN_GROUP_SIZE
    if item.value is None or not visible:
        return None
    return composite.normalise_score(item.value, line.floor, line.target)
