"""``carryover erase``: erases a person from the tool and from the record store, each in its
own transactions. If interrupted, run the command again and it continues.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from dataclasses import asdict
from typing import Any

import click

from carryover import composition, running_demo
from core.errors import FatalError
from core.settings import Settings
from lti_tool import operator_api as tool_cli
from lti_tool.privacy import trial_letters
from lti_tool.privacy.confirmed_erasures import IN_FLIGHT_TIME


@click.command()
@click.argument("person", required=False)
@click.option("--mbox", help="In the record store alone: e-mail address.")
@click.option("--openid", help="In the record store alone: OpenID.")
@click.option("--mbox-sha1sum", help="In the record store alone: SHA-1 of the mailto: address.")
@click.option(
    "--account", nargs=2, help="In the record store alone: home page and name of an account."
)
@click.option("--really", is_flag=True, help="Erase; without it, only count.")
@click.option(
    "--tenant", default="", help="The tenant's name; not needed where there is one alone."
)
def erase(
    person: str | None,
    mbox: str | None,
    openid: str | None,
    mbox_sha1sum: str | None,
    account: tuple[str, str] | None,
    really: bool,
    tenant: str,
) -> None:
    """Erase PERSON (id of the list, e-mail address, or our own id) from the tool and from the
    record store.

    With an option in place of PERSON, an agent of other sources is erased from the record store
    alone. Figures move back with the next count.
    """
    settings = running_demo.command_settings(os.environ)
    agents = _agents_from_options(mbox, openid, mbox_sha1sum, account)
    if len(agents) + (person is not None) != 1:
        raise FatalError(
            "Name one PERSON, or exactly one identifier: --mbox, --openid, --mbox-sha1sum or "
            "--account."
        )
    if person is None:
        _print_counts(_erase_from_store(settings, tenant, agents[0], really), really)
    elif really:
        _erase_person(settings, tenant, person)
    else:
        counts, agent = tool_cli.preview_erasure(settings, tenant, person)
        _print_counts({**counts, **_erase_from_store(settings, tenant, agent, False)}, False)


def _agents_from_options(
    mbox: str | None, openid: str | None, mbox_sha1sum: str | None, account: tuple[str, str] | None
) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = (
        [{"mbox": f"mailto:{mbox.removeprefix('mailto:')}"}] if mbox else []
    )
    result += [{"openid": openid}] if openid else []
    result += [{"mbox_sha1sum": mbox_sha1sum}] if mbox_sha1sum else []
    return result + ([{"account": {"homePage": account[0], "name": account[1]}}] if account else [])


def _erase_from_store(
    settings: Settings, tenant: str, agent: dict[str, Any], really: bool
) -> dict[str, int]:
    """Erase a person by this identifier, and first by the others that count as the same person:
    whoever is interrupted finds these again."""
    with composition.open_analytics(settings, tenant) as figures:
        others = figures.other_identifiers(agent)
    total = Counter[str]()
    with composition.open_tenant(settings, tenant) as staff:
        for each in (*others, agent):
            total.update(asdict(staff.erase_person(json.dumps(each), dry_run=not really)))
    return dict(total)


def _erase_person(settings: Settings, tenant: str, named: str) -> None:
    tenant_id, ours = tool_cli.erase_person(settings, tenant, named)
    if ours.in_flight:
        click.echo(
            f"A statement is on its way to the record store; waiting {IN_FLIGHT_TIME.seconds} "
            "seconds for it."
        )
        time.sleep(IN_FLIGHT_TIME.seconds)
    removed = {
        **ours.removed,
        **_erase_from_store(settings, tenant, ours.agent, True),
        "letters": trial_letters.delete_letters(settings.mail_url, ours.email, ours.name),
    }
    tool_cli.finish_erasure(settings, tenant_id, ours.request.id)
    _print_counts(removed, True)


def _print_counts(counts: dict[str, int], really: bool) -> None:
    summary = (
        ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count)
        or "nothing"
    )
    click.echo(
        f"{'Erased' if really else 'Would erase'}: {summary}."
        + ("" if really else " Say --really to do it.")
    )
