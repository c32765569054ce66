"""What is stored of how the tool does: grades, rosters, sources of certifications, mails,
statements on their way. Each query reads a bounded number of rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, literal, select, text

from lti_tool.base.mail_outbox_store import NO_ADDRESS, OUT_OF_DATE
from lti_tool.checks.grades_store import MISSING, newer_grade_counts
from lti_tool.tables.base import statement_outbox
from lti_tool.tables.checks import grade_outbox
from lti_tool.tables.programmes import certifying_column, statement_source
from lti_tool.tables.visits import mail

# The newest rows of an outbox that are looked at: more than a month of an organisation of 10,000.
MAX_OUTBOX_ROWS = 20_000
MAX_COURSES = 1_000  # whose last reading is looked at: those seen last
MAX_SOURCES = 100
MAX_WAITING_STATEMENTS = 10_000


@dataclass(frozen=True)
class Trouble:
    """The trouble that most have: how many, since when, why, and the platform (None: of none)."""

    count: int
    since: datetime | None
    reason: str
    registration_id: int | None = None


@dataclass(frozen=True)
class GradeCounts:
    """Grades by what became of them, each in one of them; ``missing``: sent, and no longer in the
    gradebook. ``trouble``: of those that wait or were refused."""

    arrived: int
    waiting: int
    refused: int
    missing: int
    last_sent_at: datetime | None
    trouble: Trouble | None


@dataclass(frozen=True)
class RosterCounts:
    """Courses that give a roster; ``failed``: whose last reading did not come to its end;
    ``overdue``: due for longer than an hour."""

    courses: int
    failed: int
    overdue: int
    last_read_at: datetime | None
    trouble: Trouble | None


@dataclass(frozen=True)
class SourceCounts:
    """Gradebook columns and activities that certify; ``failed``: that cannot be read;
    ``unmatched``: their statements of people on no list."""

    sources: int
    failed: int
    unmatched: int
    reason: str


@dataclass(frozen=True)
class MailCounts:
    """Mails since a day; ``waiting`` without regard to it, since when the longest."""

    sent: int
    last_sent_at: datetime | None
    waiting: int
    tried: int
    waiting_since: datetime | None
    no_address: int
    out_of_date: int
    refused: int
    refused_since: datetime | None


@dataclass(frozen=True)
class StatementCounts:
    """Statements that were not sent to the record store yet, and those that it refused."""

    waiting: int
    tried: int
    refused: int
    reason: str


def _oldest_looked_at(table: Any, tenant_id: int) -> Any:
    """The id of the oldest of the newest MAX_OUTBOX_ROWS rows."""
    newest = (
        select(table.c.id)
        .where(table.c.tenant_id == tenant_id)
        .order_by(table.c.id.desc())
        .limit(MAX_OUTBOX_ROWS)
        .subquery()
    )
    return select(func.coalesce(func.min(newest.c.id), 0)).scalar_subquery()


def count_grades(connection: Connection, tenant_id: int, since: datetime) -> GradeCounts:
    """Count the grades of acts since then."""
    g = grade_outbox.c
    looked_at = (
        (g.tenant_id == tenant_id)
        & (g.id >= _oldest_looked_at(grade_outbox, tenant_id))
        & (g.at >= since)
        & ~g.replaced
    )
    refused = g.refused.is_not(None) & ~newer_grade_counts()
    waiting = g.sent_at.is_(None) & g.refused.is_(None)
    counted = connection.execute(
        select(
            func.count().filter(g.sent_at.is_not(None) & g.refused.is_(None)),
            func.count().filter(waiting),
            func.count().filter(refused),
            func.count().filter(g.sent_at.is_not(None) & (g.found == MISSING)),
            func.max(g.sent_at),
        ).where(looked_at)
    ).one()
    arrived, held, failed, missing, last_sent_at = counted
    reason = func.coalesce(g.refused, g.trouble)
    worst = connection.execute(
        select(func.count(), func.min(g.at), reason, g.registration_id)
        .where(looked_at, refused | (waiting & g.trouble.is_not(None)))
        .group_by(reason, g.registration_id)
        .order_by(func.count().desc())
        .limit(1)
    ).first()
    trouble = Trouble(*worst) if worst else None
    return GradeCounts(arrived - missing, held, failed, missing, last_sent_at, trouble)


def count_rosters(connection: Connection, tenant_id: int, late: datetime) -> RosterCounts:
    """Count the last readings; one that was due before ``late`` is overdue."""
    rows = connection.execute(
        text(
            """
            WITH known AS (
              SELECT id, registration_id, roster_due_at FROM lti_tool.course
              WHERE tenant_id = :tenant AND memberships_url <> ''
              ORDER BY created_at DESC LIMIT :courses
            )
            SELECT known.registration_id, known.roster_due_at < :late AS overdue,
              last.reason, last.read_at, failed.since
            FROM known
            LEFT JOIN LATERAL (
              SELECT reason, finished_at AS read_at FROM lti_tool.roster_run
              WHERE tenant_id = :tenant AND course_id = known.id AND finished_at IS NOT NULL
              ORDER BY id DESC LIMIT 1
            ) last ON true
            LEFT JOIN LATERAL (
              SELECT min(started_at) AS since FROM lti_tool.roster_run r
              WHERE last.reason <> '' AND r.tenant_id = :tenant AND r.course_id = known.id
                AND r.id > coalesce((
                  SELECT max(id) FROM lti_tool.roster_run WHERE tenant_id = :tenant
                    AND course_id = known.id AND finished_at IS NOT NULL AND reason = ''), 0)
            ) failed ON true
            """
        ),
        {"tenant": tenant_id, "courses": MAX_COURSES, "late": late},
    ).all()
    failed = [row for row in rows if row.reason]
    kinds: dict[tuple[str, int], list[datetime]] = {}
    for row in failed:
        kinds.setdefault((row.reason, row.registration_id), []).append(row.since)
    worst = max(kinds.items(), key=lambda kind: len(kind[1]), default=None)
    return RosterCounts(
        len(rows),
        len(failed),
        sum(bool(row.overdue) for row in rows),
        max((row.read_at for row in rows if row.reason == ""), default=None),
        Trouble(len(worst[1]), min(worst[1]), *worst[0]) if worst else None,
    )


def count_sources(connection: Connection, tenant_id: int) -> SourceCounts:
    """Count what certifies by itself."""
    column, source = certifying_column.c, statement_source.c
    query = (
        select(column.trouble, literal(0).label("unmatched"))
        .where(column.tenant_id == tenant_id)
        .union_all(select(source.trouble, source.unmatched).where(source.tenant_id == tenant_id))
        .limit(MAX_SOURCES)
    )
    rows = connection.execute(query).all()
    failed = [row.trouble for row in rows if row.trouble]
    return SourceCounts(
        len(rows), len(failed), sum(row.unmatched for row in rows), failed[0] if failed else ""
    )


def count_mails(connection: Connection, tenant_id: int, since: datetime) -> MailCounts:
    """Count the mails that were queued since then."""
    m = mail.c
    mine = (m.tenant_id == tenant_id) & (m.id >= _oldest_looked_at(mail, tenant_id))
    waiting = m.sent_at.is_(None) & m.refused.is_(None)
    recent = m.queued_at >= since
    by_server = recent & m.refused.is_not(None) & m.refused.not_in((NO_ADDRESS, OUT_OF_DATE))
    row = connection.execute(
        select(
            func.count().filter(recent & m.sent_at.is_not(None)),
            func.max(m.sent_at),
            func.count().filter(waiting),
            func.count().filter(waiting & (m.tries > 0)),
            func.min(m.queued_at).filter(waiting),
            func.count(m.person_id.distinct()).filter(recent & (m.refused == NO_ADDRESS)),
            func.count().filter(recent & (m.refused == OUT_OF_DATE)),
            func.count().filter(by_server),
            func.min(m.queued_at).filter(by_server),
        ).where(mine)
    ).one()
    return MailCounts(*row)


def count_statements(connection: Connection, tenant_id: int) -> StatementCounts:
    """Count the statements in the outbox, up to MAX_WAITING_STATEMENTS."""
    s = statement_outbox.c
    some = (
        select(s.tries, s.refused)
        .where(s.tenant_id == tenant_id)
        .limit(MAX_WAITING_STATEMENTS)
        .subquery()
    )
    waiting = some.c.refused.is_(None)
    row = connection.execute(
        select(
            func.count().filter(waiting),
            func.count().filter(waiting & (some.c.tries > 1)),
            func.count().filter(~waiting),
            func.coalesce(func.min(some.c.refused), ""),
        )
    ).one()
    return StatementCounts(*row)
