"""Queries for reminders: due checks and acts with their recipients, one query for a whole
tenant."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, TextClause, func, select, text

from lti_tool.tables.visits import mail

PAGE_SIZE = 2_000  # rows of one page


@dataclass(frozen=True)
class Reminder:
    """Something due, with its recipient (``person_id``, reminded in their language at their
    local hour) and the learner's name."""

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
    site: str
    language: str

    @property
    def interval(self) -> str | None:
        """The interval of a check that is due; empty for a refresher, None for what asks no
        question."""
        if self.what.startswith("check "):
            return self.what.removeprefix("check ")
        return "" if self.what.startswith("refresher ") else None


# Recipients have an address; learners on hold or who left are skipped; a mail whose key already
# exists is not sent again.
_REMINDER_SQL = """
    SELECT r.id AS person_id, e.id AS episode_id, e.programme, e.programme_version, d.what,
      d.due_at, d.closes_at,
           p.name, r.time_zone, r.working_days, r.site, r.language
    FROM ({due}) d
    JOIN lti_tool.episode e ON e.tenant_id = :tenant AND e.id = d.episode_id AND e.left_at IS NULL
    JOIN lti_tool.person p ON p.id = e.person_id
    JOIN lti_tool.person r ON r.id = {to} AND r.email <> '' AND r.imported_at IS NOT NULL
    WHERE NOT EXISTS (SELECT 1 FROM lti_tool.hold h WHERE h.tenant_id = :tenant
      AND h.episode_id = e.id
                      AND h.from_at <= :now AND (h.until_at IS NULL OR h.until_at > :now))
      AND NOT EXISTS (SELECT 1 FROM lti_tool.mail_stop s WHERE s.tenant_id = :tenant
        AND s.person_id = r.id AND s.kind = :kind)
      AND NOT EXISTS (SELECT 1 FROM lti_tool.mail m WHERE m.tenant_id = :tenant
        AND m.person_id = r.id
                      AND m.key = :kind || ' ' || e.id || ' ' || d.what)
      AND (d.due_at, e.id, d.what) > (CAST(:after_at AS timestamptz), CAST(:after_episode AS
        uuid), :after_what)
    ORDER BY d.due_at, e.id, d.what LIMIT :most
"""
_LEARNER_ID, _LEADER_ID = "e.person_id", "coalesce(p.manager_id, p.mentor_id)"


def _reminder_query(due: str, to: str) -> TextClause:
    return text(_REMINDER_SQL.format(due=due, to=to))


_DUE_QUERY = _reminder_query(
    """
      SELECT c.episode_id, 'check ' || c.interval AS what, c.due_at, c.closes_at
      FROM lti_tool.scheduled_check c
      WHERE c.tenant_id = :tenant AND c.due_at <= :now - CAST(:late AS interval)
        AND c.closes_at > :now
        AND NOT EXISTS (SELECT 1 FROM lti_tool.attempt a WHERE a.tenant_id = :tenant
          AND a.episode_id = c.episode_id
                        AND a.interval = c.interval AND a.kind = 'check'
                          AND a.finished_at IS NOT NULL)
      UNION ALL
      SELECT s.episode_id, s.act, s.due_at, NULL
      FROM lti_tool.scheduled_act s
      WHERE s.tenant_id = :tenant AND s.done_at IS NULL
        AND s.act IN ('plan', 'exercise', 'case study', 'follow-up')
        AND s.due_at <= :now + CAST(:ahead AS interval)
          AND s.due_at > :now - CAST(:forget AS interval)
    """,
    _LEARNER_ID,
)
_MEETING_QUERY = _reminder_query(
    """
      SELECT g.episode_id, 'meeting ' || m.id AS what, m.at AS due_at, NULL AS closes_at
      FROM lti_tool.meeting m
      JOIN lti_tool.group_member g ON g.tenant_id = :tenant AND g.group_id = m.group_id
      WHERE m.tenant_id = :tenant AND m.at > :now AND m.at <= :now + interval '28 hours'
    """,
    _LEARNER_ID,
)
# A review of a submission, or an assessment of somebody's work, is due soon.
_REVIEW_QUERY = _reminder_query(
    """
      SELECT s.episode_id, s.act AS what, s.due_at, NULL AS closes_at
      FROM lti_tool.scheduled_act s
      WHERE s.tenant_id = :tenant AND s.done_at IS NULL
        AND s.due_at > :now - CAST(:forget AS interval)
        AND ((s.act = 'behaviour assessment' AND s.due_at <= :now + interval '3 days')
          OR (s.act IN ('exercise review', 'feedback') AND s.due_at <= :now + interval '1 day'
              AND EXISTS (SELECT 1 FROM lti_tool.handed_in h WHERE h.tenant_id = :tenant
                AND h.episode_id = s.episode_id
                          AND h.kind = CASE s.act WHEN 'feedback' THEN 'case study' ELSE
                            'exercise' END)))
    """,
    _LEADER_ID,
)
# For each manager and programme, the manager's learner who was certified first within the last
# three months.
_MANAGER_QUERY = _reminder_query(
    """
      SELECT DISTINCT ON (b.manager_id, a.programme) a.id AS episode_id, :week AS what,
        a.certified_at AS due_at, NULL AS closes_at
      FROM lti_tool.episode a JOIN lti_tool.person b ON b.id = a.person_id
      WHERE a.tenant_id = :tenant AND a.left_at IS NULL AND b.manager_id IS NOT NULL
        AND a.certified_at > :now - interval '90 days'
        AND NOT EXISTS (SELECT 1 FROM lti_tool.hold o WHERE o.tenant_id = :tenant
          AND o.episode_id = a.id
                        AND o.from_at <= :now AND (o.until_at IS NULL OR o.until_at > :now))
      ORDER BY b.manager_id, a.programme, a.certified_at, a.id
    """,
    _LEADER_ID,
)


