"""The outbox of grades for the LMS, and the gradebook columns they go to.

A grade is written in the transaction of the act that earned it. A sender leases one row, makes
its HTTP calls outside any transaction, then settles the row. A lease that expired without an
outcome is reported as ``interrupted``: that grade may have arrived. While a row of a person is
leased, no other row of the same place is leased, so that a person's grades arrive in the order
of their acts.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    delete,
    exists,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.tables.checks import attempt as attempts
from lti_tool.tables.checks import grade_outbox, line_item
from lti_tool.tables.people import course, person
from lti_tool.tables.programmes import episode

LEASE_TIME = timedelta(seconds=45)  # longer than all HTTP calls for one grade
ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class NewGrade:
    """A grade as created by its act. Either the column is known (``line_item_url``), or the
    course's columns and the resource id of the one to use."""

    attempt_id: uuid.UUID
    registration_id: int
    course_id: uuid.UUID | None
    line_item_url: str
    line_items_url: str
    resource_id: str
    label: str
    subject: str
    score: float
    maximum: float
    comment: str
    at: datetime

    @property
    def place(self) -> str:
        """The key under which a newer grade replaces an older one: the check, or the column if
        the LMS does not let us create columns."""
        return (
            place_key(self.line_items_url, self.resource_id)
            if self.line_items_url
            else self.line_item_url
        )


def place_key(line_items_url: str, resource_id: str) -> str:
    """The key of a check's grades among the columns of a course."""
    return json.dumps([line_items_url, resource_id])


@dataclass(frozen=True)
class LeasedGrade:
    """A leased grade. ``tries`` includes the current one."""

    id: int
    attempt_id: uuid.UUID
    registration_id: int
    line_item_url: str
    line_items_url: str
    resource_id: str
    label: str
    place: str
    subject: str
    score: float
    maximum: float
    comment: str
    at: datetime
    tries: int
    resends: int
    interrupted: bool


class Requeued(StrEnum):
    """What became of the wish to send a grade again: it is queued; a newer one of the person
    counts; it is being sent just now; there is none."""

    QUEUED = "queued"
    NEWER_COUNTS = "newer counts"
    UNDER_WAY = "under way"
    NONE = "none"


# What became of a grade that was sent: it is in the gradebook, it is not, or another one is.
THERE, MISSING, OTHER = "there", "missing", "other"


@dataclass(frozen=True)
class GradeDelivery:
    """What became of an attempt's grade; ``state``, ``reason`` and ``found`` as in
    :class:`GradeState`. ``course_id`` and ``course``: where it goes."""

    state: str
    reason: str
    found: str
    course_id: uuid.UUID | None
    course: str


@dataclass(frozen=True)
class GradeState:
    """A grade's delivery status as shown to people. ``state``: sent, waiting, replaced or
    refused; ``reason`` says why it waits or was refused; ``found``: what became of one that was
    sent, and when that was looked up; ``newest``: no newer one of its person and place counts."""

    id: int
    attempt_id: uuid.UUID
    person_name: str
    label: str
    score: float
    maximum: float
    at: datetime
    state: str
    reason: str
    found: str
    looked_at: datetime | None
    newest: bool


@dataclass(frozen=True)
class Column:
    """A gradebook column that our grades go to; ``ends_at``: until when the LMS takes part in it,
    as it was looked up last."""

    place: str
    url: str
    label: str
    maximum: float
    ends_at: datetime | None = None


def enqueue_grade(connection: Connection, tenant_id: int, new_grade: NewGrade) -> None:
    """Enqueue a grade, timestamped at least one whole second after the person's previous grade
    of the same place.

    Moodle compares whole seconds and refuses a grade that is not newer (409). A grade still
    waiting for the same place is replaced: only the newest counts.
    """
    g = grade_outbox.c
    _lock_place(connection, tenant_id, new_grade.subject, new_grade.place)
    same = (
        (g.tenant_id == tenant_id) & (g.place == new_grade.place) & (g.subject == new_grade.subject)
    )
    connection.execute(
        update(grade_outbox)
        .where(same, g.sent_at.is_(None), g.refused.is_(None))
        .values(replaced=True)
    )
    last: datetime | None = connection.execute(select(func.max(g.at)).where(same)).scalar()
    at = new_grade.at if last is None else max(new_grade.at, last + ONE_SECOND)
    connection.execute(
        insert(grade_outbox).values(
            tenant_id=tenant_id, **{**vars(new_grade), "at": at, "place": new_grade.place}
        )
    )


