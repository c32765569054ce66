"""a visit is known by its id after it ended"""

from __future__ import annotations

from alembic import op

from core.database import APP_ROLE

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


def upgrade() -> None:
    op.execute(FIND_VISIT)
    op.execute("REVOKE ALL ON FUNCTION lti_tool.find_visit(uuid) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION lti_tool.find_visit(uuid) TO {APP_ROLE}")
