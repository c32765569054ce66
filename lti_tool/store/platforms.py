"""Platform registrations, their deployments, and logins under way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, delete, exists, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from lti_tool.store.tables import deployment, login_state, platform_registration


@dataclass(frozen=True)
class Platform:
    """A platform registration: who issues launches, and where its services are."""

    id: int
    tenant_id: int
    issuer: str
    client_id: str
    auth_login_url: str
    auth_token_url: str
    key_set_url: str


@dataclass(frozen=True)
class Login:
    """A login that was begun: what the launch must match."""

    tenant_id: int
    registration_id: int
    browser_hash: bytes
    nonce: str
    target_link_uri: str
    expires_at: datetime


def find(engine: Engine, issuer: str, client_id: str | None) -> list[Platform]:
    """The registrations that fit: one, none, or two where the issuer alone does not decide."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM lti_tool.find_platforms(:issuer, :client)"), {"issuer": issuer, "client": client_id})
        return [Platform(**row._mapping) for row in rows]


def by_id(connection: Connection, tenant_id: int, registration_id: int) -> Platform:
    """A registration that is known to exist."""
    p = platform_registration.c
    columns = (p.id, p.tenant_id, p.issuer, p.client_id, p.auth_login_url, p.auth_token_url, p.key_set_url)
    row = connection.execute(select(*columns).where(p.tenant_id == tenant_id, p.id == registration_id)).one()
    return Platform(**row._mapping)


def ensure(connection: Connection, tenant_id: int, platform: dict[str, str], deployments: list[str]) -> int:
    """Register a platform, or bring its addresses up to date; gives its id."""
    statement = upsert(platform_registration).values(tenant_id=tenant_id, **platform)
    changed = {name: platform[name] for name in ("auth_login_url", "auth_token_url", "key_set_url")}
    statement = statement.on_conflict_do_update(index_elements=["issuer", "client_id"], set_=changed)
    registration_id = int(connection.execute(statement.returning(platform_registration.c.id)).scalar_one())
    for one in deployments:
        row = {"tenant_id": tenant_id, "registration_id": registration_id, "deployment_id": one}
        connection.execute(upsert(deployment).values(**row).on_conflict_do_nothing())
    return registration_id


def knows_deployment(connection: Connection, tenant_id: int, registration_id: int, deployment_id: str) -> bool:
    """Whether launches of this deployment are taken."""
    d = deployment.c
    query = exists().where(d.tenant_id == tenant_id, d.registration_id == registration_id, d.deployment_id == deployment_id)
    return bool(connection.execute(select(query)).scalar_one())


def remember_login(connection: Connection, state_hash: bytes, login: Login, now: datetime) -> None:
    """Keep a login until its launch comes; those that never came are forgotten."""
    connection.execute(delete(login_state).where(login_state.c.tenant_id == login.tenant_id, login_state.c.expires_at < now))
    connection.execute(insert(login_state).values(state_hash=state_hash, **vars(login)))


def burn_login(engine: Engine, state_hash: bytes) -> Login | None:
    """Take a login away, once: of two launches with one state, one gets it."""
    with engine.begin() as connection:
        row = connection.execute(text("SELECT * FROM lti_tool.burn_login(:state)"), {"state": state_hash}).first()
    return Login(**row._mapping) if row else None
