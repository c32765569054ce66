"""The facts of a statement that belongs to no episode."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analytics.facts import assessments
from analytics.facts.statement_view import COUNTED_VERBS, PRESENCE_VERBS, StatementView
from analytics.store.tables import NO_EPISODE


def standalone_facts(s: StatementView, same: Mapping[int, int]) -> dict[str, list[dict[str, Any]]]:
    """Rows by kind: ``presences``, ``ratings``, ``uncountable``. A statement that no metric
    uses gives no rows."""
    refused: list[dict[str, Any]] = []

    def refuse(statement_view: StatementView, reason: str) -> None:
        refused.append({"ord": statement_view.ord, "registration": NO_EPISODE, "reason": reason})

    if s.verb in PRESENCE_VERBS:
        agent, programme = s.learner, s.grouped("programme") or s.object_id
        if agent is None or programme is None:
            refuse(s, "it names no person or no activity")
            return {"uncountable": refused}
        audience = {name: s.text_extension(name) for name in ("team", "site", "role")}
        return {
            "presences": [
                {
                    "ord": s.ord,
                    "agent": same.get(agent, agent),
                    "programme": programme,
                    "what": s.verb,
                    **audience,
                    "at": s.timestamp,
                }
            ]
        }
    if s.verb == "assessed" and s.kind == "calibration case":
        return {"ratings": assessments.calibration_ratings(s, same, refuse), "uncountable": refused}
    if s.verb in COUNTED_VERBS:
        refuse(s, "it has no context.registration, so it belongs to no episode")
    return {"uncountable": refused}
