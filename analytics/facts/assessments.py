"""What others observed of a person's work: ratings by criterion, competence reached, behaviour
sustained."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analytics.facts.statement_view import StatementView, clean_text
from lrs.vocabulary import EXTENSIONS

MAX_LEVELS, MAX_CRITERIA = 100, 200
QUALIFIED_RELATIONS = frozenset(
    ("mentor", "manager")
)  # whose assessment decides on competence; peers and learners are counted separately
CONSECUTIVE_REQUIRED = 2  # observations in a row, so that luck is not mistaken for competence
SUSTAINED_SECONDS = 90 * 86_400

RefuseCallback = Callable[[StatementView, str], None]


@dataclass(frozen=True)
class Assessment:
    """One assessment: when, by whom, whether everything observed met the standard, and its rows
    of ``fact_rating``."""

    at: datetime
    relation: str | None
    qualified: bool
    reached: bool | None
    rows: list[dict[str, Any]]


def read_assessments(
    statements: Iterable[StatementView],
    registration: uuid.UUID,
    programme: str,
    learner: int,
    same: Mapping[int, int],
    refuse: RefuseCallback,
) -> list[Assessment]:
    """The assessments of one episode, in chronological order."""
    result = []
    for s in statements:
        if s.verb == "assessed":
            rater = s.instructor
            rater = learner if rater is None else same.get(rater, rater)
            item = _read_assessment(
                s,
                rater,
                registration=registration,
                subject=str(registration),
                programme=programme,
                refuse=refuse,
            )
            if item is not None:
                result.append(item)
    return result


def calibration_ratings(
    s: StatementView, same: Mapping[int, int], refuse: RefuseCallback
) -> list[dict[str, Any]]:
    """The rows of a rater's exercise: a statement without an episode, about a described
    case."""
    rater, programme, case = s.learner, s.grouped("programme"), s.object_id
    if rater is None or programme is None or case is None:
        refuse(s, "the rater's exercise names no rater, no programme or no case")
        return []
    item = _read_assessment(
        s,
        same.get(rater, rater),
        registration=None,
        subject=case,
        programme=programme,
        refuse=refuse,
    )
    return item.rows if item else []


def _read_assessment(
    s: StatementView,
    rater: int,
    *,
    registration: uuid.UUID | None,
    subject: str,
    programme: str,
    refuse: RefuseCallback,
) -> Assessment | None:
    scores, levels = (
        s.result.get("extensions", {}).get(EXTENSIONS["rubric_scores"]),
        s.result.get("score", {}).get("max"),
    )
    reached, relation = s.result.get("success"), s.text_extension("relation")
    if (
        not isinstance(scores, list)
        or not scores
        or len(scores) > MAX_CRITERIA
        or not _is_whole_number(levels, MAX_LEVELS)
    ):
        refuse(
            s,
            f"the assessment has no rubric scores (up to {MAX_CRITERIA}), or no score.max that "
            "says how many levels there are",
        )
        return None
    rows: dict[str, dict[str, Any]] = {}
    for item in scores:
        criterion = clean_text(item.get("criterion")) if isinstance(item, dict) else None
        if criterion is None or not _is_whole_number(item.get("level"), int(levels)):
            refuse(
                s,
                "a rubric score has no criterion, or a level that is no whole number from 1 to "
                "score.max",
            )
            return None
        competency = clean_text(item.get("competency"))
        rows[criterion] = {
            "ord": s.ord,
            "criterion": criterion,
            "registration": registration,
            "subject": subject,
            "calibration": registration is None,
            "programme": programme,
            # The rubric names a competency by its key; answers name the same one by its IRI.
            "competency": competency
            if competency is None or "://" in competency
            else f"{programme}/competencies/{competency}",
            "rater": rater,
            "relation": relation,
            "at": s.timestamp,
            "level": item["level"],
            "levels": levels,
            "reached": next(
                (flag for flag in (item.get("reached"), reached) if isinstance(flag, bool)),
                None,
            ),
        }
    return Assessment(
        s.timestamp,
        relation,
        relation in QUALIFIED_RELATIONS,
        reached if isinstance(reached, bool) else None,
        list(rows.values()),
    )


def _is_whole_number(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def outcome_columns(
    statements: Sequence[StatementView],
    certified: StatementView,
    seen: Sequence[Assessment],
    verified_seconds: int | None,
) -> dict[str, Any]:
    """``competent_seconds``: the second of two consecutive qualified observations that met the
    standard. ``sustained``: the latest observation 90 days or more after the first verified
    use, by others or from the answer to the follow-up; the supervisor's answer takes precedence
    over the learner's.
    """
    row, competent = 0, None
    for item in seen:
        if item.qualified and item.reached is not None:
            row = row + 1 if item.reached else 0
            if row >= CONSECUTIVE_REQUIRED and competent is None:
                competent = max(0, int((item.at - certified.timestamp).total_seconds()))
    sustained = None
    if verified_seconds is not None:
        late = [
            (s.at, 1, s.reached)
            for s in seen
            if s.relation not in (None, "learner") and s.reached is not None
        ]
        for s in statements:
            if s.verb == "responded" and isinstance(s.result.get("success"), bool):
                late.append(
                    (
                        s.timestamp,
                        0 if s.extension("relation") == "learner" else 1,
                        s.result["success"],
                    )
                )
        since = [
            entry
            for entry in late
            if (entry[0] - certified.timestamp).total_seconds()
            >= verified_seconds + SUSTAINED_SECONDS
        ]
        if since:
            sustained = max(since, key=lambda entry: (entry[1], entry[0]))[2]
    return {"competent_seconds": competent, "sustained": sustained}
