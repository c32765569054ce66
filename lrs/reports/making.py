"""Reports that take longer than a page may: made by a job for each programme whose facts changed. Kept whole; hidden when shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from sqlalchemy import Connection

from lrs.metrics.definitions import Scope, groups
from lrs.metrics.statistics import agreement, items, memory
from lrs.reports import impact
from lrs.store import definitions

MOST_RESPONSES = 12  # different answers of one question that are kept, the most frequent first


def _items(connection: Connection, scope: Scope) -> dict[str, Any]:
    rows = [items.Answer(row.person, row.item, row.right, row.response, row.seconds) for row in connection.execute(groups.answers(scope))]
    analysed = items.analyse(rows)
    names = definitions.names(connection, scope.tenant_id, [one.item for one in analysed])
    shown = []
    for one in analysed:
        told = definitions.of_activity(connection, scope.tenant_id, one.item) or {}
        shown.append({**asdict(one), "name": names[one.item], "responses": _responses(one, told)})
    return {"items": shown, "answers": len(rows), "people": len({row.person for row in rows})}


def _responses(one: items.ItemFigures, told: dict[str, Any]) -> list[dict[str, Any]]:
    """Which answers were given, how often, and whether they are right; with the words of single choices; distractors nobody chooses, too."""
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
            "useless": response not in right and one.answers >= items.TO_SHOW and count / one.answers < items.USELESS,
        }
        for response, count in given.items()
    ]
    return sorted(rows, key=lambda row: (-row["answers"], row["response"]))[:MOST_RESPONSES]


def _forgetting(connection: Connection, scope: Scope) -> dict[str, Any]:
    rows = [(int(row.learner), max(float(row.days), 0.01), int(row.right), int(row.asked)) for row in connection.execute(groups.fading(scope))]
    curve = memory.forgetting(rows)
    told: dict[tuple[int, str], list[tuple[float, bool]]] = defaultdict(list)
    for row in connection.execute(groups.histories(scope)):
        told[(int(row.learner), row.competency or "")].append((float(row.seconds) / 86_400, bool(row.right)))
    compared = memory.compare([(learner, competency, answers) for (learner, competency), answers in told.items()])
    people = len({row[0] for row in rows})
    return {
        "people": people,
        "curve": asdict(curve) if curve else None,
        "comparison": {**asdict(compared), "shown": compared.shown} if compared else None,
    }


def _raters(connection: Connection, scope: Scope) -> dict[str, Any]:
    return {
        name: _agreement(connection.execute(groups.ratings(scope, calibration)).all()) for name, calibration in (("cases", True), ("work", False))
    }


def _agreement(rows: Sequence[Any]) -> dict[str, Any]:
    """Alpha over (subject, criterion) as units, and each rater's severity. Raters are numbered: who they are is the tool's to know."""
    ratings = [(f"{row.subject} {row.criterion}", int(row.rater), float(row.level)) for row in rows]
    by_criterion: dict[str, list[agreement.Rating]] = defaultdict(list)
    for row, rating in zip(rows, ratings, strict=True):
        by_criterion[row.criterion].append(rating)
    whole = agreement.agreement(ratings)
    severe = agreement.severity(ratings)
    criteria = []
    for criterion, some in sorted(by_criterion.items()):
        one = agreement.agreement(some)
        criteria.append({"criterion": criterion, **asdict(one), "mean": fmean(level for _, _, level in some)})
    return {
        **asdict(whole),
        "criteria": criteria,
        "severity": [{"rater": str(rater), "apart": apart, "units": units} for rater, (apart, units) in sorted(severe.items())],
    }


REPORTS: Mapping[str, Callable[[Connection, Scope], dict[str, Any]]] = {
    "items": _items,
    "forgetting": _forgetting,
    "raters": _raters,
    "impact": impact.make,
}
