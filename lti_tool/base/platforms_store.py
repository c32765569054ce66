"""Platform registrations, their deployments, registration invites, and pending logins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from core.messages import gettext_noop
from lti_tool.tables.base import deployment, login_state, platform_registration, registration_invite

INVITE_USE_TIME = timedelta(minutes=5)  # longer than any registration takes
NAMES_NOBODY, NAMES_BY_ID, NAMES_BY_ID_OR_ADDRESS = "nobody", "id", "id or address"
NAMING_MODES = (NAMES_NOBODY, NAMES_BY_ID, NAMES_BY_ID_OR_ADDRESS)
PENDING, APPROVED, DISABLED, REMOVED, REFUSED = (
    gettext_noop("pending"),
    gettext_noop("approved"),
    gettext_noop("disabled"),
    gettext_noop("removed"),
    gettext_noop("refused"),
)


@dataclass(frozen=True)
class Platform:
    """A platform registration: who issues launches, where its services are, and what it is
    trusted with.

    ``status``: pending, approved, disabled or removed. ``auth_audience`` is empty if the token
    URL is the audience. ``names_people``: how far it may identify people of the organisation's
    list (a key of its choices). ``role_rights``: what its roles give otherwise than by default.
    """

    id: int
    tenant_id: int
    name: str
    family: str
    status: str
    issuer: str
    client_id: str
    auth_login_url: str
    auth_token_url: str
    auth_audience: str
    key_set_url: str
    approve_deployments: bool
    names_people: str
    wide_parameter: bool
    frame_origins: list[str]
    role_rights: dict[str, str]


@dataclass(frozen=True)
class Deployment:
    """An installation of the tool inside a platform. ``status``: pending, approved or refused.
    ``first_course``, ``first_host``: from where its first launch came, as the launch said."""

    deployment_id: str
    status: str
    first_seen_at: datetime
    first_course: str
    first_host: str


@dataclass(frozen=True)
class Invite:
    """A one-time right to register a platform, or to bring one registration up to date
    (``updates``). ``registration_id``: what came of it."""

    id: int
    tenant_id: int
    note: str
    made_by: str
    approves: bool
    expires_at: datetime
    used_at: datetime | None
    registration_id: int | None
    updates: int | None


@dataclass(frozen=True)
class Management:
    """How the tool changes its registration in the LMS (RFC 7592). ``url`` is empty where the LMS
    named none, ``token_sealed`` where it gave no token for it; ``scopes``: those that the LMS
    knows, none if it did not say."""

    url: str
    token_sealed: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class PendingLogin:
    """A pending OIDC login: what the launch must match. ``asked`` holds the parameters with
    which the LMS initiated it."""

    tenant_id: int
    registration_id: int
    browser_hash: bytes
    nonce: str
    target_link_uri: str
    asked: dict[str, str]
    expires_at: datetime


_COLUMNS = platform_registration.c
_PLATFORM_FIELDS = tuple(_COLUMNS[name] for name in Platform.__dataclass_fields__)
_INVITE_FIELDS = tuple(registration_invite.c[name] for name in Invite.__dataclass_fields__)


def find_platforms(engine: Engine, issuer: str, client_id: str | None) -> list[Platform]:
    """The registrations that match: one, none, or two if the issuer alone is ambiguous."""
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT * FROM lti_tool.find_platforms(:issuer, :client)"),
            {"issuer": issuer, "client": client_id},
        )
        return [Platform(**row._mapping) for row in rows]


def get_platform(connection: Connection, tenant_id: int, registration_id: int) -> Platform:
    """Load a registration that is known to exist."""
    row = connection.execute(
        select(*_PLATFORM_FIELDS).where(
            _COLUMNS.tenant_id == tenant_id, _COLUMNS.id == registration_id
        )
    ).one()
    return Platform(**row._mapping)


def lock_platform(connection: Connection, tenant_id: int, registration_id: int) -> None:
    """Keep others from changing a registration until the transaction ends; launches of it go on."""
    connection.execute(
        select(_COLUMNS.id)
        .where(_COLUMNS.tenant_id == tenant_id, _COLUMNS.id == registration_id)
        .with_for_update(key_share=True)
    )


def list_platforms(connection: Connection, tenant_id: int) -> list[Platform]:
    """All registrations except removed ones, oldest first."""
    rows = connection.execute(
        select(*_PLATFORM_FIELDS)
        .where(_COLUMNS.tenant_id == tenant_id, _COLUMNS.status != REMOVED)
        .order_by(_COLUMNS.id)
    )
    return [Platform(**row._mapping) for row in rows]


def insert_platform(
    connection: Connection, tenant_id: int, values: Mapping[str, Any]
) -> int | None:
    """Insert a registration and return its id, or None if one with the same issuer and client
    exists: it is never overwritten."""
    statement = upsert(platform_registration).values(tenant_id=tenant_id, **values)
    statement = statement.on_conflict_do_nothing(
        index_elements=["issuer", "client_id"], index_where=_COLUMNS.status != text("'removed'")
    )
    result: int | None = connection.execute(statement.returning(_COLUMNS.id)).scalar()
    return result


def update_platform(
    connection: Connection, tenant_id: int, registration_id: int, values: Mapping[str, Any]
) -> None:
    """Update a registration."""
    connection.execute(
        update(platform_registration)
        .where(_COLUMNS.tenant_id == tenant_id, _COLUMNS.id == registration_id)
        .values(**values)
    )


def find_management(connection: Connection, tenant_id: int, registration_id: int) -> Management:
    """How the tool changes its registration in a platform that is known to exist."""
    row = connection.execute(
        select(
            _COLUMNS.management_url, _COLUMNS.management_token_sealed, _COLUMNS.supported_scopes
        ).where(_COLUMNS.tenant_id == tenant_id, _COLUMNS.id == registration_id)
    ).one()
    return Management(row.management_url, row.management_token_sealed, tuple(row.supported_scopes))


def save_management(
    connection: Connection, tenant_id: int, registration_id: int, management: Management
) -> None:
    """Store how the tool changes its registration in a platform."""
    values = {
        "management_url": management.url,
        "management_token_sealed": management.token_sealed,
        "supported_scopes": list(management.scopes),
    }
    update_platform(connection, tenant_id, registration_id, values)


def add_frame_origin(connection: Connection, platform: Platform, result: str, most: int) -> None:
    """Store an origin that frames our pages, learned from a genuine launch; at most ``most`` of
    them."""
    has_space = func.cardinality(_COLUMNS.frame_origins) < most
    is_stored = _COLUMNS.frame_origins.any(result)
    statement = update(platform_registration).where(
        _COLUMNS.tenant_id == platform.tenant_id, _COLUMNS.id == platform.id, has_space, ~is_stored
    )
    connection.execute(
        statement.values(frame_origins=func.array_append(_COLUMNS.frame_origins, result))
    )


def find_deployment_status(
    connection: Connection, tenant_id: int, registration_id: int, deployment_id: str
) -> str | None:
    """The status of a deployment, which decides whether its launches are accepted; None if it
    is unknown."""
    d = deployment.c
    result: str | None = connection.execute(
        select(d.status).where(
            d.tenant_id == tenant_id,
            d.registration_id == registration_id,
            d.deployment_id == deployment_id,
        )
    ).scalar()
    return result


def insert_deployment(
    connection: Connection,
    tenant_id: int,
    registration_id: int,
    deployment_id: str,
    status: str,
    *,
    course: str = "",
    host: str = "",
) -> None:
    """Insert a deployment seen for the first time, and from where; a known one is left
    unchanged."""
    row = {
        "tenant_id": tenant_id,
        "registration_id": registration_id,
        "deployment_id": deployment_id,
        "status": status,
        "first_course": course,
        "first_host": host,
    }
    connection.execute(upsert(deployment).values(**row).on_conflict_do_nothing())


def set_deployment_status(
    connection: Connection, tenant_id: int, registration_id: int, deployment_id: str, status: str
) -> bool:
    """Approve or refuse a deployment; False if it is unknown."""
    d = deployment.c
    same = (
        (d.tenant_id == tenant_id)
        & (d.registration_id == registration_id)
        & (d.deployment_id == deployment_id)
    )
    return connection.execute(update(deployment).where(same).values(status=status)).rowcount == 1


def approve_pending_deployments(
    connection: Connection,
    tenant_id: int,
    registration_id: int,
    named: Sequence[str] | None = None,
) -> list[str]:
    """Approve those of the named deployments that wait, or all that wait; return them."""
    d = deployment.c
    waiting = (
        (d.tenant_id == tenant_id) & (d.registration_id == registration_id) & (d.status == PENDING)
    )
    if named is not None:
        waiting &= d.deployment_id.in_(named)
    statement = update(deployment).where(waiting).values(status=APPROVED)
    return sorted(connection.execute(statement.returning(d.deployment_id)).scalars())


def list_deployments(
    connection: Connection, tenant_id: int, registration_id: int, rows: int
) -> list[Deployment]:
    """Deployments of a registration, pending ones first, then newest first."""
    d = deployment.c
    query = select(*(d[name] for name in Deployment.__dataclass_fields__)).where(
        d.tenant_id == tenant_id, d.registration_id == registration_id
    )
    return [
        Deployment(*row)
        for row in connection.execute(
            query.order_by(d.status != PENDING, d.first_seen_at.desc()).limit(rows)
        )
    ]


def count_pending_deployments(connection: Connection, tenant_id: int, registration_id: int) -> int:
    """How many deployments are pending."""
    d = deployment.c
    query = select(func.count()).where(
        d.tenant_id == tenant_id, d.registration_id == registration_id, d.status == PENDING
    )
    return int(connection.execute(query).scalar_one())


def insert_invite(connection: Connection, tenant_id: int, values: Mapping[str, Any]) -> int:
    """Insert an invite and return its id."""
    return int(
        connection.execute(
            insert(registration_invite)
            .values(tenant_id=tenant_id, **values)
            .returning(registration_invite.c.id)
        ).scalar_one()
    )


def find_invite(engine: Engine, secret_hash: bytes) -> tuple[int, int] | None:
    """(invite, tenant) of an invite's secret."""
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT * FROM lti_tool.find_invite(:secret)"), {"secret": secret_hash}
        ).first()
    return (row.id, row.tenant_id) if row else None


