"""Groups side by side: waves, teams, programmes, and use of the product."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from analytics.catalogue import METRICS_BY_KEY
from analytics.definitions import Scope, groups
from analytics.reports import pictures, privacy
from analytics.reports.context import ReportRequest, activity_names, estimates_by_value
from analytics.reports.report import Column, Report
from analytics.statistics.estimates import NO_ESTIMATE
from analytics.store import kpis

USAGE_WINDOW = timedelta(days=28)  # "active" means within the last 28 days

_COMPARED_METRICS = (("transfer_rate", ""), ("adoption_due", ""), ("retention_observed", None), ("sustainability", "all"), ("feedback_by_day_30", ""))


def _comparison_report(asked: ReportRequest, dimension: str, key: str, title: str, word: str) -> Report:
    sizes = [(row.value or "", int(row.learners)) for row in asked.connection.execute(groups.select_group_sizes(asked.scope, dimension))]
    reasons = [None] * len(sizes) if asked.individual else privacy.suppression_reasons([n for _, n in sizes])
    columns = [Column("group", word), Column("people", "People", "count")]
    found = {}
    for metric_key, part in _COMPARED_METRICS:
        metric = METRICS_BY_KEY[metric_key]
        columns.append(Column(metric_key, metric.label, "share"))
        found[metric_key] = (estimates_by_value(asked, metric, dimension), part)
    rows, drawn = [], []
    for (value, people), reason in zip(sizes, reasons, strict=True):
        if reason:
            continue
        row: dict[str, Any] = {"group": value or f"without a {word.lower()}", "people": people}
        for metric_key, (by_value, part) in found.items():
            parts = by_value.get(value, {})
            # For retention, the latest interval that anybody has reached.
            one = (
                parts.get(part, NO_ESTIMATE)
                if part is not None
                else next((parts[k] for k, _ in reversed(METRICS_BY_KEY[metric_key].parts) if k in parts), NO_ESTIMATE)
            )
            row[metric_key] = one.value if asked.individual or one.learners >= privacy.MIN_GROUP_SIZE else None
            if metric_key == "transfer_rate" and row[metric_key] is not None:
                drawn.append({"label": row["group"], "value": one.value, "low": one.low, "high": one.high})
        rows.append(row)
    left_out = sum(1 for reason in reasons if reason)
    words = " ".join(f"{one['label']}: {one['value']:.0%}." for one in drawn)
    return Report(
        key,
        title,
        f"Each {word.lower()} beside the others. The picture shows transfer with its 95 % interval: where the bars overlap much, they may well be alike.",
        columns,
        rows,
        notes=(
            *((f"{left_out} of fewer than five people, or that would tell of them, are left out.",) if left_out else ()),
            "Retention is that of the latest interval that somebody has reached.",
        ),
        svg=pictures.render_svg(pictures.forest_plot(drawn, "transfer", "share"), f"picture-{key}", title, words) if len(drawn) > 1 else "",
    )


def waves_report(asked: ReportRequest) -> Report:
    """Waves side by side."""
    return _comparison_report(asked, "wave", "waves", "Waves", "Wave")


def teams_report(asked: ReportRequest) -> Report:
    """Teams side by side."""
    return _comparison_report(asked, "team", "teams", "Teams", "Team")


def usage_report(asked: ReportRequest) -> Report:
    """Use of the product by team in the last 28 days."""
    since = asked.scope.as_of - USAGE_WINDOW
    scope = Scope(asked.scope.tenant_id, asked.scope.as_of, {k: v for k, v in asked.scope.by.items() if k == "programme"}, since)
    rows = asked.connection.execute(groups.select_presence_by_team(scope)).all()
    reasons = [None] * len(rows) if asked.individual else privacy.suppression_reasons([int(row.people) for row in rows])
    told = [
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
        "Who came in the last 28 days, by team, and how often figures were looked at. A team that does not come needs help, not blame.",
        (
            Column("team", "Team"),
            Column("people", "People who came", "count"),
            Column("days", "Days a week, each", "number"),
            Column("looks", "Looks at figures", "count"),
        ),
        sorted(told, key=lambda row: row["days"]),
        what_to_do="Ask the team at the top what keeps it.",
    )


def innovation_report(asked: ReportRequest) -> Report:
    """Every programme of the tenant, and whether it states what it is meant to change, from
    which baseline to which target, and the expected benefit: the conditions for judging it
    afterwards."""
    tenant_id = asked.scope.tenant_id
    found = [
        row for row in asked.connection.execute(groups.select_programmes(tenant_id)) if asked.individual or row.learners >= privacy.MIN_GROUP_SIZE
    ]
    names, told = activity_names(asked, [row.programme for row in found]), list[dict[str, Any]]()
    for row in found:
        figures = kpis.list_kpis(asked.connection, tenant_id, row.programme)
        worth = [kpis.find_latest_valuation(asked.connection, tenant_id, row.programme, one.kpi) for one in figures]
        says = {
            "figure": bool(figures),
            "baseline": any(one.baseline is not None for one in figures),
            "target": any(one.target is not None for one in figures),
            "forecast": any(one is not None and one[1].get("forecast_effect") for one in worth),
        }
        words = {name: "yes" if yes else "no" for name, yes in says.items()}
        told.append({"programme": names[row.programme], "people": int(row.learners), **words, "whole": "● whole" if all(says.values()) else "▲ open"})
    whole = sum(row["whole"].startswith("●") for row in told)
    return Report(
        "innovation",
        "Programmes",
        f"{whole} of {len(told)} programmes say what they are to move, from where to where, and what that is expected to bring.",
        (
            Column("programme", "Programme"),
            Column("people", "People", "count"),
            Column("figure", "Business figure"),
            Column("baseline", "Baseline"),
            Column("target", "Target"),
            Column("forecast", "Forecast of its worth"),
            Column("whole", "Can be judged"),
        ),
        sorted(told, key=lambda row: (str(row["whole"]), str(row["programme"]))),
        notes=("Of the whole organisation, however the page is narrowed. A programme that says nothing beforehand proves nothing afterwards.",),
        what_to_do="" if whole == len(told) else "Fill in what is open under Programmes, Was it worth it, before the next wave begins.",
    )
