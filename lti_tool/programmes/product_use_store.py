"""Who used the tool, and who viewed figures: one row per day."""

from __future__ import annotations

import uuid
from datetime import date

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.tables.programmes import presence


def insert_presence(
    connection: Connection,
    tenant_id: int,
    person_id: uuid.UUID,
    programme: str,
    what: str,
    day: date,
) -> bool:
    """Record it; False if it is already recorded for this day."""
    row = upsert(presence).values(
        tenant_id=tenant_id, person_id=person_id, programme=programme, what=what, day=day
    )
    return (
        connection.execute(row.on_conflict_do_nothing().returning(presence.c.day)).first()
        is not None
    )


def find_programme_title(
    connection: Connection, tenant_id: int, programme: str
) -> tuple[str, int] | None:
    """(title, newest version) of a programme; None if nothing is published. Does not load the
    document."""
    query = (
        "SELECT document->>'title' AS title, version FROM lti_tool.programme_version WHERE "
        "tenant_id = :tenant AND key = :key"
    )
    row = connection.execute(
        text(f"{query} ORDER BY version DESC LIMIT 1"), {"tenant": tenant_id, "key": programme}
    ).first()
    return (row.title, row.version) if row else None
