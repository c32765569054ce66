"""first tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database import APP_ROLE
from core.migrations import protect

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "fact_activity",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("learner", sa.BigInteger(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint(
            "tenant_id", "registration", "activity", name=op.f("pk_fact_activity")
        ),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_fact_activity_tenant_id_programme_due_at"),
        "fact_activity",
        ["tenant_id", "programme", "due_at"],
        unique=False,
        schema="lrs",
    )
    op.create_table(
        "fact_episode",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("learner", sa.BigInteger(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("programme_version", sa.Text(), nullable=True),
        sa.Column("anchor", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wave", sa.Text(), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "registration", name=op.f("pk_fact_episode")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_fact_episode_tenant_id_programme"),
        "fact_episode",
        ["tenant_id", "programme"],
        unique=False,
        schema="lrs",
    )
    op.create_table(
        "fact_recall",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("learner", sa.BigInteger(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("competency", sa.Text(), nullable=True),
        sa.Column("seconds_since_anchor", sa.Integer(), nullable=False),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "registration", "interval", "item", name=op.f("pk_fact_recall")
        ),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_fact_recall_tenant_id_programme_interval"),
        "fact_recall",
        ["tenant_id", "programme", "interval"],
        unique=False,
        schema="lrs",
    )
    op.create_table(
        "fact_use",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("learner", sa.BigInteger(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("evidence_grade", sa.SmallInteger(), nullable=False),
        sa.Column("seconds_since_anchor", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "ord", name=op.f("pk_fact_use")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_fact_use_tenant_id_programme"),
        "fact_use",
        ["tenant_id", "programme"],
        unique=False,
        schema="lrs",
    )
    op.create_index(
        op.f("ix_fact_use_tenant_id_registration"),
        "fact_use",
        ["tenant_id", "registration"],
        unique=False,
        schema="lrs",
    )
    op.create_table(
        "statement",
        sa.Column("ord", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("verb", sa.BigInteger(), nullable=False),
        sa.Column("activity", sa.BigInteger(), nullable=True),
        sa.Column("registration", sa.Uuid(), nullable=True),
        sa.Column("timestamp_given", sa.Boolean(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ord", name=op.f("pk_statement")),
        sa.UniqueConstraint("tenant_id", "id", name=op.f("uq_statement_tenant_id_id")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_statement_tenant_id_activity_ord"),
        "statement",
        ["tenant_id", "activity", "ord"],
        unique=False,
        schema="lrs",
    )
    op.create_index(
        op.f("ix_statement_tenant_id_ord"),
        "statement",
        ["tenant_id", "ord"],
        unique=False,
        schema="lrs",
    )
    op.create_index(
        op.f("ix_statement_tenant_id_registration_ord"),
        "statement",
        ["tenant_id", "registration", "ord"],
        unique=False,
        schema="lrs",
    )
    op.create_index(
        op.f("ix_statement_tenant_id_verb_ord"),
        "statement",
        ["tenant_id", "verb", "ord"],
        unique=False,
        schema="lrs",
    )
    op.create_table(
        "statement_rel",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", "ord", name=op.f("pk_statement_rel")),
        schema="lrs",
    )
    op.create_table(
        "tenant",
        sa.Column("tenant_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("name", name=op.f("uq_tenant_name")),
        schema="lrs",
    )
    op.create_table(
        "uncountable",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "ord", name=op.f("pk_uncountable")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_uncountable_tenant_id_registration"),
        "uncountable",
        ["tenant_id", "registration"],
        unique=False,
        schema="lrs",
    )
    op.create_table(
        "uncounted",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "ord", name=op.f("pk_uncounted")),
        schema="lrs",
    )
    op.create_table(
        "voiding",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("target", sa.Uuid(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "target", "ord", name=op.f("pk_voiding")),
        schema="lrs",
    )
    op.create_table(
        "credential",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["lrs.tenant.tenant_id"], name="fk_credential_tenant"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_credential")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_credential_tenant_id"), "credential", ["tenant_id"], unique=False, schema="lrs"
    )
    for statement in protect("lrs", TABLES):
        op.execute(statement)
    # The tie-breaker of ord: 10 bits, given in turn, so that two batches of the same microsecond differ.
    op.execute("CREATE SEQUENCE lrs.writer_number MINVALUE 0 MAXVALUE 1023 START 0 CYCLE")
    op.execute(f"GRANT USAGE ON SEQUENCE lrs.writer_number TO {APP_ROLE}")
    for function in FUNCTIONS:
        op.execute(function)
    for name in ("find_credential(text)", "tenants_with_uncounted()", "tenant_ids()", "backlog()"):
        op.execute(f"REVOKE ALL ON FUNCTION lrs.{name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION lrs.{name} TO {APP_ROLE}")


TABLES = [
    "tenant",
    "credential",
    "statement",
    "statement_rel",
    "voiding",
    "uncounted",
    "uncountable",
    "fact_episode",
    "fact_recall",
    "fact_use",
    "fact_activity",
]

# What must be known before a tenant is: who signs in, which tenants have work, how old the oldest work is.
# They run as the owner, answer these questions and no other.
FUNCTIONS = [
    """
    CREATE FUNCTION lrs.find_credential(wanted text) RETURNS TABLE (tenant_id int, secret_hash bytea, scopes text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT c.tenant_id, c.secret_hash, c.scopes FROM lrs.credential c WHERE c.key = wanted'
    """,
    """
    CREATE FUNCTION lrs.tenants_with_uncounted() RETURNS SETOF int
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT t.tenant_id FROM lrs.tenant t
        WHERE EXISTS (SELECT 1 FROM lrs.uncounted u WHERE u.tenant_id = t.tenant_id) ORDER BY t.tenant_id'
    """,
    """
    CREATE FUNCTION lrs.tenant_ids() RETURNS SETOF int
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT t.tenant_id FROM lrs.tenant t ORDER BY t.tenant_id'
    """,
    """
    CREATE FUNCTION lrs.backlog() RETURNS TABLE (waiting bigint, oldest bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT count(*), min(u.ord) FROM lrs.uncounted u'
    """,
]