def _lock_place(connection: Connection, tenant_id: int, subject: str, place: str) -> None:
    """Take the advisory lock that serializes concurrent acts of one person on one place."""
    connection.execute(
        select(
            func.pg_advisory_xact_lock(func.hashtextextended(f"{tenant_id} {subject} {place}", 0))
        )
    )


def lease_grade(
    connection: Connection, tenant_id: int, skipped_platforms: Sequence[int]
) -> LeasedGrade | None:
    """Lease the next grade that is due, or None; skips the platforms in ``skipped_platforms``."""
    row = connection.execute(
        text(
            """
            WITH k AS MATERIALIZED (
              SELECT o.id, o.leased_until IS NOT NULL AS interrupted FROM lti_tool.grade_outbox o
              JOIN lti_tool.platform_registration p ON p.id = o.registration_id
                AND p.status = 'approved'
              WHERE o.tenant_id = :tenant AND o.refused IS NULL AND o.sent_at IS NULL
                AND NOT o.replaced AND o.next_try_at <= now()
                AND (o.leased_until IS NULL OR o.leased_until <= now())
                  AND NOT o.registration_id = ANY(:alone)
                AND NOT EXISTS (SELECT 1 FROM lti_tool.grade_outbox b
                                WHERE b.tenant_id = o.tenant_id AND b.place = o.place
                                  AND b.subject = o.subject AND b.id <> o.id
                                  AND b.sent_at IS NULL AND b.refused IS NULL
                                    AND b.leased_until > now())
              ORDER BY o.next_try_at, o.id LIMIT 1 FOR UPDATE OF o SKIP LOCKED
            )
            UPDATE lti_tool.grade_outbox o SET leased_until = now() + :lease, tries = o.tries + 1
            FROM k WHERE o.tenant_id = :tenant AND o.id = k.id
            RETURNING o.id, o.attempt_id, o.registration_id, o.line_item_url, o.line_items_url,
              o.resource_id, o.label, o.place,
                      o.subject, o.score, o.maximum, o.comment, o.at, o.tries, o.resends,
                        k.interrupted
            """
        ),
        {"tenant": tenant_id, "lease": LEASE_TIME, "alone": list(skipped_platforms)},
    ).first()
    return LeasedGrade(**row._mapping) if row else None


def newer_grade_counts() -> ColumnElement[bool]:
    """Whether a newer grade of the same person and place counts instead of a row's own."""
    g, n = grade_outbox.c, grade_outbox.alias("newer").c
    return exists().where(
        n.tenant_id == g.tenant_id,
        n.place == g.place,
        n.subject == g.subject,
        n.id > g.id,
        n.refused.is_(None),
    )


def forget_own_column(
    connection: Connection, tenant_id: int, row_ids: Sequence[int], url: str
) -> None:
    """The column ``url`` is there no more: where a row's launch named it, the next try finds or
    makes another, if the LMS lets the tool do so."""
    g = grade_outbox.c
    connection.execute(
        update(grade_outbox)
        .where(
            g.tenant_id == tenant_id,
            g.id.in_(row_ids),
            g.line_item_url == url,
            g.line_items_url != "",
        )
        .values(line_item_url="")
    )


def _settle_grade(connection: Connection, tenant_id: int, row: LeasedGrade, **values: Any) -> bool:
    """Update a row only if the caller still holds its lease: each lease increments ``tries``,
    so a slow sender cannot overwrite the result of the next one. Whether it was updated."""
    g = grade_outbox.c
    own = (
        (g.tenant_id == tenant_id)
        & (g.id == row.id)
        & (g.tries == row.tries)
        & (g.resends == row.resends)
        & g.sent_at.is_(None)
    )
    statement = update(grade_outbox).where(own).values(leased_until=None, **values)
    return connection.execute(statement.returning(g.id)).first() is not None


def mark_grade_sent(
    connection: Connection, tenant_id: int, row: LeasedGrade, url: str, at: datetime
) -> None:
    """Mark a grade as accepted by the LMS in the column ``url``; the row stays as a record of
    what was sent. What became of the person's earlier grades of the place counts no more."""
    if not _settle_grade(connection, tenant_id, row, sent_at=at, sent_url=url, trouble=None):
        return
    g = grade_outbox.c
    connection.execute(
        update(grade_outbox)
        .where(
            g.tenant_id == tenant_id,
            g.place == row.place,
            g.subject == row.subject,
            g.id < row.id,
            g.found.is_not(None),
        )
        .values(found=None, looked_at=None)
    )


