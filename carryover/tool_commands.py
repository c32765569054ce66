"""Operator commands for the LTI tool: platforms, the administration link, signing keys."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from adapters.lms import FAMILIES
from carryover import running_demo
from lti_tool import operator_api as tool_cli
from lti_tool.operator_api import ManualRegistration, TenantOperator

P = ParamSpec("P")
R = TypeVar("R")


def with_tenant(act: Callable[Concatenate[TenantOperator, P], R]) -> Callable[P, R]:
    """Pass the tenant's operator actions to a command, and add the option that names the
    tenant.
    """

    @click.option(
        "--tenant", default="", help="The tenant's name; not needed where there is one alone."
    )
    @wraps(act)
    def command(*args: Any, tenant: str, **kwargs: Any) -> R:
        with tool_cli.open_tenant(running_demo.command_settings(os.environ), tenant) as staff:
            return act(staff, *args, **kwargs)

    return command  # type: ignore[return-value]  # click passes the tenant as a keyword argument


@click.group()
def platform() -> None:
    """LMSs whose launches are taken."""


@platform.command("invite")
@click.option("--note", default="", help="For whom it is.")
@click.option(
    "--approve",
    is_flag=True,
    help="Approve the registration at once; otherwise it waits for carryover platform approve.",
)
@with_tenant
def platform_invite(staff: TenantOperator, note: str, approve: bool) -> None:
    """Make an address that registers an LMS once (dynamic registration)."""
    click.echo(staff.create_invite(note, approve))


@platform.command("list")
@with_tenant
def platform_list(staff: TenantOperator) -> None:
    """All platforms, and how many deployments of each wait."""
    for item in staff.platforms():
        waiting = sum(result.status == "pending" for result in staff.deployments(item.id))
        click.echo(
            f"{item.id}  {item.status}  {item.family}  {item.issuer}  client {item.client_id}  "
            f"{item.name}" + (f"  {waiting} waiting" if waiting else "")
        )


@platform.command("show")
@click.argument("number", type=int)
@with_tenant
def platform_show(staff: TenantOperator, number: int) -> None:
    """Everything of one platform, and what the LMS must know of this tool."""
    for item in staff.platforms():
        if item.id == number:
            for name, value in vars(item).items():
                click.echo(f"{name}: {', '.join(value) if isinstance(value, list) else value}")
            for result in staff.deployments(number):
                seen = f", first launch {result.first_seen_at:%Y-%m-%d}"
                place = "".join(
                    f", {part}" for part in (result.first_course, result.first_host) if part
                )
                click.echo(f"deployment {result.deployment_id}: {result.status}{seen}{place}")
    base = staff.settings.base_url
    click.echo(
        f"tool URL and redirect URI: {base}/lti/launch\ninitiate login URL: "
        f"{base}/lti/login\npublic keyset URL: {base}/lti/jwks.json"
    )


_PLATFORM_OPTIONS = (
    ("--name", "As people call it."),
    ("--family", f"One of {', '.join(FAMILIES)}."),
    ("--issuer", "Platform ID."),
    ("--client-id", "Client ID."),
    ("--auth-login-url", "Authentication request URL."),
    ("--auth-token-url", "Access token URL."),
    ("--key-set-url", "Public keyset URL of the LMS."),
    ("--auth-audience", "Audience of the access token, where the LMS asks for one."),
)


def _platform_options(default: str | None) -> Callable[[Callable[..., R]], Callable[..., R]]:
    def add_options(act: Callable[..., R]) -> Callable[..., R]:
        for option, help_text in reversed(_PLATFORM_OPTIONS):
            act = click.option(option, default=default, help=help_text)(act)
        return act

    return add_options


@platform.command("add")
@_platform_options("")
@click.option(
    "--deployment",
    "deployments",
    multiple=True,
    help="May be given several times; without any, the first launch of each is taken.",
)
@click.option(
    "--frame-origin",
    "origins",
    multiple=True,
    help="Another address under which the LMS shows its pages.",
)
@click.option("--pending", is_flag=True, help="Take no launch before carryover platform approve.")
@with_tenant
def platform_add(
    staff: TenantOperator,
    /,
    deployments: tuple[str, ...],
    origins: tuple[str, ...],
    pending: bool,
    **fields: str,
) -> None:
    """Register an LMS by hand. Hosted Canvas needs issuer and client id alone."""
    created = staff.add_platform(
        ManualRegistration(**fields, deployment_ids=deployments, frame_origins=origins), not pending
    )
    click.echo(f"Platform {created} is registered{', and waits for approval' if pending else ''}.")


@platform.command("update")
@click.argument("number", type=int)
@_platform_options(None)
@with_tenant
def platform_update(staff: TenantOperator, /, number: int, **fields: str | None) -> None:
    """Change what is named; the rest stays. An empty text clears what may be empty (--auth-audience
    "").
    """
    staff.change_platform(
        number, {name: value for name, value in fields.items() if value is not None}
    )
    click.echo(f"Platform {number} is changed.")


@platform.command("approve")
@click.argument("number", type=int)
@click.option("--deployment", default="", help="Approve this deployment alone.")
@with_tenant
def platform_approve(staff: TenantOperator, number: int, deployment: str) -> None:
    """Take a platform's launches, or those of one of its deployments."""
    if deployment:
        staff.decide_deployment(number, deployment, True)
        click.echo(f"Launches of deployment {deployment} are taken.")
    else:
        staff.set_status(number, "approve")
        click.echo(f"Platform {number} is approved.")


@platform.command("disable")
@click.argument("number", type=int)
@with_tenant
def platform_disable(staff: TenantOperator, number: int) -> None:
    """Refuse a platform's launches for now."""
    staff.set_status(number, "disable")
    click.echo(f"Platform {number} is switched off.")


@platform.command("enable")
@click.argument("number", type=int)
@with_tenant
def platform_enable(staff: TenantOperator, number: int) -> None:
    """Take its launches again."""
    staff.set_status(number, "enable")
    click.echo(f"Platform {number} is switched on.")


@platform.command("remove")
@click.argument("number", type=int)
@with_tenant
def platform_remove(staff: TenantOperator, number: int) -> None:
    """End a platform for good; what people did stays on record."""
    staff.set_status(number, "remove")
    click.echo(f"Platform {number} is removed.")


@click.group()
def admin() -> None:
    """The administration pages."""


@admin.command("link")
@with_tenant
def admin_link(staff: TenantOperator) -> None:
    """Make a link that opens the administration once, within half an hour."""
    click.echo(staff.create_admin_link())


@click.group()
def keys() -> None:
    """The keys that this tool signs with."""


@keys.command("rotate")
@click.option(
    "--at-once",
    is_flag=True,
    help="Sign with the new key now and show the old ones no longer: for a key that became known.",
)
def keys_rotate(at_once: bool) -> None:
    """Make a new key; the one before it goes on signing for a day and is shown for two."""
    created = tool_cli.rotate_signing_key(running_demo.command_settings(os.environ), at_once)
    click.echo(f"The key {created.kid} signs from {created.signs_from:%Y-%m-%d %H:%M} UTC on.")


@keys.command("list")
def keys_list() -> None:
    """The keys that platforms see."""
    for key in tool_cli.list_shown_keys(running_demo.command_settings(os.environ)):
        until = f", shown until {key.retires_at:%Y-%m-%d %H:%M} UTC" if key.retires_at else ""
        click.echo(f"{key.kid}  signs from {key.signs_from:%Y-%m-%d %H:%M} UTC{until}")


COMMANDS = (platform, admin, keys)
