"""Questions and raters: do they measure well."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from analytics.definitions import Scope, groups
from analytics.reports import privacy
from analytics.reports.context import NOT_COMPUTED_YET, ReportRequest, find_computed_report, not_narrowed_notes
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
    names = feed.find_activity_names(connection, scope.tenant_id, [one.item for one in analysed])
    shown = []
    for one in analysed:
        told = feed.find_activity_definition(connection, scope.tenant_id, one.item) or {}
        shown.append({**asdict(one), "name": names[one.item], "responses": _response_rows(one, told)})
    return {"items": shown, "answers": len(rows), "people": len({row.person for row in rows})}


def _response_rows(one: item_statistics.ItemAnalysis, told: dict[str, Any]) -> list[dict[str, Any]]:
    """Which answers were given, how often, and whether they are right; with the texts of single
    choices, and including distractors that nobody chose."""
    patterns = told.get("correctResponsesPattern")
    right = {str(pattern) for pattern in patterns} if isinstance(patterns, list) else set()
    words = {}
    for part in ("choices", "scale"):
        for choice in told.get(part) or []:
            if isinstance(choice, dict):
                described = choice.get("description") or {}
                words[str(choice.get("id"))] = next(iter(described.values()), str(choice.get("id")))
    given = dict(one.responses)
    told_types = told.get("interactionType")
    if told_types == "true-false":
        words = {"true": "true", "false": "false"}
    if told_types in ("choice", "true-false") and all("[,]" not in response for response in given):
        given = {**dict.fromkeys(words, 0), **given}
    rows: list[dict[str, Any]] = [
        {
            "response": response,
            "words": ", ".join(words.get(key, key) for key in response.split("[,]")),
            "answers": count,
            "share": count / one.answers,
            "right": response in right,
            "useless": response not in right
            and one.answers >= item_statistics.MIN_ANSWERS_TO_SHOW
            and count / one.answers < item_statistics.USELESS_SHARE,
        }
        for response, count in given.items()
    ]
    return sorted(rows, key=lambda row: (-row["answers"], row["response"]))[:MAX_RESPONSES]


def items_report(asked: ReportRequest) -> Report:
    """The difficulty, discrimination and answers of each question. Narrowed only for callers
    who may see individual people: for all others, a question's answers here and in the whole
    would reveal the few people in between."""
    narrowed = asked.individual and not asked.scope.is_whole_programme
    found = (
        (compute_items(asked.connection, asked.scope), "", format_instant(asked.scope.as_of)) if narrowed else find_computed_report(asked, "items")
    )
    columns = (
        Column("name", "Question"),
        Column("answers", "Answers", "count"),
        Column("difficulty", "Share right", "share"),
        Column("discrimination", "Tells who knows", "number"),
        Column("upper_lower", "Best less weakest 27 %", "share"),
        Column("seconds", "Median seconds", "number"),
        Column("distractors", "What people answer"),
        Column("flags", "Look at"),
    )
    rows = []
    for one in found[0]["items"] if found else ():
        if not asked.individual and one["answers"] < privacy.MIN_GROUP_SIZE:
            continue
        answers = [r for r in one["responses"] if asked.individual or r["answers"] == 0 or r["answers"] >= privacy.MIN_GROUP_SIZE]
        told = [f"{r['words']}{' (right)' if r['right'] else ''}: {r['share']:.0%}{', hardly chosen' if r['useless'] else ''}" for r in answers]
        rows.append({**one, "distractors": "; ".join(told), "flags": "; ".join(one["flags"]), "id": one["item"], "responses": answers})
    rows.sort(
        key=lambda row: (not row["flags"] or row["flags"].startswith("fewer"), row["discrimination"] if row["discrimination"] is not None else 9.0)
    )
    return Report(
        "items",
        "Questions",
        "How hard each question is, whether it tells who knows from who does not, and what people answer instead. First answers in checks alone.",
        columns,
        rows,
        notes=(
            *(() if narrowed else not_narrowed_notes(asked)),
            "“Tells who knows” is the correlation with the share right on the same person's other questions (corrected point-biserial): under"
            " 0.15 it hardly tells; under 0 look whether the right answer is marked right.",
            "Judge a question from 30 answers on, act on it from 100 on. A distractor that fewer than one in twenty choose does no work.",
        ),
        what_to_do="Questions to look at stand first." if found else NOT_COMPUTED_YET,
        watermark=found[1] if found else "",
        computed_at=found[2] if found else "",
    )


def raters_report(asked: ReportRequest) -> Report:
    """Whether raters mean the same by a level."""
    found = find_computed_report(asked, "raters")
    rows = []
    notes = [
        *not_narrowed_notes(asked),
        "Alpha of 0.80 and more: rely on it; 0.667 to 0.80: draw tentative conclusions; below: calibrate again (Krippendorff 2004).",
    ]
    for where, words in (("cases", "described cases"), ("work", "people's work")):
        body = found[0][where] if found else None
        if body is None or not body["units"] or (not asked.individual and body["raters"] < privacy.MIN_RATERS):
            continue
        for one in [{**body, "criterion": "all criteria"}, *body["criteria"]]:
            verdict = (
                "" if one["alpha"] is None else "rely on it" if one["alpha"] >= 0.8 else "tentative" if one["alpha"] >= 0.667 else "calibrate again"
            )
            rows.append(
                {
                    "where": words,
                    "criterion": one["criterion"],
                    "alpha": one["alpha"],
                    "low": one["low"],
                    "high": one["high"],
                    "units": one["units"],
                    "raters": one["raters"],
                    "verdict": verdict,
                }
            )
        severe = [one for one in body["severity"] if abs(one["apart"]) > 0.5 and one["units"] >= 3]
        if severe:
            notes.append(f"On {words}, {len(severe)} of {len(body['severity'])} raters lie more than half a level from the others.")
    return Report(
        "raters",
        "Do raters mean the same",
        "Krippendorff's alpha for ordered levels: 1 is full agreement, 0 what chance would give.",
        (
            Column("where", "On"),
            Column("criterion", "Criterion"),
            Column("alpha", "Alpha", "number"),
            Column("low", "From", "number"),
            Column("high", "To", "number"),
            Column("units", "Seen by two or more", "count"),
            Column("raters", "Raters", "count"),
            Column("verdict", "Verdict"),
        ),
        rows,
        notes=notes,
        what_to_do="" if found else NOT_COMPUTED_YET,
        watermark=found[1] if found else "",
        computed_at=found[2] if found else "",
    )