def get_invite(connection: Connection, tenant_id: int, invite_id: int) -> Invite:
    """Load an invite that is known to exist."""
    i = registration_invite.c
    return Invite(
        **connection.execute(
            select(*_INVITE_FIELDS).where(i.tenant_id == tenant_id, i.id == invite_id)
        )
        .one()
        ._mapping
    )


def is_invite_usable(
    connection: Connection, tenant_id: int, secret_hash: bytes, until: datetime
) -> bool:
    """Whether the invite with this secret is unused and remains valid until then."""
    i = registration_invite.c
    query = select(i.id).where(
        i.tenant_id == tenant_id,
        i.secret_hash == secret_hash,
        i.used_at.is_(None),
        i.expires_at > until,
    )
    return connection.execute(query).first() is not None


def list_invites(connection: Connection, tenant_id: int, rows: int) -> list[Invite]:
    """The latest invites."""
    i = registration_invite.c
    return [
        Invite(**row._mapping)
        for row in connection.execute(
            select(*_INVITE_FIELDS)
            .where(i.tenant_id == tenant_id)
            .order_by(i.id.desc())
            .limit(rows)
        )
    ]


def redeem_invite(connection: Connection, tenant_id: int, invite_id: int, now: datetime) -> bool:
    """Redeem an invite, once: of two concurrent registrations with one invite, only one
    succeeds."""
    i = registration_invite.c
    # A redemption without a registration after several minutes has crashed: the invite is free
    # again.
    unused = i.used_at.is_(None) | (
        i.registration_id.is_(None) & (i.used_at < now - INVITE_USE_TIME)
    )
    free = (i.tenant_id == tenant_id) & (i.id == invite_id) & unused & (i.expires_at > now)
    return (
        connection.execute(update(registration_invite).where(free).values(used_at=now)).rowcount
        == 1
    )


