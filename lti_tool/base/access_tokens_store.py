"""Sealed access tokens of platforms, kept until they expire."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.tables.base import access_token


def find_token(
    connection: Connection, tenant_id: int, registration_id: int, scope: str, now: datetime
) -> str | None:
    """The sealed token for a scope, if an unexpired one exists."""
    c = access_token.c
    query = select(c.token_sealed).where(
        c.tenant_id == tenant_id,
        c.registration_id == registration_id,
        c.scope == scope,
        c.expires_at > now,
    )
    result: str | None = connection.execute(query).scalar()
    return result


def upsert_token(
    connection: Connection,
    tenant_id: int,
    registration_id: int,
    scope: str,
    sealed: str,
    expires_at: datetime,
) -> None:
    """Store a token, replacing the previous one."""
    values = {"token_sealed": sealed, "expires_at": expires_at}
    statement = upsert(access_token).values(
        tenant_id=tenant_id, registration_id=registration_id, scope=scope, **values
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "registration_id", "scope"], set_=values
        )
    )


def delete_tokens(
    connection: Connection, tenant_id: int, registration_id: int, scope: str | None = None
) -> None:
    """Delete the token of one scope, or all tokens of a platform."""
    c = access_token.c
    statement = delete(access_token).where(
        c.tenant_id == tenant_id, c.registration_id == registration_id
    )
    connection.execute(statement if scope is None else statement.where(c.scope == scope))
