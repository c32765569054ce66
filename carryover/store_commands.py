"""Operator commands for the record store: credentials, retention, forwarding, import,
export, reporting users.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from analytics.operator_api import AnalyticsAdmin
from carryover import composition, running_demo
from core.clock import format_instant
from core.errors import FatalError
from core.settings import Settings
from lrs import operator_api as lrs_cli
from lrs.operator_api import RemoteStore, TenantAdmin

P = ParamSpec("P")
R = TypeVar("R")
A = TypeVar("A")
DAY_SECONDS = 86_400


def _with_operator(
    opened: Callable[[Settings, str], AbstractContextManager[A]],
    act: Callable[Concatenate[A, P], R],
) -> Callable[P, R]:
    """Pass the operator actions on a tenant to a command, and add the option that names it."""

    @click.option(
        "--tenant", default="", help="The tenant's name; not needed where there is one alone."
    )
    @wraps(act)
    def command(*args: Any, tenant: str, **kwargs: Any) -> R:
        with opened(running_demo.command_settings(os.environ), tenant) as operator:
            return act(operator, *args, **kwargs)

    return command  # type: ignore[return-value]  # click passes the tenant as a keyword argument


def with_tenant(act: Callable[Concatenate[TenantAdmin, P], R]) -> Callable[P, R]:
    """For commands on a tenant of the record store."""
    return _with_operator(composition.open_tenant, act)


def with_analytics(act: Callable[Concatenate[AnalyticsAdmin, P], R]) -> Callable[P, R]:
    """For commands on the figures of a tenant."""
    return _with_operator(composition.open_analytics, act)


def _read_secret(prompt: str) -> str:
    """Read a secret from a prompt, or from standard input if that is not a terminal; never
    from an argument, which every process can see.
    """
    if sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True))
    line = sys.stdin.readline().strip()
    if not line:
        raise FatalError("Give the secret on standard input.")
    return line


@click.group()
def credential() -> None:
    """Keys that open a tenant: made, listed, rotated, revoked."""


@credential.command("create")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    help=f"May be given several times: {', '.join(lrs_cli.ALL_SCOPES)}.",
)
@click.option("--note", default="", help="What it is for.")
@click.option(
    "--tolerant",
    is_flag=True,
    help="Take what content sends against the standard, by the rules of docs/xapi.md; tagged.",
)
@with_tenant
def credential_create(
    operator: TenantAdmin, scopes: tuple[str, ...], note: str, tolerant: bool
) -> None:
    """Make a key; its secret is shown this once."""
    key, secret = operator.create_credential(scopes, note, tolerant)
    click.echo(f"key {key}\nsecret {secret}")


@credential.command("list")
@with_tenant
def credential_list(operator: TenantAdmin) -> None:
    """All keys, without their secrets."""
    for item in operator.credentials():
        state = f"ends {item.ends_at:%Y-%m-%d %H:%M} UTC" if item.ends_at else "in use"
        click.echo(
            f"{item.key}  {state}  made {item.created_at:%Y-%m-%d}  {', '.join(item.scopes)}  "
            f"{'tolerant  ' if item.tolerant else ''}{item.note}"
        )


@credential.command("rotate")
@click.argument("key")
@click.option(
    "--days", default=7.0, show_default=True, help="How long the old key works beside the new one."
)
@with_tenant
def credential_rotate(operator: TenantAdmin, key: str, days: float) -> None:
    """Make a new key in the place of another; the old one works on for some days."""
    if not 0 <= days <= 365:
        raise FatalError("--days must lie between 0 and 365.")
    created, secret = operator.rotate_credential(key, int(days * DAY_SECONDS))
    click.echo(f"key {created}\nsecret {secret}\nThe key {key} works for {days:g} more days.")


@credential.command("revoke")
@click.argument("key")
@with_tenant
def credential_revoke(operator: TenantAdmin, key: str) -> None:
    """End a key within five seconds."""
    operator.revoke_credential(key)
    click.echo(f"The key {key} has ended.")


@click.group()
def issuer() -> None:
    """OAuth 2.0 and OpenID Connect: whose bearer tokens are accepted."""


@issuer.command("add")
@click.argument("address")
@click.option("--audience", required=True, help="The aud that its tokens must carry.")
@click.option(
    "--scope",
    "mapping",
    multiple=True,
    help="WORD=SCOPE: what a word in the token means here; may be given several times.",
)
@with_tenant
def issuer_add(
    operator: TenantAdmin, address: str, audience: str, mapping: tuple[str, ...]
) -> None:
    """Accept the tokens of an issuer; its keys are found by OpenID Connect Discovery."""
    scopes: dict[str, list[str]] = {}
    for entry in mapping:
        word, _, scope = entry.partition("=")
        scopes.setdefault(word, []).append(scope)
    created = operator.add_issuer(address, audience, scopes)
    click.echo(
        f"Tokens of {created.issuer} for {created.audience} are accepted; keys from "
        f"{created.keys_url}."
    )


@issuer.command("list")
@with_tenant
def issuer_list(operator: TenantAdmin) -> None:
    """All issuers."""
    for item in operator.list_issuers():
        click.echo(
            f"{item.issuer}  audience {item.audience}  keys {item.keys_url}  "
            f"{json.dumps(item.scopes)}"
        )


@issuer.command("remove")
@click.argument("address")
@with_tenant
def issuer_remove(operator: TenantAdmin, address: str) -> None:
    """Accept its tokens no longer."""
    operator.remove_issuer(address)
    click.echo(f"Tokens of {address} are accepted no longer.")


@click.group()
def retention() -> None:
    """How long statements are kept. What a rule removes moves the figures that stood on it."""


@retention.command("add")
@click.option(
    "--days",
    type=click.IntRange(1, 36_500),
    required=True,
    help="Statements stored longer ago are removed, once a day.",
)
@click.option("--verb", help="Only those with this verb.")
@click.option("--activity", help="Only those about this activity.")
@with_tenant
def retention_add(operator: TenantAdmin, days: int, verb: str | None, activity: str | None) -> None:
    """Add a rule."""
    for name, iri in (("--verb", verb), ("--activity", activity)):
        if iri is not None and ":" not in iri:
            raise FatalError(
                f"{name} takes a whole IRI, for example http://adlnet.gov/expapi/verbs/answered."
            )
    click.echo(f"Rule {operator.add_rule(days, verb, activity)} is set.")


@retention.command("list")
@with_tenant
def retention_list(operator: TenantAdmin) -> None:
    """All rules."""
    for rule in operator.list_rules():
        click.echo(
            f"{rule.rule_id}  {rule.days} days  {rule.verb or 'every verb'}  "
            f"{rule.activity or 'every activity'}"
        )


@retention.command("remove")
@click.argument("rule", type=int)
@with_tenant
def retention_remove(operator: TenantAdmin, rule: int) -> None:
    """Remove a rule."""
    operator.remove_rule(rule)
    click.echo(f"Rule {rule} is gone.")


@click.group()
def forward() -> None:
    """Sending statements on to other record stores."""


@forward.command("add")
@click.argument("url")
@click.option(
    "--key", required=True, help="Key there; the secret is asked for, or read from standard input."
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    help="NAME=VALUE as in GET /statements: verb, activity, agent, registration, related_*.",
)
@click.option(
    "--from-start", is_flag=True, help="Send what is stored already too, not only what comes."
)
@click.option(
    "--home-page",
    "home_pages",
    multiple=True,
    help="OLD=NEW: accounts of the home page OLD are sent with NEW.",
)
@click.option("--without-names", is_flag=True, help="Names of people are left out.")
@with_tenant
def forward_add(
    operator: TenantAdmin,
    url: str,
    key: str,
    filters: tuple[str, ...],
    from_start: bool,
    home_pages: tuple[str, ...],
    without_names: bool,
) -> None:
    """Send to a record store: URL is the address before /statements."""
    wanted = {name: value for name, _, value in (entry.partition("=") for entry in filters)}
    map_: dict[str, Any] = {}
    if home_pages:
        map_["home_pages"] = {
            old: new for old, _, new in (entry.partition("=") for entry in home_pages)
        }
    if without_names:
        map_["without_names"] = True
    created = operator.add_forward(url, key, _read_secret("secret"), wanted, map_, from_start)
    click.echo(f"Forward {created} is set; the worker sends every ten seconds.")


@forward.command("backfill")
@click.argument("number", type=int)
@click.option("--since", required=True, help="A day or a time: 2026-01-01, 2026-01-01T08:00:00Z.")
@click.option("--until", default="", help="The same; without it, up to now.")
@with_tenant
def forward_backfill(operator: TenantAdmin, number: int, since: str, until: str) -> None:
    """Send what was stored in a period, too; what the target has already is not stored twice."""
    operator.backfill_forward(
        number, _read_moment("since", since), _read_moment("until", until) if until else None
    )
    click.echo(f"Forward {number} gets it; carryover forward list shows how far it is.")


def _read_moment(name: str, text: str) -> datetime:
    """A day (its beginning in UTC), or a moment with an offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text} is no day and no time, for example 2026-01-31 or 2026-01-31T08:00:00Z.",
            param_hint=f"--{name}",
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@forward.command("list")
@with_tenant
def forward_list(operator: TenantAdmin) -> None:
    """All targets and how they stand."""
    for item, dead in operator.list_forwards():
        state = (
            "stopped"
            if item.stopped
            else f"failing ({item.failures} times): {item.last_error}"
            if item.failures
            else "in order"
        )
        span = item.backfill
        if span:
            state += f", a period is sent: up to {format_instant(span.reached)} so far"
        click.echo(
            f"{item.forward_id}  {item.url}  {state}  dead letters: {dead}  "
            f"{json.dumps(item.filter)}" + (f"  {json.dumps(item.map)}" if item.map else "")
        )


