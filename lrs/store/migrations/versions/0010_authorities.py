"""the authority of what a credential sends is a number in the statement's row; who did something in mapped activities"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database import APP_ROLE, LONG_ROLE
from core.migrations import protect

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "authority",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("authority_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "authority_id", name="pk_authority"),
        sa.UniqueConstraint("tenant_id", "name", name="uq_authority_tenant_id_name"),
        schema="lrs",
    )
    op.execute(
        "INSERT INTO lrs.authority (tenant_id, name) SELECT DISTINCT tenant_id, authority FROM lrs.credential"
    )
    # What is stored keeps its authority in its bytes.
    op.add_column("statement", sa.Column("authority", sa.Integer(), nullable=True), schema="lrs")
    op.create_index(
        "ix_statement_tenant_id_authority_ord",
        "statement",
        ["tenant_id", "authority", "ord"],
        schema="lrs",
        postgresql_where=sa.text("authority IS NOT NULL"),
    )
    op.add_column(
        "activity_mapping",
        sa.Column(
            "read_ord",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("'-9223372036854775808'"),
        ),
        schema="lrs",
    )
    op.create_table(
        "mapped_actor",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("mapping_id", sa.BigInteger(), nullable=False),
        sa.Column("agent", sa.BigInteger(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "mapping_id", "agent", name="pk_mapped_actor"),
        schema="lrs",
    )
    op.create_index(
        "ix_mapped_actor_tenant_id_agent", "mapped_actor", ["tenant_id", "agent"], schema="lrs"
    )
    for statement in protect("lrs", ["authority", "mapped_actor"], f"{APP_ROLE}, {LONG_ROLE}"):
        op.execute(statement)
    # The tool says who is one person.
    op.execute(
        "UPDATE lrs.credential SET scopes = array_append(scopes, 'merges') WHERE note = 'the tool' "
        "AND scopes @> ARRAY['define', 'metrics/write', 'credentials'] AND NOT 'all' = ANY (scopes)"
    )
    op.execute("DROP FUNCTION lrs.find_credential(text)")
    op.execute(
        """
        CREATE FUNCTION lrs.find_credential(wanted text) RETURNS TABLE (tenant_id int, secret_hash bytea, scopes text[], authority text, tolerant boolean, launch json, authority_id int)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
        AS 'SELECT c.tenant_id, c.secret_hash, c.scopes, c.authority, c.tolerant, c.launch, a.authority_id FROM lrs.credential c
            LEFT JOIN lrs.authority a ON a.tenant_id = c.tenant_id AND a.name = c.authority
            WHERE c.key = wanted AND (c.ends_at IS NULL OR c.ends_at > now())'
        """
    )
    op.execute("REVOKE ALL ON FUNCTION lrs.find_credential(text) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION lrs.find_credential(text) TO {APP_ROLE}")
