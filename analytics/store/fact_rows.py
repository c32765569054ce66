"""The rows of each fact table, typed: a column that is forgotten or misspelt is an error when the
types are checked. The fields are the table's columns in its order, without ``tenant_id``.

Tuples, because the store compares the rows that it reads with those that were derived.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from lrs.vocabulary import ActivityKind, VerbName


class EpisodeFact(NamedTuple):
    """A row of ``fact_episode``."""

    registration: uuid.UUID
    learner: int
    programme: str
    programme_version: str | None
    anchor: datetime
    wave: str | None
    team: str | None
    site: str | None
    role: str | None
    experience: str | None
    registered_at: datetime | None
    left_at: datetime | None
    exam: float | None
    pre_test: float | None
    training_seconds: int | None
    planned_seconds: int | None
    no_opportunity_seconds: int | None
    used_1_seconds: int | None
    used_2_seconds: int | None
    used_3_seconds: int | None
    used_4_seconds: int | None
    tasks_used: int
    tasks_verified: int
    competent_seconds: int | None
    sustained: bool | None


class RecallFact(NamedTuple):
    """A row of ``fact_recall``."""

    registration: uuid.UUID
    interval: str
    item: str
    ord: int
    learner: int
    programme: str
    competency: str | None
    seconds_since_anchor: int
    success: bool
    rapid: bool
    took_seconds: float | None
    response: str | None


class CheckFact(NamedTuple):
    """A row of ``fact_check``."""

    registration: uuid.UUID
    interval: str
    learner: int
    programme: str
    due_at: datetime | None
    done_at: datetime | None
    asked: int
    right: int
    rapid: int


class CompetencyFact(NamedTuple):
    """A row of ``fact_competency``."""

    registration: uuid.UUID
    competency: str
    learner: int
    programme: str
    asked: int
    right: int
    rated: int
    reached: int


class UseFact(NamedTuple):
    """A row of ``fact_use``."""

    registration: uuid.UUID
    ord: int
    learner: int
    programme: str
    task: str
    evidence_grade: int
    seconds_since_anchor: int


class ActivityFact(NamedTuple):
    """A row of ``fact_activity``."""

    registration: uuid.UUID
    activity: str
    kind: ActivityKind
    learner: int
    programme: str
    due_at: datetime
    started_at: datetime | None
    done_at: datetime | None


class RatingFact(NamedTuple):
    """A row of ``fact_rating``."""

    ord: int
    criterion: str
    registration: uuid.UUID | None
    subject: str
    calibration: bool
    programme: str
    competency: str | None
    rater: int
    relation: str | None
    at: datetime
    level: int
    levels: int
    reached: bool | None


class PresenceFact(NamedTuple):
    """A row of ``fact_presence``."""

    ord: int
    agent: int
    programme: str
    what: VerbName
    team: str | None
    site: str | None
    role: str | None
    at: datetime


class BorrowedFact(NamedTuple):
    """A row of ``borrowed``."""

    registration: uuid.UUID
    ord: int


class UncountableFact(NamedTuple):
    """A row of ``uncountable``."""

    ord: int
    registration: uuid.UUID
    reason: str


@dataclass(slots=True)
class FactRows:
    """Rows for each table: facts, and the statements that could not be counted."""

    episodes: list[EpisodeFact] = field(default_factory=list)
    recalls: list[RecallFact] = field(default_factory=list)
    checks: list[CheckFact] = field(default_factory=list)
    competencies: list[CompetencyFact] = field(default_factory=list)
    uses: list[UseFact] = field(default_factory=list)
    activities: list[ActivityFact] = field(default_factory=list)
    ratings: list[RatingFact] = field(default_factory=list)
    presences: list[PresenceFact] = field(default_factory=list)
    borrowed: list[BorrowedFact] = field(default_factory=list)
    uncountable: list[UncountableFact] = field(default_factory=list)

    def extend(self, other: FactRows) -> None:
        """Add the rows of ``other``."""
        self.episodes += other.episodes
        self.recalls += other.recalls
        self.checks += other.checks
        self.competencies += other.competencies
        self.uses += other.uses
        self.activities += other.activities
        self.ratings += other.ratings
        self.presences += other.presences
        self.borrowed += other.borrowed
        self.uncountable += other.uncountable
