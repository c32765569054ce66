"""the tables of figures lie in a schema of their own"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database import APP_ROLE, LONG_ROLE, REPORT_OWNER

revision = "0013"
down_revision = "0012"

TABLES = [
    "activity_mapping",
    "alarm",
    "baseline",
    "borrowed",
    "computed",
    "cost",
    "export",
    "fact_activity",
    "fact_check",
    "fact_competency",
    "fact_episode",
    "fact_presence",
    "fact_rating",
    "fact_recall",
    "fact_use",
    "kpi",
    "kpi_reading",
    "mapped_actor",
    "person_merge",
    "reporting_user",
    "scorecard",
    "uncomputed",
    "uncountable",
    "unwanted",
    "unwanted_day",
    "valuation",
    "week_figure",
]


def upgrade() -> None:
    op.execute("CREATE SCHEMA analytics")
    op.execute(f"GRANT USAGE ON SCHEMA analytics TO {APP_ROLE}, {LONG_ROLE}")
    # Their indexes, sequences, rights and policies go with them.
    for table in TABLES:
        op.execute(f"ALTER TABLE lrs.{table} SET SCHEMA analytics")
    # Made with the views for reporting tools: not there before the first `carryover migrate` ended.
    if op.get_bind().scalar(sa.text("SELECT to_regprocedure('lrs.reporting_tenant(name)')")):
        op.execute("ALTER FUNCTION lrs.reporting_tenant(name) SET SCHEMA analytics")
        op.execute(
            """
            CREATE OR REPLACE FUNCTION analytics.reporting_tenant(wanted name) RETURNS int
            LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
            AS 'SELECT u.tenant_id FROM analytics.reporting_user u WHERE u.role = wanted::text'
            """
        )
        op.execute(f"GRANT USAGE ON SCHEMA analytics TO {REPORT_OWNER}")
        op.execute(f"REVOKE USAGE ON SCHEMA lrs FROM {REPORT_OWNER}")
