"""``/api/v1/credentials``: list, create and revoke a tenant's credentials, for callers with
that scope. A secret is shown once.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from core.api_routes import Call
from core.clock import format_instant
from core.errors import BadInput, Forbidden
from core.openapi import object_schema
from lrs.actions import credentials
from lrs.actions.deps import StoreDeps
from lrs.actions.scopes import NON_DELEGABLE
from lrs.api.authentication import StoreCall, StoreRoutes
from lrs.store.credentials import Caller

MAX_NOTE_LENGTH = 500
routes = StoreRoutes(reads_query=False)


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """A key that is asked for."""

    scopes: list[str]
    note: str = ""
    reading: Literal["strict", "tolerant"] = "strict"


@routes.route("GET", "/credentials", scope="credentials", answer=object_schema(credentials=list))
def get_credentials(call: StoreCall) -> dict[str, Any]:
    """Keys of the record store."""
    result: list[dict[str, Any]] = [
        {
            "key": credential.key,
            "scopes": list(credential.scopes),
            "note": credential.note,
            "reading": "tolerant" if credential.tolerant else "strict",
            "created_at": format_instant(credential.created_at),
            "ends_at": format_instant(credential.ends_at) if credential.ends_at else None,
        }
        for credential in credentials.list_credentials(call.deps, tenant_id=call.caller.tenant_id)
    ]
    return {"credentials": result}


@routes.route(
    "POST",
    "/credentials",
    scope="credentials",
    body=Wanted,
    answer=object_schema(key=str, secret=str),
    status=201,
    summary="Make a key; its secret is told once",
)
def post_credential(call: Call[StoreDeps, Caller, Wanted]) -> dict[str, Any]:
    """Create a credential; the answer alone holds its secret.

    ``{"scopes": ["metrics/read"], "note": "Power BI"}`` → key and secret.
    """
    wanted = call.body
    handed = NON_DELEGABLE.intersection(wanted.scopes)
    if handed and "all" not in call.caller.scopes:
        raise Forbidden(
            f"This credential may not hand on {', '.join(sorted(handed))}; the operator "
            "makes such keys by the command line."
        )
    if len(wanted.note) > MAX_NOTE_LENGTH or "\0" in wanted.note:
        raise BadInput(
            f"The note is longer than {MAX_NOTE_LENGTH} characters, or holds NUL.", path="$.note"
        )
    key, secret = credentials.create_credential(
        call.deps,
        tenant_id=call.caller.tenant_id,
        scopes=wanted.scopes,
        note=wanted.note,
        who=call.caller.who,
        tolerant=wanted.reading == "tolerant",
    )
    return {"key": key, "secret": secret}


@routes.route("DELETE", "/credentials/<key>", scope="credentials", status=204, errors=(404,))
def delete_credential(call: StoreCall, key: str) -> None:
    """End a key."""
    tenant_id = call.caller.tenant_id
    scopes = next(
        (
            credential.scopes
            for credential in credentials.list_credentials(call.deps, tenant_id=tenant_id)
            if credential.key == key
        ),
        (),
    )
    if NON_DELEGABLE.intersection(scopes) and "all" not in call.caller.scopes:
        raise Forbidden(
            "This credential may not end one that may do more; the operator ends it by the "
            "command line."
        )
    credentials.revoke_credential(call.deps, tenant_id=tenant_id, key=key, who=call.caller.who)
