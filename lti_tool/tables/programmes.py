"""Tables of programmes, episodes and what begins them."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from lti_tool.tables.base import platform_registration
from lti_tool.tables.metadata import TIMESTAMPTZ, created_at_column, metadata, tenant_id_column
from lti_tool.tables.people import course, person

# The programme as its author edits it; publishing creates a version of it. ``revision``
# increases with each change, so that two editors never overwrite each other.
programme_draft = Table(
    "programme_draft",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("saved_at", TIMESTAMPTZ, nullable=False),
    Column("saved_by", Text, nullable=False),
    Column("archived_at", TIMESTAMPTZ),
)

picture = Table(
    "picture",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    created_at_column(),
)

programme_version = Table(
    "programme_version",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", JSONB, nullable=False),
    created_at_column(),
)

episode = Table(
    "episode",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    Column("programme", Text, nullable=False),
    Column("programme_version", Integer, nullable=False),
    Column("certified_at", TIMESTAMPTZ, nullable=False),
    Column("wave", Text, nullable=False, server_default=""),
    # Where the certification came from: a teacher, a file, a gradebook, a statement, a badge.
    Column("source", Text, nullable=False, server_default="teacher"),
    Column("left_at", TIMESTAMPTZ),
    created_at_column(),
    UniqueConstraint("tenant_id", "person_id", "programme"),
    Index(None, "tenant_id", "programme", "certified_at"),
)

# Results of the certification exam by competency; the competency is empty if only the total
# score is known.
exam_score = Table(
    "exam_score",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("competency", Text, primary_key=True),
    Column("share", Float, nullable=False),
    CheckConstraint("share >= 0 AND share <= 1", name="share_within"),
)

# A period in which nothing is due for a person: leave, illness, the end of a project.
# ``until_at`` is null while its end is unknown.
hold = Table(
    "hold",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("from_at", TIMESTAMPTZ, nullable=False),
    Column("until_at", TIMESTAMPTZ),
    Column("set_by", Text, nullable=False),
    created_at_column(),
    CheckConstraint("until_at > from_at", name="forwards"),
    Index(None, "tenant_id", "episode_id"),
)

scheduled_check = Table(
    "scheduled_check",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("interval", Text, primary_key=True),
    Column("due_at", TIMESTAMPTZ, nullable=False),
    Column("opens_at", TIMESTAMPTZ, nullable=False),
    Column("closes_at", TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "due_at"),
)

# What is due apart from the checks: plan, exercise, its review, case study, feedback on it,
# follow-up.
scheduled_act = Table(
    "scheduled_act",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("act", Text, primary_key=True),
    Column("due_at", TIMESTAMPTZ, nullable=False),
    Column("done_at", TIMESTAMPTZ),
    Index(None, "tenant_id", "due_at", postgresql_where=text("done_at IS NULL")),
)

# A badge (BadgeClass of Open Badges 2, Achievement of Open Badges 3) that lets its holders
# start a programme.
accepted_badge = Table(
    "accepted_badge",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("badge", Text, primary_key=True),
    created_at_column(),
)

# A gradebook column in which a grade of at least ``share`` of the maximum records a
# certification.
certifying_column = Table(
    "certifying_column",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("course_id", ForeignKey(course.c.id), primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    Column("url", Text, nullable=False),
    Column("share", Float, nullable=False),
    Column("due_at", TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("begun", Integer, nullable=False, server_default="0"),
    Column("trouble", Text, nullable=False, server_default=""),
    CheckConstraint("share > 0 AND share <= 1", name="share_within"),
    Index(None, "tenant_id", "due_at"),
)

# An activity of the record store: whoever "earned" it or is "certified" by it starts the
# programme. ``since``: verb → the timestamp from which to read next.
statement_source = Table(
    "statement_source",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("activity", Text, primary_key=True),
    # The home page whose account names are the list's ids; empty: people are matched by address
    # only, since ids of different systems collide.
    Column("home_page", Text, nullable=False, server_default=""),
    Column("since", JSONB, nullable=False, server_default="{}"),
    Column("due_at", TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("begun", Integer, nullable=False, server_default="0"),
    # Statements of the last run that match nobody on the list; they are read again for a while,
    # in case the person is added to the list.
    Column("unmatched", Integer, nullable=False, server_default="0"),
    Column("trouble", Text, nullable=False, server_default=""),
    Index(None, "tenant_id", "due_at"),
)

# Somebody used the tool, or viewed figures: at most one row per day.
presence = Table(
    "presence",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("day", Date, primary_key=True),
)
