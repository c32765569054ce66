"""Programme drafts, as their authors edit them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.name_order import sort_key
from lti_tool.tables.programmes import episode, programme_draft, programme_version


@dataclass(frozen=True)
class Draft:
    """A draft; ``revision`` increases with each change."""

    key: str
    document: dict[str, Any]
    revision: int
    saved_at: datetime
    saved_by: str
    archived_at: datetime | None


@dataclass(frozen=True)
class ProgrammeSummary:
    """One line in the list of programmes: title, newest published version (0: none), number of
    people, whether it is archived."""

    key: str
    title: str
    version: int
    people: int
    archived: bool


def find_draft(connection: Connection, tenant_id: int, key: str) -> Draft | None:
    """The draft of a programme."""
    d = programme_draft.c
    query = select(*(d[name] for name in Draft.__dataclass_fields__)).where(
        d.tenant_id == tenant_id, d.key == key
    )
    row = connection.execute(query).first()
    return Draft(**row._mapping) if row else None


def insert_draft(
    connection: Connection,
    tenant_id: int,
    key: str,
    document: dict[str, Any],
    at: datetime,
    who: str,
) -> bool:
    """Insert the first draft; False if one with this key exists."""
    row = {
        "tenant_id": tenant_id,
        "key": key,
        "document": document,
        "revision": 1,
        "saved_at": at,
        "saved_by": who,
    }
    created = (
        upsert(programme_draft)
        .values(**row)
        .on_conflict_do_nothing()
        .returning(programme_draft.c.key)
    )
    return connection.execute(created).first() is not None


def update_draft(
    connection: Connection,
    tenant_id: int,
    key: str,
    document: dict[str, Any],
    revision: int,
    at: datetime,
    who: str,
) -> bool:
    """Replace the document of ``revision`` by a changed one; False if somebody else saved
    first."""
    d = programme_draft.c
    own = (d.tenant_id == tenant_id) & (d.key == key) & (d.revision == revision)
    values = {"document": document, "revision": revision + 1, "saved_at": at, "saved_by": who}
    return connection.execute(update(programme_draft).where(own).values(**values)).rowcount == 1


def set_draft_archived(
    connection: Connection, tenant_id: int, key: str, at: datetime | None
) -> None:
    """Archive a programme (nobody new can start it), or restore it if ``at`` is None."""
    d = programme_draft.c
    connection.execute(
        update(programme_draft).where(d.tenant_id == tenant_id, d.key == key).values(archived_at=at)
    )


def list_programme_summaries(connection: Connection, tenant_id: int) -> list[ProgrammeSummary]:
    """All programmes, by title."""
    d, v, e = programme_draft.c, programme_version.c, episode.c
    newest = {
        row.key: (row.version, row.title)
        for row in connection.execute(
            select(v.key, v.version, v.document["title"].astext.label("title"))
            .where(v.tenant_id == tenant_id)
            .order_by(v.key, v.version)
        )
    }
    people = {
        row[0]: row[1]
        for row in connection.execute(
            select(e.programme, func.count()).where(e.tenant_id == tenant_id).group_by(e.programme)
        )
    }
    drafted = {
        row.key: (row.title, row.archived_at is not None)
        for row in connection.execute(
            select(d.key, d.document["title"].astext.label("title"), d.archived_at).where(
                d.tenant_id == tenant_id
            )
        )
    }
    result = [
        ProgrammeSummary(
            key,
            drafted.get(key, (newest.get(key, (0, ""))[1], False))[0],
            newest.get(key, (0, ""))[0],
            people.get(key, 0),
            drafted.get(key, ("", False))[1],
        )
        for key in {*newest, *drafted}
    ]
    return sorted(result, key=lambda item: (item.archived, sort_key(item.title), item.key))


def list_archived_keys(connection: Connection, tenant_id: int) -> set[str]:
    """Keys of archived programmes."""
    d = programme_draft.c
    return set(
        connection.execute(
            select(d.key).where(d.tenant_id == tenant_id, d.archived_at.is_not(None))
        ).scalars()
    )
