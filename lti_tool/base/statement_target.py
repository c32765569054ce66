"""The record store that receives a tenant's statements, and whether it is our own."""

from __future__ import annotations

from adapters.lrs_client import RecordStore
from core.database import UnitOfWork
from core.http_client import GuardedClient
from core.secrets import Secrets
from lti_tool.base import tenants_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.tenants import LRS_SECRET_PURPOSE


def load_record_store(
    unit_of_work: UnitOfWork, secrets: Secrets, *, tenant_id: int, own_url: str
) -> tuple[RecordStore, bool]:
    """Load a tenant's record store, and whether it is our own (``own_url``, which the operator
    trusts).
    """
    with unit_of_work(tenant_id) as connection:
        tenant = tenants_store.get_tenant(connection, tenant_id)
    secret = secrets.unseal(LRS_SECRET_PURPOSE, tenant.lrs_secret_sealed)
    return RecordStore(tenant.lrs_url or own_url, tenant.lrs_key, secret), tenant.lrs_url is None


def open_record_store(deps: ToolDeps, tenant_id: int) -> tuple[GuardedClient, RecordStore, bool]:
    """The client for a tenant's record store, the store, and whether it is our own."""
    store, ours = load_record_store(
        deps.unit_of_work, deps.secrets, tenant_id=tenant_id, own_url=deps.settings.lrs_url
    )
    return deps.own_client if ours else deps.client, store, ours
