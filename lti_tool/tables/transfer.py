"""Tables of the transfer plan and protocol."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from lti_tool.tables.metadata import TIMESTAMPTZ, created_at_column, metadata, tenant_id_column
from lti_tool.tables.people import person
from lti_tool.tables.programmes import episode

plan = Table(
    "plan",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("task", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("by_when", Date),
    Column("with_whom", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("obstacle", Text, nullable=False),
    Column("saved_at", TIMESTAMPTZ, nullable=False),
    Column("committed_at", TIMESTAMPTZ),
    Column("revision", Integer, nullable=False, server_default="0"),
    UniqueConstraint("tenant_id", "episode_id"),
)

# The content of the plan after each commitment and revision.
plan_revision = Table(
    "plan_revision",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("plan_id", ForeignKey(plan.c.id), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("task", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("by_when", Date, nullable=False),
    Column("with_whom", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("obstacle", Text, nullable=False),
    Column("at", TIMESTAMPTZ, nullable=False),
)

# The tasks of this learner's job that show a competency: chosen from the programme's list, or
# added by the learner or the manager.
mapped_task = Table(
    "mapped_task",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("competency", Text, nullable=False),
    Column("own", Boolean, nullable=False),
    Column("added_by", ForeignKey(person.c.id), nullable=False),
    created_at_column(),
)

# A file that a learner submitted.
document = Table(
    "document",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    Column("name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    created_at_column(),
    Index(None, "tenant_id", "person_id"),
)

# A submission: an exercise on real data, or a case study; it can be changed until somebody has
# reviewed it.
handed_in = Table(
    "handed_in",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("document_id", ForeignKey(document.c.id)),
    # A member of the learner's coaching group whom the learner asked to review it as well.
    Column("peer_id", ForeignKey(person.c.id)),
    Column("revision", Integer, nullable=False),
    Column("at", TIMESTAMPTZ, nullable=False),
    CheckConstraint("kind IN ('exercise', 'case study')", name="kind_known"),
    Index(None, "tenant_id", "peer_id", postgresql_where=text("peer_id IS NOT NULL")),
    UniqueConstraint("tenant_id", "episode_id", "kind"),
)

review = Table(
    "review",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("handed_in_id", ForeignKey(handed_in.c.id), nullable=False),
    Column("reviewer_id", ForeignKey(person.c.id), nullable=False),
    Column("relation", Text, nullable=False),
    Column("good", Text, nullable=False),
    Column("next_step", Text, nullable=False),
    # What the training itself failed to cover: it goes to the owner of the programme.
    Column("weak_content", Text, nullable=False),
    Column("at", TIMESTAMPTZ, nullable=False),
    UniqueConstraint("tenant_id", "handed_in_id"),
    Index(None, "tenant_id", "reviewer_id"),
)

job_use = Table(
    "job_use",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("plan_id", ForeignKey(plan.c.id), nullable=False),
    Column("task", Text, nullable=False),
    Column("used_on", Date, nullable=False),
    Column("words", Text, nullable=False),
    Column("reported_at", TIMESTAMPTZ, nullable=False),
    # A member of the learner's coaching group who saw it, according to the learner.
    Column("peer_id", ForeignKey(person.c.id)),
    # Strength of evidence: 1 the learner, 2 a peer, 3 the supervisor, 4 a record of the work
    # system. The role of whoever confirms decides it.
    Column("grade", SmallInteger, nullable=False, server_default="1"),
    Column("revision", Integer, nullable=False, server_default="1"),
    Index(None, "tenant_id", "plan_id"),
    Index(None, "tenant_id", "peer_id", postgresql_where=text("peer_id IS NOT NULL")),
    CheckConstraint("grade BETWEEN 1 AND 4", name="grade_known"),
)

confirmation = Table(
    "confirmation",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("use_id", ForeignKey(job_use.c.id), primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True),
    # False: the person could not confirm having seen it.
    Column("seen", Boolean, nullable=False),
    Column("grade", SmallInteger, nullable=False),
    Column("words", Text, nullable=False),
    # Where a work system shows it: a record number or URL. Empty: nobody checked.
    Column("record", Text, nullable=False, server_default=""),
    Column("at", TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "person_id"),
)

# The learner's honest answer that there was no opportunity to use it.
no_opportunity = Table(
    "no_opportunity",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("words", Text, nullable=False),
    Column("at", TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "episode_id"),
)

# Answers to two questions 90 days after the first verified use, by the learner and the
# supervisor.
follow_up = Table(
    "follow_up",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("asked", Text, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    Column("still_used", Boolean, nullable=False),
    Column("how_often", Text, nullable=False),
    Column("at", TIMESTAMPTZ, nullable=False),
    CheckConstraint("asked IN ('learner', 'supervisor')", name="asked_known"),
    Index(None, "tenant_id", "person_id"),
)
