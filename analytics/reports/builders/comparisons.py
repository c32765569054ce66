"""Groups side by side: waves, teams, programmes, and use of the product."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from analytics.catalogue import METRICS_BY_KEY
from analytics.definitions import Scope, groups
from analytics.reports import pictures, privacy
from analytics.reports.context import ReportRequest, activity_names, estimates_by_value, report
from analytics.reports.report import Column, Report
from analytics.statistics.estimates import NO_ESTIMATE, Estimate
from analytics.store import kpis

USAGE_WINDOW = timedelta(days=28)  # "active" means within the last 28 days

_COMPARED_METRICS = (
    ("transfer_rate", ""),
    ("adoption_due", ""),
    ("retention_observed", None),
    ("sustainability", "all"),
    ("feedback_by_day_30", ""),
)


def _comparison_report(
    requested: ReportRequest, dimension: str, key: str, title: str, word: str
) -> Report:
    sizes = [
        (row.value or "", int(row.learners))
        for row in requested.connection.execute(
            groups.select_group_sizes(requested.scope, dimension)
        )
    ]
    reasons = (
        [None] * len(sizes)
        if requested.individual
        else privacy.suppression_reasons([n for _, n in sizes])
    )
    columns = [
        Column("group", word),
        Column("people", "People", "count"),
        *(Column(key, METRICS_BY_KEY[key].label, "share") for key, _ in _COMPARED_METRICS),
    ]
    by_metric = {
        key: estimates_by_value(requested, METRICS_BY_KEY[key], dimension)
        for key, _ in _COMPARED_METRICS
    }
    rows, drawn = [], []
    for (value, people), reason in zip(sizes, reasons, strict=True):
        if reason:
            continue
        row: dict[str, Any] = {"group": value or f"without a {word.lower()}", "people": people}
        for metric_key, part in _COMPARED_METRICS:
            item = _compared_estimate(metric_key, part, by_metric[metric_key].get(value, {}))
            visible = requested.individual or item.learners >= privacy.MIN_GROUP_SIZE
            row[metric_key] = item.value if visible else None
            if metric_key == "transfer_rate" and row[metric_key] is not None:
                drawn.append(
                    {"label": row["group"], "value": item.value, "low": item.low, "high": item.high}
                )
        rows.append(row)
    words = " ".join(f"{entry['label']}: {entry['value']:.0%}." for entry in drawn)
    return Report(
        key,
        title,
        f"Each {word.lower()} beside the others. The picture shows transfer with its 95 % "
        "interval: where the bars overlap much, they may well be alike.",
        columns,
        rows,
        notes=_comparison_notes(sum(1 for reason in reasons if reason)),
        svg=pictures.render_svg(
            pictures.forest_plot(drawn, "transfer", "share"), f"picture-{key}", title, words
        )
        if len(drawn) > 1
        else "",
    )


def _comparison_notes(left_out: int) -> list[str]:
    notes = ["Retention is that of the latest interval that somebody has reached."]
    if left_out:
        notes.insert(
            0, f"{left_out} of fewer than five people, or that would tell of them, are left out."
        )
    return notes


def _compared_estimate(
    metric_key: str, part: str | None, parts: Mapping[str, Estimate]
) -> Estimate:
    """The estimate of this part; for retention (no part), the latest interval that anybody has
    reached."""
    if part is not None:
        return parts.get(part, NO_ESTIMATE)
    keys = [key for key, _ in reversed(METRICS_BY_KEY[metric_key].parts)]
    return next((parts[key] for key in keys if key in parts), NO_ESTIMATE)


@report("waves")
def waves_report(requested: ReportRequest) -> Report:
    """Waves side by side."""
    return _comparison_report(requested, "wave", "waves", "Waves", "Wave")


@report("teams")
def teams_report(requested: ReportRequest) -> Report:
    """Teams side by side."""
    return _comparison_report(requested, "team", "teams", "Teams", "Team")


@report("use")
def usage_report(requested: ReportRequest) -> Report:
    """Use of the product by team in the last 28 days."""
    since = requested.scope.as_of - USAGE_WINDOW
    scope = Scope(
        requested.scope.tenant_id,
        requested.scope.as_of,
        {k: v for k, v in requested.scope.by.items() if k == "programme"},
        since,
    )
    rows = requested.connection.execute(groups.select_presence_by_team(scope)).all()
    reasons = (
        [None] * len(rows)
        if requested.individual
        else privacy.suppression_reasons([int(row.people) for row in rows])
    )
    teams = [
        {
            "team": row.team or "without a team",
            "people": int(row.people),
            "days": int(row.days) / int(row.people) / 4,
            "looks": int(row.looks),
        }
        for row, reason in zip(rows, reasons, strict=True)
        if not reason
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


@report("innovation")
def innovation_report(requested: ReportRequest) -> Report:
    """Every programme of the tenant, and whether it states what it is meant to change, from
    which baseline to which target, and the expected benefit: the conditions for judging it
    afterwards."""
    tenant_id = requested.scope.tenant_id
    result = [
        row
        for row in requested.connection.execute(groups.select_programmes(tenant_id))
        if requested.individual or row.learners >= privacy.MIN_GROUP_SIZE
    ]
    names, rows = (
        activity_names(requested, [row.programme for row in result]),
        list[dict[str, Any]](),
    )
    for row in result:
        figures = kpis.list_kpis(requested.connection, tenant_id, row.programme)
        worth = [
            kpis.find_latest_valuation(requested.connection, tenant_id, row.programme, figure.kpi)
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
                "programme": names[row.programme],
                "people": int(row.learners),
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
        ),
        what_to_do=""
        if whole == len(rows)
        else "Fill in what is open under Programmes, Was it worth it, before the next wave begins.",
    )
