"""``/api/v1``: operations on a tenant's data outside xAPI: erasing a person, how forwarding goes;
and, without authentication, our xAPI Profile and the OpenAPI document.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec
from flask import Response, current_app, request

from core.errors import BadInput
from core.http_client import url_origin
from core.openapi import object_schema
from lrs.actions import erasure, forwarding
from lrs.actions.erasure import Erased
from lrs.api import openapi
from lrs.api.authentication import StoreCall, StoreRoutes
from lrs.vocabulary import profile
from lrs.xapi import statement_query

API_ROUTES_KEY = "carryover_api_routes"  # in the extensions of the application: what is described
routes = StoreRoutes(reads_query=False)
_ERASURE_SCHEMA = {
    "type": "object",
    "required": ["agent"],
    "additionalProperties": False,
    "properties": {
        "agent": {
            "type": "object",
            "description": "An agent with one identifier (xAPI-Data 4.2.2).",
        },
        "dry_run": {"type": "boolean", "default": True},
    },
}


@routes.route(
    "POST",
    "/erasures",
    scope="erase",
    body=_ERASURE_SCHEMA,
    answer={"allOf": [Erased, object_schema(dry_run=bool)]},
)
def post_erasure(call: StoreCall) -> dict[str, Any]:
    """Erase a person, or say what would be erased.

    ``{"agent": {...}, "dry_run": true}``; a dry run unless ``dry_run`` is false.
    """
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
        call.deps,
        tenant_id=call.caller.tenant_id,
        agent=agent,
        who=call.caller.who,
        dry_run=dry_run,
    )
    return {"dry_run": dry_run, **asdict(result)}


@routes.route("GET", "/forwards", scope="credentials", answer=object_schema(forwards=list))
def get_forwards(call: StoreCall) -> dict[str, Any]:
    """Where statements are forwarded to, and how that goes; at most 1,000 dead letters count."""
    result = [
        {
            "to": url_origin(target.url),
            "stopped": target.stopped,
            "failures": target.failures,
            "last_error": target.last_error,
            "dead_letters": dead,
        }
        for target, dead in forwarding.list_forwards(call.deps, tenant_id=call.caller.tenant_id)
    ]
    return {"forwards": result}


@routes.route(
    "GET",
    "/profile",
    public="other systems fetch an xAPI Profile by its address alone",
    answer=dict,
    media_type="application/ld+json",
)
def get_profile(call: StoreCall) -> Response:
    """Our xAPI Profile."""
    return Response(
        msgspec.json.encode(profile.build_profile()), content_type="application/ld+json"
    )


@routes.route(
    "GET", "/openapi.json", public="clients are generated before they hold a key", answer=dict
)
def get_openapi(call: StoreCall) -> dict[str, Any]:
    """This document."""
    return openapi.openapi_document(current_app.extensions[API_ROUTES_KEY])


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
