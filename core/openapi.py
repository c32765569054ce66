"""Describing routes below ``/api/v1`` as OpenAPI 3.1. The schemas come from the types that parse
the requests and build the answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Blueprint

from core.api_routes import Parameter, Route, Schema

API_PREFIX = "/api/v1"
_SCHEMA_REF = "#/components/schemas/{name}"
NON_NEGATIVE: Schema = {"type": "integer", "minimum": 0}
_URL_PARAMETER = re.compile(r"<(int:)?(\w+?)(?:_id)?>")
_PLAIN_TYPES = {
    bool: {"type": "boolean"},
    dict: {"type": "object"},
    float: {"type": "number"},
    int: {"type": "integer"},
    list: {"type": "array"},
    str: {"type": "string"},
}
# Errors common to all operations: no credential, insufficient scope, an invalid parameter or
# body.
_COMMON_ERRORS = (400, 401, 403)
_STATUS_DESCRIPTIONS = {
    200: "Done",
    201: "Made",
    202: "On the list",
    204: "Done, and nothing to say",
    304: "Nothing changed since the ETag that If-None-Match names",
    400: "Not understood; the problem document says where",
    401: "No known credential",
    403: "The credential lacks the scope",
    404: "There is no such thing",
    409: "Against what is on record",
}


@dataclass(frozen=True)
class ApiPart:
    """A part of ``/api/v1`` that a package adds: its blueprint, and what its routes declare."""

    blueprint: Blueprint
    routes: Iterable[Route]


def route_path(route: Route) -> str:
    """Return the path of a route as OpenAPI writes it, below the prefix of its blueprint."""
    return _URL_PARAMETER.sub(r"{\2}", route.rule)


def api_paths(routes: Iterable[Route]) -> dict[str, dict[str, Schema]]:
    """Return the path items of these routes below ``/api/v1``."""
    result: dict[str, dict[str, Schema]] = {}
    for route in routes:
        result.setdefault(API_PREFIX + route_path(route), {})[route.method.lower()] = _operation(
            route
        )
    return result


def api_schemas(routes: Iterable[Route]) -> dict[str, Schema]:
    """Return the schemas that the paths refer to."""
    types = [
        shape
        for route in routes
        for described in (route.answer, route.body)
        for shape in _types_in(described)
    ]
    _, created = msgspec.json.schema_components(types, ref_template=_SCHEMA_REF)
    return {**created, "Problem": _problem_schema()}


def _operation(route: Route) -> Schema:
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": NON_NEGATIVE if number else {"type": "string", "minLength": 1},
        }
        for number, name in _URL_PARAMETER.findall(route.rule)
    ]
    operation: Schema = {
        "summary": route.summary,
        "tags": [route.rule.split("/")[1]],
        "parameters": parameters + [_query_parameter(item) for item in route.query or ()],
        "responses": _responses(route),
    }
    if route.scopes:
        operation["description"] = f"Needs the scope {' or '.join(route.scopes)}."
    else:
        operation["security"] = []
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _resolve(route.body)}},
        }
    return operation


def _query_parameter(parameter: Parameter[Any]) -> Schema:
    described = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "schema": parameter.schema,
    }
    return {**described, "explode": True} if parameter.repeated else described


def _responses(route: Route) -> Schema:
    own = {} if route.answer is None else {route.media_type: {"schema": _resolve(route.answer)}}
    content = {**own, **{kind: {"schema": _PLAIN_TYPES[str]} for kind in route.extra_media_types}}
    problem = {"application/problem+json": {"schema": {"$ref": _SCHEMA_REF.format(name="Problem")}}}
    responses: dict[int, Schema] = {route.status: {"content": content} if content else {}}
    if route.method == "GET" and route.media_type == "application/json":
        responses[304] = {}
    for status in (*(_COMMON_ERRORS if route.scopes else ()), *route.errors):
        responses[status] = {"content": problem}
    return {
        str(status): {"description": _STATUS_DESCRIPTIONS[status], **response}
        for status, response in responses.items()
    }


def _types_in(described: Schema) -> list[type]:
    """Return the types that stand in a schema for their own."""
    if isinstance(described, type):
        return [] if described in _PLAIN_TYPES else [described]
    if not isinstance(described, dict | list):
        return []
    inner = described.values() if isinstance(described, dict) else described
    return [shape for item in inner for shape in _types_in(item)]


def _resolve(described: Schema) -> Schema:
    """Return the schema with a reference, or the plain schema, where a type stands."""
    if isinstance(described, type):
        return _PLAIN_TYPES.get(described) or {"$ref": _SCHEMA_REF.format(name=described.__name__)}
    if isinstance(described, dict):
        return {name: _resolve(inner) for name, inner in described.items()}
    return [_resolve(inner) for inner in described] if isinstance(described, list) else described


def object_schema(**properties: Schema) -> Schema:
    """Return the schema of an object that has all of these properties."""
    return {"type": "object", "required": list(properties), "properties": properties}


def page_schema(name: str, entries: Schema) -> Schema:
    """A page of a list: ``next`` is the value of ``after`` for the following page, or null."""
    listed: dict[str, Schema] = {
        name: {"type": "array", "items": entries},
        "next": {"type": ["string", "integer", "null"]},
    }
    return object_schema(**listed)


def _problem_schema() -> Schema:
    place = {"type": "object", "description": "JSON path, index, parameter or header"}
    inner = {"code": {"type": "string"}, "message": {"type": "string"}, "where": place}
    return {
        "type": "object",
        "description": "RFC 9457; “error” is the shape that /xapi answers with, too.",
        "required": ["type", "title", "status", "detail", "error"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "error": {"type": "object", "required": ["code", "message"], "properties": inner},
        },
    }
