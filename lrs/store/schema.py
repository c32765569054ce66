"""Bringing schema ``lrs`` up to date."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from core import migrations
from lrs.store import reporting

FOLDER = Path(__file__).parent / "migrations"


def upgrade(owner: Engine) -> None:
    """Run what is missing, as the owner; then bring the views for reporting tools to what they are now."""
    migrations.upgrade(FOLDER, owner)
    reporting.make_views(owner)
