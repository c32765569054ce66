"""Tenants of the record store and the credentials that give access to them.

A secret is 256 random bits, shown once, stored as a keyed hash: it is not a password, so a slow
hash would only cost time.
"""

from __future__ import annotations

import hmac
import secrets as random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, delete, func, insert, literal, select, text, update

from core.secrets import Secrets
from lrs.store.authorities import build_authority, upsert_authority
from lrs.store.tables import credential, tenant

_HASH_PURPOSE = "credential"
SECRET_BYTES = 32


@dataclass(frozen=True)
class Launch:
    """Whom and what a launch is of: an identity (:mod:`lrs.xapi.actors`), an activity, and its
    registration.
    """

    agent: str
    activity: str
    registration: str
    asked_by: str  # the key that asked for it; it ends with that one


@dataclass(frozen=True)
class Caller:
    """The authenticated caller: tenant, key, scopes, and the JSON of the agent that vouches for
    what it sends. ``tolerant``: statements are mended by the rules of :mod:`lrs.xapi.tolerance`;
    ``launch``: it may do no more than one launch of one person needs.
    """

    tenant_id: int
    key: str
    scopes: frozenset[str]
    authority: bytes
    tolerant: bool = False
    launch: Launch | None = None
    authority_id: int | None = None  # of a credential (lrs.store.authorities)

    @property
    def who(self) -> str:
        """How the audit names the caller."""
        return f"credential {self.key}"


@dataclass(frozen=True)
class Credential:
    """A credential as the operator sees it; the secret cannot be read back."""

    key: str
    scopes: tuple[str, ...]
    note: str
    created_at: datetime
    ends_at: datetime | None
    tolerant: bool


def find_tenant_id(connection: Connection, name: str) -> int | None:
    """The id of the tenant with this name. Runs as the owner."""
    result: int | None = connection.execute(
        select(tenant.c.tenant_id).where(tenant.c.name == name)
    ).scalar()
    return result


def insert_tenant(connection: Connection, name: str) -> int:
    """Insert a tenant and return its id. Runs as the owner."""
    return int(
        connection.execute(
            insert(tenant).values(name=name).returning(tenant.c.tenant_id)
        ).scalar_one()
    )


def insert_credential(
    connection: Connection,
    secrets: Secrets,
    tenant_id: int,
    scopes: Sequence[str],
    note: str,
    authority: str | None = None,
    tolerant: bool = False,
) -> tuple[str, str]:
    """Create a credential and return (key, secret). The secret cannot be read back.
    ``authority`` continues the authority of another key."""
    key, secret = random.token_hex(12), random.token_urlsafe(SECRET_BYTES)
    digest = secrets.keyed_hashes(_HASH_PURPOSE, secret)[0]
    row = {
        "key": key,
        "tenant_id": tenant_id,
        "secret_hash": digest,
        "scopes": list(scopes),
        "note": note,
        "authority": authority or key,
        "tolerant": tolerant,
    }
    upsert_authority(connection, tenant_id, authority or key)
    connection.execute(insert(credential).values(row))
    return key, secret


def insert_launch_token(
    connection: Connection,
    secrets: Secrets,
    tenant_id: int,
    scopes: Sequence[str],
    launch: Launch,
    authority: str,
    tolerant: bool,
    seconds: int,
) -> tuple[str, str, datetime]:
    """Create a credential for one launch; return (key, secret, its end)."""
    key, secret = insert_credential(connection, secrets, tenant_id, scopes, "", authority, tolerant)
    c = credential.c
    ends_at: datetime = connection.execute(
        update(credential)
        .where(c.tenant_id == tenant_id, c.key == key)
        .values(launch=asdict(launch), ends_at=func.now() + timedelta(seconds=seconds))
        .returning(c.ends_at)
    ).scalar_one()
    return key, secret, ends_at


