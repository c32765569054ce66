"""``/api/v1``: how values are published, when that was, and of whom nothing is published yet."""

from __future__ import annotations

import msgspec
from flask.typing import ResponseReturnValue

from analytics.actions import publishing
from analytics.api.request_params import (
    LIMIT,
    PROGRAMME,
    READ,
    WRITE,
    AnalyticsCall,
    AnalyticsRoutes,
    json_row,
    json_with_etag,
    page_response,
    parse_cursor,
)
from analytics.store import published
from core.api_routes import Parameter
from core.openapi import NON_NEGATIVE, object_schema, page_schema

routes = AnalyticsRoutes(reads_query=True)
_BEFORE = Parameter("after", NON_NEGATIVE, lambda text: parse_cursor(text) or None)


@routes.route(
    "GET",
    "/publishing-rule",
    scope=READ,
    query=(PROGRAMME,),
    answer=object_schema(dimension=str, size=int),
)
def get_rule(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """How a programme's values are published."""
    rule = publishing.find_rule(
        call.deps, tenant_id=call.caller.tenant_id, programme=call[PROGRAMME]
    )
    return json_with_etag({"dimension": rule.dimension, "size": rule.size})


@routes.route("PUT", "/publishing-rule", scope=WRITE, body=publishing.Rule, status=204)
def put_rule(call: AnalyticsCall[publishing.Rule]) -> None:
    """Decide by which dimension they are, and how many people at least are published together."""
    publishing.decide_rule(
        call.deps, tenant_id=call.caller.tenant_id, rule=call.body, who=call.caller.who
    )


@routes.route(
    "GET",
    "/publications",
    scope=READ,
    query=(_BEFORE, LIMIT),
    answer=page_schema("publications", published.Publication),
)
def list_publications(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """When values were published, the last time first."""
    with call.deps.unit_of_work(call.caller.tenant_id) as connection:
        found = published.list_publications(
            connection, call.caller.tenant_id, call[_BEFORE], call[LIMIT]
        )
    return page_response(call, "publications", [json_row(item) for item in found], "publication_id")


@routes.route("POST", "/publications", scope=WRITE, status=202, answer=object_schema(asked=bool))
def post_publication(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """Ask for values to be published now; once a day at most."""
    publishing.request_publication(call.deps, tenant_id=call.caller.tenant_id, who=call.caller.who)
    return {"asked": True}, 202


@routes.route(
    "GET",
    "/held-back",
    scope=READ,
    query=(PROGRAMME,),
    answer=page_schema("held_back", publishing.HeldBack),
)
def list_held_back(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """Of which groups some people are not published yet, and how long they wait at most."""
    found = publishing.list_held_back(
        call.deps, tenant_id=call.caller.tenant_id, programme=call[PROGRAMME]
    )
    return json_with_etag(
        {"held_back": [msgspec.to_builtins(item) for item in found], "next": None}
    )
