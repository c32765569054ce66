"""Statements of other systems that count for an episode because an activity mapping says what
their activity counts as.

A Moodle quiz, a cmi5 assignable unit, an Open edX problem or a ticket of a work system knows
nothing of a certification: its statements name no registration of ours, and no kind. An
activity mapping says what it is in a programme. Such statements count for the episode of the
same person (after merges) in that programme that had begun when they happened; if there are
several, for the one that began last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from analytics.facts.statement_view import FINISHED_BY, StatementView, verb_keys
from lrs.vocabulary import ActivityKind, AnswerKind, ExtensionName, VerbName

# A tuple, not a set: the value of an extension may be unhashable.
_ANSWER_KINDS = tuple(AnswerKind)
# What an activity may count as, and the verbs that are meaningful for it.
_VERBS_BY_KIND: Mapping[ActivityKind, frozenset[VerbName]] = {
    ActivityKind.CHECK: frozenset((VerbName.ANSWERED, VerbName.ATTEMPTED, VerbName.ASSESSED))
    | FINISHED_BY[ActivityKind.CHECK],
    **{
        kind: FINISHED_BY[kind] | {VerbName.COMPLETED}
        for kind in (ActivityKind.EXERCISE, ActivityKind.CASE_STUDY, ActivityKind.MEETING)
    },
    ActivityKind.TASK: frozenset((VerbName.APPLIED, VerbName.COMPLETED)),
}
EXTERNAL_VERB_KEYS = verb_keys(frozenset().union(*_VERBS_BY_KIND.values()))


@dataclass(frozen=True)
class Mapped:
    """What one activity counts as in one programme. ``competency`` and ``evidence_grade`` apply
    where its statements carry none."""

    activity: str
    programme: str
    counts_as: ActivityKind
    competency: str | None = None
    evidence_grade: int | None = None


class ExternalStatement(StatementView):
    """A statement read as what its activity counts as."""

    __slots__ = ("mapped",)

    def __init__(self, read: StatementView, mapped: Mapped) -> None:
        self.ord, self._statement, self.verb, self.timestamp, self.mapped = (
            read.ord,
            read._statement,
            read.verb,
            read.timestamp,
            mapped,
        )
        if mapped.counts_as == ActivityKind.CHECK and read.verb == VerbName.ASSESSED:
            self.verb = VerbName.ANSWERED  # Open edX sends "evaluated" for an answer to a problem

    def extension(self, name: ExtensionName) -> Any:
        """The statement's own value if it has one, else the value from the mapping."""
        own = super().extension(name)
        if name == ExtensionName.KIND and self.mapped.counts_as == ActivityKind.CHECK:
            return own if own in _ANSWER_KINDS else AnswerKind.CHECK
        if own is None and name == ExtensionName.EVIDENCE_GRADE:
            return self.mapped.evidence_grade
        return own

    def grouped(self, kind: ActivityKind) -> str | None:
        """The statement's own grouping activity, else for a competency the one from the
        mapping."""
        of_mapping = self.mapped.competency if kind == ActivityKind.COMPETENCY else None
        return super().grouped(kind) or of_mapping

    @property
    def is_use(self) -> bool:
        """Whether it counts as a use on the job: a task finished in a work system."""
        return self.mapped.counts_as == ActivityKind.TASK


class ExternalSource(Protocol):
    """The source of statements of other episodes, and of none."""

    def next_episode_start(self, learner: int, programme: str, anchor: datetime) -> datetime | None:
        """The time at which the person's next episode in this programme began."""
        ...

    def statements(self, learner: int, programme: str) -> Iterable[StatementView]:
        """The person's statements about mapped activities that are not voided and do not name
        an episode of the person in this programme."""
        ...


@dataclass(frozen=True)
class ActivityMappings:
    """Activity → what it counts as, by programme; and the source of statements about those
    activities."""

    by_programme: Mapping[str, Mapping[str, Mapped]] = field(default_factory=dict)
    source: ExternalSource | None = None

    def interpret(self, s: StatementView, programme: str) -> StatementView:
        """The same statement, read as what its activity counts as in this programme."""
        known = self.by_programme.get(programme)
        if not known:
            return s
        mapped = next((known[activity] for activity in s.activities if activity in known), None)
        # The nearest mapped activity decides; a statement whose verb means nothing for it is
        # not mapped.
        return (
            ExternalStatement(s, mapped)
            if mapped is not None and s.verb in _VERBS_BY_KIND[mapped.counts_as]
            else s
        )

    def borrowed_for(
        self, learner: int, programme: str, anchor: datetime
    ) -> Sequence[ExternalStatement]:
        """The statements that count for an episode although they do not name its
        registration."""
        if self.source is None or programme not in self.by_programme:
            return ()
        until = self.source.next_episode_start(learner, programme, anchor)
        result = (self.interpret(s, programme) for s in self.source.statements(learner, programme))
        return [
            s
            for s in result
            if isinstance(s, ExternalStatement)
            and s.timestamp >= anchor
            and (until is None or s.timestamp < until)
        ]


NO_MAPPINGS = ActivityMappings()
