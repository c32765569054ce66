"""Competencies: what many people miss, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from analytics.catalogue import DETAIL_DAY, PUBLISHED_METRICS, SHARE
from analytics.definitions import groups
from analytics.reports import pictures
from analytics.reports.context import (
    ReportRequest,
    activity_names,
    estimates_by_value,
    estimates_of,
    report,
)
from analytics.reports.metric_values import format_value
from analytics.reports.report import Column, Report
from analytics.statistics import domains
from analytics.statistics.estimates import NO_ESTIMATE, Estimate

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


class _Answers(NamedTuple):
    """A competency of which values are published, beside the rows of ``select_competencies``."""

    competency: str
    right: int
    asked: int
    learners: int
    reached: int = 0
    rated: int = 0


_PUBLISHED = PUBLISHED_METRICS["competency_right"]
_PUBLISHED_NOTE = (
    f"Published: answers in the checks of the first {DETAIL_DAY} days, of the competencies of "
    "which enough people answered."
)


@report("weak_domains", published=True)
def weak_domains_report(requested: ReportRequest) -> Report:
    """Competencies that many people miss, in checks and at work."""
    rows: Sequence[Any] = (
        requested.connection.execute(groups.select_competencies(requested.scope)).all()
        if requested.individual
        else [
            _Answers(key, int(found.numerator), int(found.denominator), found.learners)
            for key, found in estimates_of(requested, _PUBLISHED).items()
        ]
    )
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
        notes=() if requested.individual else (_PUBLISHED_NOTE,),
        method=(
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
        legend=("point", "range", "of", "reference"),
        what_to_do=f"Give {weak[0]['competency']} to the owner of the content first."
        if weak
        else "Nothing is weak beyond chance.",
    )


def _domain_rows(
    rows: Sequence[Any], names: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Each competency in checks and at work: rows of the table, and bars of the picture."""
    estimates, drawn = [], []
    people = {row.competency: int(row.learners) for row in rows}
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
            bar = {"label": label, "value": domain.shrunken, "low": domain.low, "high": domain.high}
            if pictures.is_drawn(people[domain.key]):
                text = f"{format_value(domain.shrunken, SHARE)} ({domain.asked})"
                drawn.append({**bar, "text": text})
    return estimates, drawn


@report("heat_map", published=True)
def heat_map_report(requested: ReportRequest) -> Report:
    """Team by competency: the share right in checks."""
    shares = _shares_by_team(requested)
    teams = sorted({team for team, _ in shares})[:MAX_TEAMS]
    keys = sorted({key for _, key in shares})[:MAX_COLUMNS]
    names = activity_names(requested, keys)
    table, cells = [], []
    for team in teams:
        line: dict[str, Any] = {"team": team or "without a team"}
        for key in keys:
            item = shares.get((team, key), NO_ESTIMATE)
            line |= {key: item.value, f"{key}{_OF}": int(item.denominator)}
            cells.append({"row": line["team"], "column": names[key], **_heat_cell(item)})
        table.append(line)
    words = " ".join(
        f"{cell['row']}, {cell['column']}: {cell['text']}.".replace("\n", " ") for cell in cells
    )
    return Report(
        "heat_map",
        "Teams and competencies",
        "The share of questions right in checks, by team and competency, and of how many answers "
        "it is.",
        _heat_columns(keys, names),
        table,
        notes=() if requested.individual else (_PUBLISHED_NOTE, "A dot: not enough people yet."),
        svg=pictures.render_svg(
            pictures.heat_map_chart(cells), "picture-heat-map", "Teams and competencies", words
        )
        if cells
        else "",
        legend=("heat",),
        what_to_do="A pale column is the content's; a pale row is a team that needs time or "
        "coaching.",
    )


_OF = " of"  # after the key of a competency: of how many answers its share is


def _heat_columns(keys: Sequence[str], names: Mapping[str, str]) -> list[Column]:
    columns = [Column("team", "Team")]
    for key in keys:
        columns += [
            Column(key, names[key], "share"),
            Column(f"{key}{_OF}", "Of answers", "count"),
        ]
    return columns


def _heat_cell(item: Estimate) -> dict[str, Any]:
    """Its colour and text: of fewer than five people only how many they are."""
    if item.value is None:
        return {"value": None, "text": "·"}
    if not pictures.is_drawn(item.learners):
        return {"value": None, "text": f"{item.learners}\n{_PERSON[item.learners != 1]}"}
    share = format_value(item.value, SHARE)
    return {"value": item.value, "text": f"{share}\nof {item.denominator:.0f}"}


_PERSON = ("person", "people")


def _shares_by_team(requested: ReportRequest) -> dict[tuple[str, str], Estimate]:
    """By team and competency: the share right."""
    if not requested.individual:
        found = estimates_by_value(requested, _PUBLISHED, "team")
        return {(team, key): item for team, parts in found.items() for key, item in parts.items()}
    rows = requested.connection.execute(groups.select_competencies_by_team(requested.scope))
    return {(row.team or "", row.competency): _live_share(row) for row in rows}


def _live_share(row: Any) -> Estimate:
    """``row``: right, asked, learners."""
    right, asked = int(row.right), int(row.asked)
    value = right / asked if asked else None
    return Estimate(right, asked, value, None, None, int(row.learners))
