"""badges by which people begin"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.migrations import protect

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "accepted_badge",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("badge", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "programme", "badge", name=op.f("pk_accepted_badge")),
        schema="lti_tool",
    )
    for statement in protect("lti_tool", ["accepted_badge"]):
        op.execute(statement)
