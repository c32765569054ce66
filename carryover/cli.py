"""The command line. Every failure that an operator can fix is reported in one sentence, with
exit status 1.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import click
import psycopg
import redis
from sqlalchemy.exc import SQLAlchemyError

from carryover import backup as backups
from carryover import composition, process_commands, tool_commands
from carryover import demo_runner as demo_run
from carryover.doctor import run_checks
from carryover.erase_command import erase
from carryover.store_commands import COMMANDS
from core import settings
from core.child_processes import Supervisor
from core.errors import FatalError, RequestError
from core.queue import has_live_workers, require_redis
from core.settings import Settings
from lrs import operator_api as lrs_cli
from lti_tool import operator_api as tool_cli

_MAX_REASON_LENGTH = 200


class _ErrorReportingGroup(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (FatalError, RequestError) as error:
            click.echo(f"carryover: {error}", err=True)
            ctx.exit(1)
        except (OSError, ImportError) as error:
            click.echo(
                f"carryover: {error}. Check the path, or install what is missing (carryover[s3] "
                "for a bucket).",
                err=True,
            )
            ctx.exit(1)
        except (SQLAlchemyError, psycopg.Error, redis.RedisError) as error:
            logging.getLogger(__name__).debug("the command failed", exc_info=True)
            reason = str(error).strip().splitlines()[0][:_MAX_REASON_LENGTH]
            click.echo(
                f"carryover: the database or the queue refused: {reason}. carryover doctor looks "
                "at what may be wrong.",
                err=True,
            )
            ctx.exit(1)


def _load_settings() -> Settings:
    read = settings.read_settings(os.environ)
    logging.basicConfig(
        level=read.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for noisy in ("httpx", "httpcore", "alembic", "rq"):
        logging.getLogger(noisy).setLevel(
            max(logging.WARNING, logging.getLevelName(read.log_level))
        )
    return read


@click.group(
    cls=_ErrorReportingGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.version_option(package_name="carryover")
def main() -> None:
    """What happens after the certificate: an LTI tool, an xAPI record store, and metrics of what
    lasts.
    """


@main.command()
def demo() -> None:
    """Run everything here, with embedded servers and practice data."""
    demo_run.run_demo(_load_settings(), demo_run.DemoProcesses())


@main.command()
def serve() -> None:
    """Serve HTTP against your own PostgreSQL and Redis."""
    read = _load_settings()
    lrs_cli.require_store_ready(read)
    demo_run.require_free_port(read)
    process_commands.serve_web(read, "carryover.wsgi:create_app")


@main.command()
@click.option(
    "--part",
    type=click.Choice((*process_commands.WORKER_PARTS, process_commands.TIMER)),
    help="Run one part alone, without starting it again when it dies.",
)
@click.option(
    "--check",
    is_flag=True,
    help="Exit with 0 when a worker is alive on each queue, with 1 when not.",
)
def worker(part: str | None, check: bool) -> None:
    """Work on jobs, against your own PostgreSQL and Redis."""
    read = _load_settings()
    if check:
        read.require("CARRYOVER_REDIS_URL")
        require_redis(read.redis_url)
        if not has_live_workers(read.redis_url):
            raise FatalError(
                "A queue has no worker that is alive; start one with carryover worker."
            )
        return
    if part is not None:
        read.require("CARRYOVER_DATABASE_URL", "CARRYOVER_REDIS_URL", "CARRYOVER_SECRET_KEY")
        process_commands.run_worker_part(read, part)
        return
    lrs_cli.require_store_ready(read)
    children = Supervisor()
    children.stop_on_signals()
    try:
        for child in process_commands.worker_children(read, "worker"):
            children.add(child)
        children.watch()
    finally:
        children.stop()


@main.command()
def migrate() -> None:
    """Create or update the tables, as the database's owner."""
    read = _load_settings()
    composition.migrate_store(read)
    tool_cli.migrate(read)
    click.echo("The tables are up to date.")


@main.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def backup(folder: Path) -> None:
    """Write the database, as of one moment, and the files beside it into a new folder."""
    created = backups.create_backup(_load_settings(), folder)
    click.echo(
        f"{sum(created['rows'].values())} rows and {len(created['files']) - 1} files beside them "
        f"are in {folder}. The secret key is not: keep it apart."
    )
    if created["missing_attachments"]:
        raise FatalError(
            f"{len(created['missing_attachments'])} attachments are named and not there: "
            f"{', '.join(created['missing_attachments'][:5])}."
        )


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Only see whether the backup is whole.")
def restore(folder: Path, check: bool) -> None:
    """Put a backup into an empty database."""
    if check:
        created = backups.verify_backup(folder)
        click.echo(
            f"The backup of {created['made_at']} is whole: {len(created['files'])} files, "
            f"{sum(created['rows'].values())} rows."
        )
        return
    created = backups.restore_backup(_load_settings(), folder)
    click.echo(
        f"The backup of {created['made_at']} is restored and its {sum(created['rows'].values())} "
        "rows were counted. Run carryover migrate next."
    )


@main.command()
def doctor() -> None:
    """Look at everything the installation stands on; exit with 1 when something is wrong."""
    findings = run_checks(_load_settings())
    for finding in findings:
        click.echo(f"{'ok   ' if finding.good else 'WRONG'}  {finding.name}: {finding.words}")
    bad = sum(not item.good for item in findings)
    if bad:
        raise FatalError(f"{bad} of {len(findings)} checks found something wrong.")


@main.group()
def tenant() -> None:
    """Organisations that share this installation and never see each other."""


@tenant.command("create")
@click.argument("name")
def tenant_create(name: str) -> None:
    """Create a tenant; prints its keys and secrets once."""
    read = _load_settings()
    wanted = [
        ("the tool", lrs_cli.TOOL_SCOPES),
        ("xAPI", ("all",)),
        ("reporting", ("metrics/read",)),
    ]
    own, xapi, api = lrs_cli.create_tenant(read, name, wanted)
    tool_cli.create_tenant(
        read, name=name, lrs_url=None, lrs_key=own[0], lrs_secret=own[1], practice=False
    )
    click.echo(f"Tenant {name!r} is made. These secrets are not shown again:")
    click.echo(f"  xAPI       {read.base_url}/xapi    key {xapi[0]}  secret {xapi[1]}")
    click.echo(f"  reporting  {read.base_url}/api/v1  key {api[0]}  secret {api[1]}")
    click.echo(
        "Next: carryover platform invite makes an address that registers an LMS; carryover admin "
        "link opens the administration."
    )


for package_command in (*COMMANDS, *tool_commands.COMMANDS, erase):
    main.add_command(package_command)
