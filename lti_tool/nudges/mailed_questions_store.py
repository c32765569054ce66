"""Questions that were sent to learners by mail."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from lti_tool.tables.visits import mailed_question


@dataclass(frozen=True)
class MailedQuestion:
    """One question of one check or refresher (lti_tool.tables.checks.AttemptKind) for one
    learner, by mail until ``closes_at``."""

    id: uuid.UUID
    episode_id: uuid.UUID
    kind: str
    interval: str
    item: str
    closes_at: datetime
    created_at: datetime


def insert_question(connection: Connection, tenant_id: int, created: MailedQuestion) -> None:
    """Insert a question."""
    connection.execute(insert(mailed_question).values(tenant_id=tenant_id, **vars(created)))


def get_questions(
    connection: Connection, tenant_id: int, question_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, MailedQuestion]:
    """Id → question."""
    q = mailed_question.c
    query = select(*(q[name] for name in MailedQuestion.__dataclass_fields__)).where(
        q.tenant_id == tenant_id, q.id.in_(question_ids)
    )
    return {row.id: MailedQuestion(**row._mapping) for row in connection.execute(query)}
