"""the bytes of a page are found by a plan that is kept"""

from __future__ import annotations

from alembic import op

from core.database import APP_ROLE, LONG_ROLE

revision = "0012"
down_revision = "0011"

_FIND = "lrs.find_payloads(int, bigint[], bigint, bigint)"


def upgrade() -> None:
    # With the rights of whoever calls it, and so within their tenant. The bounds let PostgreSQL
    # leave out the other months.
    op.execute(
        """
        CREATE FUNCTION lrs.find_payloads(tenant int, ords bigint[], low bigint, high bigint)
        RETURNS TABLE (ord bigint, payload bytea)
        LANGUAGE plpgsql STABLE SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan AS $$
        BEGIN
          RETURN QUERY SELECT p.ord, p.payload FROM lrs.statement_payload p
            WHERE p.tenant_id = tenant AND p.ord = ANY (ords) AND p.ord BETWEEN low AND high;
        END $$
        """
    )
    op.execute(f"REVOKE ALL ON FUNCTION {_FIND} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {_FIND} TO {APP_ROLE}, {LONG_ROLE}")
