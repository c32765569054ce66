"""why a user of an LMS is a person of the list; what a platform may say about people; codes that prove it; audiences that name nobody"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database import APP_ROLE
from core.migrations import protect

revision = "0010"
down_revision = "0009"

FIND_PLATFORMS = """
    CREATE FUNCTION lti_tool.find_platforms(wanted_issuer text, wanted_client text)
    RETURNS TABLE (id int, tenant_id int, name text, family text, status text, issuer text, client_id text, auth_login_url text, auth_token_url text,
                   auth_audience text, key_set_url text, approve_deployments bool, names_people text, wide_parameter bool, frame_origins text[])
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT r.id, r.tenant_id, r.name, r.family, r.status, r.issuer, r.client_id, r.auth_login_url, r.auth_token_url,
               r.auth_audience, r.key_set_url, r.approve_deployments, r.names_people, r.wide_parameter, r.frame_origins
        FROM lti_tool.platform_registration r
        WHERE r.issuer = wanted_issuer AND (wanted_client IS NULL OR r.client_id = wanted_client) AND r.status <> ''removed'' ORDER BY r.id LIMIT 2'
"""


def upgrade() -> None:
    op.execute("DROP FUNCTION lti_tool.find_platforms(text, text)")
    # Nobody administers by what an LMS says any more, and no LMS says who somebody of the list is until an administrator lets it.
    op.drop_column("platform_registration", "administers", schema="lti_tool")
    op.add_column(
        "platform_registration",
        sa.Column("names_people", sa.Text(), server_default="nobody", nullable=False),
        schema="lti_tool",
    )
    op.add_column(
        "platform_registration",
        sa.Column("wide_parameter", sa.Boolean(), server_default="false", nullable=False),
        schema="lti_tool",
    )
    op.create_check_constraint(
        op.f("ck_platform_registration_names_people_known"),
        "platform_registration",
        "names_people IN ('nobody', 'id', 'id or address')",
        schema="lti_tool",
    )
    # Canvas names its bare host as authorization_server; its token endpoint takes its own address alone.
    op.execute(
        "UPDATE lti_tool.platform_registration SET auth_audience = '' WHERE auth_audience NOT LIKE '%://%'"
    )
    op.execute(FIND_PLATFORMS)
    op.execute("REVOKE ALL ON FUNCTION lti_tool.find_platforms(text, text) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION lti_tool.find_platforms(text, text) TO {APP_ROLE}")
    op.add_column(
        "identity",
        sa.Column("joined_by", sa.Text(), server_default="met", nullable=False),
        schema="lti_tool",
    )
    op.add_column(
        "identity",
        sa.Column(
            "joined_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        schema="lti_tool",
    )
    op.add_column(
        "identity",
        sa.Column("joined_who", sa.Text(), server_default="", nullable=False),
        schema="lti_tool",
    )
    # Joins that run go on. Those of the list's people wait for somebody to look at them: an address or a parameter made them, or an id.
    op.execute(
        "UPDATE lti_tool.identity i SET joined_who = 'before this was asked for',"
        " joined_by = CASE WHEN i.sourced_id <> '' AND i.sourced_id = p.external_id THEN 'id' ELSE 'address or parameter' END"
        " FROM lti_tool.person p WHERE p.id = i.person_id AND (p.imported_at IS NOT NULL"
        " OR EXISTS (SELECT 1 FROM lti_tool.person led WHERE led.tenant_id = p.tenant_id AND (led.manager_id = p.id OR led.mentor_id = p.id)))"
    )
    op.create_table(
        "join_code",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("joined_by", sa.Text(), nullable=False),
        sa.Column("registration_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name=op.f("fk_join_code_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["registration_id"],
            ["lti_tool.platform_registration.id"],
            name=op.f("fk_join_code_registration_id_platform_registration"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "code_hash", name=op.f("pk_join_code")),
        schema="lti_tool",
    )
    op.create_index(
        op.f("ix_join_code_tenant_id_person_id"),
        "join_code",
        ["tenant_id", "person_id"],
        schema="lti_tool",
    )
    for statement in protect("lti_tool", ["join_code"]):
        op.execute(statement)
    # "completed" and "achieved" begin a programme from now on; what was said before the activity was chosen for that is not read again.
    op.execute(
        "UPDATE lti_tool.statement_source SET since = since || jsonb_build_object("
        "'http://adlnet.gov/expapi/verbs/completed', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
        " 'https://w3id.org/xapi/tla/verbs/achieved', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'))"
    )
