"""The questions that one person is asked in a week, over all programmes."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class AskedInWeek:
    """Checks that are due in the week, refreshers that were begun in it by kind, and how many
    other programmes of the person wait for remediation."""

    checks: int
    refreshers: Counter[str]
    other_lapses: int


# The person's programmes that go on: neither left nor on hold.
_ASKED_QUERY = text(
    """
    WITH mine AS (
      SELECT e.id FROM lti_tool.episode e WHERE e.tenant_id = :tenant AND e.person_id = :person
        AND e.left_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM lti_tool.hold h WHERE h.tenant_id = :tenant
          AND h.episode_id = e.id AND h.from_at <= :now
          AND (h.until_at IS NULL OR h.until_at > :now))
    )
    SELECT 'check' AS what, c.interval AS name FROM lti_tool.scheduled_check c
      JOIN mine ON mine.id = c.episode_id
      WHERE c.tenant_id = :tenant AND c.due_at >= :begins AND c.due_at < :ends
    UNION ALL
    SELECT 'refresher', a.kind FROM lti_tool.attempt a JOIN mine ON mine.id = a.episode_id
      WHERE a.tenant_id = :tenant AND a.kind IN ('reinforcement', 'remediation')
        AND a.started_at >= :begins AND a.started_at < :ends
    UNION ALL
    SELECT DISTINCT 'lapse', y.episode_id::text FROM lti_tool.memory y
      JOIN mine ON mine.id = y.episode_id
      WHERE y.tenant_id = :tenant AND y.due_at <= :now AND y.episode_id <> :episode
    """
)


def find_asked(
    connection: Connection,
    tenant_id: int,
    person_id: uuid.UUID,
    episode_id: uuid.UUID,
    now: datetime,
    begins: datetime,
    ends: datetime,
) -> AskedInWeek:
    """What the week [begins, ends) asks of a person; ``episode_id`` is the programme for which
    somebody wants to know."""
    values = {
        "tenant": tenant_id,
        "person": person_id,
        "episode": episode_id,
        "now": now,
        "begins": begins,
        "ends": ends,
    }
    rows = [(row.what, row.name) for row in connection.execute(_ASKED_QUERY, values)]
    return AskedInWeek(
        checks=sum(what == "check" for what, _ in rows),
        refreshers=Counter(name for what, name in rows if what == "refresher"),
        other_lapses=sum(what == "lapse" for what, _ in rows),
    )
