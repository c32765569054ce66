"""``/api/v1/credentials``: list, create and revoke a tenant's credentials, for callers with
that scope. A secret is shown once.
"""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from core.clock import format_instant
from core.errors import BadInput, Forbidden
from lrs.actions import credentials
from lrs.actions.deps import StoreDeps
from lrs.actions.scopes import NON_DELEGABLE
from lrs.api import authentication

MAX_NOTE_LENGTH = 500


class Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """A key that is asked for."""

    scopes: list[str]
    note: str = ""


def blueprint(deps: StoreDeps) -> Blueprint:
    """Routes for credentials."""
    pages = Blueprint("credentials", __name__, url_prefix="/api/v1/credentials")

    @pages.get("")
    def get_credentials() -> ResponseReturnValue:
        caller = authentication.require_scope(deps, "credentials")
        result: list[dict[str, Any]] = [
            {
                "key": credential.key,
                "scopes": list(credential.scopes),
                "note": credential.note,
                "created_at": format_instant(credential.created_at),
                "ends_at": format_instant(credential.ends_at) if credential.ends_at else None,
            }
            for credential in credentials.list_credentials(deps, tenant_id=caller.tenant_id)
        ]
        return jsonify({"credentials": result})

    @pages.post("")
    def post_credential() -> ResponseReturnValue:
        """``{"scopes": ["metrics/read"], "note": "Power BI"}`` → key and secret."""
        caller = authentication.require_scope(deps, "credentials")
        try:
            wanted = msgspec.json.decode(request.get_data(), type=Wanted)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise BadInput(
                f'Send a JSON object such as {{"scopes": ["metrics/read"], "note": "Power BI"}}: '
                f"{error}"
            ) from None
        handed = NON_DELEGABLE.intersection(wanted.scopes)
        if handed and "all" not in caller.scopes:
            raise Forbidden(
                f"This credential may not hand on {', '.join(sorted(handed))}; the operator "
                "makes such keys by the command line."
            )
        if len(wanted.note) > MAX_NOTE_LENGTH or "\0" in wanted.note:
            raise BadInput(
                f"The note is longer than {MAX_NOTE_LENGTH} characters, or holds NUL.",
                path="$.note",
            )
        who = f"credential {caller.key}"
        key, secret = credentials.create_credential(
            deps, tenant_id=caller.tenant_id, scopes=wanted.scopes, note=wanted.note, who=who
        )
        return jsonify({"key": key, "secret": secret}), 201

    @pages.delete("/<key>")
    def delete_credential(key: str) -> ResponseReturnValue:
        caller = authentication.require_scope(deps, "credentials")
        scopes = next(
            (
                credential.scopes
                for credential in credentials.list_credentials(deps, tenant_id=caller.tenant_id)
                if credential.key == key
            ),
            (),
        )
        if NON_DELEGABLE.intersection(scopes) and "all" not in caller.scopes:
            raise Forbidden(
                "This credential may not end one that may do more; the operator ends it by the "
                "command line."
            )
        credentials.revoke_credential(
            deps, tenant_id=caller.tenant_id, key=key, who=f"credential {caller.key}"
        )
        return "", 204

    return pages
