"""The tables of schema ``lti_tool``."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

SCHEMA = "lti_tool"
metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    },
)
_INSTANT = DateTime(timezone=True)


def _tenant() -> Column[int]:
    return Column("tenant_id", Integer, nullable=False)


def _created() -> Column[object]:
    return Column("created_at", _INSTANT, nullable=False, server_default=func.now())


# Without a tenant: who this installation is, and the keys it signs with.
installation = Table("installation", metadata, Column("id", Uuid, primary_key=True))

tool_key = Table(
    "tool_key",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("private_sealed", Text, nullable=False),
    Column("public_jwk", JSONB, nullable=False),
    _created(),
)

tenant = Table(
    "tenant",
    metadata,
    Column("tenant_id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("lrs_url", Text),
    Column("lrs_key", Text, nullable=False),
    Column("lrs_secret_sealed", Text, nullable=False),
    Column("practice", Boolean, nullable=False),
    _created(),
)

platform_registration = Table(
    "platform_registration",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    _tenant(),
    Column("issuer", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("auth_login_url", Text, nullable=False),
    Column("auth_token_url", Text, nullable=False),
    Column("key_set_url", Text, nullable=False),
    _created(),
    UniqueConstraint("issuer", "client_id"),
    Index(None, "tenant_id"),
)

deployment = Table(
    "deployment",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration_id", ForeignKey(platform_registration.c.id), primary_key=True),
    Column("deployment_id", Text, primary_key=True),
)

login_state = Table(
    "login_state",
    metadata,
    Column("state_hash", LargeBinary, primary_key=True),
    _tenant(),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    Column("browser_hash", LargeBinary, nullable=False),
    Column("nonce", Text, nullable=False),
    Column("target_link_uri", Text, nullable=False),
    Column("expires_at", _INSTANT, nullable=False),
    Index(None, "tenant_id", "expires_at"),
)

person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant(),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    _created(),
    Index(None, "tenant_id"),
)

identity = Table(
    "identity",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration_id", ForeignKey(platform_registration.c.id), primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
)

launch = Table(
    "launch",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant(),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    Column("subject", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("locale", Text, nullable=False),
    # What makes a course: a context id is unique within its deployment alone, and a launch without one is a course of its own link.
    Column("course", Text, nullable=False),
    Column("context_title", Text, nullable=False),
    Column("resource_link_id", Text, nullable=False),
    Column("line_item_url", Text, nullable=False),
    Column("programme", Text, nullable=False),
    Column("created_at", _INSTANT, nullable=False),
    Column("expires_at", _INSTANT, nullable=False),
    Index(None, "tenant_id", "registration_id", "course"),
)

programme_version = Table(
    "programme_version",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", JSONB, nullable=False),
    _created(),
)

episode = Table(
    "episode",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant(),
    Column("person_id", ForeignKey(person.c.id), nullable=False),
    Column("programme", Text, nullable=False),
    Column("programme_version", Integer, nullable=False),
    Column("certified_at", _INSTANT, nullable=False),
    _created(),
    UniqueConstraint("tenant_id", "person_id", "programme"),
)

scheduled_check = Table(
    "scheduled_check",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("episode_id", ForeignKey(episode.c.id), primary_key=True),
    Column("interval", Text, primary_key=True),
    Column("due_at", _INSTANT, nullable=False),
    Column("opens_at", _INSTANT, nullable=False),
    Column("closes_at", _INSTANT, nullable=False),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("interval", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("items", ARRAY(Text), nullable=False),
    Column("line_item_url", Text, nullable=False),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    Column("subject", Text, nullable=False),
    Column("started_at", _INSTANT, nullable=False),
    Column("finished_at", _INSTANT),
    Column("right_answers", SmallInteger),
    # A check measures once: whoever opens it twice goes on with the same attempt.
    Index("uq_attempt_check", "tenant_id", "episode_id", "interval", unique=True, postgresql_where=text("kind = 'check'")),
)

answer = Table(
    "answer",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("attempt_id", ForeignKey(attempt.c.id), primary_key=True),
    Column("position", SmallInteger, primary_key=True),
    Column("item", Text, nullable=False),
    Column("choice", Text, nullable=False),
    Column("correct", Boolean, nullable=False),
    Column("answered_at", _INSTANT, nullable=False),
)

plan = Table(
    "plan",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant(),
    Column("episode_id", ForeignKey(episode.c.id), nullable=False),
    Column("task", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("by_when", Date),
    Column("with_whom", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("obstacle", Text, nullable=False),
    Column("saved_at", _INSTANT, nullable=False),
    Column("committed_at", _INSTANT),
    UniqueConstraint("tenant_id", "episode_id"),
)

job_use = Table(
    "job_use",
    metadata,
    Column("id", Uuid, primary_key=True),
    _tenant(),
    Column("plan_id", ForeignKey(plan.c.id), nullable=False),
    Column("task", Text, nullable=False),
    Column("used_on", Date, nullable=False),
    Column("words", Text, nullable=False),
    Column("reported_at", _INSTANT, nullable=False),
    Index(None, "tenant_id", "plan_id"),
)

statement_outbox = Table(
    "statement_outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _tenant(),
    Column("statement_id", Uuid, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", _INSTANT, nullable=False, server_default=func.now()),
    Column("refused", Text),
    UniqueConstraint("tenant_id", "statement_id"),
    Index(None, "tenant_id", "next_try_at"),
)

grade_outbox = Table(
    "grade_outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _tenant(),
    Column("attempt_id", ForeignKey(attempt.c.id), nullable=False),
    Column("registration_id", ForeignKey(platform_registration.c.id), nullable=False),
    Column("line_item_url", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("maximum", Float, nullable=False),
    Column("comment", Text, nullable=False),
    Column("at", _INSTANT, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("next_try_at", _INSTANT, nullable=False, server_default=func.now()),
    Column("sent_at", _INSTANT),
    Column("refused", Text),
    Column("replaced", Boolean, nullable=False, server_default="false"),
    CheckConstraint("score >= 0 AND score <= maximum", name="score_within"),
    UniqueConstraint("tenant_id", "attempt_id"),
    Index(None, "tenant_id", "next_try_at"),
)
