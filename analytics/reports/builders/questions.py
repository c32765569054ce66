"""Questions and raters: do they measure well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from analytics.catalogue import DETAIL_DAY, PUBLISHED_METRICS
from analytics.definitions import Scope, groups
from analytics.reports.computed import ComputedReport, get_computed
from analytics.reports.context import (
    NOT_COMPUTED_YET,
    ReportRequest,
    activity_names,
    estimates_of,
    not_narrowed_notes,
    report,
)
from analytics.reports.report import Column, Report
from analytics.statistics import items as item_statistics
from core.clock import format_instant
from lrs import feed

MAX_RESPONSES = 12  # distinct answers stored for one question, most frequent first


def compute_items(connection: Connection, scope: Scope) -> dict[str, Any]:
    """The figures of each question, from the first answers of a scope, with the texts of its
    choices."""
    rows = [
        item_statistics.ItemAnswer(row.person, row.item, row.right, row.response, row.seconds)
        for row in connection.execute(groups.select_first_answers(scope))
    ]
    analysed = item_statistics.analyse_items(rows)
    names = feed.find_activity_names(
        connection, scope.tenant_id, [entry.item for entry in analysed]
    )
    shown = []
    for item in analysed:
        definition = feed.find_activity_definition(connection, scope.tenant_id, item.item) or {}
        shown.append(
            {
                **asdict(item),
                "name": names[item.item],
                "responses": _response_rows(item, definition),
            }
        )
    return {"items": shown, "answers": len(rows), "people": len({row.person for row in rows})}


def _response_rows(
    item_analysis: item_statistics.ItemAnalysis, definition: dict[str, Any]
) -> list[dict[str, Any]]:
    """Which answers were given, how often, and whether they are right; with the texts of single
    choices, and including distractors that nobody chose."""
    patterns = definition.get("correctResponsesPattern")
    right = {str(pattern) for pattern in patterns} if isinstance(patterns, list) else set()
    texts = {}
    for part in ("choices", "scale"):
        for choice in definition.get(part) or []:
            if isinstance(choice, dict):
                described = choice.get("description") or {}
                texts[str(choice.get("id"))] = next(iter(described.values()), str(choice.get("id")))
    counts = dict(item_analysis.responses)
    interaction_type = definition.get("interactionType")
    if interaction_type == "true-false":
        texts = {"true": "true", "false": "false"}
    if interaction_type in ("choice", "true-false") and all(
        "[,]" not in response for response in counts
    ):
        counts = {**dict.fromkeys(texts, 0), **counts}
    rows: list[dict[str, Any]] = [
        {
            "response": response,
            "words": ", ".join(texts.get(key, key) for key in response.split("[,]")),
            "answers": count,
            "share": count / item_analysis.answers,
            "right": response in right,
            "useless": response not in right
            and item_analysis.answers >= item_statistics.MIN_ANSWERS_TO_SHOW
            and count / item_analysis.answers < item_statistics.USELESS_SHARE,
        }
        for response, count in counts.items()
    ]
    return sorted(rows, key=lambda row: (-row["answers"], row["response"]))[:MAX_RESPONSES]


_ITEMS_COLUMNS = (
    Column("name", "Question"),
    Column("answers", "Answers", "count"),
    Column("difficulty", "Share right", "share"),
    Column("discrimination", "Tells who knows", "number"),
    Column("upper_lower", "Best less weakest 27 %", "share"),
    Column("seconds", "Median seconds", "number"),
    Column("distractors", "What people answer"),
    Column("flags", "Look at"),
)


@report("items", published=True)
def items_report(requested: ReportRequest) -> Report:
    """The difficulty, discrimination and answers of each question; published is how many get it
    right."""
    return _live_items(requested) if requested.individual else _published_items(requested)


def _published_items(requested: ReportRequest) -> Report:
    found = estimates_of(requested, PUBLISHED_METRICS["question_right"])
    names = activity_names(requested, list(found))
    rows = [
        {
            "id": key,
            "name": names[key],
            "answers": int(item.denominator),
            "difficulty": item.value,
            "low": item.low,
            "high": item.high,
        }
        for key, item in found.items()
    ]
    return Report(
        "items",
        "Questions",
        "How hard each question is: first answers in the checks of the first "
        f"{DETAIL_DAY} days, of the questions that enough people answered.",
        (*_ITEMS_COLUMNS[:3], Column("low", "From", "share"), Column("high", "To", "share")),
        sorted(rows, key=lambda row: row["difficulty"]),
        notes=(
            "Whether a question tells who knows from who does not, and what people answer instead, "
            "is for those who may see individual people.",
        ),
        what_to_do="Look first at what nearly nobody gets right."
        if rows
        else "No question is published yet: it takes answers of twenty people together.",
    )


def _live_items(requested: ReportRequest) -> Report:
    narrowed = not requested.scope.is_whole_programme
    result = (
        ComputedReport(
            compute_items(requested.connection, requested.scope),
            "",
            format_instant(requested.scope.as_of),
        )
        if narrowed
        else get_computed(requested, "items")
    )
    rows = [_item_row(item) for item in (result.body["items"] if result else ())]
    rows.sort(key=_items_order)
    return Report(
        "items",
        "Questions",
        "How hard each question is, whether it tells who knows from who does not, and what "
        "people answer instead. First answers in checks alone.",
        _ITEMS_COLUMNS,
        rows,
        notes=(
            *(() if narrowed else not_narrowed_notes(requested)),
            f"Questions are ranked from {item_statistics.MIN_ANSWERS_TO_SHOW} answers on; act on "
            f"one from {item_statistics.MIN_ANSWERS_TO_ACT} on. A wrong answer that fewer than one "
            "in twenty choose does no work.",
        ),
        method=(
            "“Tells who knows” is the correlation with the share right on the same person's "
            "other questions (corrected point-biserial): under"
            " 0.15 it hardly tells; under 0 look whether the right answer is marked right.",
        ),
        what_to_do=_items_advice(rows) if result else NOT_COMPUTED_YET,
        watermark=result.watermark if result else "",
        computed_at=result.computed_at if result else "",
    )


def _is_ranked(row: Mapping[str, Any]) -> bool:
    """Whether enough answered the question to rank it beside others."""
    return int(row["answers"]) >= item_statistics.MIN_ANSWERS_TO_SHOW


def _items_order(row: Mapping[str, Any]) -> tuple[bool, bool, float, str]:
    """Questions to look at first, and the least telling of them; those of too few answers last, by
    name."""
    if not _is_ranked(row):
        return True, True, 0.0, str(row["name"])
    telling = row["discrimination"]
    return False, not row["flags"], 9.0 if telling is None else float(telling), str(row["name"])


def _items_advice(rows: Sequence[Mapping[str, Any]]) -> str:
    ranked = [row for row in rows if _is_ranked(row)]
    if not ranked:
        return "Too early to rank questions: none has enough answers yet." if rows else ""
    if any(row["flags"] for row in ranked):
        return "Questions to look at stand first."
    return "No question stands out among those with enough answers."


def _item_row(item: dict[str, Any]) -> dict[str, Any]:
    """One question with its answers; what ranks it only where enough answered it."""
    answers = item["responses"]
    distractors = [
        f"{r['words']}{' (right)' if r['right'] else ''}: "
        f"{r['share']:.0%}{', hardly chosen' if r['useless'] else ''}"
        for r in answers
    ]
    row = {
        **item,
        "distractors": "; ".join(distractors),
        "flags": "; ".join(item["flags"]),
        "id": item["item"],
    }
    if _is_ranked(item):
        return row
    too_few = f"too few yet ({item['answers']} of {item_statistics.MIN_ANSWERS_TO_SHOW})"
    return {**row, "discrimination": None, "upper_lower": None, "flags": too_few}


# Krippendorff's bounds for drawing conclusions (2004).
RELIABLE_ALPHA, TENTATIVE_ALPHA = 0.8, 0.667
_AGREEMENT_FIGURES = ("criterion", "alpha", "low", "high", "units", "raters")
_RATERS_COLUMNS = (
    Column("where", "On"),
    Column("criterion", "Criterion"),
    Column("alpha", "Agreement", "number"),
    Column("low", "From", "number"),
    Column("high", "To", "number"),
    Column("units", "Seen by two or more", "count"),
    Column("raters", "Raters", "count"),
    Column("verdict", "Verdict"),
)


@report("raters")
def raters_report(requested: ReportRequest) -> Report:
    """Whether raters mean the same by a level."""
    result = get_computed(requested, "raters")
    rows = list[dict[str, Any]]()
    notes = [
        *not_narrowed_notes(requested),
    ]
    for where, label in (("cases", "described cases"), ("work", "people's work")):
        body = result.body[where] if result else None
        if body is None or not body["units"]:
            continue
        rows += [
            {
                "where": label,
                **{name: item[name] for name in _AGREEMENT_FIGURES},
                "verdict": _agreement_verdict(item["alpha"]),
            }
            for item in [{**body, "criterion": "all criteria"}, *body["criteria"]]
        ]
        severe = [
            entry for entry in body["severity"] if abs(entry["apart"]) > 0.5 and entry["units"] >= 3
        ]
        if severe:
            notes.append(
                f"On {label}, {len(severe)} of {len(body['severity'])} raters lie more than half "
                "a level from the others."
            )
    return Report(
        "raters",
        "Do raters mean the same",
        "How far raters agree on a level: 1 is full agreement, 0 what chance would give.",
        _RATERS_COLUMNS,
        rows,
        notes=notes,
        method=(
            "Krippendorff's alpha for ordered levels. 0.80 and more: rely on it; 0.667 to 0.80: "
            "draw tentative conclusions; below: calibrate again (Krippendorff 2004).",
        ),
        what_to_do="" if result else NOT_COMPUTED_YET,
        watermark=result.watermark if result else "",
        computed_at=result.computed_at if result else "",
    )


def _agreement_verdict(alpha: float | None) -> str:
    if alpha is None:
        return ""
    if alpha >= RELIABLE_ALPHA:
        return "rely on it"
    return "tentative" if alpha >= TENTATIVE_ALPHA else "calibrate again"