def mark_grade_refused(
    connection: Connection, tenant_id: int, row: LeasedGrade, reason: str
) -> None:
    """Mark a grade as refused: it is not retried automatically; the reason is kept."""
    _settle_grade(connection, tenant_id, row, refused=reason, trouble=None)


def reschedule_grade(
    connection: Connection,
    tenant_id: int,
    row: LeasedGrade,
    wait: timedelta,
    trouble: str,
    at: datetime | None = None,
    counted: bool = True,
) -> None:
    """Retry after ``wait``; with a later timestamp ``at`` if the LMS already holds a grade of
    the same second. A try in which nothing was sent is not ``counted``."""
    changes: dict[str, Any] = {"at": at} if at is not None else {}
    if not counted:
        changes["tries"] = row.tries - 1
    _settle_grade(
        connection, tenant_id, row, next_try_at=func.now() + wait, trouble=trouble, **changes
    )


def list_sent_scores(
    connection: Connection, tenant_id: int, row: LeasedGrade
) -> list[tuple[float, float]]:
    """(score, maximum) of other grades that we sent, or replaced, for the same place and
    person."""
    g = grade_outbox.c
    query = select(g.score, g.maximum).where(
        g.tenant_id == tenant_id,
        g.place == row.place,
        g.subject == row.subject,
        g.id != row.id,
        g.sent_at.is_not(None) | g.replaced,
    )
    return [(result.score, result.maximum) for result in connection.execute(query)]


def requeue_grade(
    connection: Connection,
    tenant_id: int,
    id_: int,
    course_id: uuid.UUID | None,
    registration_id: int | None,
    now: datetime,
) -> Requeued:
    """Requeue a grade of this course (or of this platform), unless it is under way or a newer one
    of the person counts.

    It becomes newer than all earlier grades: whoever presses the button wants it to count. The
    stored column is forgotten, so that it is looked up again.
    """
    g = grade_outbox.c
    own = (g.tenant_id == tenant_id) & (g.id == id_)
    if course_id is not None:
        own = own & (g.course_id == course_id)
    if registration_id is not None:
        own = own & (g.registration_id == registration_id)
    under_way = func.coalesce(g.leased_until > func.now(), False).label("under_way")
    row = connection.execute(
        select(g.id, g.place, g.subject, g.registration_id, g.replaced, under_way)
        .where(own)
        .with_for_update()
    ).first()
    if row is None:
        return Requeued.NONE
    if row.under_way:
        return Requeued.UNDER_WAY
    _lock_place(connection, tenant_id, row.subject, row.place)
    same = (g.tenant_id == tenant_id) & (g.place == row.place) & (g.subject == row.subject)
    newer = select(g.id).where(same, g.id == row.id, newer_grade_counts())
    if row.replaced or connection.execute(newer).first() is not None:
        # A newer grade of the person counts; an older one must not follow it.
        connection.execute(
            update(grade_outbox)
            .where(g.tenant_id == tenant_id, g.id == row.id, g.sent_at.is_(None))
            .values(replaced=True, refused=None)
        )
        return Requeued.NEWER_COUNTS
    last: datetime = connection.execute(select(func.max(g.at)).where(same)).scalar_one()
    values = {
        "sent_at": None,
        "sent_url": "",
        "found": None,
        "looked_at": None,
        "refused": None,
        "trouble": None,
        "tries": 0,
        "next_try_at": func.now(),
        "at": max(now, last + ONE_SECOND),
        "resends": g.resends + 1,
    }
    connection.execute(update(grade_outbox).where(own).values(**values))
    delete_column(connection, tenant_id, row.registration_id, row.place)
    return Requeued.QUEUED


def _newest_of_place(tenant_id: int, registration_id: int, place: str) -> Any:
    """Everybody's newest grade of a place."""
    g = grade_outbox.c
    return (
        select(g.id, g.line_item_url, g.sent_at, g.refused)
        .where(
            g.tenant_id == tenant_id,
            g.registration_id == registration_id,
            g.place == place,
            ~g.replaced,
        )
        .ext(distinct_on(g.subject))
        .order_by(g.subject, g.id.desc())
        .subquery()
    )


def list_outside_column(
    connection: Connection, tenant_id: int, registration_id: int, place: str, url: str
) -> list[int]:
    """The newest grade of each person of a place that was not sent to this column."""
    n = _newest_of_place(tenant_id, registration_id, place).c
    return list(connection.execute(select(n.id).where(n.line_item_url != url)).scalars())


