"""Forwarding of a tenant's statements: targets, progress, and what could not be delivered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.clock import from_microseconds
from lrs.store.statements import (
    THIN_COLUMNS,
    StoredStatement,
    load_statements,
    with_payloads,
)
from lrs.store.tables import dead_letter, forward, statement, voiding
from lrs.xapi.statement_rendering import ORD_SHIFT


@dataclass(frozen=True)
class Progress:
    """How far a target has what it is to get: everything up to ``after``, of what was stored before
    ``before`` (an ``ord``; None: of all that comes).
    """

    after: int
    before: int | None

    @property
    def reached(self) -> datetime:
        """When the last one that it has was stored."""
        return from_microseconds(self.after >> ORD_SHIFT)


@dataclass(frozen=True)
class Forward:
    """A forwarding target."""

    forward_id: int
    url: str
    key: str
    sealed_secret: str
    filter: dict[str, str]
    delivered_ord: int
    failures: int
    next_at: datetime
    last_error: str | None
    stopped: bool
    map: dict[str, Any]
    backfill_after: int | None
    backfill_before: int | None

    @property
    def backfill(self) -> Progress | None:
        """The period that it is to get, too."""
        if self.backfill_after is None:
            return None
        return Progress(self.backfill_after, self.backfill_before)


_COLUMNS = [
    forward.c[name]
    for name in (
        "forward_id",
        "url",
        "key",
        "sealed_secret",
        "filter",
        "delivered_ord",
        "failures",
        "next_at",
        "last_error",
        "stopped",
        "map",
        "backfill_after",
        "backfill_before",
    )
]


def insert_forward(
    connection: Connection,
    tenant_id: int,
    url: str,
    key: str,
    sealed_secret: str,
    filter_: dict[str, str],
    map_: dict[str, Any],
    from_ord: int,
) -> int:
    """Insert a target and return its number."""
    values: dict[str, Any] = {
        "tenant_id": tenant_id,
        "url": url,
        "key": key,
        "sealed_secret": sealed_secret,
        "filter": filter_,
        "map": map_,
        "delivered_ord": from_ord,
    }
    return int(
        connection.execute(
            insert(forward).values(values).returning(forward.c.forward_id)
        ).scalar_one()
    )


def list_forwards(connection: Connection, tenant_id: int) -> list[Forward]:
    """All targets of a tenant."""
    return [
        Forward(*row)
        for row in connection.execute(
            select(*_COLUMNS).where(forward.c.tenant_id == tenant_id).order_by(forward.c.forward_id)
        )
    ]


def lease_forward(
    connection: Connection, tenant_id: int, forward_id: int, seconds: int
) -> Forward | None:
    """Lease the target if it is due; no other job takes it for ``seconds``."""
    due = (
        forward.c.tenant_id == tenant_id,
        forward.c.forward_id == forward_id,
        ~forward.c.stopped,
        forward.c.next_at <= func.now(),
    )
    row = connection.execute(
        update(forward).where(*due).values(next_at=_seconds_from_now(seconds)).returning(*_COLUMNS)
    ).first()
    return Forward(*row) if row else None


def _seconds_from_now(seconds: float) -> Any:
    return func.now() + text("make_interval(secs => :secs)").bindparams(secs=seconds)


def record_delivery(
    connection: Connection,
    tenant_id: int,
    forward_id: int,
    progress: Progress,
    dead: Sequence[tuple[int, str]],
    lease_seconds: int,
) -> None:
    """Everything up to here has been processed; ``dead`` holds what was refused permanently, with
    the reason."""
    place = "delivered_ord" if progress.before is None else "backfill_after"
    for ord_, reason in dead:
        values = {"tenant_id": tenant_id, "forward_id": forward_id, "ord": ord_, "reason": reason}
        connection.execute(upsert(dead_letter).values(values).on_conflict_do_nothing())
    connection.execute(
        update(forward)
        .where(forward.c.tenant_id == tenant_id, forward.c.forward_id == forward_id)
        .values(
            {
                place: progress.after,
                "failures": 0,
                "last_error": None,
                "next_at": _seconds_from_now(lease_seconds),
            }
        )
    )


def begin_backfill(connection: Connection, tenant_id: int, forward_id: int, span: Progress) -> bool:
    """Have a target get a period, too; return whether it exists and has no other one to get."""
    f = forward.c
    return (
        connection.execute(
            update(forward)
            .where(f.tenant_id == tenant_id, f.forward_id == forward_id, f.backfill_after.is_(None))
            .values(backfill_after=span.after, backfill_before=span.before)
        ).rowcount
        > 0
    )


def end_backfill(connection: Connection, tenant_id: int, forward_id: int) -> None:
    """The period was sent."""
    connection.execute(
        update(forward)
        .where(forward.c.tenant_id == tenant_id, forward.c.forward_id == forward_id)
        .values(backfill_after=None, backfill_before=None)
    )


def record_delivery_failure(
    connection: Connection, tenant_id: int, forward_id: int, reason: str, wait_seconds: float
) -> None:
    """The target did not accept a batch; it is retried later."""
    where = (forward.c.tenant_id == tenant_id, forward.c.forward_id == forward_id)
    connection.execute(
        update(forward)
        .where(*where)
        .values(
            failures=forward.c.failures + 1,
            last_error=reason,
            next_at=_seconds_from_now(wait_seconds),
        )
    )


def release_forward(connection: Connection, tenant_id: int, forward_id: int) -> None:
    """Release the lease: there is nothing more to send now."""
    connection.execute(
        update(forward)
        .where(forward.c.tenant_id == tenant_id, forward.c.forward_id == forward_id)
        .values(next_at=func.now())
    )


def set_forward_stopped(
    connection: Connection, tenant_id: int, forward_id: int, stopped: bool
) -> bool:
    """Stop a target, or resume where it stopped; return whether it exists."""
    where = (forward.c.tenant_id == tenant_id, forward.c.forward_id == forward_id)
    return (
        connection.execute(
            update(forward).where(*where).values(stopped=stopped, failures=0, next_at=func.now())
        ).rowcount
        > 0
    )


def delete_forward(connection: Connection, tenant_id: int, forward_id: int) -> bool:
    """Delete a target and its dead letters; return whether it existed."""
    connection.execute(
        delete(dead_letter).where(
            dead_letter.c.tenant_id == tenant_id, dead_letter.c.forward_id == forward_id
        )
    )
    return (
        connection.execute(
            delete(forward).where(
                forward.c.tenant_id == tenant_id, forward.c.forward_id == forward_id
            )
        ).rowcount
        > 0
    )


def list_statements_after(
    connection: Connection, tenant_id: int, after: int, before: int, rows: int
) -> list[StoredStatement]:
    """Up to ``rows`` statements after ``after`` and below ``before``, voided or not, in
    order."""
    s = statement.c
    query = select(*THIN_COLUMNS).where(s.tenant_id == tenant_id, s.ord > after, s.ord < before)
    return load_statements(connection, tenant_id, query.order_by(s.ord).limit(rows))


def list_voiding(
    connection: Connection, tenant_id: int, ords: Sequence[int], *, only_earlier: bool
) -> dict[int, list[StoredStatement]]:
    """By the ``ord`` of a statement: those that void it, or of these only the ones that were stored
    before it.
    """
    s, v, voided = statement.c, voiding.c, statement.alias("voided")
    query = (
        select(*THIN_COLUMNS, voided.c.ord.label("of"))
        .join(voiding, (v.tenant_id == s.tenant_id) & (v.ord == s.ord))
        .join(voided, (voided.c.tenant_id == v.tenant_id) & (voided.c.id == v.target))
        .where(s.tenant_id == tenant_id, voided.c.ord.in_(ords))
        .order_by(s.ord)
    )
    if only_earlier:
        query = query.where(s.ord < voided.c.ord)
    result: dict[int, list[StoredStatement]] = defaultdict(list)
    voids: dict[int, int] = {}

    def find_voiding() -> Sequence[Sequence[Any]]:
        rows = connection.execute(query).all()
        voids.update((row.ord, row.of) for row in rows)
        return rows

    for item in with_payloads(connection, tenant_id, find_voiding):
        result[voids[item.ord]].append(item)
    return result


def list_dead_letters(
    connection: Connection, tenant_id: int, forward_id: int, rows: int
) -> list[tuple[StoredStatement, str]]:
    """Statements that could not be delivered, the oldest first."""
    s, d = statement.c, dead_letter.c
    query = select(*THIN_COLUMNS, d.reason).join(
        dead_letter, (d.tenant_id == s.tenant_id) & (d.ord == s.ord)
    )
    query = (
        query.where(s.tenant_id == tenant_id, d.forward_id == forward_id)
        .order_by(s.ord)
        .limit(rows)
    )
    reasons: dict[int, str] = {}

    def find_refused() -> Sequence[Sequence[Any]]:
        rows = connection.execute(query).all()
        reasons.update((row.ord, row.reason) for row in rows)
        return rows

    return [
        (item, reasons[item.ord]) for item in with_payloads(connection, tenant_id, find_refused)
    ]


def delete_dead_letter(connection: Connection, tenant_id: int, forward_id: int, ord_: int) -> None:
    """Delete a dead letter that was delivered after all."""
    d = dead_letter.c
    connection.execute(
        delete(dead_letter).where(
            d.tenant_id == tenant_id, d.forward_id == forward_id, d.ord == ord_
        )
    )
