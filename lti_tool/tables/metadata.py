"""The schema of the tool, which all of its tables are in."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Integer, MetaData, func

from core.database import KEY_NAMES

SCHEMA = "lti_tool"
metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        **KEY_NAMES,
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
