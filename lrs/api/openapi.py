"""The resources of ``/xapi`` and ``/api/v1`` as an OpenAPI 3.1 document: for client
generators, gateways, and fuzz tests.
"""

from __future__ import annotations

from typing import Any

from lrs.api import described
from lrs.api.protocol import VERSIONS
from lrs.xapi.query import FORMATS

_UUID = {"type": "string", "format": "uuid"}
_IRI = {"type": "string", "format": "iri"}
_TIME = {"type": "string", "format": "date-time"}
_BOOLEAN = {"type": "boolean"}
_AGENT = {"type": "string", "description": "An agent or identified group as JSON.", "examples": ['{"mbox":"mailto:somebody@example.org"}']}


def document() -> dict[str, Any]:
    """Return the complete document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Carryover record store", "version": "1.0", "description": "xAPI 1.0.3 and 2.0; metrics, reports and business figures."},
        "servers": [{"url": "/"}],
        "security": [{"basic": []}, {"bearer": []}],
        "paths": {
            "/xapi/about": {"get": {"security": [], "summary": "Versions spoken", "responses": _answers("200")}},
            "/xapi/statements": _statements(),
            "/xapi/activities": {"get": _operation("The complete definition of an activity", [_query("activityId", _IRI, True)], "200")},
            "/xapi/agents": {"get": _operation("A Person", [_query("agent", _AGENT, True)], "200")},
            "/xapi/activities/state": _documents(
                "stateId", [_query("activityId", _IRI, True), _query("agent", _AGENT, True), _query("registration", _UUID)]
            ),
            "/xapi/activities/profile": _documents("profileId", [_query("activityId", _IRI, True)]),
            "/xapi/agents/profile": _documents("profileId", [_query("agent", _AGENT, True)]),
            **described.paths(),
        },
        "components": {
            "securitySchemes": {"basic": {"type": "http", "scheme": "basic"}, "bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Statement": _statement(), "Error": _error(), **described.schemas()},
        },
    }


def _query(name: str, schema: dict[str, Any], required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": schema}


def _version() -> dict[str, Any]:
    return {"name": "X-Experience-API-Version", "in": "header", "required": True, "schema": {"type": "string", "enum": list(VERSIONS)}}


def _header(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}


def _answers(*good: str) -> dict[str, Any]:
    words = {"200": "Done", "204": "Done, and nothing to say"}
    found: dict[str, Any] = {status: {"description": words[status]} for status in good}
    problem = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {**found, "4XX": {"description": "Refused; the message says what to do", "content": problem}}


def _operation(summary: str, parameters: list[dict[str, Any]], *good: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"summary": summary, "parameters": [_version(), *parameters], "responses": _answers(*good)}
    if body is not None:
        made["requestBody"] = {"required": True, "content": body}
    return made


def _statements() -> dict[str, Any]:
    statement = {"$ref": "#/components/schemas/Statement"}
    one = {"application/json": {"schema": statement}}
    some = {"application/json": {"schema": {"oneOf": [statement, {"type": "array", "items": statement, "maxItems": 1_000}]}}}
    filters = [
        _query("statementId", _UUID),
        _query("voidedStatementId", _UUID),
        _query("agent", _AGENT),
        _query("verb", _IRI),
        _query("activity", _IRI),
        _query("registration", _UUID),
        _query("related_activities", _BOOLEAN),
        _query("related_agents", _BOOLEAN),
        _query("since", _TIME),
        _query("until", _TIME),
        _query("limit", {"type": "integer", "minimum": 0}),
        _query("format", {"type": "string", "enum": list(FORMATS)}),
        _query("attachments", _BOOLEAN),
        _query("ascending", _BOOLEAN),
        _header("Accept-Language"),
    ]
    return {
        "get": _operation("Statements, or one", filters, "200"),
        "post": _operation("Store statements: all or none", [], "200", body=some),
        "put": _operation("Store a statement under an id", [_query("statementId", _UUID, True)], "204", body=one),
    }


def _documents(name: str, place: list[dict[str, Any]]) -> dict[str, Any]:
    one = _query(name, {"type": "string", "minLength": 1}, True)
    conditions = [_header("If-Match"), _header("If-None-Match")]
    anything = {"application/json": {"schema": {}}, "text/plain": {"schema": {"type": "string"}}}
    return {
        "get": _operation("A document, or the ids of a set", [*place, _query(name, {"type": "string"}), _query("since", _TIME)], "200"),
        "put": _operation("Replace a document", [*place, one, *conditions], "204", body=anything),
        "post": _operation("Merge JSON into a document", [*place, one, *conditions], "204", body=anything),
        "delete": _operation("Remove a document", [*place, one, *conditions], "204"),
    }


def _statement() -> dict[str, Any]:
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
            "openid": _IRI,
            "account": {"type": "object", "required": ["homePage", "name"], "properties": {"homePage": _IRI, "name": {"type": "string"}}},
        },
    }
    texts = {"type": "object", "additionalProperties": {"type": "string"}}
    activity = {
        "type": "object",
        "required": ["id"],
        "properties": {
            "objectType": {"const": "Activity"},
            "id": _IRI,
            "definition": {"type": "object", "properties": {"name": texts, "type": _IRI}},
        },
    }
    score = {name: {"type": "number"} for name in ("scaled", "raw", "min", "max")}
    result = {"success": _BOOLEAN, "completion": _BOOLEAN, "response": {"type": "string"}, "score": {"type": "object", "properties": score}}
    context = {"registration": _UUID, "instructor": agent, "language": {"type": "string"}, "extensions": {"type": "object"}}
    return {
        "type": "object",
        "required": ["actor", "verb", "object"],
        "properties": {
            "id": _UUID,
            "actor": agent,
            "verb": {"type": "object", "required": ["id"], "properties": {"id": _IRI, "display": texts}},
            "object": activity,
            "result": {"type": "object", "properties": result},
            "context": {"type": "object", "properties": context},
            "timestamp": _TIME,
            "version": {"enum": ["1.0.0", *VERSIONS]},
        },
    }


def _error() -> dict[str, Any]:
    place = {"type": "object", "description": "index in the batch, JSON path, parameter or header"}
    inner = {"code": {"type": "string"}, "message": {"type": "string"}, "where": place}
    return {
        "type": "object",
        "required": ["error"],
        "properties": {"error": {"type": "object", "required": ["code", "message"], "properties": inner}},
    }