# Learners for whom a refresher may be open: the rhythm asks for one, or a competency is due again
# after a lapse; the code of quizzes decides. One mail a week at most, or one a month.
_REFRESHER_QUERY = _reminder_query(
    """
      SELECT a.id AS episode_id,
        'refresher ' || CASE coalesce(v.document->>'rhythm', 'weekly')
          WHEN 'monthly' THEN :month ELSE :week END AS what,
        a.certified_at AS due_at, CAST(NULL AS timestamptz) AS closes_at
      FROM lti_tool.episode a
      JOIN lti_tool.programme_version v ON v.tenant_id = :tenant AND v.key = a.programme
        AND v.version = a.programme_version
      WHERE a.tenant_id = :tenant
        AND EXISTS (SELECT 1 FROM lti_tool.scheduled_check c WHERE c.tenant_id = :tenant
          AND c.episode_id = a.id AND c.closes_at > :now)
        AND (EXISTS (SELECT 1 FROM lti_tool.memory y WHERE y.tenant_id = :tenant
            AND y.episode_id = a.id AND y.due_at <= :now)
          OR (a.certified_at <= :now - interval '7 days'
            AND coalesce(v.document->>'rhythm', 'weekly') <> 'none'
            AND NOT EXISTS (SELECT 1 FROM lti_tool.attempt t WHERE t.tenant_id = :tenant
              AND t.episode_id = a.id AND t.kind <> 'practice'
              AND t.started_at > :now - interval '7 days')))
    """,
    _LEARNER_ID,
)


# For each person who leads or accompanies others, one of those others of whom something waits or
# who did something within a week; whoever got this week's summary already gets no other.
_WEEK_QUERY = _reminder_query(
    """
      SELECT DISTINCT ON (l.leader_id) l.leader_id, a.id AS episode_id, :week AS what,
        a.certified_at AS due_at, CAST(NULL AS timestamptz) AS closes_at
      FROM lti_tool.episode a JOIN lti_tool.person b ON b.id = a.person_id
      CROSS JOIN LATERAL (VALUES (b.manager_id), (b.mentor_id)) AS l (leader_id)
      WHERE a.tenant_id = :tenant AND a.left_at IS NULL AND l.leader_id <> b.id
        AND NOT EXISTS (SELECT 1 FROM lti_tool.mail m WHERE m.tenant_id = :tenant
          AND m.person_id = l.leader_id AND m.kind = :kind AND m.key LIKE '% ' || :week)
        AND NOT EXISTS (SELECT 1 FROM lti_tool.hold o WHERE o.tenant_id = :tenant
          AND o.episode_id = a.id
                        AND o.from_at <= :now AND (o.until_at IS NULL OR o.until_at > :now))
        AND (EXISTS (SELECT 1 FROM lti_tool.handed_in h
            LEFT JOIN lti_tool.review r ON r.handed_in_id = h.id
            WHERE h.tenant_id = :tenant AND h.episode_id = a.id
              AND (r.id IS NULL OR h.at > :now - interval '7 days'))
          OR EXISTS (SELECT 1 FROM lti_tool.plan p
            LEFT JOIN lti_tool.job_use u ON u.plan_id = p.id
            LEFT JOIN lti_tool.confirmation c ON c.use_id = u.id AND c.person_id = l.leader_id
            WHERE p.tenant_id = :tenant AND p.episode_id = a.id
              AND (p.committed_at > :now - interval '7 days'
                OR u.id IS NOT NULL AND (c.use_id IS NULL OR c.at > :now - interval '7 days')))
          OR EXISTS (SELECT 1 FROM lti_tool.attempt t WHERE t.tenant_id = :tenant
            AND t.episode_id = a.id AND t.kind = 'check'
            AND t.finished_at > :now - interval '7 days')
          OR EXISTS (SELECT 1 FROM lti_tool.scheduled_act s WHERE s.tenant_id = :tenant
            AND s.episode_id = a.id AND s.act IN ('behaviour assessment', 'follow-up')
            AND s.done_at IS NULL AND s.due_at <= :now + interval '14 days'))
      ORDER BY l.leader_id, a.certified_at DESC, a.id
    """,
    "d.leader_id",
)


