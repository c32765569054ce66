"""What others observed of a person's work: ratings by criterion, competence reached, behaviour
sustained."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from analytics.facts.statement_view import StatementView, clean_text
from analytics.store.fact_rows import RatingFact
from lrs.vocabulary import EXTENSIONS, ActivityKind, ExtensionName, Relation

MAX_LEVELS, MAX_CRITERIA = 100, 200
QUALIFIED_RELATIONS = frozenset(
    (Relation.MENTOR, Relation.MANAGER)
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
    rows: list[RatingFact]


def read_assessments(
    assessed: Iterable[StatementView],
    registration: uuid.UUID,
    programme: str,
    learner: int,
    same: Mapping[int, int],
    refuse: RefuseCallback,
) -> list[Assessment]:
    """The assessments of one episode, from its ``assessed`` statements in chronological order."""
    result = []
    for s in assessed:
        rater = s.instructor
        item = _read_assessment(
            s,
            learner if rater is None else same.get(rater, rater),
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
) -> list[RatingFact]:
    """The rows of a rater's exercise: a statement without an episode, about a described
    case."""
    rater, programme, case = s.learner, s.grouped(ActivityKind.PROGRAMME), s.object_id
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
    scores, levels = _rubric_scores(s)
    if scores is None:
        refuse(
            s,
            f"the assessment has no rubric scores (up to {MAX_CRITERIA}), or no score.max that "
            "says how many levels there are",
        )
        return None
    reached, relation = s.result.get("success"), s.text_extension(ExtensionName.RELATION)
    rows: dict[str, RatingFact] = {}
    for item in scores:
        criterion = clean_text(item.get("criterion")) if isinstance(item, dict) else None
        if criterion is None or not _is_whole_number(item.get("level"), levels):
            refuse(
                s,
                "a rubric score has no criterion, or a level that is no whole number from 1 to "
                "score.max",
            )
            return None
        rows[criterion] = RatingFact(
            ord=s.ord,
            criterion=criterion,
            registration=registration,
            subject=subject,
            calibration=registration is None,
            programme=programme,
            competency=_competency_iri(clean_text(item.get("competency")), programme),
            rater=rater,
            relation=relation,
            at=s.timestamp,
            level=item["level"],
            levels=levels,
            reached=next(
                (flag for flag in (item.get("reached"), reached) if isinstance(flag, bool)),
                None,
            ),
        )
    return Assessment(
        s.timestamp,
        relation,
        relation in QUALIFIED_RELATIONS,
        reached if isinstance(reached, bool) else None,
        list(rows.values()),
    )


def _rubric_scores(s: StatementView) -> tuple[list[Any] | None, int]:
    """The rubric scores, as sent, and how many levels there are; (None, 0) if either is missing
    or out of bounds."""
    scores = s.result.get("extensions", {}).get(EXTENSIONS[ExtensionName.RUBRIC_SCORES])
    levels = s.result.get("score", {}).get("max")
    if not isinstance(scores, list) or not 0 < len(scores) <= MAX_CRITERIA:
        return None, 0
    return (scores, levels) if _is_whole_number(levels, MAX_LEVELS) else (None, 0)


def _competency_iri(competency: str | None, programme: str) -> str | None:
    """The rubric names a competency by its key; answers name the same one by its IRI."""
    if competency is None or "://" in competency:
        return competency
    return f"{programme}/competencies/{competency}"


def _is_whole_number(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


class Outcome(NamedTuple):
    """``competent_seconds``: the second of two consecutive qualified observations that met the
    standard. ``sustained``: the latest observation 90 days or more after the first verified
    use, by others or from the answer to the follow-up; the supervisor's answer takes precedence
    over the learner's.
    """

    competent_seconds: int | None
    sustained: bool | None


def derive_outcome(
    responded: Iterable[StatementView],
    certified: StatementView,
    seen: Sequence[Assessment],
    verified_seconds: int | None,
) -> Outcome:
    """What the assessments, and the answers to the follow-up (``responded``), say in the end;
    ``verified_seconds``: the first verified use, in seconds since the certification."""
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
            if s.relation not in (None, Relation.LEARNER) and s.reached is not None
        ]
        for s in responded:
            if isinstance(s.result.get("success"), bool):
                late.append(
                    (
                        s.timestamp,
                        0 if s.extension(ExtensionName.RELATION) == Relation.LEARNER else 1,
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
    return Outcome(competent, sustained)
