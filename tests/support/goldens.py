"""What a user of the product sees of its structure, as texts that are kept beside the tests:
routes, document, tables, jobs, commands, settings.

A change of these is a change for users: it is made on purpose, with ``CARRYOVER_WRITE_GOLDENS=1``,
and seen in the diff.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from carryover.cli import main
from carryover.process_commands import JOB_HANDLERS
from core import embedded, settings
from lrs.actions.scopes import SCOPES
from lti_tool.base import routes
from lti_tool.base.routes import RouteAccess

FOLDER = Path(__file__).parents[1] / "integration" / "goldens"
_HTTP_REFUSED, _HTTP_UNKNOWN = 403, 401
_NOBODY = {"X-Experience-API-Version": "1.0.3"}


def require_golden(name: str, text: str) -> None:
    """The kept text equals this one; writes it where CARRYOVER_WRITE_GOLDENS is set."""
    kept = FOLDER / name
    if os.environ.get("CARRYOVER_WRITE_GOLDENS"):
        kept.write_text(text)
    assert text == kept.read_text(), (
        f"{kept} differs: if that is meant, write it anew with CARRYOVER_WRITE_GOLDENS=1"
    )


def tool_routes(app: Flask) -> str:
    """Address, method and roles of every route of the tool."""
    access = routes.access_table(app)
    return "".join(
        f"{rule.rule} {methods(rule)}: {_roles(access[str(rule.endpoint)])}\n"
        for rule in _sorted_rules(app)
    )


def _roles(access: RouteAccess) -> str:
    if access.public:
        return "everybody"
    return "administration by link" if access.by_link else ", ".join(sorted(access.roles))


def store_routes(app: Flask, client: FlaskClient, headers: dict[str, dict[str, str]]) -> str:
    """Address, method and the scopes that open it; ``headers``: scope → what a caller with that
    scope alone sends.
    """
    lines = []
    for rule in _sorted_rules(app):
        address = re.sub(
            r"<[^>]*>", "1", rule.rule.replace("/metrics/<key>", "/metrics/transfer_rate")
        )
        for method in methods(rule).split(","):
            if client.open(address, method=method, headers=_NOBODY).status_code != _HTTP_UNKNOWN:
                lines.append(f"{rule.rule} {method}: everybody\n")
                continue
            opened = [
                scope
                for scope in SCOPES
                if client.open(address, method=method, headers=headers[scope]).status_code
                != _HTTP_REFUSED
            ]
            lines.append(f"{rule.rule} {method}: {', '.join(opened)}\n")
    return "".join(lines)


def _sorted_rules(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, methods(rule)))


def methods(rule: Rule) -> str:
    """Those that somebody wrote."""
    return ",".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))


def document(app: Flask) -> str:
    """The OpenAPI document, as it is served."""
    return (
        json.dumps(
            app.test_client().get("/api/v1/openapi.json").json,
            indent=1,
            sort_keys=True,
            ensure_ascii=False,
        )
        + "\n"
    )


def tables(url: str) -> str:
    """The DDL of a migrated database, as pg_dump tells it."""
    folder = embedded.find_postgres_programs("18")
    assert folder is not None
    command = [
        str(folder / "pg_dump"),
        "--schema-only",
        "--no-owner",
        "--exclude-schema=lrs_months",  # their names are of this year
        "--dbname",
        url.replace("postgresql+psycopg://", "postgresql://"),
    ]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    kept = [
        line
        for line in told.splitlines()
        if line and not line.startswith(("--", "\\restrict", "\\unrestrict"))
    ]
    return "\n".join(kept) + "\n"


def jobs() -> str:
    """Name, queue and interval of every timed job."""
    return "".join(
        f"{name} {handler.job.queue} {handler.job.interval_seconds}\n"
        for name, handler in sorted(JOB_HANDLERS.items())
    )


def commands() -> str:
    """``--help`` of every command."""
    return "\n".join(f"$ {name} --help\n{text}" for name, text in _help(main, "carryover", None))


def _help(
    command: click.Command, name: str, parent: click.Context | None
) -> Iterator[tuple[str, str]]:
    context = click.Context(
        command,
        info_name=name.rpartition(" ")[2],
        parent=parent,
        max_content_width=120,
        terminal_width=120,
    )
    yield name, command.get_help(context) + "\n"
    if isinstance(command, click.Group):
        for inner in sorted(command.commands):
            yield from _help(command.commands[inner], f"{name} {inner}", context)


def setting_table() -> str:
    """Every setting with its default and meaning."""
    return "".join(
        f"{entry.name}={entry.default}: {entry.meaning}\n" for entry in settings.SETTING_TABLE
    )


def basic(key: str, secret: str) -> dict[str, str]:
    """The headers of a caller."""
    token = base64.b64encode(f"{key}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {token}", **_NOBODY}
