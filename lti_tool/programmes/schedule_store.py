"""What is due in an episode beside its checks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lrs.vocabulary import ActivityKind
from lti_tool.tables.programmes import scheduled_act


@dataclass(frozen=True)
class ScheduledAct:
    """An act that is due apart from the checks."""

    act: str
    due_at: datetime
    done_at: datetime | None


def insert_scheduled_acts(
    connection: Connection,
    tenant_id: int,
    episode_id: uuid.UUID,
    dues: Mapping[ActivityKind, datetime],
) -> set[str]:
    """Schedule acts apart from the checks; existing ones are left unchanged. Returns the acts
    that are new."""
    if not dues:
        return set()
    rows = [
        {"tenant_id": tenant_id, "episode_id": episode_id, "act": act, "due_at": due_at}
        for act, due_at in dues.items()
    ]
    created = (
        upsert(scheduled_act).values(rows).on_conflict_do_nothing().returning(scheduled_act.c.act)
    )
    return set(connection.execute(created).scalars())


def scheduled_acts_by_name(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID
) -> dict[str, ScheduledAct]:
    """Act → when it is due and when it was done."""
    s = scheduled_act.c
    query = (
        select(s.act, s.due_at, s.done_at)
        .where(s.tenant_id == tenant_id, s.episode_id == episode_id)
        .order_by(s.due_at)
    )
    return {row.act: ScheduledAct(**row._mapping) for row in connection.execute(query)}


def mark_act_done(
    connection: Connection, tenant_id: int, episode_id: uuid.UUID, act: str, at: datetime
) -> None:
    """Mark an act as done; if it is done again, the first time stands."""
    s = scheduled_act.c
    own = (
        (s.tenant_id == tenant_id)
        & (s.episode_id == episode_id)
        & (s.act == act)
        & s.done_at.is_(None)
    )
    connection.execute(update(scheduled_act).where(own).values(done_at=at))


def acts_by_episode(
    connection: Connection, tenant_id: int, episode_ids: Sequence[uuid.UUID], act: str
) -> dict[uuid.UUID, ScheduledAct]:
    """Episode id → when this act is due and when it was done."""
    s = scheduled_act.c
    query = select(s.episode_id, s.act, s.due_at, s.done_at).where(
        s.tenant_id == tenant_id, s.episode_id.in_(episode_ids), s.act == act
    )
    return {
        row.episode_id: ScheduledAct(row.act, row.due_at, row.done_at)
        for row in connection.execute(query)
    }
