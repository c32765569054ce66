"""channels of Slack and Teams, what learners say of the content"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.migrations import protect

revision = "0005"
down_revision = "0004"

TABLES = ["channel", "channel_post", "remark"]


def upgrade() -> None:
    op.create_table(
        "channel",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("url_sealed", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("kind IN ('slack', 'teams')", name=op.f("ck_channel_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_channel_tenant_id_programme"),
        "channel",
        ["tenant_id", "programme"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "channel_post",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column(
            "queued_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "next_try_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["lti_tool.channel.id"],
            name=op.f("fk_channel_post_channel_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_post")),
        sa.UniqueConstraint(
            "tenant_id", "channel_id", "key", name=op.f("uq_channel_post_tenant_id_channel_id_key")
        ),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_channel_post_tenant_id_next_try_at"),
        "channel_post",
        ["tenant_id", "next_try_at"],
        unique=False,
        schema="lti_tool",
        postgresql_where=sa.text("sent_at IS NULL AND refused IS NULL"),
    )
    op.create_table(
        "remark",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_remark_episode_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remark")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_remark_tenant_id_episode_id"),
        "remark",
        ["tenant_id", "episode_id"],
        unique=False,
        schema="lti_tool",
    )
    for statement in protect("lti_tool", TABLES):
        op.execute(statement)
