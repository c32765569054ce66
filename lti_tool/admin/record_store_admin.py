"""A tenant's record store as seen by its administrators: where statements are sent, and the API
keys of our own store.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters import lrs_client
from adapters.lrs_client import LrsCredential, RecordStore
from core.errors import BadInput
from core.http_client import OutsideCallFailed, limit_total_time, url_origin
from core.messages import Message, gettext_noop
from lti_tool.base import journal_store, tenants_store
from lti_tool.base.deps import ToolDeps
from lti_tool.base.statement_target import open_record_store
from lti_tool.base.tenants import LRS_SECRET_PURPOSE

MAX_FIELD_LENGTH = 500
PAGE_TIMEOUT = 5.0  # the longest that a page waits for a record store
# Purpose → (label, scopes of the record store).
KEY_PURPOSES = {
    "reporting": (gettext_noop("Read figures (Power BI, Tableau, scripts)"), ("metrics/read",)),
    "sending": (
        gettext_noop("Send statements (another learning system)"),
        ("statements/write", "define", "state", "profile"),
    ),
    "reading": (
        gettext_noop("Read statements and figures (an analyst, another record store)"),
        ("all/read",),
    ),
}


@dataclass(frozen=True)
class StoreView:
    """Where statements are sent, and the API keys if it is our own store and reachable.
    ``trouble`` says why it is not reachable.
    """

    url: str
    key: str
    ours: bool
    keys: list[LrsCredential]
    trouble: str | Message


def load_store_view(deps: ToolDeps, *, tenant_id: int) -> StoreView:
    """Load the current state of the record store."""
    client, store, ours = open_record_store(deps, tenant_id)
    shown = f"{deps.settings.base_url}/xapi" if ours else store.url
    try:
        with limit_total_time(PAGE_TIMEOUT):
            if ours:
                return StoreView(
                    shown, store.key, True, lrs_client.list_credentials(client, store), ""
                )
            lrs_client.require_read_access(client, store)
            return StoreView(shown, store.key, False, [], "")
    except (OutsideCallFailed, BadInput) as error:
        return StoreView(shown, store.key, ours, [], error.message)


def create_store_key(
    deps: ToolDeps, *, tenant_id: int, purpose: str, note: str, who: str
) -> tuple[str, str]:
    """Create a key of our record store; return (key, secret). The secret is not shown again."""
    if purpose not in KEY_PURPOSES:
        raise BadInput("Choose what the key is for.", field="purpose")
    key_note = " ".join(note.split())[:MAX_FIELD_LENGTH]
    created = lrs_client.create_credential(
        deps.own_client,
        _require_own_store(deps, tenant_id),
        KEY_PURPOSES[purpose][1],
        key_note or KEY_PURPOSES[purpose][0],
    )
    with deps.unit_of_work(tenant_id) as connection:
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "made a key of the record store",
            {"key": created[0], "purpose": purpose},
        )
    return created


def revoke_store_key(deps: ToolDeps, *, tenant_id: int, key: str, who: str) -> None:
    """Revoke a key of our record store."""
    store = _require_own_store(deps, tenant_id)
    if key == store.key:
        raise BadInput(
            "This is the key that the tool itself works with; without it no statement would "
            "arrive.",
            field="key",
        )
    lrs_client.revoke_credential(deps.own_client, store, key)
    with deps.unit_of_work(tenant_id) as connection:
        journal_store.insert_audit_entry(
            connection, tenant_id, who, "ended a key of the record store", {"key": key}
        )


def switch_record_store(
    deps: ToolDeps, *, tenant_id: int, url: str, key: str, secret: str, who: str
) -> None:
    """Send statements to this record store from now on, after testing the connection. An empty
    URL means our own.
    """
    address, store_key = url.strip().rstrip("/"), key.strip()
    if address and not url_origin(address):
        raise BadInput("The address of the record store is no web address.", field="url")
    if (
        not store_key
        or not secret
        or max(len(address), len(store_key), len(secret)) > MAX_FIELD_LENGTH
    ):
        raise BadInput("A record store needs its address, a key and a secret.", field="key")
    store = RecordStore(address or deps.settings.lrs_url, store_key, secret)
    lrs_client.require_read_access(deps.client if address else deps.own_client, store)
    with deps.unit_of_work(tenant_id) as connection:
        values = {
            "lrs_url": address or None,
            "lrs_key": store_key,
            "lrs_secret_sealed": deps.secrets.seal(LRS_SECRET_PURPOSE, secret),
        }
        tenants_store.update_record_store(connection, tenant_id, values)
        journal_store.insert_audit_entry(
            connection,
            tenant_id,
            who,
            "chose a record store",
            {"url": address or "our own", "key": store_key},
        )


def _require_own_store(deps: ToolDeps, tenant_id: int) -> RecordStore:
    _, store, ours = open_record_store(deps, tenant_id)
    if not ours:
        raise BadInput("Keys of another record store are made there.")
    return store
