"""Alembic's entrance for schema ``lrs``."""

from core.migrations import run
from lrs.store.tables import SCHEMA, metadata

run(metadata, SCHEMA)
