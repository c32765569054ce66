"""What people are to be reminded of: due checks and acts with whose they are, in one query for all of a tenant."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, TextClause, func, select, text

from lti_tool.store.tables import mail

MOST = 2_000  # of one page


@dataclass(frozen=True)
class Reminder:
    """Something due for a person, with what is needed to say it in their language at their hour."""

    person_id: uuid.UUID
    episode_id: uuid.UUID
    programme: str
    programme_version: int
    what: str
    due_at: datetime
    closes_at: datetime | None
    name: str
    time_zone: str
    working_days: list[int]
    language: str


# Whoever has an address, is not on hold and has not left; what was said before (the key of the mail) is not said again.
_DUE = text(
    """
    SELECT e.person_id, e.id AS episode_id, e.programme, e.programme_version, d.what, d.due_at, d.closes_at,
           p.name, p.time_zone, p.working_days, p.language
    FROM (
      SELECT c.episode_id, 'check ' || c.interval AS what, c.due_at, c.closes_at
      FROM lti_tool.scheduled_check c
      WHERE c.tenant_id = :tenant AND c.due_at <= :now - CAST(:late AS interval) AND c.closes_at > :now
        AND NOT EXISTS (SELECT 1 FROM lti_tool.attempt a WHERE a.tenant_id = :tenant AND a.episode_id = c.episode_id
                        AND a.interval = c.interval AND a.kind = 'check' AND a.finished_at IS NOT NULL)
      UNION ALL
      SELECT s.episode_id, s.act, s.due_at, NULL
      FROM lti_tool.scheduled_act s
      WHERE s.tenant_id = :tenant AND s.done_at IS NULL AND s.act IN ('plan', 'exercise', 'case study', 'follow-up')
        AND s.due_at <= :now + CAST(:ahead AS interval) AND s.due_at > :now - CAST(:forget AS interval)
    ) d
    JOIN lti_tool.episode e ON e.tenant_id = :tenant AND e.id = d.episode_id AND e.left_at IS NULL
    JOIN lti_tool.person p ON p.id = e.person_id AND p.email <> '' AND p.imported_at IS NOT NULL
    WHERE NOT EXISTS (SELECT 1 FROM lti_tool.hold h WHERE h.tenant_id = :tenant AND h.episode_id = e.id
                      AND h.from_at <= :now AND (h.until_at IS NULL OR h.until_at > :now))
      AND NOT EXISTS (SELECT 1 FROM lti_tool.mail_stop s WHERE s.tenant_id = :tenant AND s.person_id = p.id AND s.kind = :kind)
      AND NOT EXISTS (SELECT 1 FROM lti_tool.mail m WHERE m.tenant_id = :tenant AND m.person_id = p.id
                      AND m.key = :kind || ' ' || e.id || ' ' || d.what)
      AND (d.due_at, e.id, d.what) > (CAST(:after_at AS timestamptz), CAST(:after_episode AS uuid), :after_what)
    ORDER BY d.due_at, e.id, d.what LIMIT :most
    """
)


_TOMORROW = text(
    """
    SELECT e.person_id, e.id AS episode_id, e.programme, e.programme_version, 'meeting ' || m.id AS what, m.at AS due_at, NULL AS closes_at,
           p.name, p.time_zone, p.working_days, p.language
    FROM lti_tool.meeting m
    JOIN lti_tool.group_member g ON g.tenant_id = :tenant AND g.group_id = m.group_id
    JOIN lti_tool.episode e ON e.tenant_id = :tenant AND e.id = g.episode_id AND e.left_at IS NULL
    JOIN lti_tool.person p ON p.id = e.person_id AND p.email <> '' AND p.imported_at IS NOT NULL
    WHERE m.tenant_id = :tenant AND m.at > :now AND m.at <= :now + interval '28 hours'
      AND NOT EXISTS (SELECT 1 FROM lti_tool.hold h WHERE h.tenant_id = :tenant AND h.episode_id = e.id
                      AND h.from_at <= :now AND (h.until_at IS NULL OR h.until_at > :now))
      AND NOT EXISTS (SELECT 1 FROM lti_tool.mail_stop s WHERE s.tenant_id = :tenant AND s.person_id = p.id AND s.kind = 'coaching')
      AND NOT EXISTS (SELECT 1 FROM lti_tool.mail x WHERE x.tenant_id = :tenant AND x.person_id = p.id
                      AND x.key = 'coaching ' || e.id || ' meeting ' || m.id)
      AND (m.at, e.id, 'meeting ' || m.id) > (CAST(:after_at AS timestamptz), CAST(:after_episode AS uuid), :after_what)
    ORDER BY m.at, e.id, what LIMIT :most
    """
)


def tomorrow(connection: Connection, tenant_id: int, now: datetime) -> Iterator[list[Reminder]]:
    """Meetings of coaching groups in the next day or so that their members were not told of yet, page by page."""
    return _pages(connection, _TOMORROW, {"tenant": tenant_id, "now": now})


def due(connection: Connection, tenant_id: int, kind: str, now: datetime, *, late: str, ahead: str, forget: str) -> Iterator[list[Reminder]]:
    """What is due and was not said yet, page by page.

    Checks: due for at least ``late``; acts: due within ``ahead``, not longer ago than ``forget``.
    """
    return _pages(connection, _DUE, {"tenant": tenant_id, "kind": kind, "now": now, "late": late, "ahead": ahead, "forget": forget})


def _pages(connection: Connection, query: TextClause, values: Mapping[str, Any]) -> Iterator[list[Reminder]]:
    after: dict[str, Any] = {"after_at": "-infinity", "after_episode": uuid.UUID(int=0), "after_what": ""}
    while page := [Reminder(**row._mapping) for row in connection.execute(query, {**values, **after, "most": MOST})]:
        yield page
        after = {"after_at": page[-1].due_at.isoformat(), "after_episode": page[-1].episode_id, "after_what": page[-1].what}


def said_since(
    connection: Connection, tenant_id: int, person_ids: Sequence[uuid.UUID], kinds: Sequence[str], since: datetime
) -> dict[uuid.UUID, list[datetime]]:
    """When each of these people was last told something of these kinds."""
    m = mail.c
    query: Any = (
        select(m.person_id, func.array_agg(m.queued_at))
        .where(m.tenant_id == tenant_id, m.person_id.in_(person_ids), m.kind.in_(kinds), m.queued_at >= since)
        .group_by(m.person_id)
    )
    return {row[0]: list(row[1]) for row in connection.execute(query)}