@forward.command("dead")
@click.argument("number", type=int)
@with_tenant
def forward_dead(operator: TenantAdmin, number: int) -> None:
    """What a target refused, and why."""
    for statement_id, reason in operator.dead_letters(number):
        click.echo(f"{statement_id}  {reason}")


@forward.command("retry")
@click.argument("number", type=int)
@with_tenant
def forward_retry(operator: TenantAdmin, number: int) -> None:
    """Send dead letters again."""
    delivered, left = operator.retry_forward(number)
    click.echo(f"{delivered} delivered, {left} refused again.")


@forward.command("stop")
@click.argument("number", type=int)
@with_tenant
def forward_stop(operator: TenantAdmin, number: int) -> None:
    """Stop sending; nothing is forgotten."""
    operator.set_forward_stopped(number, True)
    click.echo(
        f"Forward {number} is stopped; carryover forward start {number} goes on where it stopped."
    )


@forward.command("start")
@click.argument("number", type=int)
@with_tenant
def forward_start(operator: TenantAdmin, number: int) -> None:
    """Go on where it stopped."""
    operator.set_forward_stopped(number, False)
    click.echo(f"Forward {number} goes on.")


@forward.command("remove")
@click.argument("number", type=int)
@with_tenant
def forward_remove(operator: TenantAdmin, number: int) -> None:
    """Forget a target and its dead letters."""
    operator.remove_forward(number)
    click.echo(f"Forward {number} is gone.")


