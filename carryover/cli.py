"""The command line. Every failure that an operator can mend is one sentence and exit status 1."""

from __future__ import annotations

import logging
import os
import sys

import click

from carryover import demo as demo_run
from carryover import serving
from lrs import cli as lrs_cli
from lrs.ground import settings
from lrs.ground.errors import Refused, Stop
from lrs.ground.processes import Child, Children, command
from lrs.ground.queue import require_reachable, worker_alive
from lrs.ground.settings import Settings
from lti_tool import cli as tool_cli


class _OneSentence(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (Stop, Refused) as error:
            click.echo(f"carryover: {error}", err=True)
            ctx.exit(1)


def _settings() -> Settings:
    read = settings.read(os.environ)
    logging.basicConfig(level=read.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for noisy in ("httpx", "httpcore", "alembic", "rq"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelName(read.log_level)))
    return read


@click.group(cls=_OneSentence, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(package_name="carryover")
def main() -> None:
    """What happens after the certificate: an LTI tool, an xAPI record store, and metrics of what lasts."""


@main.command()
def demo() -> None:
    """Run everything here, with embedded servers and practice data."""
    demo_run.run(_settings())


@main.command()
def serve() -> None:
    """Serve HTTP against your own PostgreSQL and Redis."""
    read = _settings()
    lrs_cli.require_ready(read)
    demo_run.require_free_port(read)
    sys.stdout.flush()
    # The server takes this process's place, so that signals reach it.
    arguments = serving.web_command(read, "carryover.wsgi:create_app")
    os.execv(arguments[0], arguments)  # noqa: S606 - our own interpreter and fixed arguments


@main.command()
@click.option("--part", type=click.Choice(["queue", "timer"]), help="Run one part alone, without starting it again when it dies.")
@click.option("--check", is_flag=True, help="Exit with 0 when a worker is alive on the queue, with 1 when none is.")
def worker(part: str | None, check: bool) -> None:
    """Work on jobs, against your own PostgreSQL and Redis."""
    read = _settings()
    if check:
        read.require("CARRYOVER_REDIS_URL")
        require_reachable(read.redis_url)
        if not worker_alive(read.redis_url):
            raise Stop("No worker is alive on the queue; start one with carryover worker.")
        return
    if part is not None:
        read.require("CARRYOVER_DATABASE_URL", "CARRYOVER_REDIS_URL", "CARRYOVER_SECRET_KEY")
        (serving.run_queue if part == "queue" else serving.run_timer)(read)
        return
    lrs_cli.require_ready(read)
    children = Children()
    children.stop_on_signals()
    try:
        for name in ("queue", "timer"):
            children.add(Child(f"worker {name}", command(serving.part_command(name), os.environ)))
        children.watch()
    finally:
        children.stop()


@main.command()
def migrate() -> None:
    """Create or update the tables, as the database's owner."""
    read = _settings()
    lrs_cli.migrate(read)
    tool_cli.migrate(read)
    click.echo("The tables are up to date.")


@main.group()
def tenant() -> None:
    """Organisations that share this installation and never see each other."""


@tenant.command("create")
@click.argument("name")
def tenant_create(name: str) -> None:
    """Create a tenant; prints its keys and secrets once."""
    read = _settings()
    wanted = [("the tool", lrs_cli.TOOL_SCOPES), ("xAPI", ("all",)), ("reporting", ("metrics/read",))]
    own, xapi, api = lrs_cli.create_tenant(read, name, wanted)
    tool_cli.create_tenant(read, name=name, lrs_url=None, lrs_key=own[0], lrs_secret=own[1], practice=False)
    click.echo(f"Tenant {name!r} is made. These secrets are not shown again:")
    click.echo(f"  xAPI       {read.base_url}/xapi    key {xapi[0]}  secret {xapi[1]}")
    click.echo(f"  reporting  {read.base_url}/api/v1  key {api[0]}  secret {api[1]}")
