"""What happened in a week among the people whom somebody leads or accompanies."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text


@dataclass(frozen=True)
class WeekCounts:
    """How often something went well in the time that is looked at."""

    confirmed: int
    handed_in: int
    plans: int
    checks: int


_COUNTS = text(
    """
    WITH led AS (
      SELECT e.id FROM lti_tool.episode e JOIN lti_tool.person p ON p.id = e.person_id
      WHERE e.tenant_id = :tenant AND e.left_at IS NULL AND p.id <> :leader
        AND (p.manager_id = :leader OR p.mentor_id = :leader))
    SELECT
      (SELECT count(DISTINCT c.use_id) FROM lti_tool.confirmation c
        JOIN lti_tool.job_use u ON u.id = c.use_id JOIN lti_tool.plan l ON l.id = u.plan_id
        WHERE c.tenant_id = :tenant AND c.seen AND c.at > :since AND c.at <= :until
          AND l.episode_id IN (SELECT id FROM led)) AS confirmed,
      (SELECT count(*) FROM lti_tool.handed_in h WHERE h.tenant_id = :tenant
        AND h.at > :since AND h.at <= :until AND h.episode_id IN (SELECT id FROM led))
        AS handed_in,
      (SELECT count(*) FROM lti_tool.plan l WHERE l.tenant_id = :tenant
        AND l.committed_at > :since AND l.committed_at <= :until
        AND l.episode_id IN (SELECT id FROM led)) AS plans,
      (SELECT count(*) FROM lti_tool.attempt a WHERE a.tenant_id = :tenant AND a.kind = 'check'
        AND a.finished_at > :since AND a.finished_at <= :until
        AND a.episode_id IN (SELECT id FROM led)) AS checks
    """
)


def count_week(
    connection: Connection, tenant_id: int, leader_id: uuid.UUID, since: datetime, until: datetime
) -> WeekCounts:
    """Count what went well after ``since``, up to ``until``."""
    values = {"tenant": tenant_id, "leader": leader_id, "since": since, "until": until}
    return WeekCounts(**connection.execute(_COUNTS, values).one()._mapping)