def count_outside_column(
    connection: Connection, tenant_id: int, registration_id: int, place: str, url: str
) -> tuple[int, int]:
    """How many people's newest grade is not meant for this column, and how many wait to be sent
    there."""
    n = _newest_of_place(tenant_id, registration_id, place).c
    waits = (n.line_item_url == url) & n.sent_at.is_(None) & n.refused.is_(None)
    query = select(func.count().filter(n.line_item_url != url), func.count().filter(waits))
    outside, waiting = connection.execute(query).one()
    return outside, waiting


def name_column(connection: Connection, tenant_id: int, id_: int, url: str) -> None:
    """Let a grade go to this column."""
    g = grade_outbox.c
    connection.execute(
        update(grade_outbox)
        .where(g.tenant_id == tenant_id, g.id == id_, g.sent_at.is_(None))
        .values(line_item_url=url)
    )


def attempts_sent_to_column(
    connection: Connection, tenant_id: int, attempt_ids: Sequence[uuid.UUID], url: str
) -> set[uuid.UUID]:
    """The attempts whose grade went to this column."""
    g, c = grade_outbox.c, line_item.c
    places = select(c.place).where(c.tenant_id == tenant_id, c.url == url)
    query = select(g.attempt_id).where(
        g.tenant_id == tenant_id,
        g.attempt_id.in_(attempt_ids),
        (g.line_item_url == url) | g.place.in_(places),
    )
    return set(connection.execute(query).scalars())


def _grade_state(row: Any) -> str:
    return (
        "sent"
        if row.sent_at
        else "refused"
        if row.refused
        else "replaced"
        if row.replaced
        else "waiting"
    )


def deliveries_by_attempt(
    connection: Connection, tenant_id: int, attempt_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, GradeDelivery]:
    """What became of the grade of each attempt that has one."""
    g = grade_outbox.c
    query = (
        select(
            g.attempt_id,
            g.sent_at,
            g.refused,
            g.replaced,
            g.trouble,
            g.found,
            g.course_id,
            func.coalesce(course.c.title, "").label("course"),
        )
        .outerjoin(course, course.c.id == g.course_id)
        .where(g.tenant_id == tenant_id, g.attempt_id.in_(attempt_ids))
    )
    return {
        row.attempt_id: GradeDelivery(
            _grade_state(row),
            row.refused or row.trouble or "",
            row.found or "",
            row.course_id,
            row.course,
        )
        for row in connection.execute(query)
    }


def list_grade_states(
    connection: Connection,
    tenant_id: int,
    rows: int,
    course_id: uuid.UUID | None = None,
    registration_id: int | None = None,
) -> list[GradeState]:
    """The latest grades of a course or a platform; those that need attention come first. One that
    was refused needs none, and counts as replaced, once a newer one counts."""
    g, newest = grade_outbox.c, ~newer_grade_counts()
    query = (
        select(
            g.id,
            g.attempt_id,
            person.c.name,
            g.label,
            g.score,
            g.maximum,
            g.at,
            g.sent_at,
            g.refused,
            g.replaced,
            g.trouble,
            g.found,
            g.looked_at,
            newest.label("newest"),
        )
        .join(attempts, attempts.c.id == g.attempt_id)
        .join(episode, episode.c.id == attempts.c.episode_id)
        .join(person, person.c.id == episode.c.person_id)
        .where(g.tenant_id == tenant_id)
        .order_by(
            ~(g.refused.is_not(None) & newest),
            g.sent_at.is_not(None) & func.coalesce(g.found, THERE).in_((THERE,)),
            g.id.desc(),
        )
        .limit(rows)
    )
    if course_id is not None:
        query = query.where(g.course_id == course_id)
    if registration_id is not None:
        query = query.where(g.registration_id == registration_id)
    return [
        GradeState(
            row.id,
            row.attempt_id,
            row.name,
            row.label,
            row.score,
            row.maximum,
            row.at,
            _grade_state(row) if row.newest or not row.refused else "replaced",
            row.refused or row.trouble or "",
            row.found or "",
            row.looked_at,
            row.newest,
        )
        for row in connection.execute(query)
    ]


