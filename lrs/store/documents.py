"""Storage of documents. One document is written by one request at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from lrs.store.tables import document
from lrs.xapi.documents import DocumentKey


@dataclass(frozen=True)
class Document:
    """A stored document."""

    content_type: str
    etag: str
    updated_at: datetime
    body: bytes


def lock_document(connection: Connection, tenant_id: int, place: DocumentKey) -> None:
    """Lock this document until the transaction ends: no other request writes it. (A row that
    does not exist yet cannot be locked.)"""
    key = int.from_bytes(place.place[:4], "big", signed=True)
    connection.execute(
        text("SELECT pg_advisory_xact_lock(:tenant, :key)"), {"tenant": -tenant_id, "key": key}
    )


def find_document(connection: Connection, tenant_id: int, place: DocumentKey) -> Document | None:
    """Return the document at this place, or None."""
    d = document
    row = connection.execute(
        select(d.c.content_type, d.c.etag, d.c.updated_at, d.c.body).where(
            d.c.tenant_id == tenant_id, d.c.place == place.place
        )
    ).first()
    return Document(row.content_type, row.etag, row.updated_at, row.body) if row else None


def upsert_document(
    connection: Connection,
    tenant_id: int,
    place: DocumentKey,
    content_type: str,
    etag: str,
    body: bytes,
) -> None:
    """Insert or replace the document."""
    contents = {
        "content_type": content_type,
        "etag": etag,
        "body": body,
        "updated_at": func.clock_timestamp(),
    }
    row = {
        "tenant_id": tenant_id,
        "place": place.place,
        "context": place.context,
        "kind": place.kind.name,
        "activity": place.activity,
        "agent": place.agent,
        "agent_key": place.agent_key,
        "registration": place.registration,
        "document_id": place.document_id,
    }
    statement = upsert(document).values(**row, **contents)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "place"], set_=contents)
    )


def list_document_ids(
    connection: Connection, tenant_id: int, place: DocumentKey, since: datetime | None
) -> tuple[list[str], datetime | None]:
    """Return the ids of a set that were written after ``since`` (exclusive, to the millisecond
    that readers see), and the time of the last write."""
    d = document
    query = (
        select(d.c.document_id, func.max(d.c.updated_at))
        .where(*_set_conditions(tenant_id, place))
        .group_by(d.c.document_id)
    )
    if since is not None:
        query = query.having(func.date_trunc("milliseconds", func.max(d.c.updated_at)) > since)
    rows: Sequence[tuple[str, datetime]] = [
        (row[0], row[1]) for row in connection.execute(query.order_by(d.c.document_id))
    ]
    return [row[0] for row in rows], max((row[1] for row in rows), default=None)


def delete_documents(connection: Connection, tenant_id: int, place: DocumentKey) -> None:
    """Remove one document, or a whole set."""
    if place.document_id is not None:
        connection.execute(
            delete(document).where(
                document.c.tenant_id == tenant_id, document.c.place == place.place
            )
        )
    else:
        connection.execute(delete(document).where(*_set_conditions(tenant_id, place)))


def _set_conditions(tenant_id: int, place: DocumentKey) -> list[ColumnElement[bool]]:
    d = document
    result: list[ColumnElement[bool]] = [d.c.tenant_id == tenant_id, d.c.context == place.context]
    if place.registration is not None:
        result.append(d.c.registration == place.registration)
    return result
