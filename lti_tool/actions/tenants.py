"""Making tenants and registering platforms: acts of the operator."""

from __future__ import annotations

from sqlalchemy import Engine

from lrs.ground.database import UnitOfWork
from lrs.ground.secrets import Secrets
from lti_tool.store import platforms, tenants

LRS_SECRET = "record store secret"  # noqa: S105 - a purpose, not a secret


def ensure(owner: Engine, secrets: Secrets, *, name: str, lrs_url: str | None, lrs_key: str, lrs_secret: str, practice: bool) -> int:
    """A tenant with access to its record store, made or brought up to date; gives its id."""
    sealed = secrets.seal(LRS_SECRET, lrs_secret)
    with owner.begin() as connection:
        return tenants.ensure(connection, {"name": name, "lrs_url": lrs_url, "lrs_key": lrs_key, "lrs_secret_sealed": sealed, "practice": practice})


def register_platform(unit_of_work: UnitOfWork, *, tenant_id: int, platform: dict[str, str], deployments: list[str]) -> int:
    """Take launches of a platform from now on; gives the registration's id."""
    with unit_of_work(tenant_id) as connection:
        return platforms.ensure(connection, tenant_id, platform, deployments)
