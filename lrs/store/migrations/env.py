"""Alembic's entrance for schema ``lrs``."""

from core.migrations import run_env
from lrs.store.tables import SCHEMA, metadata

run_env(metadata, SCHEMA)