@click.command("import")
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False
)
@click.option(
    "--url", help="Another record store instead of a file: the address before /statements."
)
@click.option(
    "--key", default="", help="Key there; the secret is asked for, or read from standard input."
)
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("import-report.ndjson"),
    show_default=True,
    help="Where refused lines are told.",
)
@click.option(
    "--tolerant",
    is_flag=True,
    help="Take what systems send against the standard, by the rules of docs/xapi.md; tagged.",
)
@with_tenant
def import_statements(
    operator: TenantAdmin,
    file: Path | None,
    url: str | None,
    key: str,
    report: Path,
    tolerant: bool,
) -> None:
    """Take in statements, one a line (NDJSON), or from another record store; what is refused is
    listed, the rest is stored. Interrupted, it goes on where it stopped.
    """
    if (file is None) == (url is None):
        raise FatalError("Name a file, or --url of a record store.")
    with ExitStack() as stack:
        refusals = stack.enter_context(report.open("a"))

        def write_refusal(line: int, path: str, reason: str) -> None:
            refusals.write(json.dumps({"line": line, "path": path, "reason": reason}) + "\n")
            refusals.flush()

        if file is not None:
            bar = stack.enter_context(
                click.progressbar(length=file.stat().st_size, label=file.name)
            )
            run = operator.import_file(
                file, write_refusal, lambda run, size: bar.update(size), tolerant
            )
        else:
            source = RemoteStore(str(url), key, _read_secret("secret"))
            run = operator.import_from_store(
                source,
                write_refusal,
                lambda run, size: click.echo(f"\r{run.lines} statements read", nl=False, err=True),
                tolerant,
            )
            click.echo(err=True)
    click.echo(
        f"{run.stored} stored, {run.known} known already, {run.refused} refused"
        + (f" (see {report})." if run.refused else ".")
    )


