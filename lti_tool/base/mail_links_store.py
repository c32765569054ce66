"""The links of mails, by the hash of their secret."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, insert, select, text

from lti_tool.tables.visits import mail, mail_link


@dataclass(frozen=True)
class LinkTarget:
    """What a link opens: a question, a use at work, or a work sample; a page if it is none."""

    question_id: uuid.UUID | None = None
    use_id: uuid.UUID | None = None
    handed_in_id: uuid.UUID | None = None


@dataclass(frozen=True)
class MailLink:
    """What is known of a link by its secret, with what it opens instead of a page."""

    tenant_id: int
    mail_id: int
    question_id: uuid.UUID | None
    use_id: uuid.UUID | None
    handed_in_id: uuid.UUID | None
    created_at: datetime

    @property
    def opens_page(self) -> bool:
        """Whether it opens the mail's page."""
        return self.question_id is None and self.use_id is None and self.handed_in_id is None


@dataclass(frozen=True)
class LinkedMail:
    """The mail of a link: to whom, of which kind, about what."""

    person_id: uuid.UUID
    kind: str
    programme: str
    path: str


def insert_link(
    connection: Connection,
    tenant_id: int,
    mail_id: int,
    token_hash: bytes,
    target: LinkTarget,
) -> None:
    """Insert a link of a mail."""
    connection.execute(
        insert(mail_link).values(
            token_hash=token_hash, tenant_id=tenant_id, mail_id=mail_id, **vars(target)
        )
    )


def find_link(engine: Engine, token_hash: bytes) -> MailLink | None:
    """The link whose secret has this hash; None if there is none."""
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT * FROM lti_tool.find_mail_link(:hash)"), {"hash": token_hash}
        ).first()
    return MailLink(**row._mapping) if row else None


def delete_old_links(connection: Connection, tenant_id: int, before: datetime) -> int:
    """Delete links that were issued before this time; returns how many."""
    return connection.execute(
        delete(mail_link).where(mail_link.c.tenant_id == tenant_id, mail_link.c.created_at < before)
    ).rowcount


def get_linked_mail(connection: Connection, tenant_id: int, mail_id: int) -> LinkedMail:
    """The mail of a link that exists."""
    m = mail.c
    query = select(m.person_id, m.kind, m.programme, m.path).where(
        m.tenant_id == tenant_id, m.id == mail_id
    )
    return LinkedMail(**connection.execute(query).one()._mapping)
