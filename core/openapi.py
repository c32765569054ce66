"""Describing routes below ``/api/v1`` as OpenAPI 3.1. The schemas come from the types that parse
the requests and build the answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Blueprint

Schema = dict[str, Any]
_PREFIX = "/api/v1"
SCHEMA_REF = "#/components/schemas/{name}"
NON_NEGATIVE: Schema = {"type": "integer", "minimum": 0}
# Errors common to all operations: no credential, insufficient scope, an invalid parameter or
# body.
_COMMON_ERRORS = ("400", "401", "403")
_STATUS_DESCRIPTIONS = {
    "200": "Done",
    "201": "Made",
    "202": "On the list",
    "204": "Done, and nothing to say",
    "304": "Nothing changed since the ETag that If-None-Match names",
    "400": "Not understood; the problem document says where",
    "401": "No known credential",
    "403": "The credential lacks the scope",
    "404": "There is no such thing",
    "409": "Against what is on record",
}


@dataclass(frozen=True)
class Operation:
    """One route: method, path below ``/api/v1``, the scope it needs (empty: none), what it takes
    and answers.
    """

    method: str
    path: str
    summary: str
    scope: str
    answer: Schema | None
    query: Mapping[str, Schema] | None = None
    required: Sequence[str] = ()
    body: Schema | None = None
    status: str = "200"
    error_statuses: Sequence[str] = ()
    extra_media_types: Sequence[str] = ()
    kind: str = "application/json"

    def to_openapi(self) -> Schema:
        """Return the operation as OpenAPI describes it."""
        names = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        number = {"type": "integer", "minimum": 0}
        parameters = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": number
                if name in ("cost", "merge", "mapping", "export")
                else {"type": "string", "minLength": 1},
            }
            for name in names
        ]
        parameters += [
            {
                "name": name,
                "in": "query",
                "required": name in self.required,
                "schema": schema,
                **({"explode": True} if name == "key" else {}),
            }
            for name, schema in (self.query or {}).items()
        ]
        content = {kind: {"schema": schema} for kind, schema in self._response_types()}
        answers: Schema = {
            self.status: {
                "description": _STATUS_DESCRIPTIONS[self.status],
                **({"content": content} if content else {}),
            }
        }
        if self.method == "get" and self.kind == "application/json":
            answers["304"] = {"description": _STATUS_DESCRIPTIONS["304"]}
        problem_content = {
            "application/problem+json": {"schema": {"$ref": SCHEMA_REF.format(name="Problem")}}
        }
        for status in (*(_COMMON_ERRORS if self.scope else ()), *self.error_statuses):
            answers[status] = {
                "description": _STATUS_DESCRIPTIONS[status],
                "content": problem_content,
            }
        created: Schema = {
            "summary": self.summary,
            "tags": [self._tag()],
            "parameters": parameters,
            "responses": answers,
        }
        if self.scope:
            created["description"] = f"Needs the scope {self.scope}."
        else:
            created["security"] = []
        if self.body is not None:
            created["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": self.body}},
            }
        return created

    def _response_types(self) -> list[tuple[str, Schema]]:
        own = [(self.kind, self.answer)] if self.answer is not None else []
        return [*own, *((kind, {"type": "string"}) for kind in self.extra_media_types)]

    def _tag(self) -> str:
        return self.path.split("/")[1]


@dataclass(frozen=True)
class ApiPart:
    """A part of ``/api/v1`` that a package adds: its routes, what they are, and the types of their
    requests and answers.
    """

    blueprints: Sequence[Blueprint]
    operations: Sequence[Operation]
    types: Sequence[type]


def api_paths(parts: Sequence[ApiPart]) -> dict[str, dict[str, Schema]]:
    """Return the path items of every route below ``/api/v1``."""
    result: dict[str, dict[str, Schema]] = {}
    for part in parts:
        for operation in part.operations:
            result.setdefault(_PREFIX + operation.path, {})[operation.method] = (
                operation.to_openapi()
            )
    return result


def api_schemas(parts: Sequence[ApiPart]) -> dict[str, Schema]:
    """Return the schemas that the paths refer to."""
    _, created = msgspec.json.schema_components(
        [shape for part in parts for shape in part.types], ref_template=SCHEMA_REF
    )
    return {**created, "Problem": _problem_schema()}


def schema_ref(shape: type) -> Schema:
    """Refer to the schema of a type."""
    return {"$ref": SCHEMA_REF.format(name=shape.__name__)}


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