@click.command("export")
@click.argument("file", type=click.File("wb"), default="-")
@click.option(
    "--identified",
    is_flag=True,
    help="Leave people in; without it, they are replaced by pseudonyms, and free text is left out.",
)
@with_tenant
def export_statements(operator: TenantAdmin, file: Any, identified: bool) -> None:
    """Write all statements, one a line (NDJSON), pseudonymised."""
    count = 0
    for line in operator.export(identified):
        file.write(line)
        count += 1
    click.echo(f"{count} statements written.", err=True)


@click.command("audit")
@click.option("--rows", default=50, show_default=True, type=click.IntRange(1, 10_000))
@with_tenant
def audit_list(operator: TenantAdmin, rows: int) -> None:
    """The latest acts on a tenant's data."""
    for entry in operator.latest_audit_entries(rows):
        click.echo(
            f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.who}  {entry.act}  {json.dumps(entry.details)}"
        )


@click.group("reporting")
def reporting() -> None:
    """Login roles of the database for reporting tools: they read the views of schema report, of one
    tenant, and nothing else.
    """


@reporting.command("create-user")
@click.argument("name")
@with_analytics
def create_reporting_user(operator: AnalyticsAdmin, name: str) -> None:
    """Make a login role; prints its password once."""
    password = operator.create_reporting_user(name)
    click.echo(
        f"Role {name} reads the views of schema report (docs/reporting.md). Its password is not "
        "shown again:"
    )
    click.echo(f"  {password}")


@reporting.command("users")
@with_analytics
def reporting_users(operator: AnalyticsAdmin) -> None:
    """The login roles of this tenant."""
    for user in operator.reporting_users():
        click.echo(f"{user.role}  made {user.at:%Y-%m-%d} by {user.who}")


@reporting.command("drop-user")
@click.argument("name")
@with_analytics
def drop_reporting_user(operator: AnalyticsAdmin, name: str) -> None:
    """End a login role."""
    operator.drop_reporting_user(name)
    click.echo(f"Role {name} is gone.")


@click.group("metrics")
def metrics() -> None:
    """Figures and the facts that they are counted from."""


@metrics.command("rebuild")
@with_analytics
def metrics_rebuild(operator: AnalyticsAdmin) -> None:
    """Make every fact anew from its statements; says so where one changed by it."""
    with click.progressbar(length=1, label="Episodes") as bar:

        def update_bar(done: int, of: int) -> None:
            bar.length = of
            bar.update(done - bar.pos)

        changed = operator.rebuild_facts(update_bar)
    if changed:
        click.echo(
            "Facts changed by it although nothing waited to be counted: something had been "
            "counted wrongly, and is right now."
        )
    else:
        click.echo("Every fact is as it was.")


COMMANDS = (
    credential,
    issuer,
    retention,
    forward,
    import_statements,
    export_statements,
    audit_list,
    reporting,
    metrics,
)