def claim_column(
    connection: Connection,
    tenant_id: int,
    registration_id: int,
    place: str,
    label: str,
    maximum: float,
) -> bool:
    """Claim the right to find or create a column; False while somebody else holds the claim. A
    claim expires like a lease."""
    row = {
        "tenant_id": tenant_id,
        "registration_id": registration_id,
        "place": place,
        "url": "",
        "label": label,
        "maximum": maximum,
    }
    statement = upsert(line_item).values(**row)
    over = (line_item.c.url == "") & (line_item.c.created_at < func.now() - LEASE_TIME)
    statement = statement.on_conflict_do_update(
        index_elements=["tenant_id", "registration_id", "place"],
        set_={"created_at": func.now()},
        where=over,
    )
    return connection.execute(statement.returning(line_item.c.place)).first() is not None


def find_column(
    connection: Connection, tenant_id: int, registration_id: int, place: str
) -> Column | None:
    """The column found or created for a place, if any."""
    c = line_item.c
    query = select(c.place, c.url, c.label, c.maximum).where(
        c.tenant_id == tenant_id,
        c.registration_id == registration_id,
        c.place == place,
        c.url != "",
    )
    row = connection.execute(query).first()
    return Column(*row) if row else None


def find_column_resource(
    connection: Connection, tenant_id: int, registration_id: int, url: str
) -> str | None:
    """The resource id of the check that a column belongs to: empty if it is not ours, None if
    that has not been looked up yet."""
    c = line_item.c
    query = (
        select(c.place, c.label)
        .where(c.tenant_id == tenant_id, c.registration_id == registration_id, c.url == url)
        .order_by(c.place)
    )
    for row in connection.execute(query):
        place = json.loads(row.place)
        if isinstance(place, list):
            return str(place[1])
        return str(row.label)
    return None


def save_column_resource(
    connection: Connection, tenant_id: int, registration_id: int, url: str, resource_id: str
) -> None:
    """Store which check a column belongs to according to the LMS. It is not from a course's
    column list: an activity came with it."""
    upsert_column(
        connection,
        tenant_id,
        registration_id,
        Column(json.dumps({"claimed": url}), url, resource_id, 0.0),
    )


def list_columns(
    connection: Connection, tenant_id: int, registration_id: int, line_items_url: str
) -> list[Column]:
    """The known columns of a course."""
    c = line_item.c
    prefix = json.dumps([line_items_url])[:-1]
    query = select(c.place, c.url, c.label, c.maximum, c.ends_at).where(
        c.tenant_id == tenant_id,
        c.registration_id == registration_id,
        c.url != "",
        c.place.startswith(prefix, autoescape=True),
    )
    return [Column(*row) for row in connection.execute(query.order_by(c.label, c.place))]


def upsert_column(
    connection: Connection, tenant_id: int, registration_id: int, column: Column
) -> None:
    """Store a column, replacing one known before."""
    statement = upsert(line_item).values(
        tenant_id=tenant_id, registration_id=registration_id, **vars(column)
    )
    changed = {name: value for name, value in vars(column).items() if name != "place"}
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "registration_id", "place"], set_=changed
        )
    )


def save_column_end(
    connection: Connection,
    tenant_id: int,
    registration_id: int,
    url: str,
    ends_at: datetime | None,
) -> None:
    """Keep until when the LMS says that a column is open: teachers change it there."""
    c = line_item.c
    connection.execute(
        update(line_item)
        .where(c.tenant_id == tenant_id, c.registration_id == registration_id, c.url == url)
        .values(ends_at=ends_at)
    )


def delete_column(connection: Connection, tenant_id: int, registration_id: int, place: str) -> None:
    """Forget a column that no longer exists; a pending claim to create it stays."""
    c = line_item.c
    same = (c.tenant_id == tenant_id) & (c.registration_id == registration_id) & (c.place == place)
    connection.execute(delete(line_item).where(same, c.url != ""))


def delete_columns_at(
    connection: Connection, tenant_id: int, registration_id: int, url: str
) -> None:
    """Forget the column of this address, which no longer exists."""
    c = line_item.c
    connection.execute(
        delete(line_item).where(
            c.tenant_id == tenant_id, c.registration_id == registration_id, c.url == url
        )
    )


def release_column_claim(
    connection: Connection, tenant_id: int, registration_id: int, place: str
) -> None:
    """Release a claim that produced no column; a column created meanwhile stays."""
    c = line_item.c
    same = (c.tenant_id == tenant_id) & (c.registration_id == registration_id) & (c.place == place)
    connection.execute(delete(line_item).where(same, c.url == ""))
