"""From a figure to the statements behind it, for callers who may see individual people."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, select

from analytics.catalogue import Metric
from analytics.definitions import Scope
from analytics.facts.statement_view import decode_statement, verb_keys
from analytics.store import facts
from analytics.store.tables import fact_episode
from core.clock import format_instant
from lrs import feed
from lrs.feed import StoredStatement
from lrs.vocabulary import VerbName


def list_evidence(
    connection: Connection, scope: Scope, metric: Metric, after: uuid.UUID | None, rows: int
) -> list[dict[str, Any]]:
    """Episodes of the scope after ``after``, each with the statements that the metric counts,
    in chronological order: id, our word for the verb, the object's id, when, and whether it
    succeeded (None if it is not stated)."""
    e = fact_episode.c
    query = select(e.registration, e.anchor, e.programme).where(*scope.episode_conditions())
    if after is not None:
        query = query.where(e.registration > after)
    episodes = connection.execute(query.order_by(e.registration).limit(rows)).all()
    named, tenant_id = [row.registration for row in episodes], scope.tenant_id
    stored = feed.list_episode_statements(connection, tenant_id, named, verb_keys(metric.verbs))
    # Other systems send "assessed" for an answer and "completed" for a use.
    external = facts.find_borrowed_statements(
        connection,
        tenant_id,
        named,
        verb_keys({*metric.verbs, VerbName.ASSESSED, VerbName.COMPLETED}),
    )
    return [
        {
            "registration": str(row.registration),
            "programme": row.programme,
            "certified_at": format_instant(row.anchor),
            "statements": sorted(
                (
                    _evidence_entry(item)
                    for item in [
                        *stored.get(row.registration, []),
                        *external.get(row.registration, []),
                    ]
                ),
                key=lambda statement: (str(statement["at"]), str(statement["id"])),
            ),
        }
        for row in episodes
    ]


def _evidence_entry(stored: StoredStatement) -> dict[str, Any]:
    s = decode_statement(stored.ord, stored.payload, feed.stored_at(stored))
    success = s.result.get("success")
    return {
        "id": str(stored.id),
        "verb": s.verb,
        "object": s.object_id,
        "at": format_instant(s.timestamp),
        "success": success if isinstance(success, bool) else None,
    }
