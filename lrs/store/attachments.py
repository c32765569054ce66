"""Which attachments a tenant has and which statements reference them; their bytes are in
:mod:`core.blob_store`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from lrs.store.tables import attachment, statement_attachment

UPLOAD_GRACE_MINUTES = 10  # longer than any request takes
_INSERT_LINKS = text(
    """
    INSERT INTO lrs.statement_attachment (tenant_id, ord, sha2)
    SELECT :tenant, r.ord, r.sha2 FROM unnest(CAST(:ords AS bigint[]), CAST(:hashes AS text[]))
      AS r(ord, sha2) ON CONFLICT DO NOTHING
    """
)


def sum_attachment_bytes(connection: Connection, tenant_id: int) -> int:
    """Total bytes of a tenant's attachments."""
    return int(
        connection.execute(
            select(func.coalesce(func.sum(attachment.c.bytes), 0)).where(
                attachment.c.tenant_id == tenant_id
            )
        ).scalar_one()
    )


def record_attachments(
    connection: Connection, tenant_id: int, arrived: Sequence[tuple[str, int]]
) -> None:
    """Record the (sha2, bytes) of stored attachments."""
    for sha2, size in sorted(set(arrived)):
        created = upsert(attachment).values(tenant_id=tenant_id, sha2=sha2, bytes=size)
        connection.execute(
            created.on_conflict_do_update(
                index_elements=["tenant_id", "sha2"], set_={"created_at": func.now()}
            )
        )


def delete_abandoned_attachments(connection: Connection, tenant_id: int) -> list[str]:
    """Delete the rows of attachments uploaded more than a day ago that no statement references;
    return the SHA-2 of each."""
    named = select(statement_attachment.c.sha2).where(statement_attachment.c.tenant_id == tenant_id)
    old = attachment.c.created_at < func.now() - timedelta(days=1)
    removed = delete(attachment).where(
        attachment.c.tenant_id == tenant_id, old, attachment.c.sha2.not_in(named)
    )
    return list(connection.execute(removed.returning(attachment.c.sha2)).scalars())


def link_attachments(
    connection: Connection, tenant_id: int, named: Sequence[tuple[int, str]]
) -> None:
    """Record which statement (``ord``) references which attachment."""
    if named:
        rows = {
            "tenant": tenant_id,
            "ords": [ord_ for ord_, _ in named],
            "hashes": [sha2 for _, sha2 in named],
        }
        connection.execute(_INSERT_LINKS, rows)


def list_attachment_hashes(
    connection: Connection, tenant_id: int, ords: Sequence[int]
) -> list[str]:
    """Return the SHA-2 of every stored attachment that one of these statements references."""
    names = select(statement_attachment.c.sha2).where(
        statement_attachment.c.tenant_id == tenant_id, statement_attachment.c.ord.in_(ords)
    )
    query = (
        select(attachment.c.sha2)
        .where(attachment.c.tenant_id == tenant_id, attachment.c.sha2.in_(names))
        .order_by(attachment.c.sha2)
    )
    return list(connection.execute(query).scalars())


def delete_unlinked_attachments(
    connection: Connection, tenant_id: int, candidates: Sequence[str]
) -> list[str]:
    """Delete the rows of those ``candidates`` that no statement references any more and return
    them; the caller removes their bytes."""
    named = select(statement_attachment.c.sha2).where(
        statement_attachment.c.tenant_id == tenant_id, statement_attachment.c.sha2.in_(candidates)
    )
    # An attachment uploaded in the last minutes may belong to a statement that is being stored
    # now; the daily sweep checks it again.
    settled = attachment.c.created_at < func.now() - timedelta(minutes=UPLOAD_GRACE_MINUTES)
    removed = delete(attachment).where(
        attachment.c.tenant_id == tenant_id,
        attachment.c.sha2.in_(candidates),
        attachment.c.sha2.not_in(named),
        settled,
    )
    return list(connection.execute(removed.returning(attachment.c.sha2)).scalars())
