"""the authority of what a credential sends is a number in the statement's row"""

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
    for statement in protect("lrs", ["authority"], f"{APP_ROLE}, {LONG_ROLE}"):
        op.execute(statement)
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
