"""who the actors of other systems' statements are; what a platform's roles give; what became of grades that were sent; copied courses and their waves; the groups of a course"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.database import APP_ROLE
from core.migrations import protect

revision = "0012"
down_revision = "0011"


FIND_PLATFORMS = """
    CREATE FUNCTION lti_tool.find_platforms(wanted_issuer text, wanted_client text)
    RETURNS TABLE (id int, tenant_id int, name text, family text, status text, issuer text, client_id text, auth_login_url text, auth_token_url text,
                   auth_audience text, key_set_url text, approve_deployments bool, names_people text, wide_parameter bool, frame_origins text[], role_rights jsonb)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT r.id, r.tenant_id, r.name, r.family, r.status, r.issuer, r.client_id, r.auth_login_url, r.auth_token_url,
               r.auth_audience, r.key_set_url, r.approve_deployments, r.names_people, r.wide_parameter, r.frame_origins, r.role_rights
        FROM lti_tool.platform_registration r
        WHERE r.issuer = wanted_issuer AND (wanted_client IS NULL OR r.client_id = wanted_client) AND r.status <> ''removed'' ORDER BY r.id LIMIT 2'
"""
# Origins that launches told as places of an LMS which shows its pages under one address: any launch could name any address.
# What an administrator typed is in the audit log and stays, as does the LMS's own; what is taken is noted there.
FORGET_ORIGINS = """
    WITH kept AS (
        SELECT r.id, r.tenant_id, r.issuer, r.frame_origins AS before, ARRAY(
            SELECT origin FROM unnest(r.frame_origins) WITH ORDINALITY AS o (origin, place)
            WHERE origin IN (lower(substring(r.issuer FROM '^https?://[^/]+')), lower(substring(r.auth_login_url FROM '^https?://[^/]+')))
            OR EXISTS (
                SELECT 1 FROM lti_tool.audit a WHERE a.tenant_id = r.tenant_id AND a.act = 'changed a platform'
                AND a.details ->> 'platform' = r.id::text AND a.details -> 'frame_origins' @> to_jsonb(origin)
            )
            ORDER BY place
        ) AS after
        FROM lti_tool.platform_registration r WHERE r.family IN ('moodle', 'openedx', 'sakai')
    ), changed AS (
        UPDATE lti_tool.platform_registration r SET frame_origins = kept.after
        FROM kept WHERE kept.id = r.id AND kept.before <> kept.after
        RETURNING r.id, r.tenant_id, kept.issuer, kept.before
    )
    INSERT INTO lti_tool.audit (tenant_id, who, act, details)
    SELECT tenant_id, 'an update of Carryover', 'forgot addresses that launches had told',
           jsonb_build_object('platform', id, 'issuer', issuer, 'frame_origins', to_jsonb(before)) FROM changed
"""

# The column that a grade went to, by the rule of lti_tool.checks.grade_columns: the launch's own, unless it is known to belong to another check; else that of
# its place. Where neither is known any more, nobody looks for the grade.
SENT_URLS = """
    UPDATE lti_tool.grade_outbox g SET sent_url = CASE
      WHEN g.line_item_url <> '' AND NOT (g.line_items_url <> '' AND EXISTS (
        SELECT 1 FROM lti_tool.line_item c
        WHERE c.tenant_id = g.tenant_id AND c.registration_id = g.registration_id AND c.url = g.line_item_url
          AND CASE WHEN c.place LIKE '[%' THEN c.place::jsonb ->> 1 ELSE c.label END NOT IN ('', g.resource_id)))
        THEN g.line_item_url
      ELSE coalesce((SELECT c.url FROM lti_tool.line_item c
                     WHERE c.tenant_id = g.tenant_id AND c.registration_id = g.registration_id AND c.place = g.place), '')
      END
    WHERE g.sent_at IS NOT NULL
