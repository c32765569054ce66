"""Pictures of questions: keyed by the digest of their bytes, stored once per tenant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from adapters.questions.models import Picture
from lti_tool.tables.programmes import picture


def insert_pictures(connection: Connection, tenant_id: int, pictures: Iterable[Picture]) -> None:
    """Insert pictures; existing ones are left unchanged."""
    for item in pictures:
        row = upsert(picture).values(
            tenant_id=tenant_id,
            digest=item.digest,
            media_type=item.media_type,
            content=item.content,
        )
        connection.execute(row.on_conflict_do_nothing())


def find_picture(connection: Connection, tenant_id: int, digest: str) -> Picture | None:
    """A picture by its digest, if it exists."""
    return next(iter(pictures_by_digest(connection, tenant_id, [digest]).values()), None)


def pictures_by_digest(
    connection: Connection, tenant_id: int, digests: Sequence[str]
) -> dict[str, Picture]:
    """Digest → picture; digests without a picture are left out."""
    p = picture.c
    query = select(p.digest, p.media_type, p.content).where(
        p.tenant_id == tenant_id, p.digest.in_(digests)
    )
    return {
        row.digest: Picture(row.digest, row.media_type, bytes(row.content))
        for row in connection.execute(query)
    }
