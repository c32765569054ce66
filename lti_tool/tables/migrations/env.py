"""Alembic's entrance for schema ``lti_tool``."""

from core.migrations import run_env
from lti_tool.store.tables import SCHEMA, metadata

run_env(metadata, SCHEMA)
