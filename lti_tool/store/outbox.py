"""The two outboxes: statements for the record store, grades for the LMS.

A row is written in its act's transaction. A sender leases rows (it moves their next try ahead), speaks HTTP outside any
transaction, then settles them; if it dies in between, the lease ends and the row is sent again, which is harmless.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, Table, delete, func, insert, select, text, update

from lti_tool.store.tables import grade_outbox, statement_outbox

# The jobs that empty them, for nudges.
SEND_STATEMENTS, SEND_GRADES = "lti_tool.worker.send_statements", "lti_tool.worker.send_grades"

LEASE = timedelta(seconds=120)  # longer than a run of the sender and its last call


@dataclass(frozen=True)
class StatementRow:
    """A statement that waits."""

    id: int
    payload: bytes
    tries: int


@dataclass(frozen=True)
class GradeRow:
    """A grade that waits."""

    id: int
    registration_id: int
    line_item_url: str
    subject: str
    score: float
    maximum: float
    comment: str
    at: datetime
    tries: int


def add_statements(connection: Connection, tenant_id: int, statements: Sequence[tuple[uuid.UUID, bytes]]) -> None:
    """Put final bytes into the outbox."""
    connection.execute(insert(statement_outbox), [{"tenant_id": tenant_id, "statement_id": id_, "payload": payload} for id_, payload in statements])


def add_grade(
    connection: Connection,
    tenant_id: int,
    *,
    attempt_id: uuid.UUID,
    registration_id: int,
    line_item_url: str,
    subject: str,
    score: float,
    maximum: float,
    comment: str,
    at: datetime,
) -> None:
    """Put a grade into the outbox, at a time at least one whole second after the person's grade before it.

    Moodle compares whole seconds and refuses a grade that is not newer (409). A grade still waiting for the same place is
    replaced: only the newest counts.
    """
    g = grade_outbox.c
    same = (g.tenant_id == tenant_id) & (g.line_item_url == line_item_url) & (g.subject == subject)
    connection.execute(update(grade_outbox).where(same, g.sent_at.is_(None), g.refused.is_(None)).values(replaced=True))
    last: datetime | None = connection.execute(select(func.max(g.at)).where(same)).scalar()
    if last is not None:
        at = max(at, last + timedelta(seconds=1))
    connection.execute(
        insert(grade_outbox).values(
            tenant_id=tenant_id,
            attempt_id=attempt_id,
            registration_id=registration_id,
            line_item_url=line_item_url,
            subject=subject,
            score=score,
            maximum=maximum,
            comment=comment,
            at=at,
        )
    )


def tenants(engine: Engine) -> list[int]:
    """Tenants with something to send."""
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT * FROM lti_tool.tenants_with_outbox()")).scalars())


def backlog(engine: Engine) -> tuple[int, int, int]:
    """Over all tenants: statements that wait, grades that wait, rows that were refused for good."""
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM lti_tool.outbox_backlog()")).one()
    return row.statements, row.grades, row.refused


def _lease(connection: Connection, table: Table, tenant_id: int, rows: int, columns: str) -> list[dict[str, object]]:
    unsent = "AND sent_at IS NULL AND NOT replaced" if table is grade_outbox else ""
    statement = text(
        f"""
        WITH k AS MATERIALIZED (
          SELECT id FROM lti_tool.{table.name} WHERE tenant_id = :tenant AND refused IS NULL {unsent} AND next_try_at <= now()
          ORDER BY id LIMIT :rows FOR UPDATE SKIP LOCKED
        )
        UPDATE lti_tool.{table.name} o SET next_try_at = now() + :lease, tries = o.tries + 1
        FROM k WHERE o.tenant_id = :tenant AND o.id = k.id RETURNING {columns}
        """
    )
    found = connection.execute(statement, {"tenant": tenant_id, "rows": rows, "lease": LEASE})
    return sorted((dict(row._mapping) for row in found), key=lambda row: str(row["id"]).zfill(20))


def lease_statements(connection: Connection, tenant_id: int, rows: int) -> list[StatementRow]:
    """Up to ``rows`` statements that are due, oldest first."""
    found = _lease(connection, statement_outbox, tenant_id, rows, "o.id, o.payload, o.tries")
    return [StatementRow(**row) for row in found]  # type: ignore[arg-type]  # the columns are those of the class


def lease_grades(connection: Connection, tenant_id: int, rows: int) -> list[GradeRow]:
    """Up to ``rows`` grades that are due, oldest first."""
    columns = "o.id, o.registration_id, o.line_item_url, o.subject, o.score, o.maximum, o.comment, o.at, o.tries"
    found = _lease(connection, grade_outbox, tenant_id, rows, columns)
    return [GradeRow(**row) for row in found]  # type: ignore[arg-type]  # the columns are those of the class


def statements_arrived(connection: Connection, tenant_id: int, ids: Sequence[int]) -> None:
    """The record store has them; they leave the outbox."""
    s = statement_outbox.c
    connection.execute(delete(statement_outbox).where(s.tenant_id == tenant_id, s.id.in_(ids)))


def grade_arrived(connection: Connection, tenant_id: int, id_: int, at: datetime) -> None:
    """The LMS has it; the row stays as the record of what was sent."""
    g = grade_outbox.c
    connection.execute(update(grade_outbox).where(g.tenant_id == tenant_id, g.id == id_).values(sent_at=at))


def move_grade(connection: Connection, tenant_id: int, id_: int, at: datetime) -> None:
    """Give a grade a later time: the LMS holds one of the same second."""
    g = grade_outbox.c
    connection.execute(update(grade_outbox).where(g.tenant_id == tenant_id, g.id == id_).values(at=at))


def refuse(connection: Connection, table: Table, tenant_id: int, id_: int, reason: str) -> None:
    """It will not be sent again; the reason stays."""
    connection.execute(update(table).where(table.c.tenant_id == tenant_id, table.c.id == id_).values(refused=reason))


def later(connection: Connection, table: Table, tenant_id: int, ids: Sequence[int], wait: timedelta) -> None:
    """Try again after ``wait``."""
    connection.execute(update(table).where(table.c.tenant_id == tenant_id, table.c.id.in_(ids)).values(next_try_at=func.now() + wait))


def grade_states(connection: Connection, tenant_id: int, attempt_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, tuple[str, str]]:
    """For each attempt with a grade: ``sent``, ``waiting``, ``replaced`` or ``refused``, and the reason of a refusal."""
    g = grade_outbox.c
    query = select(g.attempt_id, g.sent_at, g.refused, g.replaced).where(g.tenant_id == tenant_id, g.attempt_id.in_(attempt_ids))
    found = {}
    for row in connection.execute(query):
        state = "sent" if row.sent_at else "refused" if row.refused else "replaced" if row.replaced else "waiting"
        found[row.attempt_id] = (state, row.refused or "")
    return found
