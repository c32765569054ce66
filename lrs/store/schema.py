"""Upgrade schema ``lrs``."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from core import migrations
from lrs.store import reporting

MIGRATIONS_FOLDER = Path(__file__).parent / "migrations"


def upgrade(owner: Engine) -> None:
    """Run pending migrations as the owner; then bring the views for reporting tools up to
    date."""
    migrations.upgrade(MIGRATIONS_FOLDER, owner)
    reporting.rebuild_views(owner)
