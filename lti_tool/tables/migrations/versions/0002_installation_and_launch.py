"""installation, launches without cookies, columns, rosters, administration"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.database import APP_ROLE
from core.migrations import protect

revision = "0002"
down_revision = "0001"

TABLES = [
    "registration_invite",
    "launch_log",
    "access_token",
    "course",
    "membership",
    "roster_run",
    "placement",
    "line_item",
    "admin_session",
    "audit",
]

# What must be known before a tenant is. They run as the owner, answer these questions and no other.
FUNCTIONS = {
    "find_platforms(text, text)": """
    CREATE FUNCTION lti_tool.find_platforms(wanted_issuer text, wanted_client text)
    RETURNS TABLE (id int, tenant_id int, name text, family text, status text, issuer text, client_id text, auth_login_url text, auth_token_url text,
                   auth_audience text, key_set_url text, approve_deployments bool, administers bool, frame_origins text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT r.id, r.tenant_id, r.name, r.family, r.status, r.issuer, r.client_id, r.auth_login_url, r.auth_token_url,
               r.auth_audience, r.key_set_url, r.approve_deployments, r.administers, r.frame_origins
        FROM lti_tool.platform_registration r
        WHERE r.issuer = wanted_issuer AND (wanted_client IS NULL OR r.client_id = wanted_client) AND r.status <> ''removed'' ORDER BY r.id LIMIT 2'
    """,
    "burn_login(bytea)": """
    CREATE FUNCTION lti_tool.burn_login(wanted bytea)
    RETURNS TABLE (tenant_id int, registration_id int, browser_hash bytea, nonce text, target_link_uri text, asked jsonb, expires_at timestamptz)
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog
    AS 'DELETE FROM lti_tool.login_state l WHERE l.state_hash = wanted
        RETURNING l.tenant_id, l.registration_id, l.browser_hash, l.nonce, l.target_link_uri, l.asked, l.expires_at'
    """,
    "look_at_login(bytea)": """
    CREATE FUNCTION lti_tool.look_at_login(wanted bytea)
    RETURNS TABLE (tenant_id int, registration_id int, browser_hash bytea, nonce text, target_link_uri text, asked jsonb, expires_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT l.tenant_id, l.registration_id, l.browser_hash, l.nonce, l.target_link_uri, l.asked, l.expires_at
        FROM lti_tool.login_state l WHERE l.state_hash = wanted'
    """,
    "find_launch(uuid)": """
    CREATE FUNCTION lti_tool.find_launch(wanted uuid) RETURNS TABLE (tenant_id int, secret_hash bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT l.tenant_id, l.secret_hash FROM lti_tool.launch l
        WHERE l.id = wanted AND l.expires_at > now() AND l.seen_at > now() - interval ''2 hours'' -- left alone for longer, it has ended'
    """,
    "find_invite(bytea)": """
    CREATE FUNCTION lti_tool.find_invite(wanted bytea) RETURNS TABLE (id int, tenant_id int)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT i.id, i.tenant_id FROM lti_tool.registration_invite i WHERE i.secret_hash = wanted'
    """,
    "find_admin_link(bytea)": """
    CREATE FUNCTION lti_tool.find_admin_link(wanted bytea) RETURNS TABLE (id uuid, tenant_id int)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT a.id, a.tenant_id FROM lti_tool.admin_session a WHERE a.link_hash = wanted AND a.expires_at > now()'
    """,
    "find_admin_session(uuid)": """
    CREATE FUNCTION lti_tool.find_admin_session(wanted uuid) RETURNS TABLE (tenant_id int, who text, secret_hash bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT a.tenant_id, a.who, a.secret_hash FROM lti_tool.admin_session a
        WHERE a.id = wanted AND a.secret_hash IS NOT NULL AND a.expires_at > now()'
    """,
    "tenants_with_rosters()": """
    CREATE FUNCTION lti_tool.tenants_with_rosters() RETURNS SETOF int
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT DISTINCT c.tenant_id FROM lti_tool.course c WHERE c.roster_due_at <= now() ORDER BY c.tenant_id'
    """,
    "all_tenants()": """
    CREATE FUNCTION lti_tool.all_tenants() RETURNS SETOF int
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT t.tenant_id FROM lti_tool.tenant t ORDER BY t.tenant_id'
    """,
}


def upgrade() -> None:
    op.create_table(
        "admin_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("link_hash", sa.LargeBinary(), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_session")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_admin_session_link_hash")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_admin_session_tenant_id_expires_at"),
        "admin_session",
        ["tenant_id", "expires_at"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "audit",
        sa.Column("audit_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_audit")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_audit_tenant_id_audit_id"),
        "audit",
        ["tenant_id", "audit_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "access_token",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("token_sealed", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name=op.f("fk_access_token_registration_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "registration_id", "scope", name=op.f("pk_access_token")
        ),
        schema="lti_tool",
    )
    op.create_table(
        "course",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("context_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("memberships_url", sa.Text(), nullable=False),
        sa.Column("line_items_url", sa.Text(), nullable=False),
        sa.Column("roster_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name=op.f("fk_course_registration_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_course")),
        sa.UniqueConstraint(
            "tenant_id",
            "registration_id",
            "key",
            name=op.f("uq_course_tenant_id_registration_id_key"),
        ),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_course_tenant_id_registration_id_context_id"),
        "course",
        ["tenant_id", "registration_id", "context_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "launch_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("deployment_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name=op.f("fk_launch_log_registration_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_launch_log")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_launch_log_tenant_id_registration_id_id"),
        "launch_log",
        ["tenant_id", "registration_id", "id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "line_item",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("maximum", sa.Float(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name=op.f("fk_line_item_registration_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "registration_id", "place", name=op.f("pk_line_item")),
        schema="lti_tool",
    )
    op.create_table(
        "registration_invite",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("approves", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("registration_id", sa.Integer(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name=op.f("fk_registration_invite_registration_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration_invite")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_registration_invite_secret_hash")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_registration_invite_tenant_id"),
        "registration_invite",
        ["tenant_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "membership",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["lti_tool.course.id"], name=op.f("fk_membership_course_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name=op.f("fk_membership_person_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "course_id", "person_id", name=op.f("pk_membership")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_membership_tenant_id_person_id"),
        "membership",
        ["tenant_id", "person_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_table(
        "placement",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("resource_link_id", sa.Text(), nullable=False),
        sa.Column("programme", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["course_id"], ["lti_tool.course.id"], name=op.f("fk_placement_course_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "course_id", "resource_link_id", name=op.f("pk_placement")
        ),
        schema="lti_tool",
    )
    op.create_table(
        "roster_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("arrived", sa.Integer(), nullable=False),
        sa.Column("departed", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["lti_tool.course.id"], name=op.f("fk_roster_run_course_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_run")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_roster_run_tenant_id_course_id_id"),
        "roster_run",
        ["tenant_id", "course_id", "id"],
        unique=False,
        schema="lti_tool",
    )
    _platforms()
    _launches()
    _grades()
    op.add_column(
        "tool_key",
        sa.Column(
            "signs_from",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        schema="lti_tool",
    )
    op.add_column(
        "tool_key",
        sa.Column("retires_at", sa.DateTime(timezone=True), nullable=True),
        schema="lti_tool",
    )
    op.execute("UPDATE lti_tool.tool_key SET signs_from = created_at")
    for statement in protect("lti_tool", TABLES):
        op.execute(statement)
    # The audit record is added to and read, never changed.
    op.execute(f"REVOKE UPDATE, DELETE ON lti_tool.audit FROM {APP_ROLE}")
    for old in ("find_platforms(text, text)", "burn_login(bytea)", "find_launch(uuid)"):
        op.execute(f"DROP FUNCTION lti_tool.{old}")
    for name, function in FUNCTIONS.items():
        op.execute(function)
        op.execute(f"REVOKE ALL ON FUNCTION lti_tool.{name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION lti_tool.{name} TO {APP_ROLE}")


def _add(table: str, name: str, kind: sa.types.TypeEngine[object], value: str) -> None:
    """A column that may not be empty: ``value`` is what the rows that are there get, an SQL literal."""
    op.add_column(
        table,
        sa.Column(name, kind, server_default=sa.text(value), nullable=False),
        schema="lti_tool",
    )
    op.alter_column(table, name, server_default=None, schema="lti_tool")


def _platforms() -> None:
    for name, kind, value in (
        ("name", sa.Text(), "''"),
        ("family", sa.Text(), "'standard'"),
        ("status", sa.Text(), "'approved'"),
        ("auth_audience", sa.Text(), "''"),
        ("approve_deployments", sa.Boolean(), "true"),
        ("administers", sa.Boolean(), "true"),
        ("frame_origins", sa.ARRAY(sa.Text()), "'{}'"),
    ):
        _add("platform_registration", name, kind, value)
    op.execute("UPDATE lti_tool.platform_registration SET name = issuer")
    op.create_check_constraint(
        op.f("ck_platform_registration_status_known"),
        "platform_registration",
        "status IN ('pending', 'approved', 'disabled', 'removed')",
        schema="lti_tool",
    )
    op.drop_constraint(
        op.f("uq_platform_registration_issuer_client_id"),
        "platform_registration",
        schema="lti_tool",
        type_="unique",
    )
    op.create_index(
        "uq_platform_registration_issuer_client_id",
        "platform_registration",
        ["issuer", "client_id"],
        unique=True,
        schema="lti_tool",
        postgresql_where=sa.text("status <> 'removed'"),
    )
    _add("deployment", "status", sa.Text(), "'approved'")
    op.create_check_constraint(
        op.f("ck_deployment_status_known"),
        "deployment",
        "status IN ('pending', 'approved', 'refused')",
        schema="lti_tool",
    )
    op.add_column(
        "deployment",
        sa.Column(
            "first_seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        schema="lti_tool",
    )
    _add("login_state", "asked", postgresql.JSONB(astext_type=sa.Text()), "'{}'")


def _launches() -> None:
    op.execute(
        "INSERT INTO lti_tool.course (id, tenant_id, registration_id, key, context_id, title, memberships_url, line_items_url)"
        " SELECT gen_random_uuid(), l.tenant_id, l.registration_id, l.course,"
        " CASE jsonb_typeof(l.course::jsonb -> 1) WHEN 'string' THEN l.course::jsonb ->> 1 ELSE '' END, max(l.context_title), '', ''"
        " FROM lti_tool.launch l GROUP BY l.tenant_id, l.registration_id, l.course"
    )
    op.add_column("launch", sa.Column("course_id", sa.Uuid(), nullable=True), schema="lti_tool")
    op.execute(
        "UPDATE lti_tool.launch l SET course_id = c.id FROM lti_tool.course c"
        " WHERE c.tenant_id = l.tenant_id AND c.registration_id = l.registration_id AND c.key = l.course"
    )
    op.alter_column("launch", "course_id", nullable=False, schema="lti_tool")
    op.execute(
        "INSERT INTO lti_tool.membership (tenant_id, course_id, person_id, role, active, seen_at)"
        " SELECT DISTINCT ON (l.tenant_id, l.course_id, l.person_id) l.tenant_id, l.course_id, l.person_id, l.role, true, l.created_at"
        " FROM lti_tool.launch l ORDER BY l.tenant_id, l.course_id, l.person_id, l.created_at DESC"
    )
    for name, value in (
        ("message", "'LtiResourceLinkRequest'"),
        ("deployment_id", "''"),
        ("resource_link_title", "''"),
        ("return_url", "''"),
        ("line_items_url", "''"),
        ("page", "'today'"),
        ("review_of", "''"),
    ):
        _add("launch", name, sa.Text(), value)
    _add("launch", "administers", sa.Boolean(), "false")
    op.add_column(
        "launch",
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        schema="lti_tool",
    )
    op.add_column(
        "launch",
        sa.Column("deep_linking", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        schema="lti_tool",
    )
    op.drop_index(
        op.f("ix_launch_tenant_id_registration_id_course"), table_name="launch", schema="lti_tool"
    )
    op.create_index(
        op.f("ix_launch_tenant_id_course_id"),
        "launch",
        ["tenant_id", "course_id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_launch_tenant_id_expires_at"),
        "launch",
        ["tenant_id", "expires_at"],
        unique=False,
        schema="lti_tool",
    )
    op.create_foreign_key(
        op.f("fk_launch_course_id"),
        "launch",
        "course",
        ["course_id"],
        ["id"],
        source_schema="lti_tool",
        referent_schema="lti_tool",
    )
    op.drop_column("launch", "context_title", schema="lti_tool")
    op.drop_column("launch", "course", schema="lti_tool")


def _grades() -> None:
    for table in ("attempt", "grade_outbox"):
        _add(table, "line_items_url", sa.Text(), "''")
        op.add_column(table, sa.Column("course_id", sa.Uuid(), nullable=True), schema="lti_tool")
        op.create_foreign_key(
            op.f(f"fk_{table}_course_id"),
            table,
            "course",
            ["course_id"],
            ["id"],
            source_schema="lti_tool",
            referent_schema="lti_tool",
        )
    for name in ("resource_id", "label", "place"):
        _add("grade_outbox", name, sa.Text(), "''")
    op.execute("UPDATE lti_tool.grade_outbox SET place = line_item_url")
    op.add_column(
        "grade_outbox",
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        schema="lti_tool",
    )
    op.add_column(
        "grade_outbox",
        sa.Column("resends", sa.Integer(), server_default="0", nullable=False),
        schema="lti_tool",
    )
    op.add_column("grade_outbox", sa.Column("trouble", sa.Text(), nullable=True), schema="lti_tool")
    op.drop_index(
        op.f("ix_grade_outbox_tenant_id_next_try_at"), table_name="grade_outbox", schema="lti_tool"
    )
    op.create_index(
        op.f("ix_grade_outbox_tenant_id_next_try_at"),
        "grade_outbox",
        ["tenant_id", "next_try_at"],
        unique=False,
        schema="lti_tool",
        postgresql_where=sa.text("sent_at IS NULL AND refused IS NULL AND NOT replaced"),
    )
    op.create_index(
        op.f("ix_grade_outbox_tenant_id_course_id_id"),
        "grade_outbox",
        ["tenant_id", "course_id", "id"],
        unique=False,
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_grade_outbox_tenant_id_place_subject"),
        "grade_outbox",
        ["tenant_id", "place", "subject"],
        unique=False,
        schema="lti_tool",
    )
