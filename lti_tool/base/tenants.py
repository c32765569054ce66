"""Operator actions: create tenants and register platforms."""

from __future__ import annotations

from urllib.parse import urlsplit

from sqlalchemy import Engine

from core.database import UnitOfWork
from core.errors import Conflict
from core.messages import lazy_gettext
from core.secrets import Secrets
from lti_tool.base import platforms_store, tenants_store

LRS_SECRET_PURPOSE = "record store secret"  # noqa: S105 - a purpose, not a secret


def upsert_tenant(
    owner: Engine,
    secrets: Secrets,
    *,
    name: str,
    lrs_url: str | None,
    lrs_key: str,
    lrs_secret: str,
    practice: bool,
) -> int:
    """Create or update a tenant with access to its record store; return its id."""
    sealed = secrets.seal(LRS_SECRET_PURPOSE, lrs_secret)
    with owner.begin() as connection:
        return tenants_store.upsert_tenant(
            connection,
            {
                "name": name,
                "lrs_url": lrs_url,
                "lrs_key": lrs_key,
                "lrs_secret_sealed": sealed,
                "practice": practice,
            },
        )


def vouch_for_platform(
    unit_of_work: UnitOfWork, *, tenant_id: int, platform: dict[str, str], deployments: list[str]
) -> int:
    """Register a platform that the operator trusts; return the registration's id. A platform
    whose URLs changed keeps its registration.
    """
    values = {
        "name": urlsplit(platform["issuer"]).netloc,
        "family": "standard",
        "status": platforms_store.APPROVED,
        "auth_audience": "",
        "approve_deployments": not deployments,
        "frame_origins": [],
        **platform,
    }
    with unit_of_work(tenant_id) as connection:
        registration_id = next(
            (
                item.id
                for item in platforms_store.list_platforms(connection, tenant_id)
                if item.client_id == platform["client_id"]
            ),
            None,
        )
        if registration_id is not None:
            platforms_store.update_platform(connection, tenant_id, registration_id, platform)
        else:
            registration_id = platforms_store.insert_platform(connection, tenant_id, values)
        if registration_id is None:
            raise Conflict(
                lazy_gettext(
                    "The client %(client)s of %(issuer)s is registered by another organisation.",
                    client=platform["client_id"],
                    issuer=platform["issuer"],
                )
            )
        for deployment in deployments:
            platforms_store.insert_deployment(
                connection, tenant_id, registration_id, deployment, platforms_store.APPROVED
            )
    return registration_id
