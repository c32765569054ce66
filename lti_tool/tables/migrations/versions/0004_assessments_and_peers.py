"""behaviour assessments, calibration of raters, peers who answer"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.migrations import protect

revision = "0004"
down_revision = "0003"

TABLES = ["assessment", "assessment_request", "calibration", "presence"]


def upgrade() -> None:
    op.create_table(
        "calibration",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("case_key", sa.Text(), nullable=False),
        sa.Column("programme_version", sa.Integer(), nullable=False),
        sa.Column("levels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["rater_id"], ["lti_tool.person.id"], name=op.f("fk_calibration_rater_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "rater_id", "programme", "case_key", name=op.f("pk_calibration")
        ),
        schema="lti_tool",
    )
    op.create_table(
        "assessment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("rater_id", sa.Uuid(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("levels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "method IN ('', 'watching', 'recording', 'simulation')",
            name=op.f("ck_assessment_method_known"),
        ),
        sa.CheckConstraint(
            "relation IN ('learner', 'peer', 'mentor', 'manager')",
            name=op.f("ck_assessment_relation_known"),
        ),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_assessment_episode_id")
        ),
        sa.ForeignKeyConstraint(
            ["rater_id"], ["lti_tool.person.id"], name=op.f("fk_assessment_rater_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_assessment_tenant_id_episode_id"),
        "assessment",
        ["tenant_id", "episode_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_assessment_tenant_id_rater_id"),
        "assessment",
        ["tenant_id", "rater_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "assessment_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("rater_id", sa.Uuid(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_assessment_request_episode_id")
        ),
        sa.ForeignKeyConstraint(
            ["rater_id"], ["lti_tool.person.id"], name=op.f("fk_assessment_request_rater_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_request")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_assessment_request_tenant_id_rater_id"),
        "assessment_request",
        ["tenant_id", "rater_id"],
        unique=False,
        schema="lti_tool",
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(
        "uq_assessment_request_open",
        "assessment_request",
        ["tenant_id", "episode_id", "rater_id"],
        unique=True,
        schema="lti_tool",
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.add_column(
        "confirmation",
        sa.Column("record", sa.Text(), server_default="", nullable=False),
        schema="lti_tool",
    )
    op.add_column("handed_in", sa.Column("peer_id", sa.Uuid(), nullable=True), schema="lti_tool")
    op.create_index(
        op.f("ix_handed_in_tenant_id_peer_id"),
        "handed_in",
        ["tenant_id", "peer_id"],
        unique=False,
        schema="lti_tool",
        postgresql_where=sa.text("peer_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_handed_in_peer_id"),
        "handed_in",
        "person",
        ["peer_id"],
        ["id"],
        source_schema="lti_tool",
        referent_schema="lti_tool",
    )
    op.add_column("job_use", sa.Column("peer_id", sa.Uuid(), nullable=True), schema="lti_tool")
    op.create_index(
        op.f("ix_job_use_tenant_id_peer_id"),
        "job_use",
        ["tenant_id", "peer_id"],
        unique=False,
        schema="lti_tool",
        postgresql_where=sa.text("peer_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_job_use_peer_id"),
        "job_use",
        "person",
        ["peer_id"],
        ["id"],
        source_schema="lti_tool",
        referent_schema="lti_tool",
    )
    op.create_table(
        "presence",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name=op.f("fk_presence_person_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "person_id", "programme", "what", "day", name=op.f("pk_presence")
        ),
        schema="lti_tool",
    )
    for statement in protect("lti_tool", TABLES):
        op.execute(statement)
