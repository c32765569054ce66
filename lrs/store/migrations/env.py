"""Alembic's entrance for schema ``lrs``."""

from lrs.ground.migrations import run
from lrs.store.tables import SCHEMA, metadata

run(metadata, SCHEMA)
