"""The schema of the tool, which all of its tables are in."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, MetaData, func

SCHEMA = "lti_tool"
metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    },
)
TIMESTAMPTZ = DateTime(timezone=True)


def tenant_id_column() -> Column[int]:
    """The tenant of a row."""
    return Column("tenant_id", Integer, nullable=False)


def created_at_column() -> Column[object]:
    """When a row was inserted."""
    return Column("created_at", TIMESTAMPTZ, nullable=False, server_default=func.now())
