"""The resources of ``/xapi`` and ``/api/v1`` as an OpenAPI 3.1 document: for client
generators, gateways, and fuzz tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.api_routes import Route
from core.openapi import api_paths, api_schemas
from lrs.api.xapi_protocol import VERSIONS
from lrs.xapi.statement_query import FORMATS

_UUID_SCHEMA = {"type": "string", "format": "uuid"}
_IRI_SCHEMA = {"type": "string", "format": "iri"}
_TIME_SCHEMA = {"type": "string", "format": "date-time"}
_BOOLEAN_SCHEMA = {"type": "boolean"}
_AGENT_SCHEMA = {
    "type": "string",
    "description": "An agent or identified group as JSON.",
    "examples": ['{"mbox":"mailto:somebody@example.org"}'],
}


def openapi_document(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the complete document: ``/xapi`` and these routes of ``/api/v1``."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Carryover record store",
            "version": "1.0",
            "description": "xAPI 1.0.3 and 2.0; metrics, reports and business figures.",
        },
        "servers": [{"url": "/"}],
        "security": [{"basic": []}, {"bearer": []}],
        "paths": {
            "/xapi/about": {
                "get": {
                    "security": [],
                    "summary": "Versions spoken",
                    "responses": _responses("200"),
                }
            },
            "/xapi/statements": _statement_operations(),
            "/xapi/activities": {
                "get": _operation(
                    "The complete definition of an activity",
                    [_query_parameter("activityId", _IRI_SCHEMA, True)],
                    "200",
                )
            },
            "/xapi/agents": {
                "get": _operation(
                    "A Person", [_query_parameter("agent", _AGENT_SCHEMA, True)], "200"
                )
            },
            "/xapi/activities/state": _document_operations(
                "stateId",
                [
                    _query_parameter("activityId", _IRI_SCHEMA, True),
                    _query_parameter("agent", _AGENT_SCHEMA, True),
                    _query_parameter("registration", _UUID_SCHEMA),
                ],
            ),
            "/xapi/activities/profile": _document_operations(
                "profileId", [_query_parameter("activityId", _IRI_SCHEMA, True)]
            ),
            "/xapi/agents/profile": _document_operations(
                "profileId", [_query_parameter("agent", _AGENT_SCHEMA, True)]
            ),
            **api_paths(routes),
        },
        "components": {
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "schemas": {
                "Statement": _statement_schema(),
                "Error": _error_schema(),
                **api_schemas(routes),
            },
        },
    }


def _query_parameter(name: str, schema: dict[str, Any], required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": schema}


def _version_header() -> dict[str, Any]:
    return {
        "name": "X-Experience-API-Version",
        "in": "header",
        "required": True,
        "schema": {"type": "string", "enum": list(VERSIONS)},
    }


def _header_parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}


def _responses(*good: str) -> dict[str, Any]:
    descriptions = {"200": "Done", "204": "Done, and nothing to say"}
    result: dict[str, Any] = {status: {"description": descriptions[status]} for status in good}
    error_content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {
        **result,
        "4XX": {"description": "Refused; the message says what to do", "content": error_content},
    }


def _operation(
    summary: str, parameters: list[dict[str, Any]], *good: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    created: dict[str, Any] = {
        "summary": summary,
        "parameters": [_version_header(), *parameters],
        "responses": _responses(*good),
    }
    if body is not None:
        created["requestBody"] = {"required": True, "content": body}
    return created


def _statement_operations() -> dict[str, Any]:
    statement = {"$ref": "#/components/schemas/Statement"}
    item = {"application/json": {"schema": statement}}
    content = {
        "application/json": {
            "schema": {
                "oneOf": [statement, {"type": "array", "items": statement, "maxItems": 1_000}]
            }
        }
    }
    filters = [
        _query_parameter("statementId", _UUID_SCHEMA),
        _query_parameter("voidedStatementId", _UUID_SCHEMA),
        _query_parameter("agent", _AGENT_SCHEMA),
        _query_parameter("verb", _IRI_SCHEMA),
        _query_parameter("activity", _IRI_SCHEMA),
        _query_parameter("registration", _UUID_SCHEMA),
        _query_parameter("related_activities", _BOOLEAN_SCHEMA),
        _query_parameter("related_agents", _BOOLEAN_SCHEMA),
        _query_parameter("since", _TIME_SCHEMA),
        _query_parameter("until", _TIME_SCHEMA),
        _query_parameter("limit", {"type": "integer", "minimum": 0}),
        _query_parameter("format", {"type": "string", "enum": list(FORMATS)}),
        _query_parameter("attachments", _BOOLEAN_SCHEMA),
        _query_parameter("ascending", _BOOLEAN_SCHEMA),
        _header_parameter("Accept-Language"),
    ]
    return {
        "get": _operation("Statements, or one", filters, "200"),
        "post": _operation("Store statements: all or none", [], "200", body=content),
        "put": _operation(
            "Store a statement under an id",
            [_query_parameter("statementId", _UUID_SCHEMA, True)],
            "204",
            body=item,
        ),
    }


def _document_operations(name: str, place: list[dict[str, Any]]) -> dict[str, Any]:
    item = _query_parameter(name, {"type": "string", "minLength": 1}, True)
    conditions = [_header_parameter("If-Match"), _header_parameter("If-None-Match")]
    anything = {"application/json": {"schema": {}}, "text/plain": {"schema": {"type": "string"}}}
    return {
        "get": _operation(
            "A document, or the ids of a set",
            [
                *place,
                _query_parameter(name, {"type": "string"}),
                _query_parameter("since", _TIME_SCHEMA),
            ],
            "200",
        ),
        "put": _operation("Replace a document", [*place, item, *conditions], "204", body=anything),
        "post": _operation(
            "Merge JSON into a document", [*place, item, *conditions], "204", body=anything
        ),
        "delete": _operation("Remove a document", [*place, item, *conditions], "204"),
    }


def _statement_schema() -> dict[str, Any]:
    """An outline of the schema; rules that a schema cannot express are reported in the error
    response.
    """
    agent = {
        "type": "object",
        "properties": {
            "objectType": {"enum": ["Agent", "Group"]},
            "name": {"type": "string"},
            "mbox": {"type": "string", "pattern": "^mailto:[^ @]+@[^ @]+$"},
            "mbox_sha1sum": {"type": "string", "pattern": "^[0-9a-f]{40}$"},
            "openid": _IRI_SCHEMA,
            "account": {
                "type": "object",
                "required": ["homePage", "name"],
                "properties": {"homePage": _IRI_SCHEMA, "name": {"type": "string"}},
            },
        },
    }
    texts = {"type": "object", "additionalProperties": {"type": "string"}}
    activity = {
        "type": "object",
        "required": ["id"],
        "properties": {
            "objectType": {"const": "Activity"},
            "id": _IRI_SCHEMA,
            "definition": {"type": "object", "properties": {"name": texts, "type": _IRI_SCHEMA}},
        },
    }
    score = {name: {"type": "number"} for name in ("scaled", "raw", "min", "max")}
    result = {
        "success": _BOOLEAN_SCHEMA,
        "completion": _BOOLEAN_SCHEMA,
        "response": {"type": "string"},
        "score": {"type": "object", "properties": score},
    }
    context = {
        "registration": _UUID_SCHEMA,
        "instructor": agent,
        "language": {"type": "string"},
        "extensions": {"type": "object"},
    }
    return {
        "type": "object",
        "required": ["actor", "verb", "object"],
        "properties": {
            "id": _UUID_SCHEMA,
            "actor": agent,
            "verb": {
                "type": "object",
                "required": ["id"],
                "properties": {"id": _IRI_SCHEMA, "display": texts},
            },
            "object": activity,
            "result": {"type": "object", "properties": result},
            "context": {"type": "object", "properties": context},
            "timestamp": _TIME_SCHEMA,
            "version": {"enum": ["1.0.0", *VERSIONS]},
        },
    }


def _error_schema() -> dict[str, Any]:
    place = {"type": "object", "description": "index in the batch, JSON path, parameter or header"}
    inner = {"code": {"type": "string"}, "message": {"type": "string"}, "where": place}
    return {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {"type": "object", "required": ["code", "message"], "properties": inner}
        },
    }