def delete_launch_tokens(connection: Connection, tenant_id: int, days: int) -> int:
    """Delete tokens of launches that ended more than ``days`` ago; return how many."""
    c = credential.c
    ended = c.ends_at < func.now() - timedelta(days=days)
    return connection.execute(
        delete(credential).where(c.tenant_id == tenant_id, c.launch.is_not(None), ended)
    ).rowcount


def end_launch_tokens(connection: Connection, tenant_id: int, asked_by: str) -> None:
    """End the tokens that a key asked for."""
    c = credential.c
    connection.execute(
        update(credential)
        .where(
            c.tenant_id == tenant_id,
            c.launch["asked_by"].as_string() == asked_by,
            c.ends_at > func.now(),
        )
        .values(ends_at=func.now())
    )


def delete_launch_tokens_of(connection: Connection, tenant_id: int, agent: str) -> None:
    """Delete the tokens of a person (erasure)."""
    c = credential.c
    connection.execute(
        delete(credential).where(c.tenant_id == tenant_id, c.launch["agent"].as_string() == agent)
    )


def list_credentials(connection: Connection, tenant_id: int) -> list[Credential]:
    """All credentials of a tenant but those of launches, expired ones included."""
    c = credential.c
    query = (
        select(c.key, c.scopes, c.note, c.created_at, c.ends_at, c.tolerant)
        .where(c.tenant_id == tenant_id, c.launch.is_(None))
        .order_by(c.created_at, c.key)
    )
    return [
        Credential(row.key, tuple(row.scopes), row.note, row.created_at, row.ends_at, row.tolerant)
        for row in connection.execute(query)
    ]


def describe_caller(connection: Connection, tenant_id: int, who: str) -> str:
    """Turn ``credential KEY`` into what people know it by, its note; anything else, and a key
    without a note, is returned unchanged."""
    key = who.removeprefix("credential ")
    result = connection.execute(
        select(credential.c.note).where(
            credential.c.tenant_id == tenant_id, credential.c.key == key
        )
    ).scalar()
    return f"the key “{result}”" if result and key != who else who


def expire_credential(
    connection: Connection, tenant_id: int, key: str, seconds: int, *, launches: bool
) -> tuple[list[str], str, str, bool] | None:
    """Expire a credential after ``seconds``; return its (scopes, note, authority, tolerant), or
    None when no such key is in use. ``launches``: it may be a token for a launch."""
    c = credential.c
    ends_at = func.least(
        c.ends_at, func.now() + timedelta(seconds=seconds)
    )  # never later than a time that was set before
    in_use = (
        (c.tenant_id == tenant_id)
        & (c.key == key)
        & (c.ends_at.is_(None) | (c.ends_at > func.now()))
        & (c.launch.is_(None) | literal(launches))
    )
    row = connection.execute(
        update(credential)
        .where(in_use)
        .values(ends_at=ends_at)
        .returning(c.scopes, c.note, c.authority, c.tolerant)
    ).first()
    return (list(row.scopes), row.note, row.authority, row.tolerant) if row else None


def authenticate_credential(
    engine: Engine, secrets: Secrets, key: str, secret: str
) -> Caller | None:
    """Return the caller, or None when key or secret is wrong; both cases take the same time."""
    with engine.connect() as connection:
        row = connection.execute(
            text(
                "SELECT tenant_id, secret_hash, scopes, authority, tolerant, launch, authority_id "
                "FROM lrs.find_credential(:key)"
            ),
            {"key": key},
        ).first()
    stored = bytes(row.secret_hash) if row else b""
    matches = [
        hmac.compare_digest(stored, digest)
        for digest in secrets.keyed_hashes(_HASH_PURPOSE, secret)
    ]
    if row is None or not any(matches):
        return None
    return Caller(
        row.tenant_id,
        key,
        frozenset(row.scopes),
        build_authority(row.authority),
        row.tolerant,
        Launch(**row.launch) if row.launch else None,
        row.authority_id,
    )
