"""links of mails that ask to answer a use at work or a work sample"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database import APP_ROLE

revision = "0016"
down_revision = "0015"

# What must be known before a tenant is: whose link this is, and what it opens.
FIND_MAIL_LINK = """
    CREATE FUNCTION lti_tool.find_mail_link(wanted bytea)
    RETURNS TABLE (tenant_id int, mail_id bigint, question_id uuid, use_id uuid,
        handed_in_id uuid, created_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT l.tenant_id, l.mail_id, l.question_id, l.use_id, l.handed_in_id, l.created_at
        FROM lti_tool.mail_link l WHERE l.token_hash = wanted'
"""


def upgrade() -> None:
    for column, table in (("use_id", "job_use"), ("handed_in_id", "handed_in")):
        op.add_column("mail_link", sa.Column(column, sa.Uuid(), nullable=True), schema="lti_tool")
        op.create_foreign_key(
            f"fk_mail_link_{column}",
            "mail_link",
            table,
            [column],
            ["id"],
            source_schema="lti_tool",
            referent_schema="lti_tool",
            ondelete="CASCADE",
        )
    op.execute("DROP FUNCTION lti_tool.find_mail_link(bytea)")
    op.execute(FIND_MAIL_LINK)
    op.execute("REVOKE ALL ON FUNCTION lti_tool.find_mail_link(bytea) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION lti_tool.find_mail_link(bytea) TO {APP_ROLE}")
