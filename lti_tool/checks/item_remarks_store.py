"""Learners' remarks on the content."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.checks.content_gaps import ContentGap
from lti_tool.tables.checks import remark
from lti_tool.tables.programmes import episode

MAX_ROWS = 200
REMARK_KIND = "question"


def insert_remark(
    connection: Connection,
    tenant_id: int,
    form_id: uuid.UUID,
    episode_id: uuid.UUID,
    item: str,
    words: str,
    at: datetime,
) -> bool:
    """Insert a learner's remark on a question; False if the form was already submitted."""
    row = upsert(remark).values(
        id=form_id, tenant_id=tenant_id, episode_id=episode_id, item=item, words=words, at=at
    )
    return (
        connection.execute(row.on_conflict_do_nothing().returning(remark.c.id)).first() is not None
    )


def list_programme_remarks(
    connection: Connection, tenant_id: int, programme: str
) -> list[ContentGap]:
    """Learners' remarks on the questions of a programme, newest first; each names the
    question's key."""
    r, e = remark.c, episode.c
    query = (
        select(r.item, r.words, r.at)
        .join(episode, e.id == r.episode_id)
        .where(r.tenant_id == tenant_id, e.programme == programme)
    )
    return [
        ContentGap(REMARK_KIND, row.item, row.words, row.at)
        for row in connection.execute(query.order_by(r.at.desc()).limit(MAX_ROWS))
    ]
