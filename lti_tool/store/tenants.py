"""Tenants of the tool, the installation and its signing keys."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.store.tables import installation, tenant, tool_key


@dataclass(frozen=True)
class Tenant:
    """A tenant and where its record store is; ``lrs_url`` is None for our own."""

    tenant_id: int
    name: str
    lrs_url: str | None
    lrs_key: str
    lrs_secret_sealed: str
    practice: bool


def ensure(connection: Connection, values: dict[str, Any]) -> int:
    """Make a tenant, or give an existing one new access to its record store; gives its id. Runs as the owner."""
    statement = upsert(tenant).values(**values)
    changed = {name: values[name] for name in ("lrs_url", "lrs_key", "lrs_secret_sealed")}
    return int(connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changed).returning(tenant.c.tenant_id)).scalar_one())


def by_id(connection: Connection, tenant_id: int) -> Tenant:
    """A tenant that is known to exist."""
    t = tenant.c
    columns = (t.tenant_id, t.name, t.lrs_url, t.lrs_key, t.lrs_secret_sealed, t.practice)
    return Tenant(**connection.execute(select(*columns).where(t.tenant_id == tenant_id)).one()._mapping)


def installation_id(connection: Connection) -> uuid.UUID:
    """Which installation this is: the name space of all its statements."""
    found: uuid.UUID = connection.execute(select(installation.c.id)).scalar_one()
    return found


def keys(engine: Engine) -> list[tuple[str, str, dict[str, Any]]]:
    """Signing keys, newest first: kid, sealed private key, public JWK."""
    with engine.connect() as connection:
        rows = connection.execute(select(tool_key.c.kid, tool_key.c.private_sealed, tool_key.c.public_jwk).order_by(tool_key.c.created_at.desc()))
        return [(row.kid, row.private_sealed, row.public_jwk) for row in rows]


def keep_first_key(engine: Engine, kid: str, private_sealed: str, public_jwk: dict[str, Any]) -> None:
    """Keep a key unless another process was quicker."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(7_274_002)"))
        if connection.execute(select(tool_key.c.kid)).first() is None:
            connection.execute(insert(tool_key).values(kid=kid, private_sealed=private_sealed, public_jwk=public_jwk))
