"""The record store that receives a tenant's statements, and whether it is our own."""

from __future__ import annotations

from adapters.lrs_client import RecordStore
from core.http_client import GuardedClient
from lti_tool.base import tenants_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.tenants import LRS_SECRET_PURPOSE


def open_record_store(deps: ToolDeps, tenant_id: int) -> tuple[GuardedClient, RecordStore, bool]:
    """The client for a tenant's record store, the store, and whether it is our own, which the
    operator trusts.
    """
    with deps.unit_of_work(tenant_id) as connection:
        tenant = tenants_store.get_tenant(connection, tenant_id)
    secret = deps.secrets.unseal(LRS_SECRET_PURPOSE, tenant.lrs_secret_sealed)
    ours = tenant.lrs_url is None
    store = RecordStore(tenant.lrs_url or deps.settings.lrs_url, tenant.lrs_key, secret)
    return deps.own_client if ours else deps.client, store, ours
