"""people, roles, drafts of programmes, questions of every kind, holds, memory, mail"""

from __future__ import annotations

import html
import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.database import APP_ROLE
from core.migrations import protect

revision = "0003"
down_revision = "0002"

TABLES = [
    "erasure",
    "upload",
    "picture",
    "programme_draft",
    "mail",
    "mail_stop",
    "role_grant",
    "exam_score",
    "grade_place",
    "hold",
    "memory",
    "document",
    "follow_up",
    "handed_in",
    "mapped_task",
    "no_opportunity",
    "scheduled_act",
    "plan_revision",
    "review",
    "confirmation",
    "coaching_group",
    "meeting",
    "agreed_action",
    "attendance",
    "group_member",
]

# What must be known before a tenant is: who may sign in by this address. Only people of a list: what a launch claimed opens nothing.
FUNCTIONS = {
    "find_people(text)": """
    CREATE FUNCTION lti_tool.find_people(wanted text) RETURNS TABLE (tenant_id int, person_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT p.tenant_id, p.id FROM lti_tool.person p
        WHERE p.email <> '''' AND lower(p.email) = lower(wanted) AND p.imported_at IS NOT NULL ORDER BY p.tenant_id LIMIT 20'
    """,
}


def upgrade() -> None:
    op.create_table(
        "picture",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "digest", name=op.f("pk_picture")),
        schema="lti_tool",
    )
    op.create_table(
        "programme_draft",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "key", name=op.f("pk_programme_draft")),
        schema="lti_tool",
    )
    op.create_table(
        "mail",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
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
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name=op.f("fk_mail_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
        sa.UniqueConstraint(
            "tenant_id", "person_id", "key", name=op.f("uq_mail_tenant_id_person_id_key")
        ),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_mail_tenant_id_next_try_at"),
        "mail",
        ["tenant_id", "next_try_at"],
        unique=False,
        schema="lti_tool",
        postgresql_where=sa.text("sent_at IS NULL AND refused IS NULL"),
    )
    op.create_index(
        op.f("ix_mail_tenant_id_person_id_id"),
        "mail",
        ["tenant_id", "person_id", "id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "mail_stop",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name=op.f("fk_mail_stop_person_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "person_id", "kind", name=op.f("pk_mail_stop")),
        schema="lti_tool",
    )
    op.create_table(
        "role_grant",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name=op.f("fk_role_grant_person_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "person_id", "role", name=op.f("pk_role_grant")),
        schema="lti_tool",
    )
    op.create_table(
        "exam_score",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("competency", sa.Text(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.CheckConstraint("share >= 0 AND share <= 1", name=op.f("ck_exam_score_share_within")),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_exam_score_episode_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "episode_id", "competency", name=op.f("pk_exam_score")
        ),
        schema="lti_tool",
    )
    op.create_table(
        "grade_place",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("line_items_url", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["lti_tool.course.id"], name=op.f("fk_grade_place_course_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name=op.f("fk_grade_place_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name=op.f("fk_grade_place_registration_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "person_id", "programme", name=op.f("pk_grade_place")),
        schema="lti_tool",
    )
    op.create_table(
        "hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("until_at > from_at", name=op.f("ck_hold_forwards")),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_hold_episode_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_hold_tenant_id_episode_id"),
        "hold",
        ["tenant_id", "episode_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "memory",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("competency", sa.Text(), nullable=False),
        sa.Column("card", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_memory_episode_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "episode_id", "competency", name=op.f("pk_memory")),
        schema="lti_tool",
    )
    op.alter_column("answer", "choice", new_column_name="response", schema="lti_tool")
    op.add_column(
        "answer",
        sa.Column("rapid", sa.Boolean(), server_default="false", nullable=False),
        schema="lti_tool",
    )
    op.add_column(
        "answer", sa.Column("confidence", sa.SmallInteger(), nullable=True), schema="lti_tool"
    )
    op.alter_column(
        "attempt", "registration_id", existing_type=sa.INTEGER(), nullable=True, schema="lti_tool"
    )
    op.create_index(
        "uq_attempt_open",
        "attempt",
        ["tenant_id", "episode_id", "kind"],
        unique=True,
        schema="lti_tool",
        postgresql_where=sa.text("finished_at IS NULL AND interval = '' AND kind <> 'baseline'"),
    )
    op.add_column(
        "episode",
        sa.Column("wave", sa.Text(), server_default="", nullable=False),
        schema="lti_tool",
    )
    op.add_column(
        "episode",
        sa.Column("source", sa.Text(), server_default="teacher", nullable=False),
        schema="lti_tool",
    )
    op.add_column(
        "episode",
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_episode_tenant_id_programme_certified_at"),
        "episode",
        ["tenant_id", "programme", "certified_at"],
        unique=False,
        schema="lti_tool",
    )
    op.add_column(
        "identity",
        sa.Column("sourced_id", sa.Text(), server_default="", nullable=False),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_identity_tenant_id_person_id"),
        "identity",
        ["tenant_id", "person_id"],
        unique=False,
        schema="lti_tool",
    )
    op.alter_column(
        "launch", "registration_id", existing_type=sa.INTEGER(), nullable=True, schema="lti_tool"
    )
    op.alter_column(
        "launch", "course_id", existing_type=sa.UUID(), nullable=True, schema="lti_tool"
    )
    op.add_column("person", sa.Column("external_id", sa.Text(), nullable=True), schema="lti_tool")
    op.add_column("person", sa.Column("manager_id", sa.Uuid(), nullable=True), schema="lti_tool")
    op.add_column("person", sa.Column("mentor_id", sa.Uuid(), nullable=True), schema="lti_tool")
    op.add_column(
        "person", sa.Column("team", sa.Text(), server_default="", nullable=False), schema="lti_tool"
    )
    op.add_column(
        "person", sa.Column("site", sa.Text(), server_default="", nullable=False), schema="lti_tool"
    )
    op.add_column(
        "person",
        sa.Column("job_role", sa.Text(), server_default="", nullable=False),
        schema="lti_tool",
    )
    op.add_column(
        "person",
        sa.Column("experience", sa.Text(), server_default="", nullable=False),
        schema="lti_tool",
    )
    op.add_column("person", sa.Column("started_on", sa.Date(), nullable=True), schema="lti_tool")
    op.add_column(
        "person",
        sa.Column("time_zone", sa.Text(), server_default="", nullable=False),
        schema="lti_tool",
    )
    op.add_column(
        "person",
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        schema="lti_tool",
    )
    op.add_column(
        "person",
        sa.Column("working_days", sa.ARRAY(sa.SmallInteger()), server_default="{}", nullable=False),
        schema="lti_tool",
    )
    op.add_column(
        "person",
        sa.Column("comparison", sa.Boolean(), server_default="false", nullable=False),
        schema="lti_tool",
    )
    op.add_column(
        "person",
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True),
        schema="lti_tool",
    )
    op.create_index(
        "ix_person_email",
        "person",
        [sa.literal_column("lower(email)"), "tenant_id"],
        unique=False,
        schema="lti_tool",
        postgresql_where=sa.text("email <> ''"),
    )
    op.create_index(
        op.f("ix_person_tenant_id_manager_id"),
        "person",
        ["tenant_id", "manager_id"],
        unique=False,
        schema="lti_tool",
        postgresql_where=sa.text("manager_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_person_tenant_id_mentor_id"),
        "person",
        ["tenant_id", "mentor_id"],
        unique=False,
        schema="lti_tool",
        postgresql_where=sa.text("mentor_id IS NOT NULL"),
    )
    op.create_index(
        "uq_person_external_id",
        "person",
        ["tenant_id", "external_id"],
        unique=True,
        schema="lti_tool",
        postgresql_where=sa.text("external_id IS NOT NULL"),
    )
    op.create_foreign_key(
        op.f("fk_person_manager_id"),
        "person",
        "person",
        ["manager_id"],
        ["id"],
        source_schema="lti_tool",
        referent_schema="lti_tool",
    )
    op.create_foreign_key(
        op.f("fk_person_mentor_id"),
        "person",
        "person",
        ["mentor_id"],
        ["id"],
        source_schema="lti_tool",
        referent_schema="lti_tool",
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_upload_tenant_id_created_at"),
        "upload",
        ["tenant_id", "created_at"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name=op.f("fk_document_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_document_tenant_id_person_id"),
        "document",
        ["tenant_id", "person_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "follow_up",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("still_used", sa.Boolean(), nullable=False),
        sa.Column("how_often", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "asked IN ('learner', 'supervisor')", name=op.f("ck_follow_up_asked_known")
        ),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_follow_up_episode_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name=op.f("fk_follow_up_person_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "episode_id", "asked", name=op.f("pk_follow_up")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_follow_up_tenant_id_person_id"),
        "follow_up",
        ["tenant_id", "person_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "handed_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('exercise', 'case study')", name=op.f("ck_handed_in_kind_known")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["lti_tool.document.id"], name=op.f("fk_handed_in_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_handed_in_episode_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handed_in")),
        sa.UniqueConstraint(
            "tenant_id", "episode_id", "kind", name=op.f("uq_handed_in_tenant_id_episode_id_kind")
        ),
        schema="lti_tool",
    )
    op.create_table(
        "mapped_task",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("competency", sa.Text(), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("added_by", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["added_by"], ["lti_tool.person.id"], name=op.f("fk_mapped_task_added_by")
        ),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_mapped_task_episode_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "episode_id", "key", name=op.f("pk_mapped_task")),
        schema="lti_tool",
    )
    op.create_table(
        "no_opportunity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_no_opportunity_episode_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_no_opportunity")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_no_opportunity_tenant_id_episode_id"),
        "no_opportunity",
        ["tenant_id", "episode_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "scheduled_act",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_scheduled_act_episode_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "episode_id", "act", name=op.f("pk_scheduled_act")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_scheduled_act_tenant_id_due_at"),
        "scheduled_act",
        ["tenant_id", "due_at"],
        unique=False,
        schema="lti_tool",
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "plan_revision",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("by_when", sa.Date(), nullable=False),
        sa.Column("with_whom", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("obstacle", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["plan_id"], ["lti_tool.plan.id"], name=op.f("fk_plan_revision_plan_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plan_id", "revision", name=op.f("pk_plan_revision")),
        schema="lti_tool",
    )
    op.create_table(
        "review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("handed_in_id", sa.Uuid(), nullable=False),
        sa.Column("reviewer_id", sa.Uuid(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("good", sa.Text(), nullable=False),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column("weak_content", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["handed_in_id"], ["lti_tool.handed_in.id"], name=op.f("fk_review_handed_in_id")
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["lti_tool.person.id"], name=op.f("fk_review_reviewer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint(
            "tenant_id", "handed_in_id", name=op.f("uq_review_tenant_id_handed_in_id")
        ),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_review_tenant_id_reviewer_id"),
        "review",
        ["tenant_id", "reviewer_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "confirmation",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("use_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("seen", sa.Boolean(), nullable=False),
        sa.Column("grade", sa.SmallInteger(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name=op.f("fk_confirmation_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["use_id"], ["lti_tool.job_use.id"], name=op.f("fk_confirmation_use_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "use_id", "person_id", name=op.f("pk_confirmation")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_confirmation_tenant_id_person_id"),
        "confirmation",
        ["tenant_id", "person_id"],
        unique=False,
        schema="lti_tool",
    )
    op.add_column(
        "job_use",
        sa.Column("grade", sa.SmallInteger(), server_default="1", nullable=False),
        schema="lti_tool",
    )
    op.add_column(
        "job_use",
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        schema="lti_tool",
    )
    op.add_column(
        "plan",
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_scheduled_check_tenant_id_due_at"),
        "scheduled_check",
        ["tenant_id", "due_at"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "erasure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tool_done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_erasure_tenant_id_asked_at"),
        "erasure",
        ["tenant_id", "asked_at"],
        unique=False,
        schema="lti_tool",
    )
    op.create_index(
        "uq_erasure_person_id",
        "erasure",
        ["tenant_id", "person_id"],
        unique=True,
        schema="lti_tool",
        postgresql_where=sa.text("person_id IS NOT NULL"),
    )
    op.create_table(
        "coaching_group",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("formed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coaching_group")),
        sa.UniqueConstraint(
            "tenant_id",
            "programme",
            "number",
            name=op.f("uq_coaching_group_tenant_id_programme_number"),
        ),
        schema="lti_tool",
    )
    op.create_table(
        "meeting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["group_id"], ["lti_tool.coaching_group.id"], name=op.f("fk_meeting_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meeting")),
        sa.UniqueConstraint(
            "tenant_id", "group_id", "number", name=op.f("uq_meeting_tenant_id_group_id_number")
        ),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_meeting_tenant_id_at"),
        "meeting",
        ["tenant_id", "at"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "agreed_action",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_agreed_action_episode_id")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["lti_tool.coaching_group.id"], name=op.f("fk_agreed_action_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agreed_action")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_agreed_action_tenant_id_episode_id"),
        "agreed_action",
        ["tenant_id", "episode_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_agreed_action_tenant_id_group_id"),
        "agreed_action",
        ["tenant_id", "group_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "attendance",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_attendance_episode_id")
        ),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["lti_tool.meeting.id"], name=op.f("fk_attendance_meeting_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "meeting_id", "episode_id", name=op.f("pk_attendance")
        ),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_attendance_tenant_id_episode_id"),
        "attendance",
        ["tenant_id", "episode_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "group_member",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_group_member_episode_id")
        ),
        sa.ForeignKeyConstraint(
            ["group_id"], ["lti_tool.coaching_group.id"], name=op.f("fk_group_member_group_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "episode_id", name=op.f("pk_group_member")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_group_member_tenant_id_group_id"),
        "group_member",
        ["tenant_id", "group_id"],
        unique=False,
        schema="lti_tool",
    )
    for statement in protect("lti_tool", TABLES):
        op.execute(statement)
    for name, function in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"REVOKE ALL ON FUNCTION lti_tool.{name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION lti_tool.{name} TO {APP_ROLE}")
    _right_answers_are_lists()


def _right_answers_are_lists() -> None:
    """A question may have several right choices now: documents of versions that are there name theirs in a list."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.text("SELECT tenant_id, key, version, document FROM lti_tool.programme_version")
    ).all()
    for row in rows:
        for item in row.document["items"]:
            if isinstance(item["correct"], str):
                item["correct"] = [item["correct"]]
                # Texts were plain and are HTML now.
                item["stem"] = html.escape(item["stem"], quote=False)
                for choice in item["choices"]:
                    choice |= {
                        name: html.escape(choice[name], quote=False)
                        for name in ("text", "feedback")
                    }
        connection.execute(
            sa.text(
                "UPDATE lti_tool.programme_version SET document = :document WHERE tenant_id = :tenant AND key = :key AND version = :version"
            ),
            {
                "document": json.dumps(row.document),
                "tenant": row.tenant_id,
                "key": row.key,
                "version": row.version,
            },
        )
