"""Transfer plans, and uses on the job."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.tables.transfer import job_use, plan


@dataclass(frozen=True)
class Plan:
    """A saved transfer plan; ``committed_at`` is None while it is a draft."""

    id: uuid.UUID
    task: str
    what: str
    by_when: date | None
    with_whom: str
    evidence: str
    obstacle: str
    committed_at: datetime | None
    revision: int = 0


@dataclass(frozen=True)
class JobUse:
    """A use on the job that the learner reported."""

    id: uuid.UUID
    task: str
    used_on: date
    words: str
    reported_at: datetime
    grade: int = 1
    peer_id: uuid.UUID | None = None


def find_plan(connection: Connection, tenant_id: int, episode_id: uuid.UUID) -> Plan | None:
    """The plan of an episode, if any."""
    p = plan.c
    query = select(*(p[name] for name in Plan.__dataclass_fields__)).where(
        p.tenant_id == tenant_id, p.episode_id == episode_id
    )
    row = connection.execute(query).first()
    return Plan(**row._mapping) if row else None


def upsert_plan(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID, created: Plan, at: datetime
) -> uuid.UUID | None:
    """Save a plan, replacing an earlier draft, and return the id it is stored under; None if a
    committed plan is already there."""
    values = {**vars(created), "saved_at": at}
    statement = upsert(plan).values(tenant_id=tenant_id, episode_id=episode_id, **values)
    values.pop("id")
    statement = statement.on_conflict_do_update(
        index_elements=["tenant_id", "episode_id"], set_=values, where=plan.c.committed_at.is_(None)
    )
    plan_id: uuid.UUID | None = connection.execute(statement.returning(plan.c.id)).scalar()
    return plan_id


def insert_job_use(
    connection: Connection, tenant_id: int, plan_id: uuid.UUID, created: JobUse
) -> bool:
    """Insert a use on the job; False if it is already stored (the form was submitted twice)."""
    row = (
        upsert(job_use)
        .values(tenant_id=tenant_id, plan_id=plan_id, **vars(created))
        .on_conflict_do_nothing()
        .returning(job_use.c.id)
    )
    return connection.execute(row).first() is not None


def list_job_uses(connection: Connection, tenant_id: int, plan_id: uuid.UUID) -> list[JobUse]:
    """The uses of a plan, newest first; at most one page."""
    u = job_use.c
    query = select(u.id, u.task, u.used_on, u.words, u.reported_at, u.grade, u.peer_id).where(
        u.tenant_id == tenant_id, u.plan_id == plan_id
    )
    return [
        JobUse(**row._mapping)
        for row in connection.execute(query.order_by(u.reported_at.desc()).limit(50))
    ]
