"""The tables of schema ``lrs``. ``tenant_id`` leads every secondary index; ``ord`` alone is a statement's primary key."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
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
)

SCHEMA = "lrs"
metadata = MetaData(
    schema=SCHEMA,
    naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"},
)
_INSTANT = DateTime(timezone=True)

tenant = Table(
    "tenant",
    metadata,
    Column("tenant_id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", _INSTANT, nullable=False, server_default=func.now()),
)

credential = Table(
    "credential",
    metadata,
    Column("key", Text, primary_key=True),
    Column("tenant_id", Integer, ForeignKey("lrs.tenant.tenant_id", name="fk_credential_tenant"), nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("note", Text, nullable=False),
    Column("created_at", _INSTANT, nullable=False, server_default=func.now()),
    Index(None, "tenant_id"),
)

statement = Table(
    "statement",
    metadata,
    # Stored microseconds << 10 | writer number, given by the inserting SQL: paging order is primary key order.
    Column("ord", BigInteger, primary_key=True, autoincrement=False),
    Column("tenant_id", Integer, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("verb", BigInteger, nullable=False),
    Column("activity", BigInteger),
    Column("registration", Uuid),
    Column("timestamp_given", Boolean, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    UniqueConstraint("tenant_id", "id"),
    Index(None, "tenant_id", "ord"),
    Index(None, "tenant_id", "verb", "ord"),
    Index(None, "tenant_id", "activity", "ord"),
    Index(None, "tenant_id", "registration", "ord"),
)

statement_rel = Table(
    "statement_rel",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("key", BigInteger, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
)

voiding = Table(
    "voiding",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("target", Uuid, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
)

uncounted = Table(
    "uncounted",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
)

uncountable = Table(
    "uncountable",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
    Column("registration", Uuid),
    Column("reason", Text, nullable=False),
    Index(None, "tenant_id", "registration"),
)

fact_episode = Table(
    "fact_episode",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration", Uuid, primary_key=True),
    Column("learner", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    Column("programme_version", Text),
    Column("anchor", _INSTANT, nullable=False),
    Column("wave", Text),
    Column("team", Text),
    Column("site", Text),
    Column("role", Text),
    Index(None, "tenant_id", "programme"),
)

fact_recall = Table(
    "fact_recall",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration", Uuid, primary_key=True),
    Column("interval", Text, primary_key=True),
    Column("item", Text, primary_key=True),
    Column("learner", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    Column("competency", Text),
    Column("seconds_since_anchor", Integer, nullable=False),
    Column("success", Boolean, nullable=False),
    Index(None, "tenant_id", "programme", "interval"),
)

fact_use = Table(
    "fact_use",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
    Column("registration", Uuid, nullable=False),
    Column("learner", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    Column("task", Text, nullable=False),
    Column("evidence_grade", SmallInteger, nullable=False),
    Column("seconds_since_anchor", Integer, nullable=False),
    Index(None, "tenant_id", "registration"),
    Index(None, "tenant_id", "programme"),
)

fact_activity = Table(
    "fact_activity",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration", Uuid, primary_key=True),
    Column("activity", Text, primary_key=True),
    Column("learner", BigInteger, nullable=False),
    Column("programme", Text, nullable=False),
    Column("due_at", _INSTANT, nullable=False),
    Column("done_at", _INSTANT),
    Index(None, "tenant_id", "programme", "due_at"),
)
