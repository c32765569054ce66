"""Requested export files: what they contain, their progress, and where their bytes are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from analytics.store.tables import export


@dataclass(frozen=True)
class Export:
    """An export of a programme's figures. ``rows_in_all`` is None until its rows were counted;
    ``failed`` says why there is no file."""

    export_id: int
    key: str
    format: str
    programme: str
    individual: bool
    who: str
    asked_at: datetime
    rows_done: int
    rows_in_all: int | None
    finished_at: datetime | None
    failed: str | None
    manifest: dict[str, Any] | None
    sha2: str | None
    bytes: int | None
    expires_at: datetime | None


_COLUMNS = [export.c[name] for name in Export.__dataclass_fields__]


MAX_PENDING_EXPORTS = 20  # per tenant


def request_export(
    connection: Connection, tenant_id: int, values: Mapping[str, Any], now: datetime
) -> Export | None:
    """Queue an export; with a known key, return the existing one, and queue it again if it
    failed or its file has expired. None if too many are pending already."""
    e = export.c
    waits = select(func.count()).where(e.tenant_id == tenant_id, e.finished_at.is_(None))
    if connection.execute(waits).scalar_one() < MAX_PENDING_EXPORTS:
        connection.execute(
            upsert(export).values({"tenant_id": tenant_id, **values}).on_conflict_do_nothing()
        )
    over = e.failed.is_not(None) | ((e.finished_at <= now) & e.sha2.is_(None))
    fresh = {
        "finished_at": None,
        "failed": None,
        "manifest": None,
        "bytes": None,
        "expires_at": None,
        "rows_done": 0,
        "tries": 0,
        "stale": False,
    }
    connection.execute(
        update(export).where(e.tenant_id == tenant_id, e.key == values["key"], over).values(fresh)
    )
    row = connection.execute(
        select(*_COLUMNS).where(e.tenant_id == tenant_id, e.key == values["key"])
    ).first()
    return Export(*row) if row else None


def find_export(connection: Connection, tenant_id: int, export_id: int) -> Export | None:
    """Return one export, or None."""
    e = export.c
    row = connection.execute(
        select(*_COLUMNS).where(e.tenant_id == tenant_id, e.export_id == export_id)
    ).first()
    return Export(*row) if row else None


def list_exports(
    connection: Connection, tenant_id: int, individual: bool, after: int, rows: int
) -> list[Export]:
    """Exports after a cursor; without ``individual``, only those that contain groups alone."""
    e = export.c
    query = select(*_COLUMNS).where(e.tenant_id == tenant_id, e.export_id > after)
    if not individual:
        query = query.where(e.individual.is_(False))
    return [Export(*row) for row in connection.execute(query.order_by(e.export_id).limit(rows))]


def list_pending_exports(connection: Connection, tenant_id: int) -> list[Export]:
    """Pending exports: those with the fewest tries first, so that a large one does not block
    the others."""
    e = export.c
    query = (
        select(*_COLUMNS)
        .where(e.tenant_id == tenant_id, e.finished_at.is_(None))
        .order_by(e.tries, e.export_id)
        .limit(MAX_PENDING_EXPORTS)
    )
    return [Export(*row) for row in connection.execute(query)]


def start_export_attempt(connection: Connection, tenant_id: int, export_id: int) -> int | None:
    """Start another try; return how many there were before, or None if another job has finished
    it in the meantime."""
    e = export
    at = (e.c.tenant_id == tenant_id, e.c.export_id == export_id, e.c.finished_at.is_(None))
    tried = connection.execute(
        update(e)
        .where(*at)
        .values(tries=e.c.tries + 1, stale=False, rows_done=0)
        .returning(e.c.tries)
    ).scalar()
    return None if tried is None else int(tried) - 1


def finish_export(
    connection: Connection, tenant_id: int, export_id: int, values: Mapping[str, Any]
) -> bool:
    """Record the result; False if somebody whose rows it contains was erased in the meantime,
    so that it must be generated again."""
    e = export
    at = (e.c.tenant_id == tenant_id, e.c.export_id == export_id, e.c.stale.is_(False))
    return (
        connection.execute(
            update(e).where(*at).values(dict(values)).returning(e.c.export_id)
        ).first()
        is not None
    )


def update_export(
    connection: Connection, tenant_id: int, export_id: int, values: Mapping[str, Any]
) -> None:
    """Update the progress or the result."""
    connection.execute(
        update(export)
        .where(export.c.tenant_id == tenant_id, export.c.export_id == export_id)
        .values(dict(values))
    )


def discard_export_files(
    connection: Connection, tenant_id: int, now: datetime, individual: bool = False
) -> list[str]:
    """Clear the reference to the bytes of expired exports (``individual``: of all that name
    people); return their SHA-2, which the caller removes."""
    e = export
    if individual:
        unmade = (e.c.tenant_id == tenant_id, e.c.individual.is_(True), e.c.finished_at.is_(None))
        connection.execute(update(e).where(*unmade).values(stale=True, tries=0))
    ended = e.c.individual.is_(True) if individual else e.c.expires_at <= now
    removed = (
        select(e.c.export_id, e.c.sha2)
        .where(e.c.tenant_id == tenant_id, e.c.sha2.is_not(None), ended)
        .with_for_update()
        .cte("gone")
    )
    changed = (
        update(e)
        .where(e.c.tenant_id == tenant_id, e.c.export_id == removed.c.export_id)
        .values(sha2=None, expires_at=now)
        .returning(removed.c.sha2)
    )
    result = set(connection.execute(changed).scalars())
    still_used = set(
        connection.execute(
            select(e.c.sha2).where(e.c.tenant_id == tenant_id, e.c.sha2.in_(result))
        ).scalars()
    )
    return sorted(result - still_used)
