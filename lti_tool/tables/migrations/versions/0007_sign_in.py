"""signing in by the organisation's own identity provider"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database import APP_ROLE
from core.migrations import protect

revision = "0007"
down_revision = "0006"

# What must be known before a tenant is: whose provider this is, and the only one that there is (id and name are shown to everybody).
FUNCTIONS = {
    "sign_in_tenant(uuid)": """
    CREATE FUNCTION lti_tool.sign_in_tenant(wanted uuid) RETURNS int
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT tenant_id FROM lti_tool.sign_in_provider WHERE id = wanted'
    """,
    "only_sign_in()": """
    CREATE FUNCTION lti_tool.only_sign_in() RETURNS TABLE (id uuid, name text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT p.id, p.name FROM lti_tool.sign_in_provider p WHERE (SELECT count(*) FROM lti_tool.sign_in_provider) = 1'
    """,
}


def upgrade() -> None:
    op.create_table(
        "sign_in_provider",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("secret_sealed", sa.Text(), nullable=False),
        sa.Column("claim", sa.Text(), nullable=False),
        sa.Column("authorization_url", sa.Text(), nullable=False),
        sa.Column("token_url", sa.Text(), nullable=False),
        sa.Column("keys_url", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_provider")),
        sa.UniqueConstraint("tenant_id", name=op.f("uq_sign_in_provider_tenant_id")),
        schema="lti_tool",
    )
    for statement in protect("lti_tool", ["sign_in_provider"]):
        op.execute(statement)
    for name, function in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"REVOKE ALL ON FUNCTION lti_tool.{name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION lti_tool.{name} TO {APP_ROLE}")