def record_invite_result(
    connection: Connection, tenant_id: int, invite_id: int, registration_id: int | None
) -> None:
    """Record the registration that an invite produced; None frees the invite because the
    registration failed."""
    i = registration_invite.c
    values: dict[str, Any] = (
        {"registration_id": registration_id} if registration_id is not None else {"used_at": None}
    )
    connection.execute(
        update(registration_invite)
        .where(i.tenant_id == tenant_id, i.id == invite_id)
        .values(**values)
    )


def expire_invite(connection: Connection, tenant_id: int, invite_id: int, now: datetime) -> None:
    """Withdraw an unused invite by expiring it now."""
    i = registration_invite.c
    connection.execute(
        update(registration_invite)
        .where(i.tenant_id == tenant_id, i.id == invite_id, i.used_at.is_(None))
        .values(expires_at=now)
    )


def insert_login(connection: Connection, state_hash: bytes, login: PendingLogin) -> None:
    """Store a login until its launch arrives."""
    connection.execute(insert(login_state).values(state_hash=state_hash, **vars(login)))


def delete_expired_logins(connection: Connection, tenant_id: int, now: datetime) -> None:
    """Delete expired logins whose launch never arrived."""
    connection.execute(
        delete(login_state).where(
            login_state.c.tenant_id == tenant_id, login_state.c.expires_at < now
        )
    )


def redeem_login(engine: Engine, state_hash: bytes) -> PendingLogin | None:
    """Redeem a login, once: of two launches with the same state, only one succeeds."""
    with engine.begin() as connection:
        row = connection.execute(
            text("SELECT * FROM lti_tool.burn_login(:state)"), {"state": state_hash}
        ).first()
    return PendingLogin(**row._mapping) if row else None


def peek_login(engine: Engine, state_hash: bytes) -> PendingLogin | None:
    """Read a login without consuming it."""
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT * FROM lti_tool.look_at_login(:state)"), {"state": state_hash}
        ).first()
    return PendingLogin(**row._mapping) if row else None
