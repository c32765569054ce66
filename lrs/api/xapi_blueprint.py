"""``/xapi/about``, ``/xapi/activities``, ``/xapi/agents`` (xAPI-Communication 2.4, 2.5, 2.8), and
the blueprint of all of ``/xapi``.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Flask, Response, request

from core.errors import BadInput
from lrs.actions import agents
from lrs.actions.deps import StoreDeps
from lrs.api import authentication, documents, statements
from lrs.api.xapi_protocol import VERSIONS, CachedHighWaterMark, install_protocol, json_response
from lrs.vocabulary import BASE
from lrs.xapi import datatypes, json_codec
from lrs.xapi import statement_query as queries
from lrs.xapi.errors import StatementInvalid


def register_xapi(app: Flask, deps: StoreDeps, seen: CachedHighWaterMark) -> None:
    """Register everything below ``/xapi`` with ``app``."""
    pages = Blueprint("xapi", __name__, url_prefix="/xapi")
    install_protocol(app, pages, deps, seen)
    statements.add_statement_routes(pages, deps)
    documents.add_document_routes(pages, deps)

    @pages.get("/about")
    def get_about() -> Response:
        extensions = {f"{BASE}extensions/name": "Carryover"}
        return json_response(
            json.dumps({"version": list(VERSIONS), "extensions": extensions}).encode()
        )

    @pages.get("/activities")
    def get_activity() -> Response:
        caller = authentication.require_scope(deps, "statements/read", "activities_profile/read")
        _require_only_parameter("activityId")
        try:
            iri = datatypes.require_iri(request.args["activityId"], "activityId")
        except StatementInvalid as error:
            raise BadInput(
                f"The parameter activityId {error.reason}", parameter="activityId"
            ) from None
        result: dict[str, Any] = {"objectType": "Activity", "id": iri}
        definition = agents.activity_definition(
            deps.unit_of_work, tenant_id=caller.tenant_id, iri=iri
        )
        if definition:
            result["definition"] = definition  # complete, in all languages (xAPI-Communication 2.5)
        return json_response(json_codec.encode(result))

    @pages.get("/agents")
    def get_person() -> Response:
        caller = authentication.require_scope(deps, "statements/read", "agents_profile/read")
        _require_only_parameter("agent")
        wanted = queries.parse_agent(request.args["agent"])
        return json_response(
            json_codec.encode(
                agents.person_object(deps.unit_of_work, tenant_id=caller.tenant_id, agent=wanted)
            )
        )

    app.register_blueprint(pages)


def _require_only_parameter(name: str) -> None:
    if set(request.args) != {name}:
        raise BadInput(f"This resource takes the parameter {name}, and no other.", parameter=name)
