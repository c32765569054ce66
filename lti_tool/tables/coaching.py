"""Tables of coaching groups."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from lti_tool.tables.metadata import TIMESTAMPTZ, metadata, tenant_id_column
from lti_tool.tables.people import course
from lti_tool.tables.programmes import episode

# Peers of one programme who meet every two weeks for three months.
coaching_group = Table(
    "coaching_group",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("programme", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("formed_at", TIMESTAMPTZ, nullable=False),
    # Of one that was made from a group of a course: that group's name, and which it is.
    Column("name", Text, nullable=False, server_default=""),
    Column("course_id", ForeignKey(course.c.id)),
    Column("course_group_key", Text),
    UniqueConstraint("tenant_id", "programme", "number"),
    Index(
        "uq_coaching_group_course_group",
        "tenant_id",
        "programme",
        "course_id",
        "course_group_key",
        unique=True,
        postgresql_where=text("course_id IS NOT NULL"),
    ),
)

group_member = Table(
    "group_member",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("group_id", ForeignKey(coaching_group.c.id), nullable=False),
    Index(None, "tenant_id", "group_id"),
)

meeting = Table(
    "meeting",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("group_id", ForeignKey(coaching_group.c.id), nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("at", TIMESTAMPTZ, nullable=False),
    Column("held_at", TIMESTAMPTZ),
    UniqueConstraint("tenant_id", "group_id", "number"),
    Index(None, "tenant_id", "at"),
)

attendance = Table(
    "attendance",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("meeting_id", ForeignKey(meeting.c.id), primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Index(None, "tenant_id", "episode_id"),
)

# What a member of the group agreed to do; it is carried over from meeting to meeting until it
# is closed.
agreed_action = Table(
    "agreed_action",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("group_id", ForeignKey(coaching_group.c.id), nullable=False),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("words", Text, nullable=False),
    Column("due_on", Date),
    Column("agreed_at", TIMESTAMPTZ, nullable=False),
    Column("closed_at", TIMESTAMPTZ),
    Index(None, "tenant_id", "group_id"),
    Index(None, "tenant_id", "episode_id"),
)
