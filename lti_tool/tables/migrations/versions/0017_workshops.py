"""supplemental workshops for a behaviour that is below its minimum in a team"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.migrations import protect

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "workshop",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("criterion", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("offered_by", sa.Uuid(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["offered_by"], ["lti_tool.person.id"], name="fk_workshop_offered_by"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_workshop"),
        schema="lti_tool",
    )
    op.create_index(
        "ix_workshop_tenant_id_offered_by",
        "workshop",
        ["tenant_id", "offered_by"],
        schema="lti_tool",
    )
    op.create_table(
        "workshop_member",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("workshop_id", sa.Uuid(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workshop_id"],
            ["lti_tool.workshop.id"],
            name="fk_workshop_member_workshop_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name="fk_workshop_member_episode_id"
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "workshop_id", "episode_id", name="pk_workshop_member"
        ),
        schema="lti_tool",
    )
    op.create_index(
        "ix_workshop_member_tenant_id_episode_id",
        "workshop_member",
        ["tenant_id", "episode_id"],
        schema="lti_tool",
    )
    for statement in protect("lti_tool", ["workshop", "workshop_member"]):
        op.execute(statement)
