"""``/xapi/about``, ``/xapi/activities``, ``/xapi/agents`` (xAPI-Communication 2.4, 2.5, 2.8), and
the blueprint of all of ``/xapi``.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Flask, Response, request

from core.errors import BadInput
from lrs.actions import agents, launch_tokens
from lrs.actions.deps import StoreDeps
from lrs.api import documents, statements
from lrs.api.authentication import StoreCall, StoreRoutes, add_routes
from lrs.api.xapi_protocol import VERSIONS, CachedHighWaterMark, install_protocol, json_response
from lrs.vocabulary import BASE
from lrs.xapi import datatypes, json_codec
from lrs.xapi import statement_query as queries
from lrs.xapi.actors import identity_of
from lrs.xapi.errors import StatementInvalid

routes = StoreRoutes(reads_query=False)


def register_xapi(app: Flask, deps: StoreDeps, seen: CachedHighWaterMark) -> None:
    """Register everything below ``/xapi`` with ``app``."""
    pages = Blueprint("xapi", __name__, url_prefix="/xapi")
    install_protocol(app, pages, deps, seen)
    for declared in (statements.routes, documents.routes, routes):
        add_routes(pages, declared, deps)
    app.register_blueprint(pages)


@routes.route("GET", "/about", public="a client asks for the versions before it signs in (2.8)")
def get_about(call: StoreCall) -> Response:
    """Versions spoken."""
    extensions = {f"{BASE}extensions/name": "Carryover"}
    return json_response(json.dumps({"version": list(VERSIONS), "extensions": extensions}).encode())


@routes.route("GET", "/activities", scope=("statements/read", "activities_profile/read"))
def get_activity(call: StoreCall) -> Response:
    """The complete definition of an activity."""
    _require_only_parameter("activityId")
    try:
        iri = datatypes.require_iri(request.args["activityId"], "activityId")
    except StatementInvalid as error:
        raise BadInput(f"The parameter activityId {error.reason}", parameter="activityId") from None
    result: dict[str, Any] = {"objectType": "Activity", "id": iri}
    definition = agents.activity_definition(
        call.deps.reading, tenant_id=call.caller.tenant_id, iri=iri
    )
    if definition:
        result["definition"] = definition  # complete, in all languages (xAPI-Communication 2.5)
    return json_response(json_codec.encode(result))


@routes.route("GET", "/agents", scope=("statements/read", "agents_profile/read"))
def get_person(call: StoreCall) -> Response:
    """A Person."""
    _require_only_parameter("agent")
    wanted = queries.parse_agent(request.args["agent"])
    if call.caller.launch:
        launch_tokens.require_agent(call.caller.launch, identity_of(wanted))
    person = agents.person_object(call.deps.reading, tenant_id=call.caller.tenant_id, agent=wanted)
    return json_response(json_codec.encode(person))


def _require_only_parameter(name: str) -> None:
    if set(request.args) != {name}:
        raise BadInput(f"This resource takes the parameter {name}, and no other.", parameter=name)
