"""From a figure to the statements behind it: for whoever may see single people."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, select

from lrs.ground.clock import text_of
from lrs.metrics.catalogue import Metric
from lrs.metrics.definitions import Scope
from lrs.metrics.facts.reading import keys_of
from lrs.store import facts
from lrs.store.tables import fact_episode


def evidence(connection: Connection, scope: Scope, metric: Metric, after: uuid.UUID | None, rows: int) -> list[dict[str, Any]]:
    """Episodes of the scope beyond ``after``, each with the statements (id, verb's own key) that the metric counts."""
    e = fact_episode.c
    query = select(e.registration, e.anchor, e.programme).where(*scope.episodes())
    if after is not None:
        query = query.where(e.registration > after)
    episodes = connection.execute(query.order_by(e.registration).limit(rows)).all()
    stored = facts.statements_of(connection, scope.tenant_id, [row.registration for row in episodes], keys_of(metric.verbs))
    return [
        {
            "registration": str(row.registration),
            "programme": row.programme,
            "certified_at": text_of(row.anchor),
            "statements": [str(one.id) for one in sorted(stored.get(row.registration, []), key=lambda one: one.ord)],
        }
        for row in episodes
    ]
