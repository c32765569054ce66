"""The audit log: who did what to a tenant's data. Append-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from lrs.store.tables import audit


@dataclass(frozen=True)
class AuditEntry:
    """One audited action."""

    audit_id: int
    at: datetime
    who: str
    act: str
    details: dict[str, Any]


def insert_audit_entry(
    connection: Connection, tenant_id: int, who: str, act: str, details: Mapping[str, Any]
) -> None:
    """Record an action in the same transaction as the action itself."""
    connection.execute(
        insert(audit).values(tenant_id=tenant_id, who=who, act=act, details=dict(details))
    )


def list_audit_entries(
    connection: Connection, tenant_id: int, rows: int, before: int | None = None
) -> list[AuditEntry]:
    """The latest entries, or those before ``before``."""
    a = audit.c
    query = select(a.audit_id, a.at, a.who, a.act, a.details).where(a.tenant_id == tenant_id)
    if before is not None:
        query = query.where(a.audit_id < before)
    return [
        AuditEntry(*row)
        for row in connection.execute(query.order_by(a.audit_id.desc()).limit(rows))
    ]
