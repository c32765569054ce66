"""The tables of schema ``lrs``. ``tenant_id`` leads every secondary index; ``ord`` is a
statement's primary key within its tenant."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    JSON,
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
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    false,
    func,
    text,
)

from core.database import KEY_NAMES
from lrs.store.payloads import Payload

SCHEMA = "lrs"
metadata = MetaData(schema=SCHEMA, naming_convention=KEY_NAMES)
_TIMESTAMPTZ = DateTime(timezone=True)

tenant = Table(
    "tenant",
    metadata,
    Column("tenant_id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
)

credential = Table(
    "credential",
    metadata,
    Column("key", Text, primary_key=True),
    Column(
        "tenant_id",
        Integer,
        ForeignKey("lrs.tenant.tenant_id", name="fk_credential_tenant"),
        nullable=False,
    ),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("note", Text, nullable=False),
    # The agent that vouches for what this credential sends; a key that replaces another keeps
    # its authority.
    Column("authority", Text, nullable=False),
    Column("created_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("ends_at", _TIMESTAMPTZ),
    # Whether its statements are mended by the rules of lrs.xapi.tolerance.
    Column("tolerant", Boolean, nullable=False, server_default=false()),
    # Of a token for one launch: agent, activity, registration.
    Column("launch", JSON(none_as_null=True)),
    Index(None, "tenant_id"),
)

token_issuer = Table(
    "token_issuer",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("issuer", Text, primary_key=True),
    Column("audience", Text, primary_key=True),
    Column("keys_url", Text, nullable=False),
    # The issuer's scope name -> our scopes; a name that is not listed counts as itself.
    Column("scopes", JSON, nullable=False),
    Column("created_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    UniqueConstraint("issuer", "audience"),
)

statement = Table(
    "statement",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    # Stored microseconds << 10 | writer number, assigned by the inserting SQL: paging order is
    # primary key order.
    Column("ord", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Uuid, nullable=False),
    Column("verb", BigInteger, nullable=False),
    Column("registration", Uuid),
    Column("timestamp_given", Boolean, nullable=False),
    # Of a version before, until a job has moved it (lrs.store.payload_table).
    Column("payload", Payload),
    # Of what a credential sent; where it is null, the statement's bytes say it.
    Column("authority", Integer),
    UniqueConstraint("tenant_id", "id"),
    Index(None, "tenant_id", "verb", "ord"),
    Index(
        None, "tenant_id", "registration", "ord", postgresql_where=text("registration IS NOT NULL")
    ),
    Index(None, "tenant_id", "authority", "ord", postgresql_where=text("authority IS NOT NULL")),
)

# Names of credentials' authorities. They stay when the credential goes: statements name them.
authority = Table(
    "authority",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("authority_id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    UniqueConstraint("tenant_id", "name"),
)

# The bytes of statements: partitioned by month, the parts in schema lrs_months (SQL functions
# add_payload_months and drop_payload_month). What is here stands before what a file has.
statement_payload = Table(
    "statement_payload",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
    Column("payload", Payload, nullable=False),
    postgresql_partition_by="RANGE (ord)",
)

# Files in the blob store that hold the bytes of old statements: those from ``first_ord`` to
# ``last_ord``.
cold_file = Table(
    "cold_file",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("first_ord", BigInteger, primary_key=True, autoincrement=False),
    Column("last_ord", BigInteger, nullable=False),
    Column("sha2", Text, nullable=False),
    Column("statements", BigInteger, nullable=False),
    # Whether statements of it were removed or changed since it was written.
    Column("stale", Boolean, nullable=False, server_default=false()),
)

# The keys by which a statement is found, beside its own columns: agents, activities, and
# everything inherited from the statement it refers to. Each key is stored once; "related" kinds
# hold only what the plain kind does not (lrs.xapi.index_keys).
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

statement_ref = Table(
    "statement_ref",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
    Column("target", Uuid, nullable=False),
    # Whether the target was stored and its keys were copied to this statement.
    Column("settled", Boolean, nullable=False, server_default=false()),
    Index(None, "tenant_id", "target"),
    Index("ix_statement_ref_unsettled", "tenant_id", "ord", postgresql_where=text("NOT settled")),
)

activity_definition = Table(
    "activity_definition",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("activity", BigInteger, primary_key=True),
    Column("digest", BigInteger, primary_key=True),
    Column("iri", Text, nullable=False),
    Column("definition", LargeBinary, nullable=False),
    # The earliest timestamp (microseconds) of a statement with this definition: of two
    # conflicting ones, the newer one wins.
    Column("seen", BigInteger, nullable=False),
)

document = Table(
    "document",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    # Hash of kind, activity, agent, registration and id; and of the first three, for lists.
    Column("place", LargeBinary, primary_key=True),
    Column("context", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("activity", Text),
    Column("agent", Text),
    Column("agent_key", BigInteger),
    Column("registration", Uuid),
    Column("document_id", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("etag", Text, nullable=False),
    Column("updated_at", _TIMESTAMPTZ, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "tenant_id", "context", "updated_at"),
    Index(None, "tenant_id", "agent_key"),
)

attachment = Table(
    "attachment",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("sha2", Text, primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("created_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
)

statement_attachment = Table(
    "statement_attachment",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
    Column("sha2", Text, primary_key=True),
    Index(None, "tenant_id", "sha2"),
)

audit = Table(
    "audit",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("audit_id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("who", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("details", JSON, nullable=False),
)

retention_rule = Table(
    "retention_rule",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("rule_id", BigInteger, Identity(always=True), primary_key=True),
    Column("days", Integer, nullable=False),
    Column("verb", Text),
    Column("activity", Text),
    Column("created_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
)

forward = Table(
    "forward",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("forward_id", BigInteger, Identity(always=True), primary_key=True),
    Column("url", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("sealed_secret", Text, nullable=False),
    Column("filter", JSON, nullable=False),
    # Everything up to here was delivered or moved to the dead letters.
    Column("delivered_ord", BigInteger, nullable=False),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("next_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    Column("last_error", Text),
    Column("stopped", Boolean, nullable=False, server_default=false()),
    Column("created_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
    # What is changed on the way (lrs.xapi.statement_map).
    Column("map", JSON, nullable=False),
    # A period that it is to get, too: from beyond the first to before the second.
    Column("backfill_after", BigInteger),
    Column("backfill_before", BigInteger),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("forward_id", BigInteger, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
)

import_run = Table(
    "import_run",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("source", Text, primary_key=True),
    # Bytes of the file that were processed, or the address of the next page.
    Column("position", Text, nullable=False),
    Column("stored", BigInteger, nullable=False),
    Column("known", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("lines", BigInteger, nullable=False),
    Column("finished", Boolean, nullable=False),
    Column("updated_at", _TIMESTAMPTZ, nullable=False, server_default=func.now()),
)

template_break = Table(
    "template_break",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
    Column("template", Text, primary_key=True),
    Column("reason", Text, nullable=False),
)

# Addresses of files that nobody needs any more, or that are being written: removed, unless a file
# is recorded with it.
cold_trash = Table(
    "cold_trash",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("sha2", Text, primary_key=True),
)

job_cursor = Table(
    "job_cursor",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("job", Text, primary_key=True),
    Column("ord", BigInteger, nullable=False),
)

# Tenants whose statements may be kept by the mailbox as it was spelled; those up to ``after_ord``
# are not. Until ``until``, servers of a version before may go on writing.
agent_rekeying = Table(
    "agent_rekeying",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("after_ord", BigInteger, nullable=False),
    Column("until", _TIMESTAMPTZ, nullable=False),
)

uncounted = Table(
    "uncounted",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("ord", BigInteger, primary_key=True),
)

# Queue of removals, consumed by the package that computes facts: a statement (``ord``), or
# everything of an agent (``agent``, an identity).
removal = Table(
    "removal",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("removal_id", BigInteger, Identity(), primary_key=True),
    Column("ord", BigInteger),
    Column("agent", Text),
)

# Episodes whose statements were removed: their facts must be recomputed although nothing was
# stored.
uncounted_episode = Table(
    "uncounted_episode",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("registration", Uuid, primary_key=True),
    Column("since", _TIMESTAMPTZ, nullable=False, server_default=func.clock_timestamp()),
)
