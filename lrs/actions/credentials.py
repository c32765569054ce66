"""Credentials of a tenant: create, list, rotate without downtime, revoke."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import BadInput, NotFound
from lrs.actions.deps import StoreDeps
from lrs.actions.scopes import require_known_scopes
from lrs.store import audit, credentials
from lrs.store.credentials import Credential


def create_credential(
    deps: StoreDeps,
    *,
    tenant_id: int,
    scopes: Sequence[str],
    note: str,
    who: str,
    tolerant: bool = False,
) -> tuple[str, str]:
    """Create a credential and return (key, secret). The secret is not shown again. ``tolerant``:
    its statements are mended by the rules of :mod:`lrs.xapi.tolerance`.
    """
    require_known_scopes(scopes)
    if not scopes:
        raise BadInput("A credential needs at least one scope.")
    with deps.unit_of_work(tenant_id) as connection:
        key, secret = credentials.insert_credential(
            connection, deps.secrets, tenant_id, scopes, note, tolerant=tolerant
        )
        audit.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "made a credential",
            {"key": key, "scopes": list(scopes), "note": note, "tolerant": tolerant},
        )
    return key, secret


def list_credentials(deps: StoreDeps, *, tenant_id: int) -> list[Credential]:
    """Return all credentials, including those that have ended."""
    with deps.unit_of_work(tenant_id) as connection:
        return credentials.list_credentials(connection, tenant_id)


def rotate_credential(
    deps: StoreDeps, *, tenant_id: int, key: str, seconds: int, who: str
) -> tuple[str, str]:
    """Return a new (key, secret) with the same scopes and authority; the old one keeps
    working for ``seconds``.
    """
    with deps.unit_of_work(tenant_id) as connection:
        result = credentials.expire_credential(connection, tenant_id, key, seconds, launches=False)
        if result is None:
            raise NotFound(
                f"No credential {key!r} of this tenant is in use; carryover credential list "
                "shows them. (A token for a launch is not rotated: ask for another one.)"
            )
        scopes, note, authority, tolerant = result
        created = credentials.insert_credential(
            connection, deps.secrets, tenant_id, scopes, note, authority, tolerant
        )
        audit.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "rotated a credential",
            {"key": key, "new": created[0], "seconds": seconds},
        )
    return created


def revoke_credential(deps: StoreDeps, *, tenant_id: int, key: str, who: str) -> None:
    """Revoke a credential now, with the tokens for launches that it asked for (each web worker
    notices within five seconds).
    """
    with deps.unit_of_work(tenant_id) as connection:
        if credentials.expire_credential(connection, tenant_id, key, 0, launches=True) is None:
            raise NotFound(
                f"No credential {key!r} of this tenant is in use; carryover credential list "
                "shows them."
            )
        credentials.end_launch_tokens(connection, tenant_id, key)
        audit.insert_audit_entry(connection, tenant_id, who, "revoked a credential", {"key": key})
