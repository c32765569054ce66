"""Tables of erasures."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Index,
    Table,
    Text,
    Uuid,
    text,
)

from lti_tool.tables.metadata import TIMESTAMPTZ, metadata, tenant_id_column

# An erasure request and its progress: the tool and the record store are erased in separate
# transactions. When it is done, the person's id is removed from here as well.
erasure = Table(
    "erasure",
    metadata,
    Column("id", Uuid, primary_key=True),
    tenant_id_column(),
    Column("person_id", Uuid),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", TIMESTAMPTZ, nullable=False),
    # Who decided that it is carried out: somebody else than who asked for it, where the tenant
    # wants two.
    Column("confirmed_by", Text),
    Column("confirmed_at", TIMESTAMPTZ),
    # Why it could not be carried out at the last try; empty for none.
    Column("problem", Text, nullable=False, server_default=""),
    Column("tool_done_at", TIMESTAMPTZ),
    Column("done_at", TIMESTAMPTZ),
    Index(None, "tenant_id", "asked_at"),
    Index(
        "uq_erasure_person_id",
        "tenant_id",
        "person_id",
        unique=True,
        postgresql_where=text("person_id IS NOT NULL"),
    ),
)
