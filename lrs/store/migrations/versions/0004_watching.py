"""weekly figures, alarms, exports"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.migrations import protect

revision = "0004"
down_revision = "0003"

TABLES = ["alarm", "export", "week_figure"]


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("alarm_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("weeks", sa.SmallInteger(), nullable=False),
        sa.Column("calm", sa.SmallInteger(), nullable=False),
        sa.Column("history", sa.Text(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column(
            "opened_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "alarm_id", name=op.f("pk_alarm")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_alarm_tenant_id_programme_alarm_id"),
        "alarm",
        ["tenant_id", "programme", "alarm_id"],
        unique=False,
        schema="lrs",
    )
    op.create_index(
        "uq_alarm_open",
        "alarm",
        ["tenant_id", "programme", "series", "team"],
        unique=True,
        schema="lrs",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "export",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("export_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("individual", sa.Boolean(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column(
            "asked_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("tries", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("stale", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rows_done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rows_in_all", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed", sa.Text(), nullable=True),
        sa.Column("manifest", sa.JSON(), nullable=True),
        sa.Column("sha2", sa.Text(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "export_id", name=op.f("pk_export")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_export_tenant_id_finished_at"),
        "export",
        ["tenant_id", "finished_at"],
        unique=False,
        schema="lrs",
    )
    op.create_index("uq_export_key", "export", ["tenant_id", "key"], unique=True, schema="lrs")
    op.create_table(
        "week_figure",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("figure_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("numerator", sa.Integer(), nullable=False),
        sa.Column("denominator", sa.Integer(), nullable=False),
        sa.Column("learners", sa.Integer(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("restated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restated_by", sa.Text(), nullable=True),
        sa.Column("restated_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "figure_id", name=op.f("pk_week_figure")),
        schema="lrs",
    )
    op.create_index(
        "uq_week_figure_place",
        "week_figure",
        ["tenant_id", "programme", "series", "team", "week"],
        unique=True,
        schema="lrs",
        postgresql_where=sa.text("restated_at IS NULL"),
    )
    op.create_index(
        "ix_week_figure_trace",
        "week_figure",
        ["tenant_id", "programme", "series", "team", "figure_id"],
        unique=False,
        schema="lrs",
    )
    for statement in protect("lrs", TABLES):
        op.execute(statement)
