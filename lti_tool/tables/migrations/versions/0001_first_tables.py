"""first tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.database import APP_ROLE
from core.migrations import protect

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
        schema="lti_tool",
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_person_tenant_id"), "person", ["tenant_id"], unique=False, schema="lti_tool"
    )
    op.create_table(
        "platform_registration",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("auth_login_url", sa.Text(), nullable=False),
        sa.Column("auth_token_url", sa.Text(), nullable=False),
        sa.Column("key_set_url", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_platform_registration")),
        sa.UniqueConstraint(
            "issuer", "client_id", name=op.f("uq_platform_registration_issuer_client_id")
        ),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_platform_registration_tenant_id"),
        "platform_registration",
        ["tenant_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "programme_version",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "key", "version", name=op.f("pk_programme_version")),
        schema="lti_tool",
    )
    op.create_table(
        "statement_outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.Uuid(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "next_try_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_outbox")),
        sa.UniqueConstraint(
            "tenant_id", "statement_id", name=op.f("uq_statement_outbox_tenant_id_statement_id")
        ),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_statement_outbox_tenant_id_next_try_at"),
        "statement_outbox",
        ["tenant_id", "next_try_at"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "tenant",
        sa.Column("tenant_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lrs_url", sa.Text(), nullable=True),
        sa.Column("lrs_key", sa.Text(), nullable=False),
        sa.Column("lrs_secret_sealed", sa.Text(), nullable=False),
        sa.Column("practice", sa.Boolean(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_tenant")),
        sa.UniqueConstraint("name", name=op.f("uq_tenant_name")),
        schema="lti_tool",
    )
    op.create_table(
        "tool_key",
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("private_sealed", sa.Text(), nullable=False),
        sa.Column("public_jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_tool_key")),
        schema="lti_tool",
    )
    op.create_table(
        "deployment",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name=op.f("fk_deployment_registration_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "registration_id", "deployment_id", name=op.f("pk_deployment")
        ),
        schema="lti_tool",
    )
    op.create_table(
        "episode",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("programme_version", sa.Integer(), nullable=False),
        sa.Column("certified_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name=op.f("fk_episode_person_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_episode")),
        sa.UniqueConstraint(
            "tenant_id",
            "person_id",
            "programme",
            name=op.f("uq_episode_tenant_id_person_id_programme"),
        ),
        schema="lti_tool",
    )
    op.create_table(
        "identity",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name=op.f("fk_identity_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name=op.f("fk_identity_registration_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "registration_id", "subject", name=op.f("pk_identity")
        ),
        schema="lti_tool",
    )
    op.create_table(
        "launch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("context_title", sa.Text(), nullable=False),
        sa.Column("resource_link_id", sa.Text(), nullable=False),
        sa.Column("line_item_url", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name=op.f("fk_launch_person_id")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name=op.f("fk_launch_registration_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_launch")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_launch_tenant_id_registration_id_course"),
        "launch",
        ["tenant_id", "registration_id", "course"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "login_state",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("target_link_uri", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name=op.f("fk_login_state_registration_id"),
        ),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_login_state")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_login_state_tenant_id_expires_at"),
        "login_state",
        ["tenant_id", "expires_at"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("items", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("line_item_url", sa.Text(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("right_answers", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_attempt_episode_id")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name=op.f("fk_attempt_registration_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
        schema="lti_tool",
    )
    op.create_index(
        "uq_attempt_check",
        "attempt",
        ["tenant_id", "episode_id", "interval"],
        unique=True,
        schema="lti_tool",
        postgresql_where=sa.text("kind = 'check'"),
    )
    op.create_table(
        "plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("by_when", sa.Date(), nullable=True),
        sa.Column("with_whom", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("obstacle", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_plan_episode_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sa.UniqueConstraint("tenant_id", "episode_id", name=op.f("uq_plan_tenant_id_episode_id")),
        schema="lti_tool",
    )
    op.create_table(
        "scheduled_check",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("episode_id", sa.Uuid(), nullable=False),
        sa.Column("interval", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["episode_id"], ["lti_tool.episode.id"], name=op.f("fk_scheduled_check_episode_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "episode_id", "interval", name=op.f("pk_scheduled_check")
        ),
        schema="lti_tool",
    )
    op.create_table(
        "answer",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("correct", sa.Boolean(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["lti_tool.attempt.id"], name=op.f("fk_answer_attempt_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "attempt_id", "position", name=op.f("pk_answer")),
        schema="lti_tool",
    )
    op.create_table(
        "grade_outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("line_item_url", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("maximum", sa.Float(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "next_try_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refused", sa.Text(), nullable=True),
        sa.Column("replaced", sa.Boolean(), server_default="false", nullable=False),
        sa.CheckConstraint(
            "score >= 0 AND score <= maximum", name=op.f("ck_grade_outbox_score_within")
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["lti_tool.attempt.id"], name=op.f("fk_grade_outbox_attempt_id")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name=op.f("fk_grade_outbox_registration_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grade_outbox")),
        sa.UniqueConstraint(
            "tenant_id", "attempt_id", name=op.f("uq_grade_outbox_tenant_id_attempt_id")
        ),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_grade_outbox_tenant_id_next_try_at"),
        "grade_outbox",
        ["tenant_id", "next_try_at"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "job_use",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("used_on", sa.Date(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["lti_tool.plan.id"], name=op.f("fk_job_use_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_use")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_job_use_tenant_id_plan_id"),
        "job_use",
        ["tenant_id", "plan_id"],
        unique=False,
        schema="lti_tool",
    )
    for statement in protect("lti_tool", TABLES):
        op.execute(statement)
    for table in ("installation", "tool_key"):
        op.execute(f"GRANT SELECT, INSERT ON lti_tool.{table} TO {APP_ROLE}")
    op.execute("INSERT INTO lti_tool.installation (id) VALUES (gen_random_uuid())")
    for function in FUNCTIONS:
        op.execute(function)
    for name in (
        "find_platforms(text, text)",
        "burn_login(bytea)",
        "find_launch(uuid)",
        "tenants_with_outbox()",
        "outbox_backlog()",
    ):
        op.execute(f"REVOKE ALL ON FUNCTION lti_tool.{name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION lti_tool.{name} TO {APP_ROLE}")


TABLES = [
    "tenant",
    "platform_registration",
    "deployment",
    "login_state",
    "person",
    "identity",
    "launch",
    "programme_version",
    "episode",
    "scheduled_check",
    "attempt",
    "answer",
    "plan",
    "job_use",
    "statement_outbox",
    "grade_outbox",
]

# What must be known before a tenant is. They run as the owner, answer these questions and no other.
FUNCTIONS = [
    """
    CREATE FUNCTION lti_tool.find_platforms(wanted_issuer text, wanted_client text)
    RETURNS TABLE (id int, tenant_id int, issuer text, client_id text, auth_login_url text, auth_token_url text, key_set_url text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT r.id, r.tenant_id, r.issuer, r.client_id, r.auth_login_url, r.auth_token_url, r.key_set_url
        FROM lti_tool.platform_registration r
        WHERE r.issuer = wanted_issuer AND (wanted_client IS NULL OR r.client_id = wanted_client) ORDER BY r.id LIMIT 2'
    """,
    """
    CREATE FUNCTION lti_tool.burn_login(wanted bytea)
    RETURNS TABLE (tenant_id int, registration_id int, browser_hash bytea, nonce text, target_link_uri text, expires_at timestamptz)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
    AS 'DELETE FROM lti_tool.login_state l WHERE l.state_hash = wanted
        RETURNING l.tenant_id, l.registration_id, l.browser_hash, l.nonce, l.target_link_uri, l.expires_at'
    """,
    """
    CREATE FUNCTION lti_tool.find_launch(wanted uuid) RETURNS TABLE (tenant_id int, secret_hash bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT l.tenant_id, l.secret_hash FROM lti_tool.launch l WHERE l.id = wanted AND l.expires_at > now()'
    """,
    """
    CREATE FUNCTION lti_tool.tenants_with_outbox() RETURNS SETOF int
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT t.tenant_id FROM lti_tool.tenant t WHERE
        EXISTS (SELECT 1 FROM lti_tool.statement_outbox o WHERE o.tenant_id = t.tenant_id AND o.refused IS NULL)
        OR EXISTS (SELECT 1 FROM lti_tool.grade_outbox o WHERE o.tenant_id = t.tenant_id AND o.refused IS NULL AND o.sent_at IS NULL AND NOT o.replaced)
        ORDER BY t.tenant_id'
    """,
    """
    CREATE FUNCTION lti_tool.outbox_backlog() RETURNS TABLE (statements bigint, grades bigint, refused bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT (SELECT count(*) FROM lti_tool.statement_outbox o WHERE o.refused IS NULL),
               (SELECT count(*) FROM lti_tool.grade_outbox o WHERE o.refused IS NULL AND o.sent_at IS NULL AND NOT o.replaced),
               (SELECT count(*) FROM lti_tool.statement_outbox o WHERE o.refused IS NOT NULL)
               + (SELECT count(*) FROM lti_tool.grade_outbox o WHERE o.refused IS NOT NULL)'
    """,
]
