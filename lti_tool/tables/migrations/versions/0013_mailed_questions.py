"""questions that come by mail or in a channel, and short links; the minutes a week and the times of a person"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.database import APP_ROLE
from core.migrations import protect

revision = "0013"
down_revision = "0012"

# What must be known before a tenant is: whose link this is.
FIND_MAIL_LINK = """
    CREATE FUNCTION lti_tool.find_mail_link(wanted bytea)
    RETURNS TABLE (tenant_id int, mail_id bigint, question_id uuid, created_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT l.tenant_id, l.mail_id, l.question_id, l.created_at
        FROM lti_tool.mail_link l WHERE l.token_hash = wanted'
"""


def upgrade() -> None:
    op.create_table(
        "mailed_question",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        _created_at(),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name="fk_mailed_question_episode_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mailed_question"),
        schema="lti_tool",
    )
    op.create_index(
        "ix_mailed_question_tenant_id_episode_id",
        "mailed_question",
        ["tenant_id", "episode_id"],
        schema="lti_tool",
    )
    op.add_column("mail", sa.Column("question_id", sa.Uuid(), nullable=True), schema="lti_tool")
    op.create_foreign_key(
        "fk_mail_question_id",
        "mail",
        "mailed_question",
        ["question_id"],
        ["id"],
        source_schema="lti_tool",
        referent_schema="lti_tool",
    )
    op.add_column(
        "channel",
        sa.Column("daily_tip", sa.Boolean(), nullable=False, server_default="false"),
        schema="lti_tool",
    )
    op.add_column(
        "tenant",
        sa.Column("weekly_minutes", sa.Integer(), nullable=False, server_default="10"),
        schema="lti_tool",
    )
    _create_links()
    op.create_table(
        "reminder_times",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("weekdays", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("begins", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name="fk_reminder_times_person_id"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "person_id", name="pk_reminder_times"),
        schema="lti_tool",
    )
    for statement in protect("lti_tool", ["mailed_question", "mail_link", "reminder_times"]):
        op.execute(statement)
    op.execute(FIND_MAIL_LINK)
    op.execute("REVOKE ALL ON FUNCTION lti_tool.find_mail_link(bytea) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION lti_tool.find_mail_link(bytea) TO {APP_ROLE}")


def _create_links() -> None:
    op.create_table(
        "mail_link",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.BigInteger(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=True),
        _created_at(),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["lti_tool.mail.id"], name="fk_mail_link_mail_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["lti_tool.mailed_question.id"],
            name="fk_mail_link_question_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_mail_link"),
        schema="lti_tool",
    )
    for column in ("mail_id", "question_id"):
        op.create_index(
            f"ix_mail_link_tenant_id_{column}",
            "mail_link",
            ["tenant_id", column],
            schema="lti_tool",
        )


def _created_at() -> sa.Column[object]:
    return sa.Column(
        "created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )
