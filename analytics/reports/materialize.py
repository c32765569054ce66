"""Reports that take longer than a page may: computed by a job for each programme whose facts
changed. Stored in full; small groups are hidden when the report is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from sqlalchemy import Connection

from analytics.definitions import Scope, groups
from analytics.reports import impact_report
from analytics.reports.builders import questions
from analytics.statistics import agreement, memory


def _compute_forgetting(connection: Connection, scope: Scope) -> dict[str, Any]:
    rows = [
        (int(row.learner), max(float(row.days), 0.01), int(row.right), int(row.asked))
        for row in connection.execute(groups.select_answered_checks(scope))
    ]
    curve = memory.fit_forgetting_curve(rows)
    answers_by_key: dict[tuple[int, str], list[tuple[float, bool]]] = defaultdict(list)
    for row in connection.execute(groups.select_answer_histories(scope)):
        answers_by_key[(int(row.learner), row.competency or "")].append(
            (float(row.seconds) / 86_400, bool(row.right))
        )
    compared = memory.compare_models(
        [
            (learner, competency, answers)
            for (learner, competency), answers in answers_by_key.items()
        ]
    )
    people = len({row[0] for row in rows})
    return {
        "people": people,
        "curve": asdict(curve) if curve else None,
        "comparison": {**asdict(compared), "shown": compared.shown} if compared else None,
    }


def _compute_raters(connection: Connection, scope: Scope) -> dict[str, Any]:
    return {
        name: _compute_agreement(
            connection.execute(groups.select_ratings(scope, calibration)).all()
        )
        for name, calibration in (("cases", True), ("work", False))
    }


def _compute_agreement(rows: Sequence[Any]) -> dict[str, Any]:
    """Alpha with (subject, criterion) as units, and each rater's severity. Raters are
    identified by number: only the tool knows who they are."""
    ratings = [(f"{row.subject} {row.criterion}", int(row.rater), float(row.level)) for row in rows]
    by_criterion: dict[str, list[agreement.Rating]] = defaultdict(list)
    for row, rating in zip(rows, ratings, strict=True):
        by_criterion[row.criterion].append(rating)
    whole = agreement.measure_agreement(ratings)
    severe = agreement.rater_severity(ratings)
    criteria = []
    for criterion, scores in sorted(by_criterion.items()):
        item = agreement.measure_agreement(scores)
        criteria.append(
            {"criterion": criterion, **asdict(item), "mean": fmean(level for _, _, level in scores)}
        )
    return {
        **asdict(whole),
        "criteria": criteria,
        "severity": [
            {"rater": str(rater), "apart": apart, "units": units}
            for rater, (apart, units) in sorted(severe.items())
        ],
    }


COMPUTED_REPORTS: Mapping[str, Callable[[Connection, Scope], dict[str, Any]]] = {
    "items": questions.compute_items,
    "forgetting": _compute_forgetting,
    "raters": _compute_raters,
    "impact": impact_report.compute_impact,
}
