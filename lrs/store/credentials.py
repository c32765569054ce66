"""Tenants of the record store and the credentials that open them.

A secret is 256 random bits, shown once, kept as a keyed hash: it is no password, so a slow hash would only cost time.
"""

from __future__ import annotations

import hmac
import secrets as random
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, insert, select, text

from lrs.ground.secrets import Secrets
from lrs.store.tables import credential, tenant

_PURPOSE = "credential"
SECRET_BYTES = 32


@dataclass(frozen=True)
class Caller:
    """Who signed in: the tenant, the key, what it may do."""

    tenant_id: int
    key: str
    scopes: frozenset[str]


def tenant_named(connection: Connection, name: str) -> int | None:
    """The id of the tenant of this name. Runs as the owner."""
    found: int | None = connection.execute(select(tenant.c.tenant_id).where(tenant.c.name == name)).scalar()
    return found


def make_tenant(connection: Connection, name: str) -> int:
    """A new tenant's id. Runs as the owner."""
    return int(connection.execute(insert(tenant).values(name=name).returning(tenant.c.tenant_id)).scalar_one())


def make(connection: Connection, secrets: Secrets, tenant_id: int, scopes: Sequence[str], note: str) -> tuple[str, str]:
    """A new credential: (key, secret). The secret cannot be read again."""
    key, secret = random.token_hex(12), random.token_urlsafe(SECRET_BYTES)
    digest = secrets.keyed_hashes(_PURPOSE, secret)[0]
    connection.execute(insert(credential).values(key=key, tenant_id=tenant_id, secret_hash=digest, scopes=list(scopes), note=note))
    return key, secret


def find(engine: Engine, secrets: Secrets, key: str, secret: str) -> Caller | None:
    """The caller, or None when key or secret is wrong; both cases take the same time."""
    with engine.connect() as connection:
        row = connection.execute(text("SELECT tenant_id, secret_hash, scopes FROM lrs.find_credential(:key)"), {"key": key}).first()
    stored = bytes(row.secret_hash) if row else b""
    matches = [hmac.compare_digest(stored, digest) for digest in secrets.keyed_hashes(_PURPOSE, secret)]
    if row is None or not any(matches):
        return None
    return Caller(row.tenant_id, key, frozenset(row.scopes))
