"""The outbox of statements for the record store, and the backlog of both outboxes (grades have
a module of their own).

A row is written in the transaction of its act. A sender leases rows (by moving their next try
ahead), makes its HTTP calls outside any transaction, then settles them; if it dies in between,
the lease expires and the row is sent again, which is harmless.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, Engine, delete, func, insert, text, update

from core.queue import Job
from lti_tool.tables.base import statement_outbox

SEND_STATEMENTS = Job("lti_tool.worker.send_statements", interval_seconds=5)
SEND_GRADES = Job("lti_tool.worker.send_grades", interval_seconds=5)

LEASE_TIME = timedelta(seconds=120)  # longer than a run of the sender including its last call


@dataclass(frozen=True)
class LeasedStatement:
    """A statement leased from the outbox."""

    id: int
    payload: bytes
    tries: int


def insert_statements(
    connection: Connection, tenant_id: int, statements: Sequence[tuple[uuid.UUID, bytes]]
) -> None:
    """Enqueue statements as final bytes."""
    connection.execute(
        insert(statement_outbox),
        [
            {"tenant_id": tenant_id, "statement_id": id_, "payload": payload}
            for id_, payload in statements
        ],
    )


def list_tenants_with_outbox(engine: Engine) -> list[int]:
    """Ids of tenants with something to send."""
    with engine.connect() as connection:
        return list(
            connection.execute(text("SELECT * FROM lti_tool.tenants_with_outbox()")).scalars()
        )


def count_backlog(engine: Engine) -> tuple[int, int, int]:
    """Over all tenants: waiting statements, waiting grades, rows refused for good."""
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM lti_tool.outbox_backlog()")).one()
    return row.statements, row.grades, row.refused


def lease_statements(connection: Connection, tenant_id: int, rows: int) -> list[LeasedStatement]:
    """Lease up to ``rows`` due statements, oldest first."""
    statement = text(
        """
        WITH k AS MATERIALIZED (
          SELECT id FROM lti_tool.statement_outbox WHERE tenant_id = :tenant
            AND refused IS NULL AND next_try_at <= now()
          ORDER BY id LIMIT :rows FOR UPDATE SKIP LOCKED
        )
        UPDATE lti_tool.statement_outbox o SET next_try_at = now() + :lease, tries = o.tries + 1
        FROM k WHERE o.tenant_id = :tenant AND o.id = k.id RETURNING o.id, o.payload, o.tries
        """
    )
    result = connection.execute(statement, {"tenant": tenant_id, "rows": rows, "lease": LEASE_TIME})
    return sorted((LeasedStatement(**row._mapping) for row in result), key=lambda row: row.id)


def delete_sent_statements(connection: Connection, tenant_id: int, ids: Sequence[int]) -> None:
    """Delete statements that the record store has accepted."""
    s = statement_outbox.c
    connection.execute(delete(statement_outbox).where(s.tenant_id == tenant_id, s.id.in_(ids)))


def mark_statement_refused(connection: Connection, tenant_id: int, id_: int, reason: str) -> None:
    """Mark a statement as refused for good; the reason is kept."""
    s = statement_outbox.c
    connection.execute(
        update(statement_outbox).where(s.tenant_id == tenant_id, s.id == id_).values(refused=reason)
    )


def reschedule_statements(
    connection: Connection, tenant_id: int, ids: Sequence[int], wait: timedelta
) -> None:
    """Retry after ``wait``."""
    s = statement_outbox.c
    connection.execute(
        update(statement_outbox)
        .where(s.tenant_id == tenant_id, s.id.in_(ids))
        .values(next_try_at=func.now() + wait)
    )
