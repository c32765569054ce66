"""Create tenants and their credentials: operator actions."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from core.errors import BadInput, Conflict
from core.secrets import Secrets
from lrs.actions.scopes import require_known_scopes
from lrs.store import credentials


def create_tenant(
    owner: Engine,
    secrets: Secrets,
    *,
    name: str,
    wanted: Sequence[tuple[str, Sequence[str]]],
    again: bool = False,
) -> list[tuple[str, str]]:
    """Create a tenant with credentials: ``wanted`` holds (note, scopes) pairs; returns a (key,
    secret) for each.

    ``again`` issues new credentials for an existing tenant; otherwise an existing name is a
    Conflict.
    """
    if not name.strip():
        raise BadInput("A tenant needs a name.")
    for _, scopes in wanted:
        require_known_scopes(scopes)
    with owner.begin() as connection:
        tenant_id = credentials.find_tenant_id(connection, name)
        if tenant_id is not None and not again:
            raise Conflict(f"A tenant named {name!r} exists already; choose another name.")
        if tenant_id is None:
            tenant_id = credentials.insert_tenant(connection, name)
        return [
            credentials.insert_credential(connection, secrets, tenant_id, scopes, note)
            for note, scopes in wanted
        ]
