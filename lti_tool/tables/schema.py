"""Migrations of schema ``lti_tool``."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from core import migrations

MIGRATIONS_FOLDER = Path(__file__).parent / "migrations"


def upgrade(owner: Engine) -> None:
    """Run the pending migrations, as the owner."""
    migrations.upgrade(MIGRATIONS_FOLDER, owner)
