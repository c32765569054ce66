"""the bytes of statements lie in months, and old ones in files; long readers have a role of their own, which writes no statement"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from core.database import APP_ROLE, LONG_ROLE
from core.migrations import protect

revision = "0009"
down_revision = "0008"

# What a statement consists of, for whoever asks: only APP_ROLE, whose transactions hold the
# high-water mark back, may change it.
_STATEMENTS = "lrs.statement, lrs.statement_rel, lrs.statement_ref, lrs.voiding"
_MONTH_ORD = "(extract(epoch FROM ({}) AT TIME ZONE 'UTC') * 1000000)::bigint << 10"


def upgrade() -> None:
    op.execute("CREATE SCHEMA lrs_months")
    op.create_table(
        "statement_payload",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("ord", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "ord", name="pk_statement_payload"),
        schema="lrs",
        postgresql_partition_by="RANGE (ord)",
    )
    # For what has no month: of a time for which nobody made one, or changed after its month had
    # become a file.
    op.execute("CREATE TABLE lrs_months.payload_other PARTITION OF lrs.statement_payload DEFAULT")
    op.create_table(
        "cold_file",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("first_ord", sa.BigInteger(), nullable=False),
        sa.Column("last_ord", sa.BigInteger(), nullable=False),
        sa.Column("sha2", sa.Text(), nullable=False),
        sa.Column("statements", sa.BigInteger(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.PrimaryKeyConstraint("tenant_id", "first_ord", name="pk_cold_file"),
        schema="lrs",
    )
    op.create_table(
        "cold_trash",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("sha2", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "sha2", name="pk_cold_trash"),
        schema="lrs",
    )
    # A job moves the bytes that lie here, in the order of ord; its place is a row of job_cursor.
    op.alter_column("statement", "payload", nullable=True, schema="lrs")
    op.execute(
        "INSERT INTO lrs.job_cursor (tenant_id, job, ord) SELECT tenant_id, 'payloads', -9223372036854775808 FROM lrs.tenant"
    )
    _make_functions()
    _give_rights()
    op.execute("SELECT lrs.add_payload_months()")


def _make_functions() -> None:
    month = "first + make_interval(months => month{})"
    op.execute(
        f"""
        CREATE FUNCTION lrs.add_payload_months() RETURNS void
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '2s' AS $$
        DECLARE
          first date := date_trunc('month', now() AT TIME ZONE 'UTC');
          name text;
          low bigint;
          high bigint;
        BEGIN
          FOR month IN 0..2 LOOP
            name := 'payload_' || to_char({month.format("")}, 'YYYY_MM');
            low := {_MONTH_ORD.format(month.format(""))};
            high := {_MONTH_ORD.format(month.format(" + 1"))};
            CONTINUE WHEN to_regclass('lrs_months.' || name) IS NOT NULL;
            CONTINUE WHEN EXISTS (SELECT FROM lrs_months.payload_other WHERE ord >= low AND ord < high);
            EXECUTE format('CREATE TABLE lrs_months.%I (LIKE lrs.statement_payload INCLUDING ALL)', name);
            EXECUTE format('ALTER TABLE lrs.statement_payload ATTACH PARTITION lrs_months.%I FOR VALUES FROM (%s) TO (%s)', name, low, high);
          END LOOP;
        END $$
        """  # noqa: S608 - constants of this file
    )
    op.execute(
        f"""
        CREATE FUNCTION lrs.drop_payload_month(before bigint) RETURNS boolean
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '500ms' AS $$
        DECLARE
          name text;
          filled boolean;
        BEGIN
          FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'lrs.statement_payload'::regclass AND c.relname <> 'payload_other' LOOP
            CONTINUE WHEN {_MONTH_ORD.format("to_date(substr(name, 9), 'YYYY_MM') + interval '1 month'")} > before;
            EXECUTE format('SELECT EXISTS (SELECT FROM lrs_months.%I)', name) INTO filled;
            CONTINUE WHEN filled;
            BEGIN
              -- First what DROP needs, too: who holds one of the two never waits for the other.
              LOCK TABLE ONLY lrs.statement_payload IN ACCESS EXCLUSIVE MODE;
              EXECUTE format('SELECT EXISTS (SELECT FROM lrs_months.%I)', name) INTO filled;
              IF NOT filled THEN
                EXECUTE format('DROP TABLE lrs_months.%I', name);
                RETURN true;
              END IF;
            EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
              RETURN false;  -- somebody reads it now: the next time
            END;
          END LOOP;
          RETURN false;
        END $$
        """  # noqa: S608 - constants of this file
    )
    op.execute(
        """
        CREATE FUNCTION lrs.tenants_with_unmoved_payloads() RETURNS SETOF int
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
        AS 'SELECT tenant_id FROM lrs.job_cursor WHERE job = ''payloads'' ORDER BY tenant_id'
        """
    )


def _give_rights() -> None:
    for statement in protect(
        "lrs", ["statement_payload", "cold_file", "cold_trash"], f"{APP_ROLE}, {LONG_ROLE}"
    ):
        op.execute(statement)
    op.execute(
        f"""
        DO $$
        DECLARE
          held record;
        BEGIN
          FOR held IN SELECT tablename FROM pg_policies WHERE schemaname = 'lrs' AND policyname = 'tenant' LOOP
            EXECUTE format('ALTER POLICY tenant ON lrs.%I TO {APP_ROLE}, {LONG_ROLE}', held.tablename);
          END LOOP;
          FOR held IN SELECT table_name, privilege_type FROM information_schema.role_table_grants
            WHERE table_schema = 'lrs' AND grantee = '{APP_ROLE}' LOOP
            EXECUTE format('GRANT %s ON lrs.%I TO {LONG_ROLE}', held.privilege_type, held.table_name);
          END LOOP;
        END $$
        """  # noqa: S608 - constants of this file
    )
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON {_STATEMENTS} FROM {LONG_ROLE}")
    for name in (
        "add_payload_months()",
        "drop_payload_month(bigint)",
        "tenants_with_unmoved_payloads()",
    ):
        op.execute(f"REVOKE ALL ON FUNCTION lrs.{name} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION lrs.{name} TO {APP_ROLE}, {LONG_ROLE}")
