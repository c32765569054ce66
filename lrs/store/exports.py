"""Files that were asked for: what they hold, how far they are, where their bytes are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lrs.store.tables import export


@dataclass(frozen=True)
class Export:
    """A file of a programme's figures. ``rows_in_all`` is None until its rows were counted; ``failed`` says why there is none."""

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


def ask(connection: Connection, tenant_id: int, values: Mapping[str, Any]) -> Export:
    """Put it on the list; under a key that is there already, the one that is there."""
    connection.execute(upsert(export).values({"tenant_id": tenant_id, **values}).on_conflict_do_nothing())
    e = export.c
    return Export(*connection.execute(select(*_COLUMNS).where(e.tenant_id == tenant_id, e.key == values["key"])).one())


def find(connection: Connection, tenant_id: int, export_id: int) -> Export | None:
    """One, or None."""
    e = export.c
    row = connection.execute(select(*_COLUMNS).where(e.tenant_id == tenant_id, e.export_id == export_id)).first()
    return Export(*row) if row else None


def listed(connection: Connection, tenant_id: int, individual: bool, after: int, rows: int) -> list[Export]:
    """Those beyond a number; without ``individual``, those of groups alone."""
    e = export.c
    query = select(*_COLUMNS).where(e.tenant_id == tenant_id, e.export_id > after)
    if not individual:
        query = query.where(e.individual.is_(False))
    return [Export(*row) for row in connection.execute(query.order_by(e.export_id).limit(rows))]


def waiting(connection: Connection, tenant_id: int) -> list[Export]:
    """Those that are not made yet, the earliest first."""
    e = export.c
    query = select(*_COLUMNS).where(e.tenant_id == tenant_id, e.finished_at.is_(None)).order_by(e.export_id).limit(100)
    return [Export(*row) for row in connection.execute(query)]


def alone(connection: Connection, tenant_id: int, export_id: int) -> bool:
    """Whether nobody else makes it now; until the transaction ends."""
    return bool(connection.execute(select(func.pg_try_advisory_xact_lock(_NUMBER, func.hashtext(f"{tenant_id} {export_id}")))).scalar())


_NUMBER = 7_274_013  # of the lock: arbitrary, and ours


def change(connection: Connection, tenant_id: int, export_id: int, values: Mapping[str, Any]) -> None:
    """How far it is, or how it ended."""
    connection.execute(update(export).where(export.c.tenant_id == tenant_id, export.c.export_id == export_id).values(dict(values)))


def let_go(connection: Connection, tenant_id: int, now: datetime, individual: bool = False) -> list[str]:
    """Forget the bytes of what has expired (``individual``: of all that name people); their SHA-2, which the caller removes."""
    e = export
    ended = e.c.individual.is_(True) if individual else e.c.expires_at <= now
    gone = select(e.c.export_id, e.c.sha2).where(e.c.tenant_id == tenant_id, e.c.sha2.is_not(None), ended).with_for_update().cte("gone")
    changed = update(e).where(e.c.tenant_id == tenant_id, e.c.export_id == gone.c.export_id).values(sha2=None, expires_at=now).returning(gone.c.sha2)
    found = set(connection.execute(changed).scalars())
    held = set(connection.execute(select(e.c.sha2).where(e.c.tenant_id == tenant_id, e.c.sha2.in_(found))).scalars())
    return sorted(found - held)
