"""Tables of attempts, answers and grades."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
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
from lti_tool.tables.programmes import episode


class AttemptKind(StrEnum):
    """What a quiz is for: the kinds of answers (lrs.vocabulary.AnswerKind), and practice, of which
    no statement is made."""

    CHECK = "check"
    BASELINE = "baseline"
    REINFORCEMENT = "reinforcement"
    REMEDIATION = "remediation"
    PRACTICE = "practice"


attempt = Table(
    "attempt",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("interval", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("items", ARRAY(Text), nullable=False),
    Column("line_item_url", Text, nullable=False),
    Column("line_items_url", Text, nullable=False),
    Column("course_id", ForeignKey(course.c.id)),
    Column("registration_id", ForeignKey(platform_registration.c.id)),
    Column("subject", Text, nullable=False),
    Column("started_at", TIMESTAMPTZ, nullable=False),
    Column("finished_at", TIMESTAMPTZ),
    Column("right_answers", SmallInteger),
    # A check measures once: opening it again continues the same attempt.
    Index(
        "uq_attempt_check",
        "tenant_id",
        "episode_id",
        "interval",
        unique=True,
        postgresql_where=text("kind IN ('check', 'baseline')"),
    ),
    # Other quizzes must be finished before another of the same kind starts.
    Index(
        "uq_attempt_open",
        "tenant_id",
        "episode_id",
        "kind",
        unique=True,
        postgresql_where=text("finished_at IS NULL AND interval = '' AND kind <> 'baseline'"),
    ),
)

answer = Table(
    "answer",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("attempt_id", ForeignKey(attempt.c.id), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("item", Text, nullable=False),
    Column("response", Text, nullable=False),
    Column("correct", Boolean, nullable=False),
    Column("answered_at", TIMESTAMPTZ, nullable=False),
    Column("rapid", Boolean, nullable=False, server_default="false"),
    Column("confidence", SmallInteger),
)

# The state of a memory model (FSRS) for a competency after a lapse, with the time of its next
# review.
memory = Table(
    "memory",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("competency", Text, primary_key=True),
    Column("card", JSONB, nullable=False),
    Column("due_at", TIMESTAMPTZ, nullable=False),
)

# Where a learner's grades of a programme go, according to the latest launch: for quizzes opened
# without the LMS.
grade_place = Table(
    "grade_place",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    Column("course_id", ForeignKey(course.c.id), nullable=False),
    Column("subject", Text, nullable=False),
    Column("line_items_url", Text, nullable=False),
    Column("seen_at", TIMESTAMPTZ, nullable=False),
)

grade_outbox = Table(
    "grade_outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    tenant_id_column(),
    Column("attempt_id", ForeignKey(attempt.c.id), nullable=False),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    Column("course_id", ForeignKey(course.c.id)),
    # The column if the launch named it; else the course's columns and the resource id: the
    # column is found or created before the first grade.
    Column("line_item_url", Text, nullable=False),
    Column("line_items_url", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    # The place as one text: a newer grade replaces an older one of the same place.
    Column("place", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("maximum", Float, nullable=False),
    Column("comment", Text, nullable=False),
    Column("at", TIMESTAMPTZ, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", TIMESTAMPTZ, nullable=False, server_default=func.now()),
    # The end of the sender's lease; if a lease expired without an outcome, the grade may still
    # have arrived.
    Column("leased_until", TIMESTAMPTZ),
    Column("resends", Integer, nullable=False, server_default="0"),
    Column("sent_at", TIMESTAMPTZ),
    # The column it was sent to, which need not be the one that the launch named.
    Column("sent_url", Text, nullable=False, server_default=""),
    Column("refused", Text),
    # Why the last try failed, while it waits.
    Column("trouble", Text),
    # What became of one that was sent, and when that was looked up (lti_tool.checks.grade_lookup).
    Column("found", Text),
    Column("looked_at", TIMESTAMPTZ),
    Column("replaced", Boolean, nullable=False, server_default="false"),
    CheckConstraint("score >= 0 AND score <= maximum", name="score_within"),
    UniqueConstraint("tenant_id", "attempt_id"),
    Index(
        None,
        "tenant_id",
        "next_try_at",
        postgresql_where=text("sent_at IS NULL AND refused IS NULL AND NOT replaced"),
    ),
    Index(None, "tenant_id", "place", "subject"),
    Index(None, "tenant_id", "course_id", "id"),
)

line_item = Table(
    "line_item",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration_id", ForeignKey(platform_registration.c.id), primary_key=True),
    Column("place", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("maximum", Float, nullable=False),
    # Until when the LMS says that it is open, as it was looked up last.
    Column("ends_at", TIMESTAMPTZ),
    created_at_column(),
)

# When a column is looked at again, and how far the last look came (lti_tool.checks.grade_lookup).
column_look = Table(
    "column_look",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration_id", ForeignKey(platform_registration.c.id), primary_key=True),
    Column("url", Text, primary_key=True),
    Column("next_look_at", TIMESTAMPTZ, nullable=False),
    Column("started_at", TIMESTAMPTZ, nullable=False),
    # Where a look that was cut short goes on; empty if the next one begins at the first page.
    Column("next_page", Text, nullable=False, server_default=""),
    # When the last look that came to its end began.
    Column("last_whole_at", TIMESTAMPTZ),
)

# A learner's remark on the content: on a question (``item``), or on the training itself. It
# goes to the owner of the programme.
remark = Table(
    "remark",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("item", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("at", TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "episode_id"),
)
