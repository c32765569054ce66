"""The record store's own routes below ``/api/v1``, as OpenAPI describes them."""

from __future__ import annotations

from core.openapi import Operation, Schema, object_schema, schema_ref
from lrs.actions.erasure import Erased
from lrs.api.credentials import Wanted

TYPES = (Wanted, Erased)
_AGENT_SCHEMA: Schema = {
    "type": "object",
    "description": "An agent with one identifier (xAPI-Data 4.2.2).",
}


def operations() -> list[Operation]:
    """Return the routes of the record store below ``/api/v1``."""
    erase, credentials = "erase", "credentials"
    return [
        Operation(
            "post",
            "/erasures",
            "Erase a person, or say what would be erased",
            erase,
            {"allOf": [schema_ref(Erased), object_schema(dry_run={"type": "boolean"})]},
            body={
                "type": "object",
                "required": ["agent"],
                "additionalProperties": False,
                "properties": {
                    "agent": _AGENT_SCHEMA,
                    "dry_run": {"type": "boolean", "default": True},
                },
            },
        ),
        Operation(
            "get",
            "/credentials",
            "Keys of the record store",
            credentials,
            object_schema(credentials={"type": "array"}),
        ),
        Operation(
            "post",
            "/credentials",
            "Make a key; its secret is told once",
            credentials,
            object_schema(key={"type": "string"}, secret={"type": "string"}),
            body=schema_ref(Wanted),
            status="201",
        ),
        Operation(
            "delete",
            "/credentials/{key}",
            "End a key",
            credentials,
            None,
            status="204",
            error_statuses=("404",),
        ),
        Operation(
            "get",
            "/profile",
            "Our xAPI Profile",
            "",
            {"type": "object"},
            kind="application/ld+json",
        ),
        Operation("get", "/openapi.json", "This document", "", {"type": "object"}),
    ]
