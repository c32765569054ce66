"""Rubrics for assessing behaviour at work: criteria, each for a competency, with an anchor
sentence for every level.

A rubric is part of a programme's document and is validated with it. Its cases are described
pieces of work that all raters assess once to calibrate their levels; ten or more are usual
(Krippendorff; docs/learning.md).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from adapters import xapi_statements
from adapters.questions.models import KEY_PATTERN
from core.errors import BadInput
from core.messages import Message, Number, lazy_gettext

MIN_LEVELS, MAX_LEVELS = 2, 6
DEFAULT_LEVELS, DEFAULT_COMPETENT_FROM = (
    ("Not yet", "With help", "Alone", "Shows others"),
    3,
)  # defaults of a new rubric
MAX_CRITERIA, MAX_CASES = (
    12,
    60,
)  # the form is filled in with one hand while watching; twelve criteria take two minutes
LONGEST_LINE, LONGEST_ANCHOR, LONGEST_CASE = 300, 600, 4_000


class Criterion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One criterion of a rubric. ``anchors``: the observable behaviour at each level, lowest
    first.
    """

    key: str
    title: str
    competency: str
    anchors: list[str]


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A described piece of work, the reference levels (criterion → 1 and up) its authors agreed
    on, and why.
    """

    key: str
    title: str
    words: str
    levels: dict[str, int]
    why: str = ""


class Rubric(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Criteria and levels. A person is competent if all assessed levels reach
    ``competent_from`` (1 is the lowest).
    """

    levels: list[str]
    competent_from: int
    criteria: list[Criterion]
    cases: list[Case] = []

    def criterion(self, key: str) -> Criterion:
        """Return one criterion by its key."""
        return next(item for item in self.criteria if item.key == key)

    def to_assessment(self, seen: Mapping[str, int]) -> xapi_statements.RubricAssessment:
        """Convert the observed levels to an assessment for statements."""
        scores = [
            (item.key, item.competency, seen[item.key])
            for item in self.criteria
            if item.key in seen
        ]
        return xapi_statements.RubricAssessment(len(self.levels), scores, self.competent_from)

    def parse_levels(self, provided: Mapping[str, str]) -> dict[str, int]:
        """Parse the levels of a form (criterion → number, or empty if not observed); BadInput
        names what is wrong.
        """
        result = {}
        for item in self.criteria:
            text = provided.get(item.key, "")
            if not text:
                continue
            if text not in {str(level) for level in range(1, len(self.levels) + 1)}:
                raise BadInput(
                    lazy_gettext(
                        "Choose a level for “%(criterion)s”, or that you did not see it.",
                        criterion=item.title,
                    ),
                    field=item.key,
                )
            result[item.key] = int(text)
        if not result:
            raise BadInput(
                "Choose a level for at least one criterion that you saw.",
                field=self.criteria[0].key,
            )
        return result


def validate_rubric(rubric: Rubric, competencies: Collection[str]) -> None:
    """Validate a rubric; BadInput names what is invalid."""
    if not MIN_LEVELS <= len(rubric.levels) <= MAX_LEVELS or any(
        not level.strip() or len(level) > LONGEST_LINE for level in rubric.levels
    ):
        raise BadInput(
            lazy_gettext(
                "A rubric has %(least)s to %(most)s levels, each with a name.",
                least=MIN_LEVELS,
                most=MAX_LEVELS,
            ),
            field="rubric",
        )
    if not 1 <= rubric.competent_from <= len(rubric.levels):
        raise BadInput("Choose the level from which somebody is competent.", field="rubric")
    if len(rubric.criteria) > MAX_CRITERIA:
        raise BadInput(
            lazy_gettext(
                "A rubric has up to %(most)s criteria: more cannot be watched at once.",
                most=MAX_CRITERIA,
            ),
            field="rubric",
        )
    if len(rubric.cases) > MAX_CASES:
        raise BadInput(
            lazy_gettext("A rubric has up to %(most)s cases.", most=MAX_CASES), field="rubric"
        )
    for keys in ([entry.key for entry in rubric.criteria], [case.key for case in rubric.cases]):
        if len(set(keys)) < len(keys) or any(not KEY_PATTERN.match(key) for key in keys):
            raise BadInput(
                "Keys of a rubric differ from each other and hold small letters, digits and "
                "hyphens alone.",
                field="rubric",
            )
    for item in rubric.criteria:
        _validate_criterion(rubric, item, competencies)
    for case in rubric.cases:
        _validate_case(rubric, case)


