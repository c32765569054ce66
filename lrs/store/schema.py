"""Upgrade schema ``lrs``."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from analytics.store import reporting_views
from core import migrations

MIGRATIONS_FOLDER = Path(__file__).parent / "migrations"


def upgrade(owner: Engine) -> None:
    """Run pending migrations as the owner; then bring the views for reporting tools up to
    date."""
    migrations.upgrade(MIGRATIONS_FOLDER, owner)
    reporting_views.rebuild_views(owner)
