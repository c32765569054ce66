"""Sign-in of a tenant's people: one OpenID Connect provider per tenant."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.tables.launch import sign_in_provider


@dataclass(frozen=True)
class SignInProvider:
    """A provider. ``claim``: the claim that holds the list's id of a person; empty: people are
    matched by address."""

    id: uuid.UUID
    name: str
    issuer: str
    client_id: str
    secret_sealed: str
    claim: str
    authorization_url: str
    token_url: str
    keys_url: str


def find_provider(connection: Connection, tenant_id: int) -> SignInProvider | None:
    """The tenant's provider, if any."""
    p = sign_in_provider.c
    row = connection.execute(
        select(*(p[name] for name in SignInProvider.__dataclass_fields__)).where(
            p.tenant_id == tenant_id
        )
    ).first()
    return SignInProvider(**row._mapping) if row else None


def upsert_provider(connection: Connection, tenant_id: int, created: SignInProvider) -> None:
    """Store the tenant's provider; an existing id is kept, because URLs contain it."""
    row = upsert(sign_in_provider).values(tenant_id=tenant_id, **vars(created))
    changed = {
        name: row.excluded[name] for name in SignInProvider.__dataclass_fields__ if name != "id"
    }
    connection.execute(row.on_conflict_do_update(index_elements=["tenant_id"], set_=changed))


def delete_provider(connection: Connection, tenant_id: int) -> None:
    """Delete the tenant's provider."""
    connection.execute(delete(sign_in_provider).where(sign_in_provider.c.tenant_id == tenant_id))


def find_provider_tenant(engine: Engine, provider_id: uuid.UUID) -> int | None:
    """The tenant of a provider."""
    with engine.connect() as connection:
        result: int | None = connection.execute(
            text("SELECT lti_tool.sign_in_tenant(:id)"), {"id": provider_id}
        ).scalar()
    return result


def find_sole_provider(engine: Engine) -> tuple[uuid.UUID, str] | None:
    """(id, name) of the provider if this installation has exactly one: the sign-in page offers
    it."""
    with engine.connect() as connection:
        row = connection.execute(text("SELECT id, name FROM lti_tool.only_sign_in()")).first()
    return (row.id, row.name) if row else None
