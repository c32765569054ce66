"""Progress of an import."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lrs.store.tables import import_run


@dataclass
class ImportRun:
    """Where to resume, and the counts so far: new statements, known ones, rejected lines."""

    position: str = ""
    stored: int = 0
    known: int = 0
    refused: int = 0
    lines: int = 0
    finished: bool = False


def find_import_run(connection: Connection, tenant_id: int, source: str) -> ImportRun | None:
    """Return the run of a source, or None."""
    r = import_run.c
    query = select(r.position, r.stored, r.known, r.refused, r.lines, r.finished).where(
        r.tenant_id == tenant_id, r.source == source
    )
    row = connection.execute(query).first()
    return ImportRun(*row) if row else None


def upsert_import_run(connection: Connection, tenant_id: int, source: str, run: ImportRun) -> None:
    """Store the progress."""
    values = {**vars(run), "updated_at": func.now()}
    created = upsert(import_run).values(tenant_id=tenant_id, source=source, **values)
    connection.execute(
        created.on_conflict_do_update(index_elements=["tenant_id", "source"], set_=values)
    )
