"""Automatic sources of certifications: gradebook columns and activities in the record store."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.queue import LONG_QUEUE, Job
from lti_tool.tables.people import identity
from lti_tool.tables.programmes import certifying_column, statement_source

READ_CERTIFICATIONS = Job("lti_tool.worker.read_beginnings", interval_seconds=60, queue=LONG_QUEUE)
LEASE_TIME = timedelta(minutes=15)  # longer than one run of the job


@dataclass(frozen=True)
class CertifyingColumn:
    """A gradebook column in which a grade of at least ``share`` of its maximum records a
    certification."""

    course_id: uuid.UUID
    programme: str
    registration_id: int
    url: str
    share: float
    begun: int
    trouble: str


@dataclass(frozen=True)
class StatementSource:
    """An activity whose "certified", "earned", "achieved" and "completed" statements record a
    certification. ``since``: verb → the timestamp from which to read next.

    ``home_page``: accounts of this home page use the ids of the list as names; empty if there
    is none.
    """

    programme: str
    activity: str
    home_page: str
    since: dict[str, str]
    begun: int
    unmatched: int
    trouble: str


_COLUMN_FIELDS = tuple(certifying_column.c[name] for name in CertifyingColumn.__dataclass_fields__)
_SOURCE_FIELDS = tuple(statement_source.c[name] for name in StatementSource.__dataclass_fields__)


def find_certifying_column(
    connection: Connection, tenant_id: int, course_id: uuid.UUID, programme: str
) -> CertifyingColumn | None:
    """The column of a course that certifies for a programme, if any."""
    c = certifying_column.c
    row = connection.execute(
        select(*_COLUMN_FIELDS).where(
            c.tenant_id == tenant_id, c.course_id == course_id, c.programme == programme
        )
    ).first()
    return CertifyingColumn(**row._mapping) if row else None


def upsert_certifying_column(
    connection: Connection, tenant_id: int, values: Mapping[str, Any]
) -> None:
    """Let a column certify from now on; a new share replaces the previous one."""
    row = upsert(certifying_column).values(tenant_id=tenant_id, **values)
    changed = {
        "url": row.excluded.url,
        "share": row.excluded.share,
        "due_at": row.excluded.due_at,
        "trouble": "",
    }
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["tenant_id", "course_id", "programme"], set_=changed
        )
    )


def delete_certifying_column(
    connection: Connection, tenant_id: int, course_id: uuid.UUID, programme: str
) -> None:
    """Stop using the column for certifications; the column itself stays in the gradebook."""
    c = certifying_column.c
    connection.execute(
        delete(certifying_column).where(
            c.tenant_id == tenant_id, c.course_id == course_id, c.programme == programme
        )
    )


def has_due_sources(connection: Connection, tenant_id: int, now: datetime) -> bool:
    """Whether a column or an activity is to be read."""
    due = [
        select(table.c.due_at).where(table.c.tenant_id == tenant_id, table.c.due_at <= now).exists()
        for table in (certifying_column, statement_source)
    ]
    return bool(connection.execute(select(or_(*due))).scalar())


def lease_certifying_column(
    connection: Connection, tenant_id: int, now: datetime
) -> CertifyingColumn | None:
    """Lease the column that has been due longest, so that no other worker takes it for a while."""
    c = certifying_column.c
    query = (
        select(*_COLUMN_FIELDS)
        .where(c.tenant_id == tenant_id, c.due_at <= now)
        .order_by(c.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    result = CertifyingColumn(**row._mapping)
    _update_certifying_column(connection, tenant_id, result, {"due_at": now + LEASE_TIME})
    return result


def record_column_read(
    connection: Connection,
    tenant_id: int,
    column: CertifyingColumn,
    due_at: datetime,
    begun: int,
    trouble: str,
) -> None:
    """Record the result of reading a column and when to read it next."""
    _update_certifying_column(
        connection,
        tenant_id,
        column,
        {"due_at": due_at, "begun": certifying_column.c.begun + begun, "trouble": trouble},
    )


def _update_certifying_column(
    connection: Connection, tenant_id: int, column: CertifyingColumn, values: Mapping[str, Any]
) -> None:
    c = certifying_column.c
    own = (
        (c.tenant_id == tenant_id)
        & (c.course_id == column.course_id)
        & (c.programme == column.programme)
    )
    connection.execute(update(certifying_column).where(own).values(**values))


def person_ids_by_subject(
    connection: Connection, tenant_id: int, registration_id: int, subjects: Sequence[str]
) -> dict[str, uuid.UUID]:
    """Subject → person id, for users of one platform."""
    i = identity.c
    query = select(i.subject, i.person_id).where(
        i.tenant_id == tenant_id, i.registration_id == registration_id, i.subject.in_(subjects)
    )
    return {row.subject: row.person_id for row in connection.execute(query)}


def list_statement_sources(
    connection: Connection, tenant_id: int, programme: str
) -> list[StatementSource]:
    """The activities whose statements start a programme."""
    s = statement_source.c
    query = (
        select(*_SOURCE_FIELDS)
        .where(s.tenant_id == tenant_id, s.programme == programme)
        .order_by(s.activity)
    )
    return [StatementSource(**row._mapping) for row in connection.execute(query)]


def upsert_statement_source(
    connection: Connection, tenant_id: int, programme: str, activity: str, home_page: str
) -> None:
    """Add an activity that starts a programme; one that is already there is read again from its
    beginning."""
    row = upsert(statement_source).values(
        tenant_id=tenant_id, programme=programme, activity=activity, home_page=home_page, since={}
    )
    again = {
        "home_page": home_page,
        "since": {},
        "due_at": row.excluded.due_at,
        "unmatched": 0,
        "trouble": "",
    }
    connection.execute(
        row.on_conflict_do_update(index_elements=["tenant_id", "programme", "activity"], set_=again)
    )


def delete_statement_source(
    connection: Connection, tenant_id: int, programme: str, activity: str
) -> None:
    """Delete the activity: its statements no longer start the programme."""
    s = statement_source.c
    connection.execute(
        delete(statement_source).where(
            s.tenant_id == tenant_id, s.programme == programme, s.activity == activity
        )
    )


def lease_statement_source(
    connection: Connection, tenant_id: int, now: datetime
) -> StatementSource | None:
    """Lease the activity that has been due longest, so that no other worker takes it for a
    while."""
    s = statement_source.c
    query = (
        select(*_SOURCE_FIELDS)
        .where(s.tenant_id == tenant_id, s.due_at <= now)
        .order_by(s.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    result = StatementSource(**row._mapping)
    _update_statement_source(connection, tenant_id, result, {"due_at": now + LEASE_TIME})
    return result


def record_source_read(
    connection: Connection,
    tenant_id: int,
    item: StatementSource,
    values: Mapping[str, Any],
    begun: int,
) -> None:
    """Record the result of reading an activity: how far it got, when to read next, how many
    actors were not matched, and the error that stopped it."""
    _update_statement_source(
        connection, tenant_id, item, {**values, "begun": statement_source.c.begun + begun}
    )


def _update_statement_source(
    connection: Connection, tenant_id: int, item: StatementSource, values: Mapping[str, Any]
) -> None:
    s = statement_source.c
    own = (
        (s.tenant_id == tenant_id) & (s.programme == item.programme) & (s.activity == item.activity)
    )
    connection.execute(update(statement_source).where(own).values(**values))
