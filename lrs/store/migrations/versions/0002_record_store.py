"""record store"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database import APP_ROLE
from core.migrations import protect

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "activity_definition",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("activity", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("iri", sa.Text(), nullable=False),
        sa.Column("definition", sa.LargeBinary(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "activity", "digest", name=op.f("pk_activity_definition")
        ),
        schema="lrs",
    )
    op.create_table(
        "uncounted_episode",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column(
            "since",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "registration", name=op.f("pk_uncounted_episode")),
        schema="lrs",
    )
    op.create_table(
        "attachment",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("sha2", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "sha2", name=op.f("pk_attachment")),
        schema="lrs",
    )
    op.create_table(
        "audit",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("audit_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "audit_id", name=op.f("pk_audit")),
        schema="lrs",
    )
    op.create_table(
        "dead_letter",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("forward_id", sa.BigInteger(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("tenant_id", "forward_id", "ord", name=op.f("pk_dead_letter")),
        schema="lrs",
    )
    op.create_table(
        "document",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.LargeBinary(), nullable=False),
        sa.Column("context", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("agent_key", sa.BigInteger(), nullable=True),
        sa.Column("registration", sa.Uuid(), nullable=True),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "place", name=op.f("pk_document")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_document_tenant_id_agent_key"),
        "document",
        ["tenant_id", "agent_key"],
        unique=False,
        schema="lrs",
    )
    op.create_index(
        op.f("ix_document_tenant_id_context_updated_at"),
        "document",
        ["tenant_id", "context", "updated_at"],
        unique=False,
        schema="lrs",
    )
    op.create_table(
        "forward",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("forward_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sealed_secret", sa.Text(), nullable=False),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("delivered_ord", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "next_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("stopped", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "forward_id", name=op.f("pk_forward")),
        schema="lrs",
    )
    op.create_table(
        "import_run",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("known", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "source", name=op.f("pk_import_run")),
        schema="lrs",
    )
    op.create_table(
        "job_cursor",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "job", name=op.f("pk_job_cursor")),
        schema="lrs",
    )
    op.create_table(
        "retention_rule",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=True),
        sa.Column("activity", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "rule_id", name=op.f("pk_retention_rule")),
        schema="lrs",
    )
    op.create_table(
        "statement_attachment",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.Column("sha2", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "ord", "sha2", name=op.f("pk_statement_attachment")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_statement_attachment_tenant_id_sha2"),
        "statement_attachment",
        ["tenant_id", "sha2"],
        unique=False,
        schema="lrs",
    )
    op.create_table(
        "statement_ref",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.Uuid(), nullable=False),
        sa.Column("settled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "ord", name=op.f("pk_statement_ref")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_statement_ref_tenant_id_target"),
        "statement_ref",
        ["tenant_id", "target"],
        unique=False,
        schema="lrs",
    )
    op.create_index(
        "ix_statement_ref_unsettled",
        "statement_ref",
        ["tenant_id", "ord"],
        unique=False,
        schema="lrs",
        postgresql_where=sa.text("NOT settled"),
    )
    op.create_table(
        "template_break",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "ord", "template", name=op.f("pk_template_break")),
        schema="lrs",
    )
    op.create_table(
        "token_issuer",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("keys_url", sa.Text(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "issuer", "audience", name=op.f("pk_token_issuer")),
        sa.UniqueConstraint("issuer", "audience", name=op.f("uq_token_issuer_issuer_audience")),
        schema="lrs",
    )
    op.add_column("credential", sa.Column("authority", sa.Text(), nullable=True), schema="lrs")
    op.add_column(
        "credential", sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True), schema="lrs"
    )
    op.execute("UPDATE lrs.credential SET authority = key")
    op.alter_column("credential", "authority", nullable=False, schema="lrs")
    # What a statement is found by moves into one table: an activity is a key there like every other.
    op.execute(
        "INSERT INTO lrs.statement_rel SELECT tenant_id, activity, ord FROM lrs.statement WHERE activity IS NOT NULL ON CONFLICT DO NOTHING"
    )
    op.execute(
        "INSERT INTO lrs.statement_ref (tenant_id, ord, target) SELECT tenant_id, ord, target FROM lrs.voiding"
    )
    op.drop_index("ix_statement_tenant_id_activity_ord", table_name="statement", schema="lrs")
    op.drop_index("ix_statement_tenant_id_ord", table_name="statement", schema="lrs")
    op.drop_index("ix_statement_tenant_id_registration_ord", table_name="statement", schema="lrs")
    op.drop_column("statement", "activity", schema="lrs")
    op.drop_constraint("pk_statement", "statement", schema="lrs")
    op.create_primary_key("pk_statement", "statement", ["tenant_id", "ord"], schema="lrs")
    op.create_index(
        "ix_statement_tenant_id_registration_ord",
        "statement",
        ["tenant_id", "registration", "ord"],
        schema="lrs",
        postgresql_where=sa.text("registration IS NOT NULL"),
    )
    for statement in protect("lrs", TABLES):
        op.execute(statement)
    # The audit record is added to and read, never changed.
    op.execute(f"REVOKE UPDATE, DELETE ON lrs.audit FROM {APP_ROLE}")
    op.execute("DROP FUNCTION lrs.find_credential(text)")
    for function in FUNCTIONS:
        op.execute(function)
    for name in ("find_credential(text)", "find_token_issuer(text)"):
        op.execute(f"REVOKE ALL ON FUNCTION lrs.{name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION lrs.{name} TO {APP_ROLE}")


TABLES = [
    "token_issuer",
    "uncounted_episode",
    "statement_ref",
    "activity_definition",
    "document",
    "attachment",
    "statement_attachment",
    "audit",
    "retention_rule",
    "forward",
    "dead_letter",
    "import_run",
    "template_break",
    "job_cursor",
]

# They run as the owner: who signs in must be known before the tenant is.
FUNCTIONS = [
    """
    CREATE OR REPLACE FUNCTION lrs.tenants_with_uncounted() RETURNS SETOF int
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT t.tenant_id FROM lrs.tenant t
        WHERE EXISTS (SELECT 1 FROM lrs.uncounted u WHERE u.tenant_id = t.tenant_id)
           OR EXISTS (SELECT 1 FROM lrs.uncounted_episode e WHERE e.tenant_id = t.tenant_id)
           OR EXISTS (SELECT 1 FROM lrs.statement_ref r WHERE r.tenant_id = t.tenant_id AND NOT r.settled) ORDER BY t.tenant_id'
    """,
    """
    CREATE OR REPLACE FUNCTION lrs.backlog() RETURNS TABLE (waiting bigint, oldest bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT (SELECT count(*) FROM lrs.uncounted) + (SELECT count(*) FROM lrs.uncounted_episode),
               least((SELECT min(u.ord) FROM lrs.uncounted u),
                     (SELECT (extract(epoch FROM min(e.since)) * 1000000)::bigint << 10 FROM lrs.uncounted_episode e))'
    """,
    """
    CREATE FUNCTION lrs.find_credential(wanted text) RETURNS TABLE (tenant_id int, secret_hash bytea, scopes text[], authority text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT c.tenant_id, c.secret_hash, c.scopes, c.authority FROM lrs.credential c
        WHERE c.key = wanted AND (c.ends_at IS NULL OR c.ends_at > now())'
    """,
    """
    CREATE FUNCTION lrs.find_token_issuer(wanted text) RETURNS TABLE (tenant_id int, audience text, keys_url text, scopes json)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT i.tenant_id, i.audience, i.keys_url, i.scopes FROM lrs.token_issuer i WHERE i.issuer = wanted'
    """,
]
