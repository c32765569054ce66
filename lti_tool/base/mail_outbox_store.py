"""The mail outbox: waiting, sent and refused mails, and the kinds of mail that people
unsubscribed from."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import gettext_noop
from core.queue import Job
from lti_tool.tables.people import person
from lti_tool.tables.visits import mail, mail_stop

SEND_MAILS = Job("lti_tool.worker.send_mails", interval_seconds=10)
LEASE_TIME = timedelta(minutes=5)  # longer than sending one batch
NO_ADDRESS = gettext_noop("No address of this person is known.")
OUT_OF_DATE = gettext_noop("It was out of date before it could be sent.")


@dataclass(frozen=True)
class LeasedMail:
    """A leased mail with its recipient."""

    id: int
    person_id: uuid.UUID
    kind: str
    key: str
    subject: str
    words: str
    programme: str
    path: str
    picture: str
    question_id: uuid.UUID | None
    tries: int
    name: str
    email: str


def enqueue_mails(connection: Connection, tenant_id: int, rows: Sequence[Mapping[str, Any]]) -> int:
    """Enqueue mails; there is at most one per (person, key). Returns how many are new."""
    if not rows:
        return 0
    created = (
        upsert(mail)
        .values([{"tenant_id": tenant_id, **row} for row in rows])
        .on_conflict_do_nothing()
        .returning(mail.c.id)
    )
    return len(connection.execute(created).all())


def lease_mails(connection: Connection, tenant_id: int, rows: int) -> list[LeasedMail]:
    """Lease up to ``rows`` due mails, oldest first."""
    statement = text(
        """
        WITH k AS MATERIALIZED (
          SELECT id FROM lti_tool.mail WHERE tenant_id = :tenant AND sent_at IS NULL
            AND refused IS NULL AND next_try_at <= now()
          ORDER BY id LIMIT :rows FOR UPDATE SKIP LOCKED
        )
        UPDATE lti_tool.mail m SET next_try_at = now() + :lease, tries = m.tries + 1
        FROM k, lti_tool.person p WHERE m.tenant_id = :tenant AND m.id = k.id AND p.id = m.person_id
        RETURNING m.id, m.person_id, m.kind, m.key, m.subject, m.words, m.programme, m.path,
          m.picture, m.question_id, m.tries, p.name, p.email
        """
    )
    result = connection.execute(statement, {"tenant": tenant_id, "rows": rows, "lease": LEASE_TIME})
    return sorted((LeasedMail(**row._mapping) for row in result), key=lambda row: row.id)


def mark_mail_sent(connection: Connection, tenant_id: int, mail_id: int, at: datetime) -> bool:
    """Mark a mail as accepted by the mail server; False if another sender already did."""
    own = (mail.c.tenant_id == tenant_id) & (mail.c.id == mail_id) & mail.c.sent_at.is_(None)
    return connection.execute(update(mail).where(own).values(sent_at=at)).rowcount == 1


def mark_mail_refused(connection: Connection, tenant_id: int, mail_id: int, reason: str) -> None:
    """Mark a mail as refused for good; the reason is kept."""
    connection.execute(
        update(mail)
        .where(mail.c.tenant_id == tenant_id, mail.c.id == mail_id)
        .values(refused=reason)
    )


def reschedule_mail(connection: Connection, tenant_id: int, mail_id: int, wait: timedelta) -> None:
    """Retry after ``wait``."""
    connection.execute(
        update(mail)
        .where(mail.c.tenant_id == tenant_id, mail.c.id == mail_id)
        .values(next_try_at=func.now() + wait)
    )


def mark_mail_opened(connection: Connection, tenant_id: int, mail_id: int, at: datetime) -> bool:
    """Record that the link of a mail was used; True the first time."""
    m = mail.c
    return (
        connection.execute(
            update(mail)
            .where(m.tenant_id == tenant_id, m.id == mail_id, m.opened_at.is_(None))
            .values(opened_at=at)
        ).rowcount
        == 1
    )


def find_mail_kind(connection: Connection, tenant_id: int, mail_id: int) -> str:
    """The kind of a mail; empty if there is no such mail."""
    return str(
        connection.execute(
            select(mail.c.kind).where(mail.c.tenant_id == tenant_id, mail.c.id == mail_id)
        ).scalar()
        or ""
    )


def refuse_stale_mails(
    connection: Connection, tenant_id: int, kinds: Sequence[str], before: datetime
) -> None:
    """Refuse reminders that could not be sent in time: the page itself shows what is due."""
    m = mail.c
    stale = (
        (m.tenant_id == tenant_id)
        & m.kind.in_(kinds)
        & m.sent_at.is_(None)
        & m.refused.is_(None)
        & (m.queued_at < before)
    )
    connection.execute(update(mail).where(stale).values(refused=OUT_OF_DATE))


def insert_mail_stop(
    connection: Connection, tenant_id: int, person_id: uuid.UUID, kind: str
) -> None:
    """Unsubscribe this person from a kind of mail."""
    connection.execute(
        upsert(mail_stop)
        .values(tenant_id=tenant_id, person_id=person_id, kind=kind)
        .on_conflict_do_nothing()
    )


def list_mail_keys(
    connection: Connection, tenant_id: int, person_id: uuid.UUID, kind: str
) -> list[str]:
    """The keys of all mails of this kind to a person."""
    m = mail.c
    return list(
        connection.execute(
            select(m.key).where(m.tenant_id == tenant_id, m.person_id == person_id, m.kind == kind)
        ).scalars()
    )


def list_stopped_kinds(connection: Connection, tenant_id: int, person_id: uuid.UUID) -> set[str]:
    """The kinds of mail that a person unsubscribed from."""
    return set(
        connection.execute(
            select(mail_stop.c.kind).where(
                mail_stop.c.tenant_id == tenant_id, mail_stop.c.person_id == person_id
            )
        ).scalars()
    )


def find_people_by_email(engine: Engine, email: str) -> list[tuple[int, uuid.UUID]]:
    """(tenant, person) of all listed people with this address."""
    with engine.connect() as connection:
        return [
            (row[0], row[1])
            for row in connection.execute(
                text("SELECT * FROM lti_tool.find_people(:email)"), {"email": email}
            )
        ]


def get_person_language(connection: Connection, tenant_id: int, person_id: uuid.UUID) -> str:
    """A person's language according to the list; empty if the list has none."""
    return str(
        connection.execute(
            select(person.c.language).where(
                person.c.tenant_id == tenant_id, person.c.id == person_id
            )
        ).scalar_one()
    )
