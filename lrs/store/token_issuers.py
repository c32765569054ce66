"""Issuers of bearer tokens, by tenant. An issuer's audience belongs to exactly one tenant."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, delete, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from lrs.store.tables import token_issuer


@dataclass(frozen=True)
class TokenIssuer:
    """Who issues the tokens, for which audience, with which keys, and what its scope names
    mean."""

    tenant_id: int
    issuer: str
    audience: str
    keys_url: str
    scopes: dict[str, list[str]]


def find_token_issuers(engine: Engine, issuer: str) -> list[TokenIssuer]:
    """Every tenant's entry for an issuer: the caller is not known yet."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT tenant_id, audience, keys_url, scopes FROM lrs.find_token_issuer(:issuer)"
            ),
            {"issuer": issuer},
        )
        return [
            TokenIssuer(row.tenant_id, issuer, row.audience, row.keys_url, row.scopes)
            for row in rows
        ]


def upsert_token_issuer(connection: Connection, entry: TokenIssuer) -> None:
    """Insert or update an issuer."""
    values = {"keys_url": entry.keys_url, "scopes": entry.scopes}
    key = {"tenant_id": entry.tenant_id, "issuer": entry.issuer, "audience": entry.audience}
    statement = upsert(token_issuer).values(**key, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


def list_token_issuers(connection: Connection, tenant_id: int) -> list[TokenIssuer]:
    """All issuers of a tenant."""
    i = token_issuer.c
    query = (
        select(i.tenant_id, i.issuer, i.audience, i.keys_url, i.scopes)
        .where(i.tenant_id == tenant_id)
        .order_by(i.issuer, i.audience)
    )
    return [TokenIssuer(*row) for row in connection.execute(query)]


def delete_token_issuers(connection: Connection, tenant_id: int, issuer: str) -> int:
    """Delete an issuer of a tenant; return how many entries."""
    i = token_issuer.c
    return connection.execute(
        delete(token_issuer).where(i.tenant_id == tenant_id, i.issuer == issuer)
    ).rowcount
