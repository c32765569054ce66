"""Tables of sessions, and of mails."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
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
from lti_tool.tables.programmes import episode
from lti_tool.tables.transfer import handed_in, job_use

launch = Table(
    "launch",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    # Null for a visit started without an LMS: by an e-mailed link, or by the organisation's own
    # sign-in.
    Column("registration_id", ForeignKey(platform_registration.c.id)),
    Column("course_id", ForeignKey(course.c.id)),
    Column("message", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("administers", Boolean, nullable=False),
    # The custom parameter for want of which the LMS does not say whether the person administers
    # all of it (adapters.lms.models.Launch).
    Column("missing_parameter", Text, nullable=False, server_default=""),
    Column("locale", Text, nullable=False),
    Column("deployment_id", Text, nullable=False),
    Column("resource_link_id", Text, nullable=False),
    Column("resource_link_title", Text, nullable=False),
    Column("return_url", Text, nullable=False),
    # Where grades of this launch go: its own column, or the course's columns if the tool may
    # create them; empty if it may not send grades.
    Column("line_item_url", Text, nullable=False),
    Column("line_items_url", Text, nullable=False),
    Column("programme", Text, nullable=False),
    Column("page", Text, nullable=False),
    Column("deep_linking", JSONB),
    Column("review_of", Text, nullable=False),
    Column("created_at", TIMESTAMPTZ, nullable=False),
    Column("seen_at", TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("expires_at", TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "course_id"),
    Index(None, "tenant_id", "expires_at"),
)

# What somebody typed into a form and did not send yet, by the names of the form's fields.
form_draft = Table(
    "form_draft",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True),
    Column("form", Text, primary_key=True),
    Column("fields", JSONB, nullable=False),
    Column("saved_at", TIMESTAMPTZ, nullable=False),
    Index(None, "tenant_id", "saved_at"),
)

# A question that is sent to a learner by mail: one question of one check or refresher, until
# ``closes_at``. Its answer is stored as every answer (lti_tool.tables.checks).
mailed_question = Table(
    "mailed_question",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("interval", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("closes_at", TIMESTAMPTZ, nullable=False),
    created_at_column(),
    Index(None, "tenant_id", "episode_id"),
)

# Outbox of mail to people. ``key`` names the subject: the same mail is sent once.
mail = Table(
    "mail",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    tenant_id_column(),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("words", Text, nullable=False),
    # What its link opens: a page of a visit in this programme. The link is generated when the
    # mail is sent (mail_link).
    Column("programme", Text, nullable=False),
    Column("path", Text, nullable=False),
    # The report whose chart is attached, and its filters as a query string; empty for none.
    Column("picture", Text, nullable=False, server_default=""),
    # The question that it asks; null for none.
    Column("question_id", ForeignKey(mailed_question.c.id)),
    Column("queued_at", TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("sent_at", TIMESTAMPTZ),
    Column("refused", Text),
    Column("opened_at", TIMESTAMPTZ),
    UniqueConstraint("tenant_id", "person_id", "key"),
    Index(
        None,
        "tenant_id",
        "next_try_at",
        postgresql_where=text("sent_at IS NULL AND refused IS NULL"),
    ),
    Index(None, "tenant_id", "person_id", "id"),
)

mail_stop = Table(
    "mail_stop",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), primary_key=True),
    Column("kind", Text, primary_key=True),
    created_at_column(),
)

# The links of mails, by the hash of their secret. A link of a question, of a use at work or of a
# work sample opens that and nothing else; any other opens the mail's page, or stops mails of its
# kind.
mail_link = Table(
    "mail_link",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    tenant_id_column(),
    Column("mail_id", ForeignKey(mail.c.id, ondelete="CASCADE"), nullable=False),
    Column("question_id", ForeignKey(mailed_question.c.id, ondelete="CASCADE")),
    Column("use_id", ForeignKey(job_use.c.id, ondelete="CASCADE")),
    Column("handed_in_id", ForeignKey(handed_in.c.id, ondelete="CASCADE")),
    created_at_column(),
    Index(None, "tenant_id", "mail_id"),
    Index(None, "tenant_id", "question_id"),
)