"""


def upgrade() -> None:
    op.execute(FORGET_ORIGINS)
    # Teaching is teaching: no LMS role gives more of a course.
    op.execute("UPDATE lti_tool.membership SET role = 'teacher' WHERE role = 'admin'")
    op.execute("UPDATE lti_tool.launch SET role = 'teacher' WHERE role = 'admin'")
    # What gave a role until now is not known: the next roster decides, and the next launch.
    op.add_column(
        "membership",
        sa.Column("launched_at", sa.DateTime(timezone=True), nullable=True),
        schema="lti_tool",
    )
    op.add_column(
        "membership",
        sa.Column("listed_as_teacher", sa.Boolean(), nullable=False, server_default="false"),
        schema="lti_tool",
    )
    op.add_column(
        "launch",
        sa.Column("missing_parameter", sa.Text(), nullable=False, server_default=""),
        schema="lti_tool",
    )
    op.add_column(
        "platform_registration",
        sa.Column("role_rights", postgresql.JSONB(), nullable=False, server_default="{}"),
        schema="lti_tool",
    )
    op.add_column(
        "platform_registration",
        sa.Column("account_names", sa.Text(), nullable=False, server_default=""),
        schema="lti_tool",
    )
    op.add_column(
        "tenant", sa.Column("actors_read", sa.BigInteger(), nullable=True), schema="lti_tool"
    )
    op.add_column(
        "line_item",
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        schema="lti_tool",
    )
    for column in (
        sa.Column("copied", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("term", sa.Text(), nullable=False, server_default=""),
        sa.Column("waves", postgresql.JSONB(), nullable=False, server_default="{}"),
    ):
        op.add_column("course", column, schema="lti_tool")
    op.add_column(
        "roster_run",
        sa.Column("turn", sa.Text(), nullable=False, server_default=""),
        schema="lti_tool",
    )
    op.add_column("grade_outbox", sa.Column("found", sa.Text(), nullable=True), schema="lti_tool")
    op.add_column(
        "grade_outbox",
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        schema="lti_tool",
    )
    _keep_registrations_up_to_date()
    _look_at_columns()
    op.execute("DROP FUNCTION lti_tool.find_platforms(text, text)")
    op.execute(FIND_PLATFORMS)
    op.execute("REVOKE ALL ON FUNCTION lti_tool.find_platforms(text, text) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION lti_tool.find_platforms(text, text) TO {APP_ROLE}")
    op.create_table(
        "actor_link",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("registration_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("joined_by", sa.Text(), nullable=False),
        sa.Column("joined_who", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts_as", sa.Uuid(), nullable=True),
        sa.Column("merge_id", sa.BigInteger(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name="fk_actor_link_person_id"
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name="fk_actor_link_registration_id",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "identity", name="pk_actor_link"),
        schema="lti_tool",
    )
    op.create_index(
        "ix_actor_link_tenant_id_person_id",
        "actor_link",
        ["tenant_id", "person_id"],
        schema="lti_tool",
    )
    for statement in protect("lti_tool", ["actor_link", "column_look"]):
        op.execute(statement)
    _add_course_groups()


def _keep_registrations_up_to_date() -> None:
    """How the tool changes its registration in an LMS, and from where a deployment first came."""
    empty = {"nullable": False, "server_default": ""}
    for table, name in (
        ("platform_registration", "management_url"),
        ("platform_registration", "management_token_sealed"),
        ("deployment", "first_course"),
        ("deployment", "first_host"),
    ):
        op.add_column(table, sa.Column(name, sa.Text(), **empty), schema="lti_tool")
    scopes = sa.Column(
        "supported_scopes", postgresql.ARRAY(sa.Text()), nullable=False, server_default="{}"
    )
    op.add_column("platform_registration", scopes, schema="lti_tool")
    op.add_column(
        "registration_invite", sa.Column("updates", sa.Integer(), nullable=True), schema="lti_tool"
    )
    op.create_foreign_key(
        "fk_registration_invite_updates",
        "registration_invite",
        "platform_registration",
        ["updates"],
        ["id"],
        source_schema="lti_tool",
        referent_schema="lti_tool",
    )


def _add_course_groups() -> None:
    empty = {"nullable": False, "server_default": ""}
    zero = {"nullable": False, "server_default": "0"}
    for table, column in (
        ("course", sa.Column("groups_url", sa.Text(), **empty)),
        ("roster_run", sa.Column("groups", sa.Integer(), **zero)),
        ("roster_run", sa.Column("groups_skipped", sa.Integer(), **zero)),
        ("roster_run", sa.Column("groups_reason", sa.Text(), **empty)),
        ("coaching_group", sa.Column("name", sa.Text(), **empty)),
        ("coaching_group", sa.Column("course_id", sa.Uuid(), nullable=True)),
        ("coaching_group", sa.Column("course_group_key", sa.Text(), nullable=True)),
    ):
        op.add_column(table, column, schema="lti_tool")
    op.create_foreign_key(
        "fk_coaching_group_course_id",
        "coaching_group",
        "course",
        ["course_id"],
        ["id"],
        source_schema="lti_tool",
        referent_schema="lti_tool",
    )
    op.create_index(
        "uq_coaching_group_course_group",
        "coaching_group",
        ["tenant_id", "programme", "course_id", "course_group_key"],
        unique=True,
        schema="lti_tool",
        postgresql_where=sa.text("course_id IS NOT NULL"),
    )
    op.create_table(
        "course_group",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["lti_tool.course.id"], name="fk_course_group_course_id"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "course_id", "key", name="pk_course_group"),
        schema="lti_tool",
    )
    op.create_table(
        "course_group_member",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["course_id"], ["lti_tool.course.id"], name="fk_course_group_member_course_id"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name="fk_course_group_member_person_id"
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "course_id", "key", "person_id", name="pk_course_group_member"
        ),
        schema="lti_tool",
    )
    op.create_index(
        "ix_course_group_member_tenant_id_person_id",
        "course_group_member",
        ["tenant_id", "person_id"],
        schema="lti_tool",
    )
    for statement in protect("lti_tool", ["course_group", "course_group_member"]):
        op.execute(statement)


def _look_at_columns() -> None:
    op.add_column(
        "grade_outbox",
        sa.Column("sent_url", sa.Text(), nullable=False, server_default=""),
        schema="lti_tool",
    )
    op.execute(SENT_URLS)
    op.create_table(
        "column_look",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_page", sa.Text(), nullable=False, server_default=""),
        sa.Column("last_whole_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name="fk_column_look_registration_id",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "registration_id", "url", name="pk_column_look"),
        schema="lti_tool",
    )
