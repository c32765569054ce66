"""removals: what was removed for good is told to those who derive something from statements"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.migrations import protect

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "removal",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("removal_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "removal_id", name="pk_removal"),
        schema="lrs",
    )
    for statement in protect("lrs", ["removal"]):
        op.execute(statement)
    op.execute(
        """
        CREATE OR REPLACE FUNCTION lrs.tenants_with_uncounted() RETURNS SETOF int
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
        AS 'SELECT t.tenant_id FROM lrs.tenant t
            WHERE EXISTS (SELECT 1 FROM lrs.uncounted u WHERE u.tenant_id = t.tenant_id)
               OR EXISTS (SELECT 1 FROM lrs.uncounted_episode e WHERE e.tenant_id = t.tenant_id)
               OR EXISTS (SELECT 1 FROM lrs.removal r WHERE r.tenant_id = t.tenant_id)
               OR EXISTS (SELECT 1 FROM lrs.statement_ref r WHERE r.tenant_id = t.tenant_id AND NOT r.settled) ORDER BY t.tenant_id'
        """
    )
