"""Slack and Teams channels, their outbox of posts, and the counts that go into a digest."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.queue import Job
from lti_tool.tables.nudges import channel, channel_post

SEND_POSTS = Job("lti_tool.worker.send_posts", interval_seconds=30)
LEASE_TIME = timedelta(minutes=2)  # longer than one call to a channel's webhook


@dataclass(frozen=True)
class Channel:
    """A channel; its address stays sealed. ``trouble`` says why the last post was rejected."""

    id: uuid.UUID
    programme: str
    name: str
    kind: str
    daily_tip: bool
    sent_at: datetime | None
    trouble: str


@dataclass(frozen=True)
class ChannelPost:
    """A post leased from the outbox."""

    id: int
    url_sealed: str
    payload: bytes
    tries: int


@dataclass(frozen=True)
class UpcomingCounts:
    """Counts of upcoming work in a programme."""

    checks: int
    acts: int
    answers: int
    meetings: int


def list_channels(connection: Connection, tenant_id: int, programme: str = "") -> list[Channel]:
    """The channels of one programme, or of all programmes."""
    query = text(
        """
        SELECT c.id, c.programme, c.name, c.kind, c.daily_tip, max(p.sent_at) AS sent_at,
               coalesce((array_agg(p.refused ORDER BY p.id DESC))[1], '') AS trouble
        FROM lti_tool.channel c LEFT JOIN lti_tool.channel_post p ON p.tenant_id = :tenant
          AND p.channel_id = c.id
        WHERE c.tenant_id = :tenant AND (:programme = '' OR c.programme = :programme)
        GROUP BY c.id ORDER BY c.created_at, c.id LIMIT 500
        """
    )
    return [
        Channel(**row._mapping)
        for row in connection.execute(query, {"tenant": tenant_id, "programme": programme})
    ]


def insert_channel(connection: Connection, tenant_id: int, values: Mapping[str, Any]) -> None:
    """Insert a channel."""
    connection.execute(insert(channel).values(tenant_id=tenant_id, **values))


def delete_channel(
    connection: Connection, tenant_id: int, programme: str, channel_id: uuid.UUID
) -> str:
    """Delete a channel; returns its name, empty if it did not exist."""
    c = channel.c
    removed = (
        delete(channel)
        .where(c.tenant_id == tenant_id, c.programme == programme, c.id == channel_id)
        .returning(c.name)
    )
    return str(connection.execute(removed).scalar() or "")


def update_daily_tip(
    connection: Connection, tenant_id: int, programme: str, channel_id: uuid.UUID, on: bool
) -> str:
    """Say whether a channel gets the daily tip; returns its name, empty if it does not exist."""
    c = channel.c
    changed = (
        update(channel)
        .where(c.tenant_id == tenant_id, c.programme == programme, c.id == channel_id)
        .values(daily_tip=on)
        .returning(c.name)
    )
    return str(connection.execute(changed).scalar() or "")


def enqueue_post(
    connection: Connection, tenant_id: int, channel_id: uuid.UUID, key: str, payload: bytes
) -> bool:
    """Enqueue a post; False if one with this key is already there."""
    row = upsert(channel_post).values(
        tenant_id=tenant_id, channel_id=channel_id, key=key, payload=payload
    )
    return (
        connection.execute(row.on_conflict_do_nothing().returning(channel_post.c.id)).first()
        is not None
    )


def list_post_keys(connection: Connection, tenant_id: int, channel_id: uuid.UUID) -> list[str]:
    """Keys of all posts to a channel."""
    p = channel_post.c
    return list(
        connection.execute(
            select(p.key).where(p.tenant_id == tenant_id, p.channel_id == channel_id)
        ).scalars()
    )


def lease_post(connection: Connection, tenant_id: int) -> ChannelPost | None:
    """Lease the oldest post that is due."""
    statement = text(
        """
        WITH k AS MATERIALIZED (
          SELECT id FROM lti_tool.channel_post WHERE tenant_id = :tenant AND sent_at IS NULL
            AND refused IS NULL AND next_try_at <= now()
          ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        UPDATE lti_tool.channel_post p SET next_try_at = now() + :lease, tries = p.tries + 1
        FROM k, lti_tool.channel c WHERE p.tenant_id = :tenant AND p.id = k.id
          AND c.id = p.channel_id
        RETURNING p.id, c.url_sealed, p.payload, p.tries
        """
    )
    row = connection.execute(statement, {"tenant": tenant_id, "lease": LEASE_TIME}).first()
    return ChannelPost(**{**row._mapping, "payload": bytes(row.payload)}) if row else None


def mark_post_sent(connection: Connection, tenant_id: int, post_id: int, at: datetime) -> None:
    """Mark a post as accepted by the channel."""
    connection.execute(
        update(channel_post)
        .where(channel_post.c.tenant_id == tenant_id, channel_post.c.id == post_id)
        .values(sent_at=at)
    )


def reschedule_post(connection: Connection, tenant_id: int, post_id: int, wait: timedelta) -> None:
    """Try again after ``wait``."""
    own = (channel_post.c.tenant_id == tenant_id) & (channel_post.c.id == post_id)
    connection.execute(update(channel_post).where(own).values(next_try_at=func.now() + wait))


def mark_post_refused(connection: Connection, tenant_id: int, post_id: int, reason: str) -> None:
    """Mark a post as refused for good; the reason is kept for whoever administers the channel."""
    connection.execute(
        update(channel_post)
        .where(channel_post.c.tenant_id == tenant_id, channel_post.c.id == post_id)
        .values(refused=reason)
    )


def count_upcoming(
    connection: Connection, tenant_id: int, programme: str, now: datetime, days: int
) -> UpcomingCounts:
    """What is due within ``days`` days for people who take part and are not on hold."""
    query = text(
        """
        WITH mine AS (
          SELECT e.id FROM lti_tool.episode e WHERE e.tenant_id = :tenant
            AND e.programme = :programme AND e.left_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM lti_tool.hold h WHERE h.tenant_id = :tenant
              AND h.episode_id = e.id
                            AND h.from_at <= :now AND (h.until_at IS NULL OR h.until_at > :now))
        )
        SELECT
          (SELECT count(*) FROM lti_tool.scheduled_check c JOIN mine ON mine.id = c.episode_id
           WHERE c.tenant_id = :tenant AND c.due_at <= :ahead AND c.closes_at > :now
             AND NOT EXISTS (SELECT 1 FROM lti_tool.attempt a WHERE a.tenant_id = :tenant
               AND a.episode_id = c.episode_id
                             AND a.interval = c.interval AND a.kind = 'check'
                               AND a.finished_at IS NOT NULL)) AS checks,
          (SELECT count(*) FROM lti_tool.scheduled_act s JOIN mine ON mine.id = s.episode_id
           WHERE s.tenant_id = :tenant AND s.done_at IS NULL
             AND s.act IN ('plan', 'exercise', 'case study')
             AND s.due_at > :now AND s.due_at <= :ahead) AS acts,
          (SELECT count(*) FROM lti_tool.handed_in h JOIN mine ON mine.id = h.episode_id
           LEFT JOIN lti_tool.review r ON r.handed_in_id = h.id
           WHERE h.tenant_id = :tenant AND r.id IS NULL) AS answers,
          (SELECT count(*) FROM lti_tool.meeting m JOIN lti_tool.coaching_group g
            ON g.id = m.group_id
           WHERE m.tenant_id = :tenant AND g.programme = :programme AND m.at > :now
             AND m.at <= :ahead) AS meetings
        """
    )
    values = {
        "tenant": tenant_id,
        "programme": programme,
        "now": now,
        "ahead": now + timedelta(days=days),
    }
    return UpcomingCounts(**connection.execute(query, values).one()._mapping)
