"""Competencies: what many people miss, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.definitions import groups
from analytics.reports import pictures, privacy
from analytics.reports.context import ReportRequest, activity_names, report
from analytics.reports.metric_values import format_value
from analytics.reports.report import Column, Report
from analytics.statistics import domains

MAX_TEAMS, MAX_COLUMNS = 40, 12


_WEAK_COLUMNS = (
    Column("competency", "Competency"),
    Column("where", "Seen"),
    Column("share", "Share right", "share"),
    Column("asked", "Of", "count"),
    Column("shrunken", "Likely share", "share"),
    Column("low", "From", "share"),
    Column("high", "To", "share"),
    Column("weak", "Verdict"),
)


@report("weak_domains")
def weak_domains_report(requested: ReportRequest) -> Report:
    """Competencies that many people miss, in checks and at work."""
    rows = requested.connection.execute(groups.select_competencies(requested.scope)).all()
    if not requested.individual:
        rows = [row for row in rows if row.learners >= privacy.MIN_GROUP_SIZE]
    names = activity_names(requested, [row.competency for row in rows])
    estimates, drawn = _domain_rows(rows, names)
    weak = [row for row in estimates if row["weak"]]
    sentences = " ".join(
        f"{row['competency']}, {row['where']}: {row['share']:.0%} of "
        f"{row['asked']}{', weak' if row['weak'] else ''}."
        for row in estimates
    )
    return Report(
        "weak_domains",
        "What the training left open",
        f"Competencies that many miss, held against {domains.MASTERY_TARGET:.0%}: what is weak "
        "across people points at the content, not at them.",
        _WEAK_COLUMNS,
        estimates,
        notes=(
            "The likely share is drawn towards that of all competencies where little was asked "
            "(empirical Bayes); weak means that even its upper"
            f" bound lies under {domains.MASTERY_TARGET:.0%}, and of all called weak at most one "
            "in ten is so by chance (Benjamini and Hochberg).",
        ),
        svg=pictures.render_svg(
            pictures.forest_plot(
                drawn,
                f"likely share; the line is {domains.MASTERY_TARGET:.0%}",
                "share",
                domains.MASTERY_TARGET,
            ),
            "picture-weak-domains",
            "What the training left open",
            sentences,
        )
        if drawn
        else "",
        what_to_do=f"Give {weak[0]['competency']} to the owner of the content first."
        if weak
        else "Nothing is weak beyond chance.",
    )


def _domain_rows(
    rows: Sequence[Any], names: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Each competency in checks and at work: rows of the table, and bars of the picture."""
    estimates, drawn = [], []
    at_work = any(row.rated for row in rows)
    for where, k, n in (("in checks", "right", "asked"), ("at work", "reached", "rated")):
        for domain in domains.estimate_domains(
            [(row.competency, int(getattr(row, k)), int(getattr(row, n))) for row in rows]
        ):
            label = f"{names[domain.key]}, {where}" if at_work else names[domain.key]
            estimates.append(
                {
                    "competency": names[domain.key],
                    "where": where,
                    "right": domain.right,
                    "asked": domain.asked,
                    "share": domain.share,
                    "shrunken": domain.shrunken,
                    "low": domain.low,
                    "high": domain.high,
                    "weak": "weak" if domain.weak else "",
                    "id": domain.key,
                }
            )
            drawn.append(
                {"label": label, "value": domain.shrunken, "low": domain.low, "high": domain.high}
            )
    return estimates, drawn


@report("heat_map")
def heat_map_report(requested: ReportRequest) -> Report:
    """Team by competency: the share right in checks. Small cells are hidden, and with them the
    cells from which they could be derived."""
    rows = requested.connection.execute(groups.select_competencies_by_team(requested.scope)).all()
    teams = sorted({row.team or "" for row in rows})[:MAX_TEAMS]
    keys = sorted({row.competency for row in rows})[:MAX_COLUMNS]
    names = activity_names(requested, keys)
    at = {(row.team or "", row.competency): row for row in rows}
    hidden = (
        set()
        if requested.individual
        else _hidden_cells({place: int(row.learners) for place, row in at.items()}, teams, keys)
    )
    table, cells = [], []
    for team in teams:
        line: dict[str, Any] = {"team": team or "without a team"}
        for key in keys:
            row = at.get((team, key))
            share = int(row.right) / int(row.asked) if row is not None and row.asked else None
            if (team, key) in hidden:
                line[key] = None
                text = "·"
            else:
                line[key], text = share, format_value(share, "share")
            cells.append(
                {
                    "row": line["team"],
                    "column": names[key],
                    "value": 0 if line[key] is None else line[key],
                    "text": text,
                }
            )
        table.append(line)
    words = " ".join(f"{cell['row']}, {cell['column']}: {cell['text']}." for cell in cells)
    return Report(
        "heat_map",
        "Teams and competencies",
        "The share of questions right in checks, by team and competency.",
        (Column("team", "Team"), *(Column(key, names[key], "share") for key in keys)),
        table,
        notes=(
            "A dot stands where fewer than five people are, or where a smaller group could be "
            "told from it.",
        )
        if hidden
        else (),
        svg=pictures.render_svg(
            pictures.heat_map_chart(cells), "picture-heat-map", "Teams and competencies", words
        )
        if cells
        else "",
        what_to_do="A pale column is the content's; a pale row is a team that needs time or "
        "coaching.",
    )


def _hidden_cells(
    people: Mapping[tuple[str, str], int], teams: Sequence[str], keys: Sequence[str]
) -> set[tuple[str, str]]:
    """Cells that are too small, then those from which they could be derived along their row or
    column, until nothing more can be derived."""
    hidden = {place for place, n in people.items() if 0 < n < privacy.MIN_GROUP_SIZE}
    while True:
        before = len(hidden)
        for line in [[(team, key) for key in keys] for team in teams] + [
            [(team, key) for team in teams] for key in keys
        ]:
            places = [place for place in line if people.get(place)]
            if any(place in hidden for place in places):
                sizes = [
                    privacy.MIN_GROUP_SIZE - 1 if place in hidden else people[place]
                    for place in places
                ]
                hidden |= {
                    place
                    for place, reason in zip(
                        places, privacy.suppression_reasons(sizes), strict=True
                    )
                    if reason
                }
        if len(hidden) == before:
            return hidden
