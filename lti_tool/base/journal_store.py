"""Logs for administrators: launches with the reason of each refusal, and the audit record of
changes; also administration sessions. Never stores a secret in clear."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select, text, update

from lti_tool.tables.base import admin_session, audit, launch_log


@dataclass(frozen=True)
class LaunchLogEntry:
    """A launch: accepted, or refused with the reason shown to the person and the detail for the
    log."""

    at: datetime
    taken: bool
    message: str
    role: str
    deployment_id: str
    reason: str
    detail: str


@dataclass(frozen=True)
class AuditEntry:
    """An audited act."""

    audit_id: int
    at: datetime
    who: str
    act: str
    details: dict[str, Any]


def log_launch(
    connection: Connection, tenant_id: int, registration_id: int, entry: LaunchLogEntry
) -> None:
    """Log a launch."""
    connection.execute(
        insert(launch_log).values(
            tenant_id=tenant_id, registration_id=registration_id, **vars(entry)
        )
    )


def list_logged_launches(
    connection: Connection, tenant_id: int, registration_id: int, rows: int
) -> list[LaunchLogEntry]:
    """The latest launches of a platform."""
    c = launch_log.c
    query = select(*(c[name] for name in LaunchLogEntry.__dataclass_fields__)).where(
        c.tenant_id == tenant_id, c.registration_id == registration_id
    )
    return [
        LaunchLogEntry(*row) for row in connection.execute(query.order_by(c.id.desc()).limit(rows))
    ]


def prune_launch_log(connection: Connection, tenant_id: int, before: datetime) -> int:
    """Delete entries older than ``before``; returns how many."""
    return connection.execute(
        delete(launch_log).where(launch_log.c.tenant_id == tenant_id, launch_log.c.at < before)
    ).rowcount


def find_latest_act(
    connection: Connection, tenant_id: int, act: str, details: Mapping[str, str]
) -> AuditEntry | None:
    """The latest act of this name whose details contain these; None if there is none."""
    c = audit.c
    query = select(*(c[name] for name in AuditEntry.__dataclass_fields__)).where(
        c.tenant_id == tenant_id, c.act == act, c.details.contains(details)
    )
    row = connection.execute(query.order_by(c.audit_id.desc()).limit(1)).first()
    return AuditEntry(*row) if row else None


def list_acts(connection: Connection, tenant_id: int, act: str, rows: int) -> list[AuditEntry]:
    """The latest acts of this name."""
    c = audit.c
    query = select(*(c[name] for name in AuditEntry.__dataclass_fields__)).where(
        c.tenant_id == tenant_id, c.act == act
    )
    return [
        AuditEntry(*row)
        for row in connection.execute(query.order_by(c.audit_id.desc()).limit(rows))
    ]


def insert_audit_entry(
    connection: Connection, tenant_id: int, who: str, act: str, details: Mapping[str, Any]
) -> None:
    """Record an act, in the same transaction as the act itself."""
    connection.execute(
        insert(audit).values(tenant_id=tenant_id, who=who, act=act, details=dict(details))
    )


def list_audit_entries(
    connection: Connection, tenant_id: int, rows: int, before: int | None = None
) -> list[AuditEntry]:
    """The latest acts, or those before a given one."""
    a = audit.c
    query = select(a.audit_id, a.at, a.who, a.act, a.details).where(a.tenant_id == tenant_id)
    if before is not None:
        query = query.where(a.audit_id < before)
    return [
        AuditEntry(*row)
        for row in connection.execute(query.order_by(a.audit_id.desc()).limit(rows))
    ]


def insert_admin_link(
    connection: Connection,
    tenant_id: int,
    link_id: uuid.UUID,
    who: str,
    link_hash: bytes,
    expires_at: datetime,
) -> None:
    """Insert a one-time link to the administration."""
    row = {
        "id": link_id,
        "tenant_id": tenant_id,
        "who": who,
        "link_hash": link_hash,
        "expires_at": expires_at,
    }
    connection.execute(insert(admin_session).values(**row))


def find_admin_link(engine: Engine, link_hash: bytes) -> tuple[uuid.UUID, int] | None:
    """(session, tenant) of an unused, unexpired link."""
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT * FROM lti_tool.find_admin_link(:link)"), {"link": link_hash}
        ).first()
    return (row.id, row.tenant_id) if row else None


def redeem_admin_link(
    connection: Connection,
    tenant_id: int,
    session_id: uuid.UUID,
    secret_hash: bytes,
    expires_at: datetime,
) -> bool:
    """Turn a link into a session, once."""
    a = admin_session.c
    unused = (a.tenant_id == tenant_id) & (a.id == session_id) & a.link_hash.is_not(None)
    values = {"link_hash": None, "secret_hash": secret_hash, "expires_at": expires_at}
    return connection.execute(update(admin_session).where(unused).values(**values)).rowcount == 1


def delete_admin_session(connection: Connection, tenant_id: int, session_id: uuid.UUID) -> None:
    """End a session."""
    connection.execute(
        delete(admin_session).where(
            admin_session.c.tenant_id == tenant_id, admin_session.c.id == session_id
        )
    )


def find_admin_session(engine: Engine, session_id: uuid.UUID) -> tuple[int, str, bytes] | None:
    """(tenant, who, secret hash) of an active administration session."""
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT * FROM lti_tool.find_admin_session(:id)"), {"id": session_id}
        ).first()
    return (row.tenant_id, row.who, bytes(row.secret_hash)) if row else None


def delete_expired_admins(connection: Connection, tenant_id: int, now: datetime) -> None:
    """Delete expired sessions and links."""
    connection.execute(
        delete(admin_session).where(
            admin_session.c.tenant_id == tenant_id, admin_session.c.expires_at < now
        )
    )
