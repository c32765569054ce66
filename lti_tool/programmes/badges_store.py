"""Badges that let their holders start a programme."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.tables.programmes import accepted_badge


def list_accepted_badges(connection: Connection, tenant_id: int, programme: str) -> list[str]:
    """Badges that the programme accepts."""
    b = accepted_badge.c
    return list(
        connection.execute(
            select(b.badge)
            .where(b.tenant_id == tenant_id, b.programme == programme)
            .order_by(b.badge)
        ).scalars()
    )


def insert_accepted_badge(
    connection: Connection, tenant_id: int, programme: str, badge: str
) -> None:
    """Accept a badge for the programme."""
    connection.execute(
        upsert(accepted_badge)
        .values(tenant_id=tenant_id, programme=programme, badge=badge)
        .on_conflict_do_nothing()
    )


def delete_accepted_badge(
    connection: Connection, tenant_id: int, programme: str, badge: str
) -> None:
    """Stop accepting a badge."""
    b = accepted_badge.c
    connection.execute(
        delete(accepted_badge).where(
            b.tenant_id == tenant_id, b.programme == programme, b.badge == badge
        )
    )