def iter_week_summaries(
    connection: Connection, tenant_id: int, now: datetime, week: str
) -> Iterator[list[Reminder]]:
    """Who leads or accompanies people and got no summary of this week yet; ``due_at`` is when the
    latest of those people was certified."""
    return _iter_pages(
        connection,
        _WEEK_QUERY,
        {"tenant": tenant_id, "kind": "week", "now": now, "week": week},
    )


def iter_refreshers(
    connection: Connection, tenant_id: int, now: datetime, week: str, month: str
) -> Iterator[list[Reminder]]:
    """Learners for whom a refresher may be open and who got no question by mail in this week, or
    in this month where the programme's rhythm is monthly."""
    return _iter_pages(
        connection,
        _REFRESHER_QUERY,
        {"tenant": tenant_id, "kind": "question", "now": now, "week": week, "month": month},
    )


def iter_review_reminders(
    connection: Connection, tenant_id: int, now: datetime, *, forget: str
) -> Iterator[list[Reminder]]:
    """Reviews and assessments expected from a learner's manager or mentor that are due soon, or
    became due no longer ago than ``forget``."""
    return _iter_pages(
        connection,
        _REVIEW_QUERY,
        {"tenant": tenant_id, "kind": "review", "now": now, "forget": forget},
    )


def iter_manager_prompts(
    connection: Connection, tenant_id: int, now: datetime, week: str
) -> Iterator[list[Reminder]]:
    """Managers with recently certified people who were not prompted yet this week; ``due_at``
    is when the first of those was certified."""
    return _iter_pages(
        connection,
        _MANAGER_QUERY,
        {"tenant": tenant_id, "kind": "prompt", "now": now, "week": week},
    )


def iter_meeting_reminders(
    connection: Connection, tenant_id: int, now: datetime
) -> Iterator[list[Reminder]]:
    """Meetings of coaching groups in the next day or so that their members were not reminded of
    yet, page by page."""
    return _iter_pages(
        connection, _MEETING_QUERY, {"tenant": tenant_id, "kind": "coaching", "now": now}
    )


def iter_due_reminders(
    connection: Connection,
    tenant_id: int,
    kind: str,
    now: datetime,
    *,
    late: str,
    ahead: str,
    forget: str,
) -> Iterator[list[Reminder]]:
    """What is due and was not reminded of yet, page by page.

    Checks: due for at least ``late``; acts: due within ``ahead``, but no longer ago than
    ``forget``.
    """
    return _iter_pages(
        connection,
        _DUE_QUERY,
        {
            "tenant": tenant_id,
            "kind": kind,
            "now": now,
            "late": late,
            "ahead": ahead,
            "forget": forget,
        },
    )


def _iter_pages(
    connection: Connection, query: TextClause, values: Mapping[str, Any]
) -> Iterator[list[Reminder]]:
    after: dict[str, Any] = {
        "after_at": "-infinity",
        "after_episode": uuid.UUID(int=0),
        "after_what": "",
    }
    while page := [
        Reminder(**row._mapping)
        for row in connection.execute(query, {**values, **after, "most": PAGE_SIZE})
    ]:
        yield page
        after = {
            "after_at": page[-1].due_at.isoformat(),
            "after_episode": page[-1].episode_id,
            "after_what": page[-1].what,
        }


def mail_times_by_person(
    connection: Connection,
    tenant_id: int,
    person_ids: Sequence[uuid.UUID],
    kinds: Sequence[str],
    since: datetime,
) -> dict[uuid.UUID, list[datetime]]:
    """Person id → the times since ``since`` at which mails of these kinds to that person were
    queued."""
    m = mail.c
    query: Any = (
        select(m.person_id, func.array_agg(m.queued_at))
        .where(
            m.tenant_id == tenant_id,
            m.person_id.in_(person_ids),
            m.kind.in_(kinds),
            m.queued_at >= since,
        )
        .group_by(m.person_id)
    )
    return {row[0]: list(row[1]) for row in connection.execute(query)}
