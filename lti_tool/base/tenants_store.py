"""Tenants of the tool, the installation and its signing keys."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.tables.base import installation, tenant, tool_key


@dataclass(frozen=True)
class OrganisationLook:
    """An organisation's own colour (``#rrggbb``) and logo, whose picture is stored under its digest
    and shown so many CSS pixels wide; None where they are Carryover's."""

    accent: str | None = None
    logo_digest: str | None = None
    logo_width: int | None = None


_LOOK = tuple(OrganisationLook.__dataclass_fields__)


@dataclass(frozen=True)
class Tenant:
    """A tenant and the location of its record store; ``lrs_url`` is None for our own."""

    tenant_id: int
    name: str
    lrs_url: str | None
    lrs_key: str
    lrs_secret_sealed: str
    practice: bool
    look: OrganisationLook


def upsert_tenant(connection: Connection, values: dict[str, Any]) -> int:
    """Create a tenant, or update the record store access of an existing one; returns its id.
    Runs as the owner."""
    statement = upsert(tenant).values(**values)
    changed = {name: values[name] for name in ("lrs_url", "lrs_key", "lrs_secret_sealed")}
    return int(
        connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_=changed).returning(
                tenant.c.tenant_id
            )
        ).scalar_one()
    )


def get_tenant(connection: Connection, tenant_id: int) -> Tenant:
    """Load a tenant that is known to exist."""
    t = tenant.c
    columns = (t.tenant_id, t.name, t.lrs_url, t.lrs_key, t.lrs_secret_sealed, t.practice)
    query = select(*columns, *(t[name] for name in _LOOK))
    row = connection.execute(query.where(t.tenant_id == tenant_id)).one()
    own = {name: value for name, value in row._mapping.items() if name not in _LOOK}
    return Tenant(**own, look=OrganisationLook(*(row._mapping[name] for name in _LOOK)))


def update_look(connection: Connection, tenant_id: int, values: dict[str, Any]) -> None:
    """Change an organisation's colour and logo."""
    connection.execute(update(tenant).where(tenant.c.tenant_id == tenant_id).values(**values))


def get_weekly_minutes(connection: Connection, tenant_id: int) -> int:
    """Minutes a week that all programmes together may ask of one person."""
    query = select(tenant.c.weekly_minutes).where(tenant.c.tenant_id == tenant_id)
    return int(connection.execute(query).scalar_one())


def update_weekly_minutes(connection: Connection, tenant_id: int, minutes: int) -> None:
    """Change the minutes a week."""
    connection.execute(
        update(tenant).where(tenant.c.tenant_id == tenant_id).values(weekly_minutes=minutes)
    )


def takes_two_to_erase(connection: Connection, tenant_id: int) -> bool:
    """Whether an erasure on the pages takes two people."""
    query = select(tenant.c.two_erase).where(tenant.c.tenant_id == tenant_id)
    return bool(connection.execute(query).scalar_one())


def update_two_erase(connection: Connection, tenant_id: int, two: bool) -> None:
    """Change whether it takes two."""
    connection.execute(update(tenant).where(tenant.c.tenant_id == tenant_id).values(two_erase=two))


def get_actors_read(connection: Connection, tenant_id: int) -> int | None:
    """Up to which of the unknown actors somebody was looked for."""
    query = select(tenant.c.actors_read).where(tenant.c.tenant_id == tenant_id)
    found: int | None = connection.execute(query).scalar()
    return found


def save_actors_read(connection: Connection, tenant_id: int, key: int | None) -> None:
    """Keep it; None: the next look begins at the first."""
    connection.execute(
        update(tenant)
        .where(tenant.c.tenant_id == tenant_id, tenant.c.actors_read.is_distinct_from(key))
        .values(actors_read=key)
    )


def get_installation_id(connection: Connection) -> uuid.UUID:
    """The id of this installation: the UUID namespace of all its statements."""
    result: uuid.UUID = connection.execute(select(installation.c.id)).scalar_one()
    return result


@dataclass(frozen=True)
class ToolKey:
    """A signing key: when it starts to sign, and when it is no longer published (None: not
    decided)."""

    kid: str
    private_sealed: str
    public_jwk: dict[str, Any]
    signs_from: datetime
    retires_at: datetime | None


def list_tool_keys(engine: Engine) -> list[ToolKey]:
    """Signing keys, the latest ``signs_from`` first; retired ones are left out."""
    k = tool_key.c
    query = select(*(k[name] for name in ToolKey.__dataclass_fields__)).where(
        k.retires_at.is_(None) | (k.retires_at > func.now())
    )
    with engine.connect() as connection:
        return [
            ToolKey(**row._mapping)
            for row in connection.execute(query.order_by(k.signs_from.desc(), k.kid))
        ]


def insert_first_key(
    engine: Engine, kid: str, private_sealed: str, public_jwk: dict[str, Any]
) -> None:
    """Insert the first key unless another process already did."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(7274002)"))
        k = tool_key.c
        if (
            connection.execute(
                select(k.kid).where(k.retires_at.is_(None) | (k.retires_at > func.now()))
            ).first()
            is None
        ):
            connection.execute(
                insert(tool_key).values(
                    kid=kid, private_sealed=private_sealed, public_jwk=public_jwk
                )
            )


def rotate_key(owner: Engine, created: ToolKey, old_retires_at: datetime) -> None:
    """Insert a new key; earlier keys stay published until ``old_retires_at``. Runs as the
    owner."""
    with owner.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(7274002)"))
        k = tool_key.c
        in_use = k.retires_at.is_(None) | (k.retires_at > old_retires_at)
        connection.execute(update(tool_key).where(in_use).values(retires_at=old_retires_at))
        connection.execute(insert(tool_key).values(**vars(created)))


def list_tenant_ids(engine: Engine) -> list[int]:
    """Ids of all tenants."""
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT * FROM lti_tool.all_tenants()")).scalars())


def find_tenant_by_name(owner: Engine, name: str) -> tuple[int | None, list[str]]:
    """The id of the tenant with this name (or of the only tenant if the name is empty), and all
    names. Runs as the owner."""
    with owner.connect() as connection:
        ids_by_name = {
            row.name: row.tenant_id
            for row in connection.execute(
                select(tenant.c.name, tenant.c.tenant_id).order_by(tenant.c.name)
            )
        }
    return (
        ids_by_name.get(name)
        if name
        else next(iter(ids_by_name.values()))
        if len(ids_by_name) == 1
        else None
    ), list(ids_by_name)


def update_record_store(connection: Connection, tenant_id: int, values: dict[str, Any]) -> None:
    """Change where a tenant's statements are sent."""
    connection.execute(update(tenant).where(tenant.c.tenant_id == tenant_id).values(**values))
