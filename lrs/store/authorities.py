"""Who vouches for a statement (xAPI-Data 2.4.9): of those that credentials send, a number in the
statement's row, and the name here, once. What an import keeps, and what a bearer token vouches
for, stands in the statement's bytes.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import Connection, Engine, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lrs.store.tables import authority
from lrs.vocabulary import BASE
from lrs.xapi import json_codec
from lrs.xapi.actors import identity_of

MAX_KNOWN = 10_000  # of about 300 bytes


@lru_cache(maxsize=MAX_KNOWN)
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


# Of each database that this process knows: members ready to splice, by tenant and number. A name
# is never changed.
_known: WeakKeyDictionary[Engine, dict[tuple[int, int], bytes]] = WeakKeyDictionary()


def find_members(
    connection: Connection, tenant_id: int, numbers: Collection[int]
) -> dict[int, bytes]:
    """By its number: the authority as the last member of a statement, with the closing brace."""
    known = _known.setdefault(connection.engine, {})
    missing = [number for number in numbers if (tenant_id, number) not in known]
    if missing:
        a = authority.c
        rows = connection.execute(
            select(a.authority_id, a.name).where(
                a.tenant_id == tenant_id, a.authority_id.in_(missing)
            )
        )
        if len(known) > MAX_KNOWN:
            known.clear()
            return find_members(connection, tenant_id, numbers)
        known.update(
            ((tenant_id, number), b',"authority":' + build_authority(name) + b"}")
            for number, name in rows
        )
    return {number: known[tenant_id, number] for number in numbers}
