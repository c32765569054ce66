"""Connect commands to a running demo: if no database is configured, they work on the demo.

The demo writes the URLs of its servers into a file that only its user can read, and removes it
when it stops.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from core import settings as ground_settings
from core.settings import Settings

SERVERS_FILE = "servers.json"


def servers_json(home: Path, environ: Mapping[str, str]) -> str:
    """Return the content of the file: what a command needs from the demo's environment."""
    ours = (
        "DATABASE_URL",
        "MIGRATION_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "BASE_URL",
        "MAIL_URL",
        "MAIL_FROM",
    )
    names = (*(f"CARRYOVER_{name}" for name in ours), "PORT")
    return json.dumps(
        {
            "CARRYOVER_HOME": str(home),
            **{name: environ[name] for name in names},
            "CARRYOVER_ALLOW_PRIVATE_PLATFORMS": "1",
        }
    )


def command_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings of a command: those of the environment or, if it names no
    database, those of the demo running here.
    """
    read = ground_settings.read_settings(environ)
    file = read.home / SERVERS_FILE
    if read.database_url or read.migration_url or not file.exists():
        return read
    return ground_settings.read_settings({**environ, **json.loads(file.read_text())})
