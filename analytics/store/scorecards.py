"""Reference values and weights of scorecards: versioned, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from analytics.store.tables import scorecard


def find_latest_scorecard(
    connection: Connection, tenant_id: int, programme: str
) -> tuple[int, list[dict[str, Any]], str, datetime] | None:
    """(version, lines, who, when) of a programme, or None if nobody decided anything."""
    s = scorecard.c
    query = (
        select(s.version, s.lines, s.who, s.at)
        .where(s.tenant_id == tenant_id, s.programme == programme)
        .order_by(s.version.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return (row.version, row.lines, row.who, row.at) if row else None


def insert_scorecard(
    connection: Connection, tenant_id: int, programme: str, lines: list[dict[str, Any]], who: str
) -> int:
    """Insert the next version. Of two concurrent writers, the later one fails on its version
    number and is sent again."""
    s = scorecard.c
    latest = connection.execute(
        select(func.max(s.version)).where(s.tenant_id == tenant_id, s.programme == programme)
    ).scalar()
    version = (latest or 0) + 1
    connection.execute(
        insert(scorecard).values(
            tenant_id=tenant_id, programme=programme, version=version, lines=lines, who=who
        )
    )
    return version
