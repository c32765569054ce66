"""The scorecard on one page: each line between its floor and its target, one overall number if
enough is known, and teams side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analytics.catalogue import METRICS_BY_KEY
from analytics.reports.builders import roi
from analytics.reports.context import (
    ReportRequest,
    estimates_of,
    published_scope,
    report,
)
from analytics.reports.equal_maturity import Comparison, compare_groups
from analytics.reports.metric_values import format_value
from analytics.reports.next_steps import choose_step
from analytics.reports.published import as_estimate, list_published, why_not_shown
from analytics.reports.report import Column, Report
from analytics.scorecards import DEFAULT_LINES, IMPACT_METRIC, Line, parse_lines
from analytics.statistics import composite
from analytics.statistics.estimates import NO_ESTIMATE, Estimate
from analytics.store import scorecards
from analytics.store.published import SHOWN, PublishedValue
from lrs import feed
from lrs.vocabulary import MIN_GROUP_SIZE

IMPACT_LABEL = "Way to the business target"
_NO_DATA, _HIDDEN, _YES, _OPEN = "no data", "not shown", "● yes", "◆ open"
_NOW, _NOT_PUBLISHED = "as of now", "it is not published"


_COLUMNS = (
    Column("perspective", "Perspective"),
    Column("line", "Figure"),
    Column("shown", "Value"),
    Column("window", "Looked at"),
    Column("interval", "Likely range"),
    Column("goal", "Floor → target"),
    Column("score", "Score", "count"),
    Column("weight", "Weight", "share"),
    Column("verdict", "Good enough?"),
)


@report("scorecard", published=True)
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
        f"{decided[3].day} {decided[3]:%B %Y} (version {decided[0]})"
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
    teams, compared_notes = _team_scores(requested, lines, weights)
    notes += compared_notes
    return Report(
        "scorecard",
        "Scorecard",
        "Adoption, performance, efficiency, sustainability and innovation on one page."
        + (f" Overall {whole:.0f} of 100." if whole is not None else ""),
        _COLUMNS,
        rows,
        notes=notes,
        what_to_do=_scorecard_advice(requested, rows),
        extra={
            "overall": whole,
            "teams": teams,
            "meanings": [
                {"line": line_label(line), "meaning": _line_meaning(line)} for line in lines
            ],
        },
    )


@dataclass(frozen=True)
class _Reading:
    """The value of a line; ``window``: when people are looked at. ``hidden``: why it is not shown,
    as a clause."""

    estimate: Estimate
    window: str = _NOW
    hidden: str = ""


def _line_row(requested: ReportRequest, line: Line) -> dict[str, Any]:
    reading = _read_line(requested, line)
    item, hidden = reading.estimate, reading.hidden
    unit = METRICS_BY_KEY[line.metric].unit if line.metric != IMPACT_METRIC else "share"
    return {
        "perspective": line.perspective,
        "line": line_label(line),
        "metric": line.metric,
        "shown": _HIDDEN if hidden else format_value(item.value, unit),
        "window": reading.window,
        "interval": ""
        if item.low is None
        else f"{format_value(item.low, unit)} to {format_value(item.high, unit)}",
        "goal": f"{format_value(line.floor, unit)} → {format_value(line.target, unit)}",
        "score": None
        if item.value is None
        else composite.normalise_score(item.value, line.floor, line.target),
        "weight": line.weight,
        "enough": line.metric == IMPACT_METRIC or item.learners >= MIN_GROUP_SIZE,
        "verdict": hidden or _line_verdict(item, line),
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


def _scorecard_advice(requested: ReportRequest, rows: Sequence[Mapping[str, Any]]) -> str:
    """What to do first: about the line furthest from its target, of those that are of enough
    people."""
    scored = [row for row in rows if row["score"] is not None and row["enough"]]
    if not scored:
        return "Too early to say what to do first: no figure is of five people yet."
    worst = min(scored, key=lambda row: float(row["score"]))
    if worst["verdict"] == _YES:
        return "Every figure with enough people reaches its target."

    def estimates_by_part(key: str) -> Mapping[str, Estimate]:
        return estimates_of(requested, METRICS_BY_KEY[key])

    step = choose_step(str(worst["metric"]), estimates_by_part)
    return f"Furthest from its target: {worst['line']}, {worst['shown']}. {step.text}".strip()


def _read_line(requested: ReportRequest, line: Line) -> _Reading:
    if line.metric == IMPACT_METRIC:
        return _read_impact(requested)
    metric = METRICS_BY_KEY[line.metric]
    if requested.individual:
        return _Reading(estimates_of(requested, metric).get(line.part, NO_ESTIMATE))
    items = [
        item
        for item in list_published(requested.connection, published_scope(requested.scope), metric)
        if item.part == line.part
    ]
    shown = [item for item in items if item.status == SHOWN]
    if shown:
        return _Reading(as_estimate(shown[-1]), _describe_window(shown[-1]))
    first = next(iter(items), None)
    return _Reading(NO_ESTIMATE, _describe_window(first), why_not_shown(metric, first))


def _read_impact(requested: ReportRequest) -> _Reading:
    """The way to the business target: estimated live from when people were certified."""
    if not requested.individual:
        return _Reading(NO_ESTIMATE, "", _NOT_PUBLISHED)
    way = roi.progress_to_target(requested)
    return _Reading(NO_ESTIMATE if way is None else Estimate(way, 1, way, None, None, 0))


def _describe_window(item: PublishedValue | None) -> str:
    return f"by day {item.day}" if item else ""


def _line_verdict(estimate: Estimate, line: Line) -> str:
    """● yes: the whole interval is at the target or beyond. ▲ no: the whole interval is short
    of the floor. ◆ open: in between, or uncertain."""
    if estimate.value is None:
        return _NO_DATA
    if line.metric != IMPACT_METRIC and estimate.learners < MIN_GROUP_SIZE:
        return f"too few to say ({estimate.learners})"
    if estimate.low is None and estimate.high is None and line.metric != IMPACT_METRIC:
        return _OPEN  # without an interval its uncertainty is unknown
    up = line.target > line.floor
    low, high = (
        (estimate.low if estimate.low is not None else estimate.value),
        (estimate.high if estimate.high is not None else estimate.value),
    )
    worst, best = (low, high) if up else (high, low)
    if (worst >= line.target) if up else (worst <= line.target):
        return _YES
    if (best < line.floor) if up else (best > line.floor):
        return "▲ no"
    return _OPEN


def _team_scores(
    requested: ReportRequest, lines: list[Line], weights: dict[str, float]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Each team's score, with the range of ranks that it takes when the weights vary slightly; and
    the note in which windows teams are compared."""
    compared = _compare_teams(requested, lines)
    teams = sorted({team for item in compared.values() for team in item.shown if team})
    scores = [
        {f"{i}": _team_score(line, compared.get(i), team) for i, line in enumerate(lines)}
        for team in teams
    ]
    ranks = composite.rank_intervals(scores, weights)
    rows = [
        {
            "team": team,
            "score": composite.weighted_composite(current, weights),
            "best": rank[0] if rank else None,
            "worst": rank[1] if rank else None,
        }
        for team, current, rank in zip(teams, scores, ranks, strict=True)
    ]
    return rows, _window_notes(lines, compared) if rows else []


def _compare_teams(requested: ReportRequest, lines: list[Line]) -> dict[int, Comparison]:
    """The number of each line -> its figure of each team. Nothing where one team alone is looked
    at, or what is published of another part of the programme: of its teams nothing is."""
    narrowed = set(requested.scope.by) - {"programme"}
    if "team" in narrowed or (narrowed and not requested.individual):
        return {}
    return {
        i: compare_groups(requested, METRICS_BY_KEY[line.metric], "team", (line.part,))
        for i, line in enumerate(lines)
        if line.metric != IMPACT_METRIC
    }


def _window_notes(lines: list[Line], compared: dict[int, Comparison]) -> list[str]:
    windows = [
        f"{line_label(lines[i])}, by day {item.window.day}"
        for i, item in compared.items()
        if item.window is not None and item.window.day is not None
    ]
    return [f"Teams are compared in the same windows: {'; '.join(windows)}."] if windows else []


def _team_score(line: Line, compared: Comparison | None, team: str) -> float | None:
    item = compared.shown.get(team) if compared else None
    if item is None or item.value is None:
        return None
    return composite.normalise_score(item.value, line.floor, line.target)
