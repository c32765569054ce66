"""Tables of what an activity opens, and of sign-in without an LMS."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    Table,
    Text,
    Uuid,
)

from lti_tool.tables.metadata import created_at_column, metadata
from lti_tool.tables.people import course

placement = Table(
    "placement",
    metadata,
    Column("tenant_id", Integer, primary_key=True),
    Column("course_id", ForeignKey(course.c.id), primary_key=True),
    Column("resource_link_id", Text, primary_key=True),
    Column("programme", Text, nullable=False),
    Column("page", Text, nullable=False),
    Column("title", Text, nullable=False),
    created_at_column(),
)

# Where a tenant's people sign in without an LMS (OpenID Connect). ``claim``: the claim that
# holds the list's id; empty: match by address.
sign_in_provider = Table(
    "sign_in_provider",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("tenant_id", Integer, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("secret_sealed", Text, nullable=False),
    Column("claim", Text, nullable=False),
    Column("authorization_url", Text, nullable=False),
    Column("token_url", Text, nullable=False),
    Column("keys_url", Text, nullable=False),
    created_at_column(),
)
