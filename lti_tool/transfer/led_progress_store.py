"""Progress of people, one line each, for their leader."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

MAX_ROWS = 500


@dataclass(frozen=True)
class ProgressCounts:
    """What has become due for a person so far, and how much of it was done. Check windows during a
    hold do not count."""

    name: str
    checks_due: int
    checks_done: int
    plans: int
    handed_in: int
    uses: int
    verified: int


@dataclass(frozen=True)
class LearnerProgress:
    """A learner's line, with the details that only the learner's leader sees."""

    episode_id: uuid.UUID
    programme: str
    programme_version: int
    certified_at: datetime
    held: bool
    assessed_at: datetime | None
    standing: ProgressCounts


_PROGRESS_SQL = """
    SELECT e.id AS episode_id, e.programme, e.programme_version, e.certified_at, p.name, p.team,
      EXISTS (SELECT 1 FROM lti_tool.hold h WHERE h.tenant_id = :tenant AND h.episode_id = e.id
              AND h.from_at <= :now AND (h.until_at IS NULL OR h.until_at > :now)) AS held,
      (SELECT max(a.at) FROM lti_tool.assessment a WHERE a.tenant_id = :tenant
        AND a.episode_id = e.id AND a.relation <> 'learner') AS assessed_at,
      due.due AS checks_due, due.done AS checks_done,
      (SELECT count(*) FROM lti_tool.plan l WHERE l.tenant_id = :tenant
        AND l.episode_id = e.id AND l.committed_at IS NOT NULL) AS plans,
      (SELECT count(*) FROM lti_tool.handed_in h WHERE h.tenant_id = :tenant
        AND h.episode_id = e.id) AS handed_in,
      uses.uses, uses.verified
    FROM lti_tool.episode e JOIN lti_tool.person p ON p.id = e.person_id
    CROSS JOIN LATERAL (
      SELECT count(*) AS due, count(a.id) AS done FROM lti_tool.scheduled_check c
      LEFT JOIN lti_tool.attempt a ON a.tenant_id = :tenant AND a.episode_id = e.id
        AND a.interval = c.interval AND a.kind = 'check'
                                  AND a.finished_at IS NOT NULL
      WHERE c.tenant_id = :tenant AND c.episode_id = e.id AND c.due_at <= :now
        AND NOT EXISTS (SELECT 1 FROM lti_tool.hold h WHERE h.tenant_id = :tenant
          AND h.episode_id = e.id AND a.id IS NULL
                        AND h.from_at < c.closes_at AND (h.until_at IS NULL
                          OR h.until_at > c.due_at))) due
    CROSS JOIN LATERAL (
      SELECT count(*) AS uses, count(*) FILTER (WHERE u.grade >= :verified) AS verified
      FROM lti_tool.job_use u JOIN lti_tool.plan l ON l.id = u.plan_id
        WHERE u.tenant_id = :tenant AND l.episode_id = e.id) uses
    WHERE e.tenant_id = :tenant AND e.left_at IS NULL
"""


def list_led_progress(
    connection: Connection, tenant_id: int, leader_id: uuid.UUID, now: datetime, verified: int
) -> list[LearnerProgress]:
    """The people whom somebody leads or accompanies according to the list, by name.
    ``verified``: the grade from which a use counts as verified."""
    query = text(
        f"{_PROGRESS_SQL} AND (p.manager_id = :leader OR p.mentor_id = :leader) AND p.id <> "
        f":leader ORDER BY p.name, e.id LIMIT {MAX_ROWS}"
    )
    rows = connection.execute(
        query, {"tenant": tenant_id, "leader": leader_id, "now": now, "verified": verified}
    )
    return [
        LearnerProgress(
            row.episode_id,
            row.programme,
            row.programme_version,
            row.certified_at,
            row.held,
            row.assessed_at,
            ProgressCounts(
                row.name,
                row.checks_due,
                row.checks_done,
                row.plans,
                row.handed_in,
                row.uses,
                row.verified,
            ),
        )
        for row in rows
    ]
