"""what activities of other systems count as, tests before the training, new levels of weekly figures"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.migrations import protect

revision = "0005"
down_revision = "0004"

TABLES = ["activity_mapping", "baseline", "borrowed"]


def upgrade() -> None:
    op.add_column("fact_episode", sa.Column("pre_test", sa.Float(), nullable=True), schema="lrs")
    op.add_column(
        "fact_episode", sa.Column("training_seconds", sa.Integer(), nullable=True), schema="lrs"
    )
    op.drop_index("ix_fact_use_tenant_id_registration", "fact_use", schema="lrs")
    op.drop_constraint("pk_fact_use", "fact_use", schema="lrs")
    op.create_primary_key(
        "pk_fact_use", "fact_use", ["tenant_id", "registration", "ord"], schema="lrs"
    )
    op.create_table(
        "activity_mapping",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("mapping_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("activity", sa.Text(), nullable=False),
        sa.Column("activity_key", sa.BigInteger(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("counts_as", sa.Text(), nullable=False),
        sa.Column("competency", sa.Text(), nullable=True),
        sa.Column("evidence_grade", sa.SmallInteger(), nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "mapping_id", name=op.f("pk_activity_mapping")),
        schema="lrs",
    )
    op.create_index(
        "uq_activity_mapping_place",
        "activity_mapping",
        ["tenant_id", "activity_key", "programme"],
        unique=True,
        schema="lrs",
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.create_table(
        "baseline",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("baseline_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("tenant_id", "baseline_id", name=op.f("pk_baseline")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_baseline_tenant_id_programme_baseline_id"),
        "baseline",
        ["tenant_id", "programme", "baseline_id"],
        schema="lrs",
    )
    op.create_table(
        "borrowed",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "registration", "ord", name=op.f("pk_borrowed")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_borrowed_tenant_id_ord"), "borrowed", ["tenant_id", "ord"], schema="lrs"
    )
    for statement in protect("lrs", TABLES):
        op.execute(statement)
    # Certifications that told how long the training took are read again.
    op.execute(
        "INSERT INTO lrs.uncounted_episode (tenant_id, registration) SELECT tenant_id, registration FROM lrs.fact_episode ON CONFLICT DO NOTHING"
    )
