"""Uploaded files that await confirmation: their effect was previewed, and is applied once
somebody confirms."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from lti_tool.tables.base import upload


def insert_upload(
    connection: Connection, tenant_id: int, purpose: str, name: str, content: bytes
) -> uuid.UUID:
    """Store a file; returns its id."""
    created = uuid.uuid4()
    connection.execute(
        insert(upload).values(
            id=created, tenant_id=tenant_id, purpose=purpose, name=name, content=content
        )
    )
    return created


def find_upload(
    connection: Connection, tenant_id: int, purpose: str, upload_id: uuid.UUID
) -> tuple[str, bytes] | None:
    """(name, content) of a file that was uploaded for this purpose."""
    u = upload.c
    row = connection.execute(
        select(u.name, u.content).where(
            u.tenant_id == tenant_id, u.id == upload_id, u.purpose == purpose
        )
    ).first()
    return (row.name, bytes(row.content)) if row else None


def delete_upload(connection: Connection, tenant_id: int, upload_id: uuid.UUID) -> None:
    """Delete an upload after it was applied."""
    connection.execute(
        delete(upload).where(upload.c.tenant_id == tenant_id, upload.c.id == upload_id)
    )


def delete_old_uploads(connection: Connection, tenant_id: int, before: datetime) -> None:
    """Delete uploads older than ``before``."""
    connection.execute(
        delete(upload).where(upload.c.tenant_id == tenant_id, upload.c.created_at < before)
    )
