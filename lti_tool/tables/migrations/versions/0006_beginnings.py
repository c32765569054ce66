"""certifications from a gradebook's column and from statements"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.migrations import protect

revision = "0006"
down_revision = "0005"

TABLES = ["statement_source", "certifying_column"]


def upgrade() -> None:
    op.create_table(
        "statement_source",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("home_page", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "since", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("begun", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unmatched", sa.Integer(), server_default="0", nullable=False),
        sa.Column("trouble", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "programme", "activity", name=op.f("pk_statement_source")
        ),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_statement_source_tenant_id_due_at"),
        "statement_source",
        ["tenant_id", "due_at"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "certifying_column",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column(
            "due_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("begun", sa.Integer(), server_default="0", nullable=False),
        sa.Column("trouble", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "share > 0 AND share <= 1", name=op.f("ck_certifying_column_share_within")
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["lti_tool.course.id"], name=op.f("fk_certifying_column_course_id")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name=op.f("fk_certifying_column_registration_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "course_id", "programme", name=op.f("pk_certifying_column")
        ),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_certifying_column_tenant_id_due_at"),
        "certifying_column",
        ["tenant_id", "due_at"],
        unique=False,
        schema="lti_tool",
    )
    for statement in protect("lti_tool", TABLES):
        op.execute(statement)