def _validate_criterion(rubric: Rubric, item: Criterion, competencies: Collection[str]) -> None:
    if not item.title.strip() or len(item.title) > LONGEST_LINE:
        raise BadInput(
            lazy_gettext("Name each criterion in up to %(most)s characters.", most=LONGEST_LINE),
            field="rubric",
        )
    if item.competency not in competencies:
        raise BadInput(
            lazy_gettext(
                "“%(criterion)s” belongs to no competency of this programme.",
                criterion=item.title,
            ),
            field="rubric",
        )
    if len(item.anchors) != len(rubric.levels) or any(
        len(anchor) > LONGEST_ANCHOR for anchor in item.anchors
    ):
        raise BadInput(
            lazy_gettext(
                "“%(criterion)s” has one description a level, of up to %(most)s characters.",
                criterion=item.title,
                most=LONGEST_ANCHOR,
            ),
            field="rubric",
        )


def _validate_case(rubric: Rubric, case: Case) -> None:
    known = {entry.key for entry in rubric.criteria}
    if (
        not case.title.strip()
        or len(case.title) > LONGEST_LINE
        or not case.words.strip()
        or len(case.words) > LONGEST_CASE
    ):
        raise BadInput(
            lazy_gettext(
                "A case has a title and a description of up to %(most)s characters.",
                most=Number(LONGEST_CASE),
            ),
            field="rubric",
        )
    if len(case.why) > LONGEST_CASE:
        raise BadInput(
            lazy_gettext(
                "Keep the reasons of “%(case)s” to %(most)s characters.",
                case=case.title,
                most=Number(LONGEST_CASE),
            ),
            field="rubric",
        )
    if (
        not case.levels
        or not set(case.levels) <= known
        or any(not 1 <= level <= len(rubric.levels) for level in case.levels.values())
    ):
        raise BadInput(
            lazy_gettext(
                "“%(case)s” needs a level for at least one criterion of this rubric.",
                case=case.title,
            ),
            field="rubric",
        )


def list_rubric_gaps(rubric: Rubric | None) -> list[Message]:
    """List what a rubric lacks before it can be used to assess; empty for a programme without a
    rubric.
    """
    if rubric is None:
        return []
    if not rubric.criteria:
        return [lazy_gettext("The rubric has no criterion.")]
    return [
        lazy_gettext(
            "The rubric says of “%(criterion)s” at %(count)s of %(levels)s levels not what "
            "somebody does.",
            criterion=item.title,
            count=sum(not anchor.strip() for anchor in item.anchors),
            levels=len(rubric.levels),
        )
        for item in rubric.criteria
        if not all(anchor.strip() for anchor in item.anchors)
    ]


def replace_levels(rubric: Rubric, levels: list[str], competent_from: int) -> Rubric:
    """Return the rubric with these levels: each criterion keeps its anchors and gets an empty
    one for each added top level.
    """
    criteria = [
        msgspec.structs.replace(item, anchors=(item.anchors + [""] * len(levels))[: len(levels)])
        for item in rubric.criteria
    ]
    cases = [
        msgspec.structs.replace(
            case, levels={key: min(level, len(levels)) for key, level in case.levels.items()}
        )
        for case in rubric.cases
    ]
    return Rubric(levels, competent_from, criteria, cases)


def keep_competencies(rubric: Rubric | None, saved: Collection[str]) -> Rubric | None:
    """Return the rubric with only the criteria of the competencies in ``saved``."""
    if rubric is None:
        return None
    return replace_criteria(rubric, [item for item in rubric.criteria if item.competency in saved])


def replace_criteria(rubric: Rubric, criteria: list[Criterion]) -> Rubric:
    """Return the rubric with these criteria; its cases keep the levels of the remaining
    criteria.
    """
    known = {item.key for item in criteria}
    trimmed = [
        msgspec.structs.replace(
            case, levels={key: level for key, level in case.levels.items() if key in known}
        )
        for case in rubric.cases
    ]
    return msgspec.structs.replace(
        rubric, criteria=criteria, cases=[case for case in trimmed if case.levels]
    )
