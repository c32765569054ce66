"""Which column of a gradebook is to be looked at, how far a look has come, and what it found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.base.platforms_store import APPROVED
from lti_tool.checks.grades_store import newer_grade_counts
from lti_tool.tables.base import platform_registration
from lti_tool.tables.checks import column_look, grade_outbox

LEASE_TIME = timedelta(minutes=5)  # Longer than all calls of one attempt.
# A look that is older begins again: people have come and gone since its first page.
MAX_LOOK_AGE = timedelta(days=1)


@dataclass(frozen=True)
class SentGrade:
    """A grade that was sent: its share is ``score`` of ``maximum``. ``known_at``: when it was
    looked up last, or else sent."""

    id: int
    subject: str
    score: float
    maximum: float
    known_at: datetime


@dataclass(frozen=True)
class ColumnLook:
    """A look at the column ``url``, which may take several attempts: the next one goes on at
    ``next_page``, which is empty for the first. ``last_whole_at``: when the last look that came to
    its end began. ``grades``: what was sent there before this look began, the newest grade of
    each person."""

    registration_id: int
    url: str
    started_at: datetime
    next_page: str
    last_whole_at: datetime | None
    grades: list[SentGrade]


def lease_look(
    connection: Connection,
    tenant_id: int,
    now: datetime,
    sent_before: datetime,
    sent_after: datetime,
) -> ColumnLook | None:
    """The column that waits the longest for a look, or None. There is a first one when a grade was
    sent before ``sent_before``; grades that were sent before ``sent_after`` are left alone."""
    g, k, p = grade_outbox.c, column_look.c, platform_registration.c
    counting = _is_in_sight(tenant_id, sent_after)
    same = (
        (k.tenant_id == g.tenant_id)
        & (k.registration_id == g.registration_id)
        & (k.url == g.sent_url)
    )
    due = connection.execute(
        select(g.registration_id, g.sent_url, k.started_at, k.next_page, k.last_whole_at)
        .join(platform_registration, (p.id == g.registration_id) & (p.status == APPROVED))
        .outerjoin(column_look, same)
        .where(counting, g.sent_at < sent_before)
        .where(k.next_look_at.is_(None) | (k.next_look_at <= now))
        .order_by(k.next_look_at.nulls_first(), g.id)
        .limit(1)
    ).first()
    if due is None:
        return None
    goes_on = bool(due.next_page) and due.started_at > now - MAX_LOOK_AGE
    started_at, next_page = (due.started_at, due.next_page) if goes_on else (now, "")
    _save(
        connection,
        tenant_id,
        due.registration_id,
        due.sent_url,
        {"started_at": started_at, "next_page": next_page, "next_look_at": now + LEASE_TIME},
    )
    rows = connection.execute(
        select(
            g.id,
            g.subject,
            g.score,
            g.maximum,
            func.coalesce(g.looked_at, g.sent_at).label("known_at"),
        )
        .where(counting, g.registration_id == due.registration_id, g.sent_url == due.sent_url)
        .where(g.sent_at < started_at)
        .ext(distinct_on(g.subject))
        .order_by(g.subject, g.id.desc())
    )
    return ColumnLook(
        due.registration_id,
        due.sent_url,
        started_at,
        next_page,
        due.last_whole_at,
        [SentGrade(*row) for row in rows],
    )


def _is_in_sight(tenant_id: int, sent_after: datetime) -> ColumnElement[bool]:
    g = grade_outbox.c
    return (
        (g.tenant_id == tenant_id)
        & (g.sent_at > sent_after)
        & (g.sent_url != "")
        & ~newer_grade_counts()
    )


def save_look(
    connection: Connection,
    tenant_id: int,
    look: ColumnLook,
    next_look_at: datetime,
    next_page: str,
    whole: bool,
) -> None:
    """Keep when the column is looked at again and where: at ``next_page``, or from the beginning;
    ``whole``: this look came to its end."""
    values: dict[str, object] = {
        "started_at": look.started_at,
        "next_page": next_page,
        "next_look_at": next_look_at,
    }
    if whole:
        values["last_whole_at"] = look.started_at
    _save(connection, tenant_id, look.registration_id, look.url, values)


def _save(
    connection: Connection,
    tenant_id: int,
    registration_id: int,
    url: str,
    values: Mapping[str, object],
) -> None:
    statement = upsert(column_look).values(
        tenant_id=tenant_id, registration_id=registration_id, url=url, **values
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "registration_id", "url"], set_=dict(values)
        )
    )


def save_found(
    connection: Connection,
    tenant_id: int,
    look: ColumnLook,
    found: Mapping[int, str],
    now: datetime,
) -> None:
    """Keep what became of grades (by their ids), unless one was sent again since."""
    g = grade_outbox.c
    for state in set(found.values()):
        ids = [id_ for id_, became in found.items() if became == state]
        connection.execute(
            update(grade_outbox)
            .where(g.tenant_id == tenant_id, g.id.in_(ids), g.sent_at < look.started_at)
            .values(found=state, looked_at=now)
        )
