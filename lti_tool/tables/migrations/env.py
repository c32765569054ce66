"""Alembic's entry point for schema ``lti_tool``."""

from core.migrations import run_env
from lti_tool.tables import ALL
from lti_tool.tables.metadata import SCHEMA, metadata

assert ALL, "imported, so that the metadata holds every table"
run_env(metadata, SCHEMA)
