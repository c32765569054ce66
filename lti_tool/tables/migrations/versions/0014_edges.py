"""a visit is known by its id after it ended; what was typed into a form and not sent yet; erasures that two people decide"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.database import APP_ROLE
from core.migrations import protect

revision = "0014"
down_revision = "0013"

# What an error page must know before a tenant is: how the visit of its address began, in which
# language, and where its course is.
FIND_VISIT = """
    CREATE FUNCTION lti_tool.find_visit(wanted uuid)
    RETURNS TABLE (tenant_id int, person_id uuid, secret_hash bytea, message text, locale text,
        return_url text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT l.tenant_id, l.person_id, l.secret_hash, l.message, l.locale, l.return_url
        FROM lti_tool.launch l WHERE l.id = wanted'
"""

# The order of names (core.name_order): letters without their marks, ñ after n.
SORT_KEY = """
    CREATE FUNCTION lti_tool.sort_key(name text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
        SELECT replace(replace(replace(replace(translate(
            lower(regexp_replace(
                regexp_replace(normalize(name, NFKD), U&'([nN])\\0303', '\\1~', 'g'),
                U&'[\\0300-\\036F]', '', 'g')),
            'øłđðıØŁĐÐ', 'olddioldd'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th')
    $$
"""

# The audit record can be added to and read; this is the one change of it: a person whose erasure
# was confirmed is taken out of it.
ERASE_FROM_AUDIT = """
    CREATE FUNCTION lti_tool.erase_from_audit(tenant int, erased uuid) RETURNS int
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
    AS $$
        DECLARE names int; mentions int;
        BEGIN
            IF NOT EXISTS (SELECT 1 FROM lti_tool.erasure e WHERE e.tenant_id = tenant
                AND e.person_id = erased AND e.confirmed_at IS NOT NULL) THEN
                RAISE EXCEPTION 'nobody confirmed this erasure';
            END IF;
            UPDATE lti_tool.audit a SET who = 'somebody who was erased'
                WHERE a.tenant_id = tenant AND a.who LIKE '%%' || erased || '%%';
            GET DIAGNOSTICS names = ROW_COUNT;
            UPDATE lti_tool.audit a SET details = '{}'
                WHERE a.tenant_id = tenant AND a.details::text LIKE '%%' || erased || '%%';
            GET DIAGNOSTICS mentions = ROW_COUNT;
            RETURN names + mentions;
        END
    $$
"""


def upgrade() -> None:
    op.execute(SORT_KEY)
    op.execute("REVOKE ALL ON FUNCTION lti_tool.sort_key(text) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION lti_tool.sort_key(text) TO {APP_ROLE}")
    op.execute(FIND_VISIT)
    op.execute("REVOKE ALL ON FUNCTION lti_tool.find_visit(uuid) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION lti_tool.find_visit(uuid) TO {APP_ROLE}")
    op.create_table(
        "form_draft",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.JSONB(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["lti_tool.person.id"], name="fk_form_draft_person_id"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "person_id", "form", name="pk_form_draft"),
        schema="lti_tool",
    )
    op.create_index(
        "ix_form_draft_tenant_id_saved_at",
        "form_draft",
        ["tenant_id", "saved_at"],
        schema="lti_tool",
    )
    op.add_column(
        "tenant",
        sa.Column("two_erase", sa.Boolean(), nullable=False, server_default="true"),
        schema="lti_tool",
    )
    for column in (
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("erasure", column, schema="lti_tool")
    op.execute(ERASE_FROM_AUDIT)
    signature = "lti_tool.erase_from_audit(int, uuid)"
    op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {APP_ROLE}")
    for statement in protect("lti_tool", ["form_draft"]):
        op.execute(statement)
