"""A demo that runs beside the command line: without addresses of their own, commands work on it.

The demo writes how its servers are reached into a file that its user alone can read, and takes it away when it stops.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from core import settings as ground_settings
from core.settings import Settings

FILE = "servers.json"


def write(home: Path, environ: Mapping[str, str]) -> str:
    """The text of the file: what a command needs of the demo's environment."""
    ours = ("DATABASE_URL", "MIGRATION_URL", "REDIS_URL", "SECRET_KEY", "BASE_URL", "MAIL_URL", "MAIL_FROM")
    names = (*(f"CARRYOVER_{name}" for name in ours), "PORT")
    return json.dumps({"CARRYOVER_HOME": str(home), **{name: environ[name] for name in names}, "CARRYOVER_ALLOW_PRIVATE_PLATFORMS": "1"})


def settings(environ: Mapping[str, str]) -> Settings:
    """The settings of a command: the environment's, or those of the demo that runs here where it names no database."""
    read = ground_settings.read(environ)
    file = read.home / FILE
    if read.database_url or read.migration_url or not file.exists():
        return read
    return ground_settings.read({**environ, **json.loads(file.read_text())})
