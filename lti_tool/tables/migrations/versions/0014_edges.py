"""a visit is known by its id after it ended; what was typed into a form and not sent yet"""

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
    for statement in protect("lti_tool", ["form_draft"]):
        op.execute(statement)
