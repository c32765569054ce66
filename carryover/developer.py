"""For developers, beside a running demo: ``python -m carryover.developer shell`` is a prompt with
the packages' dependencies, ``sql`` is psql in its database. No part of the command line.
"""

from __future__ import annotations

import code
import os
import sys

from carryover import composition, running_demo
from core.deps import build_deps
from core.embedded import postgres
from core.errors import FatalError
from core.settings import Settings
from lti_tool import bootstrap


def _demo_settings() -> Settings:
    read = running_demo.command_settings(os.environ)
    if not read.database_url:
        raise FatalError("No demo runs here; start one in another window: make run, or make dev.")
    return read


def shell(read: Settings) -> None:
    """A prompt with ``settings``, ``tool``, ``store`` and ``analytics``."""
    joined = composition.build_from_settings(read)
    names = {
        "settings": read,
        "store": joined.store,
        "analytics": joined.analytics,
        "tool": bootstrap.build_from_deps(build_deps(read)),
    }
    code.interact(f"Carryover: {', '.join(names)}", local=names, exitmsg="")


def sql(read: Settings) -> None:
    """psql as the owner of the demo's database; replaces this process."""
    programs = postgres.find_postgres_programs(postgres.DEFAULT_MAJOR_VERSION)
    if programs is None:
        raise FatalError("The embedded server is not installed; make run installs it.")
    program = str(programs / "psql")
    os.execv(program, [program, read.migration_url])  # noqa: S606 - a fixed program of the embedded server


COMMANDS = {"shell": shell, "sql": sql}


def main() -> None:
    """Run the command that the first argument names."""
    try:
        COMMANDS[sys.argv[1]](_demo_settings())
    except (FatalError, IndexError, KeyError) as error:
        sys.exit(
            str(error) if isinstance(error, FatalError) else f"Say one of: {', '.join(COMMANDS)}"
        )


if __name__ == "__main__":
    main()
