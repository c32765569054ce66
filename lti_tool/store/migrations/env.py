"""Alembic's entrance for schema ``lti_tool``."""

from lrs.ground.migrations import run
from lti_tool.store.tables import SCHEMA, metadata

run(metadata, SCHEMA)
