"""Alembic, run the same way for each package that has migrations: its version table lies in the
schema of its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command, context
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, MetaData, text
from sqlalchemy.exc import DBAPIError

from core.database import APP_ROLE
from core.errors import FatalError


def build_alembic_config(folder: Path, connection: Connection) -> Config:
    """Alembic's configuration for the migrations in ``folder``."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = connection
    return config


def upgrade(folder: Path, owner: Engine) -> None:
    """Upgrade one package's schema in one transaction: all of it or nothing."""
    try:
        with owner.begin() as connection:
            # Serializes two starts at the same time; the number is arbitrary and our own.
            connection.execute(text("SELECT pg_advisory_xact_lock(7274001)"))
            command.upgrade(build_alembic_config(folder, connection), "head")
    except (DBAPIError, CommandError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise FatalError(
            f"A migration of {folder.parent.parent.name} cannot run and nothing was changed: "
            f"{reason}"
        ) from None


def has_pending_migrations(folder: Path, owner: Engine) -> bool:
    """Whether this package has pending migrations."""
    schema = folder.parent.parent.name
    with owner.connect() as connection:
        version_table = connection.execute(
            text("SELECT to_regclass(:name)"), {"name": f"{schema}.alembic_version"}
        ).scalar()
        current = (
            connection.execute(text(f"SELECT version_num FROM {schema}.alembic_version")).scalar()  # noqa: S608 - a folder's name
            if version_table
            else None
        )
        return (
            current
            != ScriptDirectory.from_config(
                build_alembic_config(folder, connection)
            ).get_current_head()
        )


def comparison(metadata: MetaData, schema: str) -> dict[str, Any]:
    """Alembic's options for comparing one schema of a database with its models."""

    def include_own_schema(name: str | None, kind: str, parents: Any) -> bool:
        return name == schema if kind == "schema" else True

    return {
        "target_metadata": metadata,
        "version_table_schema": schema,
        "include_schemas": True,
        "include_name": include_own_schema,
        "compare_server_default": True,
    }


def run_env(metadata: MetaData, schema: str) -> None:
    """The body of every ``env.py``."""
    connection: Connection = context.config.attributes["connection"]
    connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
    context.configure(connection=connection, **comparison(metadata, schema))
    with context.begin_transaction():
        context.run_migrations()


def protect(schema: str, tables: list[str], roles: str = APP_ROLE) -> list[str]:
    """The SQL that enables row-level security by tenant on each table and grants access to the
    roles (names with commas between)."""
    statements = [f"GRANT USAGE ON SCHEMA {schema} TO {roles}"]
    for table in tables:
        statements += [
            f"ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY",
            # An unset tenant is an error: current_setting raises, and the empty text it leaves
            # behind is not an integer.
            f"CREATE POLICY tenant ON {schema}.{table} TO {roles} USING (tenant_id = "
            "current_setting('carryover.tenant_id')::int)",
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.{table} TO {roles}",
        ]
    return statements
