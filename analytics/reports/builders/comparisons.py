"""Groups side by side: waves, teams, programmes, and use of the product."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from analytics.catalogue import METRICS_BY_KEY, SHARE
from analytics.definitions import Scope, groups
from analytics.reports import pictures
from analytics.reports.context import ReportRequest, activity_names, not_narrowed_notes, report
from analytics.reports.equal_maturity import (
    Comparison,
    compare_groups,
    describe_held_back,
    describe_hidden,
)
from analytics.reports.metric_values import format_value
from analytics.reports.report import Column, Report
from analytics.reports.use_by_month import use_by_month
from analytics.statistics.estimates import NO_ESTIMATE
from analytics.store import kpis, published
from lrs.vocabulary import INTERVALS

USAGE_WINDOW = timedelta(days=28)  # "active" means within the last 28 days

# Metric -> the part that is compared as of now: of transfer, of whom 90 days are over; of retention
# each interval in turn.
_LIVE_PARTS: Mapping[str, Sequence[str]] = {
    "transfer_rate": ("matured",),
    "adoption_due": ("",),
    "retention_observed": tuple(interval.key for interval in INTERVALS),
    "sustainability": ("all",),
    "feedback_by_day_30": ("",),
}
# The same of what is published: each look is at the same day for everybody.
_PUBLISHED_PARTS = {**_LIVE_PARTS, "transfer_rate": ("",)}
_DRAWN, _BY_INTERVAL = "transfer_rate", "retention_observed"


def _comparison_report(
    requested: ReportRequest, dimension: str, key: str, title: str, word: str
) -> Report:
    parts = _LIVE_PARTS if requested.individual else _PUBLISHED_PARTS
    compared = {
        metric: compare_groups(requested, METRICS_BY_KEY[metric], dimension, parts[metric])
        for metric in parts
    }
    nameless = {"": f"without a {dimension}"}
    rows = [
        {
            "group": nameless.get(value, value),
            "people": people,
            **_compared_cells(compared, value),
        }
        for value, people in _group_sizes(requested, dimension).items()
    ]
    return Report(
        key,
        title,
        f"Each {dimension} beside the others, at equal maturity: each figure of all of them in the "
        "same window after the certification. The picture shows transfer with its likely range: "
        "where the bars overlap much, they may well be alike.",
        _comparison_columns(word, compared, requested.individual),
        rows,
        notes=_live_notes(dimension, compared)
        if requested.individual
        else _published_notes(requested, dimension, compared, nameless),
        svg=_draw_comparison(compared[_DRAWN], nameless, f"picture-{key}", title),
        legend=("point", "range", "of"),
    )


def _group_sizes(requested: ReportRequest, dimension: str) -> dict[str, int]:
    """Value of the dimension -> people: who is certified, or of what is published who is in its
    packets."""
    scope = requested.scope
    if requested.individual:
        result = requested.connection.execute(groups.select_group_sizes(scope, dimension))
        return {row.value or "": int(row.learners) for row in result}
    sizes: dict[str, int] = defaultdict(int)
    for row in published.count_packet_people(requested.connection, scope.tenant_id):
        within = row.programme == scope.programme and not row.pooled
        if within and dimension in ("wave", row.dimension):
            value = row.wave if dimension == "wave" else row.value
            sizes[value or ""] += int(row.people)
    return dict(sorted(sizes.items()))


def _compared_cells(compared: Mapping[str, Comparison], value: str) -> dict[str, Any]:
    """The cells of one group: each figure, and in which window it is."""
    cells: dict[str, Any] = {}
    for metric, item in compared.items():
        cells[metric] = item.shown.get(value, NO_ESTIMATE).value
        if item.window is not None and item.window.day is not None:
            cells[f"{metric}_day"] = item.window.day
    cells[f"{_BY_INTERVAL}_interval"] = compared[_BY_INTERVAL].part_label
    return cells


def _comparison_columns(
    word: str, compared: Mapping[str, Comparison], individual: bool
) -> list[Column]:
    columns = [Column("group", word), Column("people", "People", "count")]
    for metric, item in compared.items():
        columns.append(Column(metric, item.metric.label, "share"))
        if metric == _BY_INTERVAL:
            columns.append(Column(f"{metric}_interval", "Interval"))
        if not individual:
            columns.append(Column(f"{metric}_day", "By day", "count"))
    return columns


def _draw_comparison(
    comparison: Comparison, nameless: Mapping[str, str], name: str, title: str
) -> str:
    """The picture of at least two groups; empty if fewer have a value of enough people."""
    drawn = [
        {
            "label": nameless.get(value, value),
            "value": item.value,
            "low": item.low,
            "high": item.high,
            "text": f"{format_value(item.value, SHARE)} ({item.learners})",
        }
        for value, item in sorted(comparison.shown.items())
        if item.value is not None and pictures.is_drawn(item.learners)
    ]
    if len(drawn) < 2:
        return ""
    words = " ".join(f"{entry['label']}: {entry['value']:.0%}." for entry in drawn)
    spec = pictures.forest_plot(drawn, "transfer", SHARE)
    return pictures.render_svg(spec, name, title, words)


def _live_notes(dimension: str, compared: Mapping[str, Comparison]) -> list[str]:
    interval = compared[_BY_INTERVAL].part_label
    return [
        "As of now. Transfer is of people certified 90 days ago or more, adoption and feedback are "
        "of what has come due.",
        *(
            [
                f"Retention is that after {interval} in every row: the last interval that at least "
                f"two have reached, or one if there is no other."
            ]
            if interval
            else []
        ),
    ]


def _published_notes(
    requested: ReportRequest,
    dimension: str,
    compared: Mapping[str, Comparison],
    nameless: Mapping[str, str],
) -> list[str]:
    """What the windows are, and which groups wait until when."""
    if requested.scope.programme is None:
        return [f"Each {dimension} is published within its programme: choose one."]
    hidden = [describe_hidden(item, nameless) for item in compared.values()]
    return [
        *not_narrowed_notes(requested),
        f"Published values: each figure by the day after the certification that stands beside it, "
        f"the last by which at least two of the groups are told of, or one if there is no other. "
        f"People are those who are published by {dimension}.",
        *(note for note in hidden if note),
        *describe_held_back(requested, dimension, nameless),
    ]


@report("waves", published=True)
def waves_report(requested: ReportRequest) -> Report:
    """Waves side by side."""
    return _comparison_report(requested, "wave", "waves", "Waves", "Wave")


@report("teams", published=True)
def teams_report(requested: ReportRequest) -> Report:
    """Teams side by side."""
    return _comparison_report(requested, "team", "teams", "Teams", "Team")


@report("use", published=True)
def usage_report(requested: ReportRequest) -> Report:
    """Use of the product: by team in the last 28 days; for callers without individual access by
    month."""
    if not requested.individual:
        return use_by_month(requested)
    since = requested.scope.as_of - USAGE_WINDOW
    scope = Scope(
        requested.scope.tenant_id,
        requested.scope.as_of,
        {k: v for k, v in requested.scope.by.items() if k == "programme"},
        since,
    )
    rows = requested.connection.execute(groups.select_presence_by_team(scope)).all()
    teams = [
        {
            "team": row.team or "without a team",
            "people": int(row.people),
            "days": int(row.days) / int(row.people) / 4,
            "looks": int(row.looks),
        }
        for row in rows
    ]
    return Report(
        "use",
        "Use of Carryover",
        "Who came in the last 28 days, by team, and how often figures were looked at. A team "
        "that does not come needs help, not blame.",
        (
            Column("team", "Team"),
            Column("people", "People who came", "count"),
            Column("days", "Days a week, each", "number"),
            Column("looks", "Looks at figures", "count"),
        ),
        sorted(teams, key=lambda row: row["days"]),
        what_to_do="Ask the team at the top what keeps it.",
    )


_PUBLISHED_PROGRAMMES_NOTE = (
    "People are those of whom values are published; a programme stands here from the first on."
)


@report("innovation", published=True)
def innovation_report(requested: ReportRequest) -> Report:
    """Every programme of the tenant, and whether it states what it is meant to change, from
    which baseline to which target, and the expected benefit: the conditions for judging it
    afterwards."""
    tenant_id = requested.scope.tenant_id
    people = _people_by_programme(requested)
    names, rows = activity_names(requested, list(people)), list[dict[str, Any]]()
    for programme in people:
        figures = kpis.list_kpis(requested.connection, tenant_id, programme)
        worth = [
            kpis.find_latest_valuation(requested.connection, tenant_id, programme, figure.kpi)
            for figure in figures
        ]
        texts = {
            "figure": bool(figures),
            "baseline": any(figure.baseline is not None for figure in figures),
            "target": any(figure.target is not None for figure in figures),
            "forecast": any(item is not None and item[1].get("forecast_effect") for item in worth),
        }
        answers = {name: "yes" if yes else "no" for name, yes in texts.items()}
        rows.append(
            {
                "programme": names[programme],
                "people": people[programme],
                **answers,
                "whole": "● whole" if all(texts.values()) else "▲ open",
            }
        )
    whole = sum(row["whole"].startswith("●") for row in rows)
    return Report(
        "innovation",
        "Programmes",
        f"{whole} of {len(rows)} programmes say what they are to move, from where to where, "
        "and what that is expected to bring.",
        (
            Column("programme", "Programme"),
            Column("people", "People", "count"),
            Column("figure", "Business figure"),
            Column("baseline", "Baseline"),
            Column("target", "Target"),
            Column("forecast", "Forecast of its worth"),
            Column("whole", "Can be judged"),
        ),
        sorted(rows, key=lambda row: (str(row["whole"]), str(row["programme"]))),
        notes=(
            "Of the whole organisation, however the page is narrowed. A programme that says "
            "nothing beforehand proves nothing afterwards.",
            *(() if requested.individual else (_PUBLISHED_PROGRAMMES_NOTE,)),
        ),
        what_to_do=""
        if whole == len(rows)
        else "Fill in what is open under Programmes, Was it worth it, before the next wave begins.",
    )


def _people_by_programme(requested: ReportRequest) -> dict[str, int]:
    """Programme -> people: who is certified, or who is in its packets."""
    connection, tenant_id = requested.connection, requested.scope.tenant_id
    if requested.individual:
        result = connection.execute(groups.select_programmes(tenant_id))
        return {row.programme: int(row.learners) for row in result}
    people: dict[str, int] = defaultdict(int)
    for row in published.count_packet_people(connection, tenant_id):
        people[row.programme] += int(row.people)
    return dict(people)
