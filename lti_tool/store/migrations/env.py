"""Alembic's entrance for schema ``lti_tool``."""

from core.migrations import run
from lti_tool.store.tables import SCHEMA, metadata

run(metadata, SCHEMA)
