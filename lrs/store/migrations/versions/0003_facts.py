"""facts for every metric"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database import APP_ROLE
from core.migrations import protect

revision = "0003"
down_revision = "0002"

TABLES = [
    "fact_check",
    "fact_competency",
    "fact_presence",
    "fact_rating",
    "person_merge",
    "computed",
    "uncomputed",
    "scorecard",
    "cost",
    "kpi",
    "kpi_reading",
    "valuation",
    "reporting_user",
]


def upgrade() -> None:
    # They are all made anew below; what stands there lacks columns that are required now.
    for table in ("fact_episode", "fact_recall", "fact_use", "fact_activity"):
        op.execute(f"DELETE FROM lrs.{table}")  # noqa: S608 - names of this file
    op.create_table(
        "fact_check",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("learner", sa.BigInteger(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked", sa.SmallInteger(), nullable=False),
        sa.Column("right", sa.SmallInteger(), nullable=False),
        sa.Column("rapid", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "registration", "interval", name=op.f("pk_fact_check")
        ),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_fact_check_tenant_id_programme_interval"),
        "fact_check",
        ["tenant_id", "programme", "interval"],
        unique=False,
        schema="lrs",
    )
    op.create_table(
        "fact_competency",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=False),
        sa.Column("competency", sa.Text(), nullable=False),
        sa.Column("learner", sa.BigInteger(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("right", sa.Integer(), nullable=False),
        sa.Column("rated", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "registration", "competency", name=op.f("pk_fact_competency")
        ),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_fact_competency_tenant_id_programme"),
        "fact_competency",
        ["tenant_id", "programme"],
        unique=False,
        schema="lrs",
    )
    op.create_table(
        "fact_presence",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.Column("agent", sa.BigInteger(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("site", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "ord", name=op.f("pk_fact_presence")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_fact_presence_tenant_id_programme_what_at"),
        "fact_presence",
        ["tenant_id", "programme", "what", "at"],
        unique=False,
        schema="lrs",
    )
    op.create_table(
        "fact_rating",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.Column("criterion", sa.Text(), nullable=False),
        sa.Column("registration", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("calibration", sa.Boolean(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("competency", sa.Text(), nullable=True),
        sa.Column("rater", sa.BigInteger(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.SmallInteger(), nullable=False),
        sa.Column("levels", sa.SmallInteger(), nullable=False),
        sa.Column("reached", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "ord", "criterion", name=op.f("pk_fact_rating")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_fact_rating_tenant_id_programme_calibration"),
        "fact_rating",
        ["tenant_id", "programme", "calibration"],
        unique=False,
        schema="lrs",
    )
    op.create_index(
        op.f("ix_fact_rating_tenant_id_registration"),
        "fact_rating",
        ["tenant_id", "registration"],
        unique=False,
        schema="lrs",
    )
    op.create_table(
        "person_merge",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("merge_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("alias", sa.BigInteger(), nullable=False),
        sa.Column("agent", sa.BigInteger(), nullable=False),
        sa.Column("alias_identity", sa.Text(), nullable=False),
        sa.Column("agent_identity", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "merge_id", name=op.f("pk_person_merge")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_person_merge_tenant_id_agent"),
        "person_merge",
        ["tenant_id", "agent"],
        unique=False,
        schema="lrs",
    )
    op.create_index(
        "uq_person_merge_alias",
        "person_merge",
        ["tenant_id", "alias"],
        unique=True,
        schema="lrs",
        postgresql_where=sa.text("undone_at IS NULL"),
    )
    op.add_column("fact_activity", sa.Column("kind", sa.Text(), nullable=False), schema="lrs")
    op.add_column(
        "fact_activity",
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        schema="lrs",
    )
    op.drop_index(
        op.f("ix_fact_activity_tenant_id_programme_due_at"),
        table_name="fact_activity",
        schema="lrs",
    )
    op.create_index(
        op.f("ix_fact_activity_tenant_id_programme_kind_due_at"),
        "fact_activity",
        ["tenant_id", "programme", "kind", "due_at"],
        unique=False,
        schema="lrs",
    )
    op.add_column("fact_episode", sa.Column("experience", sa.Text(), nullable=True), schema="lrs")
    op.add_column(
        "fact_episode",
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=True),
        schema="lrs",
    )
    op.add_column(
        "fact_episode",
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        schema="lrs",
    )
    op.add_column("fact_episode", sa.Column("exam", sa.Float(), nullable=True), schema="lrs")
    op.add_column(
        "fact_episode", sa.Column("planned_seconds", sa.Integer(), nullable=True), schema="lrs"
    )
    op.add_column(
        "fact_episode",
        sa.Column("no_opportunity_seconds", sa.Integer(), nullable=True),
        schema="lrs",
    )
    op.add_column(
        "fact_episode", sa.Column("used_1_seconds", sa.Integer(), nullable=True), schema="lrs"
    )
    op.add_column(
        "fact_episode", sa.Column("used_2_seconds", sa.Integer(), nullable=True), schema="lrs"
    )
    op.add_column(
        "fact_episode", sa.Column("used_3_seconds", sa.Integer(), nullable=True), schema="lrs"
    )
    op.add_column(
        "fact_episode", sa.Column("used_4_seconds", sa.Integer(), nullable=True), schema="lrs"
    )
    op.add_column(
        "fact_episode", sa.Column("tasks_used", sa.SmallInteger(), nullable=False), schema="lrs"
    )
    op.add_column(
        "fact_episode", sa.Column("tasks_verified", sa.SmallInteger(), nullable=False), schema="lrs"
    )
    op.add_column(
        "fact_episode", sa.Column("competent_seconds", sa.Integer(), nullable=True), schema="lrs"
    )
    op.add_column("fact_episode", sa.Column("sustained", sa.Boolean(), nullable=True), schema="lrs")
    op.create_index(
        op.f("ix_fact_episode_tenant_id_learner"),
        "fact_episode",
        ["tenant_id", "learner"],
        unique=False,
        schema="lrs",
    )
    op.add_column("fact_recall", sa.Column("ord", sa.BigInteger(), nullable=False), schema="lrs")
    op.add_column("fact_recall", sa.Column("rapid", sa.Boolean(), nullable=False), schema="lrs")
    op.add_column("fact_recall", sa.Column("took_seconds", sa.Float(), nullable=True), schema="lrs")
    op.add_column("fact_recall", sa.Column("response", sa.Text(), nullable=True), schema="lrs")
    op.drop_index(
        op.f("ix_fact_recall_tenant_id_programme_interval"), table_name="fact_recall", schema="lrs"
    )
    op.create_index(
        op.f("ix_fact_recall_tenant_id_programme_item"),
        "fact_recall",
        ["tenant_id", "programme", "item"],
        unique=False,
        schema="lrs",
    )

    op.create_table(
        "computed",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("watermark", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "computed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "programme", "report", name=op.f("pk_computed")),
        schema="lrs",
    )
    op.create_table(
        "uncomputed",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "mark", name=op.f("pk_uncomputed")),
        schema="lrs",
    )

    op.create_table(
        "scorecard",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("tenant_id", "programme", "version", name=op.f("pk_scorecard")),
        schema="lrs",
    )

    op.create_table(
        "cost",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("cost_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("incurred_on", sa.Date(), nullable=False),
        sa.Column("hours", sa.Float(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("signed_off_by", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_back_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "cost_id", name=op.f("pk_cost")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_cost_tenant_id_programme"),
        "cost",
        ["tenant_id", "programme"],
        unique=False,
        schema="lrs",
    )
    op.create_table(
        "kpi",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("more_is_better", sa.Boolean(), nullable=False),
        sa.Column("baseline", sa.Float(), nullable=True),
        sa.Column("target", sa.Float(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("frequency", sa.Text(), nullable=False),
        sa.Column(
            "waves_randomised", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("tenant_id", "programme", "kpi", name=op.f("pk_kpi")),
        schema="lrs",
    )
    op.create_table(
        "kpi_reading",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("reading_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_by", sa.Text(), nullable=True),
        sa.Column("replaced_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "reading_id", name=op.f("pk_kpi_reading")),
        schema="lrs",
    )
    op.create_index(
        "uq_kpi_reading_place",
        "kpi_reading",
        ["tenant_id", "programme", "kpi", "subject_kind", "subject", "period_start"],
        unique=True,
        schema="lrs",
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_table(
        "valuation",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("kpi", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "programme", "kpi", "version", name=op.f("pk_valuation")
        ),
        schema="lrs",
    )

    op.create_table(
        "reporting_user",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["lrs.tenant.tenant_id"], name="fk_reporting_user_tenant"
        ),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_reporting_user")),
        schema="lrs",
    )
    op.create_index(
        op.f("ix_reporting_user_tenant_id"),
        "reporting_user",
        ["tenant_id"],
        unique=False,
        schema="lrs",
    )

    for statement in protect("lrs", TABLES):
        op.execute(statement)
    # The tool decides itself who sees single people, and may ask for them.
    op.execute(
        "UPDATE lrs.credential SET scopes = scopes || ARRAY['metrics/individual', 'metrics/write']"
        " WHERE scopes @> ARRAY['credentials', 'metrics/read'] AND NOT 'metrics/individual' = ANY (scopes)"
    )
    # Facts are made from statements: every episode is counted anew, and every statement that belongs to none.
    op.execute(
        "INSERT INTO lrs.uncounted_episode (tenant_id, registration)"
        " SELECT DISTINCT tenant_id, registration FROM lrs.statement WHERE registration IS NOT NULL ON CONFLICT DO NOTHING"
    )
    op.execute(
        "INSERT INTO lrs.uncounted (tenant_id, ord) SELECT tenant_id, ord FROM lrs.statement WHERE registration IS NULL ON CONFLICT DO NOTHING"
    )
    # A policy for everybody would bind reporting users too, and they can change the setting that it reads.
    tables = (
        op.get_bind()
        .execute(
            sa.text(
                "SELECT tablename FROM pg_policies WHERE schemaname = 'lrs' AND policyname = 'tenant'"
            )
        )
        .scalars()
        .all()
    )
    for table in tables:
        op.execute(f"ALTER POLICY tenant ON lrs.{table} TO {APP_ROLE}")
    op.execute("REVOKE INSERT, UPDATE, DELETE ON lrs.reporting_user FROM carryover_app")
