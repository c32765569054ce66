"""Who vouches for a statement (xAPI-Data 2.4.9): of those that credentials send, a number in the
statement's row, and the name here, once. What an import keeps, and what a bearer token vouches
for, stands in the statement's bytes.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lrs.store.tables import authority, statement
from lrs.vocabulary import BASE
from lrs.xapi import json_codec
from lrs.xapi.actors import identity_of

# The name of a statement's authority, null where the bytes say it; in a query of lrs.statement s.
NAME_SQL = """(SELECT a.name FROM lrs.authority a
  WHERE a.tenant_id = s.tenant_id AND a.authority_id = s.authority) AS authority"""
NAME_COLUMN = (
    select(authority.c.name)
    .where(
        authority.c.tenant_id == statement.c.tenant_id,
        authority.c.authority_id == statement.c.authority,
    )
    .scalar_subquery()
    .label("authority")
)


@lru_cache(maxsize=10_000)  # of about 300 bytes
def build_authority(name: str) -> bytes:
    """The agent that vouches for what a credential sends, as JSON ready to splice."""
    return b'{"objectType":"Agent","account":{"homePage":"%scredentials","name":%s}}' % (
        BASE.encode(),
        msgspec.json.encode(name),
    )


_OWN_IDENTITY = str(identity_of(json_codec.decode(build_authority(""))))


def is_credential(identity: str) -> bool:
    """Whether an identity is that of a credential."""
    return identity.startswith(_OWN_IDENTITY)


def upsert_authority(connection: Connection, tenant_id: int, name: str) -> None:
    """Have a number for the name of a credential's authority."""
    row = upsert(authority).values(tenant_id=tenant_id, name=name)
    connection.execute(row.on_conflict_do_nothing())


def find_authority_id(connection: Connection, tenant_id: int, identity: str) -> int | None:
    """The number of the authority with this identity, if it is one of a credential."""
    if not is_credential(identity):
        return None
    a = authority.c
    wanted = (a.tenant_id == tenant_id, a.name == identity.removeprefix(_OWN_IDENTITY))
    return connection.execute(select(a.authority_id).where(*wanted)).scalar()
