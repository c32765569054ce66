"""Questions and raters: do they measure."""

from __future__ import annotations

from lrs.reports import privacy
from lrs.reports.asking import WAITING, Asked, computed_report, of_the_whole
from lrs.reports.shape import Column, Report


def items(asked: Asked) -> Report:
    """D4: each question's difficulty, discrimination and answers."""
    found = computed_report(asked, "items")
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
        if not asked.individual and one["answers"] < privacy.FEWEST:
            continue
        answers = [r for r in one["responses"] if asked.individual or r["answers"] == 0 or r["answers"] >= privacy.FEWEST]
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
            *of_the_whole(asked),
            "“Tells who knows” is the correlation with the share right on the same person's other questions (corrected point-biserial): under"
            " 0.15 it hardly tells; under 0 look whether the right answer is marked right.",
            "Judge a question from 30 answers on, act on it from 100 on. A distractor that fewer than one in twenty choose does no work.",
        ),
        what_to_do="Questions to look at stand first." if found else WAITING,
        watermark=found[1] if found else "",
        computed_at=found[2] if found else "",
    )


def raters(asked: Asked) -> Report:
    """Do raters mean the same by a level."""
    found = computed_report(asked, "raters")
    rows = []
    notes = [
        *of_the_whole(asked),
        "Alpha of 0.80 and more: rely on it; 0.667 to 0.80: draw tentative conclusions; below: calibrate again (Krippendorff 2004).",
    ]
    for where, words in (("cases", "described cases"), ("work", "people's work")):
        body = found[0][where] if found else None
        if body is None or not body["units"] or (not asked.individual and body["raters"] < privacy.FEWEST_RATERS):
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
        what_to_do="" if found else WAITING,
        watermark=found[1] if found else "",
        computed_at=found[2] if found else "",
    )
