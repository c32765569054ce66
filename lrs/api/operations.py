"""``/api/v1``: operations on a tenant's data outside xAPI: erasing a person; and, without
authentication, our xAPI Profile and the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from core.errors import BadInput
from core.openapi import ApiPart
from lrs.actions import erasure
from lrs.actions.deps import StoreDeps
from lrs.api import authentication, openapi
from lrs.vocabulary import profile
from lrs.xapi import statement_query


def blueprint(deps: StoreDeps, parts: Sequence[ApiPart]) -> Blueprint:
    """Routes for erasures, the xAPI Profile and the OpenAPI document of these parts."""
    pages = Blueprint("operations", __name__, url_prefix="/api/v1")

    @pages.post("/erasures")
    def post_erasure() -> ResponseReturnValue:
        """``{"agent": {...}, "dry_run": true}``: what is erased, or would be. A dry run
        unless ``dry_run`` is false.
        """
        caller = authentication.require_scope(deps, "erase")
        body = _json_object(request.get_data())
        unknown = set(body) - {"agent", "dry_run"}
        if unknown:
            raise BadInput(
                f"{', '.join(sorted(unknown))} is not understood here; send agent and dry_run."
            )
        agent = statement_query.parse_agent(msgspec.json.encode(body.get("agent")).decode())
        dry_run = body.get("dry_run", True)
        if not isinstance(dry_run, bool):
            raise BadInput("dry_run must be true or false.", path="$.dry_run")
        result = erasure.erase_agent(
            deps,
            tenant_id=caller.tenant_id,
            agent=agent,
            who=f"credential {caller.key}",
            dry_run=dry_run,
        )
        return jsonify({"dry_run": dry_run, **asdict(result)})

    @pages.get("/profile")
    def get_profile() -> ResponseReturnValue:
        return Response(
            msgspec.json.encode(profile.build_profile()), content_type="application/ld+json"
        )

    @pages.get("/openapi.json")
    def get_openapi() -> ResponseReturnValue:
        return jsonify(openapi.openapi_document(parts))

    return pages


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise BadInput(
            'Send a JSON object such as {"agent": {"mbox": "mailto:somebody@example.org"}, '
            '"dry_run": true}.'
        )
    return value
