"""What every page of a visit depends on."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, select, union_all

from lti_tool.tables.assessment import assessment_request
from lti_tool.tables.programmes import episode
from lti_tool.tables.transfer import confirmation, handed_in, job_use, review


def has_open_peer_request(connection: Connection, tenant_id: int, person_id: uuid.UUID) -> bool:
    """Whether a peer has an open request to this person."""
    h, u, c, r = handed_in.c, job_use.c, confirmation.c, assessment_request.c
    confirmed = select(c.use_id).where(
        c.tenant_id == tenant_id, c.use_id == u.id, c.person_id == person_id
    )
    answered = select(review.c.id).where(
        review.c.tenant_id == tenant_id, review.c.handed_in_id == h.id
    )
    result = union_all(
        select(h.id).where(h.tenant_id == tenant_id, h.peer_id == person_id, ~answered.exists()),
        select(u.id).where(u.tenant_id == tenant_id, u.peer_id == person_id, ~confirmed.exists()),
        select(r.id).where(r.tenant_id == tenant_id, r.rater_id == person_id, r.done_at.is_(None)),
    )
    return connection.execute(result.limit(1)).first() is not None


def participates(
    connection: Connection, tenant_id: int, person_id: uuid.UUID, programme: str
) -> bool:
    """Whether a certification of this person in this programme is on record."""
    e = episode.c
    query = select(e.id).where(
        e.tenant_id == tenant_id, e.person_id == person_id, e.programme == programme
    )
    return connection.execute(query.limit(1)).first() is not None
