"""The facts of a statement that belongs to no episode."""

from __future__ import annotations

from collections.abc import Mapping

from analytics.facts import assessments
from analytics.facts.statement_view import PRESENCE_VERBS, StatementView
from analytics.store.fact_rows import FactRows, PresenceFact, UncountableFact
from analytics.store.tables import NO_EPISODE
from lrs.vocabulary import ActivityKind, ExtensionName, VerbName


def standalone_facts(s: StatementView, same: Mapping[int, int]) -> FactRows:
    """Its presence, its ratings, or why it is not counted. A statement that no figure wants gives
    no rows (:mod:`analytics.store.unwanted` tells how many)."""
    rows = FactRows()

    def refuse(refused: StatementView, reason: str) -> None:
        rows.uncountable.append(UncountableFact(refused.ord, NO_EPISODE, reason))

    if s.verb in PRESENCE_VERBS:
        agent, programme = s.learner, s.grouped(ActivityKind.PROGRAMME) or s.object_id
        if agent is None or programme is None:
            refuse(s, "it names no person or no activity")
        else:
            rows.presences.append(
                PresenceFact(
                    ord=s.ord,
                    agent=same.get(agent, agent),
                    programme=programme,
                    what=s.verb,
                    team=s.text_extension(ExtensionName.TEAM),
                    site=s.text_extension(ExtensionName.SITE),
                    role=s.text_extension(ExtensionName.ROLE),
                    at=s.timestamp,
                )
            )
    elif s.verb == VerbName.ASSESSED and s.kind == ActivityKind.CALIBRATION_CASE:
        rows.ratings += assessments.calibration_ratings(s, same, refuse)
    return rows
