"""Tables of behaviour assessments."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from lti_tool.tables.metadata import TIMESTAMPTZ, metadata, tenant_id_column
from lti_tool.tables.people import person
from lti_tool.tables.programmes import episode

# Somebody's work rated with the rubric. ``levels``: criterion → level, counted from 1; a
# criterion that was not observed is missing.
assessment = Table(
    "assessment",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("rater_id", ForeignKey(person.c.id), nullable=False),
    Column("relation", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("levels", JSONB, nullable=False),
    Column("words", Text, nullable=False),
    Column("at", TIMESTAMPTZ, nullable=False),
    CheckConstraint("relation IN ('learner', 'peer', 'mentor', 'manager')", name="relation_known"),
    CheckConstraint("method IN ('', 'watching', 'recording', 'simulation')", name="method_known"),
    Index(None, "tenant_id", "episode_id"),
    Index(None, "tenant_id", "rater_id"),
)

# A learner's request to be observed by somebody.
assessment_request = Table(
    "assessment_request",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("rater_id", ForeignKey(person.c.id), nullable=False),
    # The rater's relation to the learner at the time of the request.
    Column("relation", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("asked_at", TIMESTAMPTZ, nullable=False),
    Column("done_at", TIMESTAMPTZ),
    Index(
        "uq_assessment_request_open",
        "tenant_id",
        "episode_id",
        "rater_id",
        unique=True,
        postgresql_where=text("done_at IS NULL"),
    ),
    Index(None, "tenant_id", "rater_id", postgresql_where=text("done_at IS NULL")),
)

# A supplemental workshop for a behaviour of the rubric (``criterion``) that was below its minimum
# in a team; ``title`` is that behaviour's at the time.
workshop = Table(
    "workshop",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("programme", Text, nullable=False),
    Column("criterion", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("offered_by", ForeignKey(person.c.id), nullable=False),
    Column("begins_at", TIMESTAMPTZ, nullable=False),
    Column("place", Text, nullable=False),
    Column("offered_at", TIMESTAMPTZ, nullable=False),
    Column("cancelled_at", TIMESTAMPTZ),
    Index(None, "tenant_id", "offered_by"),
)

workshop_member = Table(
    "workshop_member",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("workshop_id", ForeignKey(workshop.c.id, ondelete="CASCADE"), primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Index(None, "tenant_id", "episode_id"),
)

# A rater's levels for a described case; given once, before the agreed levels were shown.
calibration = Table(
    "calibration",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("rater_id", ForeignKey(person.c.id), primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("case_key", Text, primary_key=True),
    Column("programme_version", Integer, nullable=False),
    Column("levels", JSONB, nullable=False),
    Column("at", TIMESTAMPTZ, nullable=False),
)
