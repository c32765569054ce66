"""``/xapi/activities/state``, ``/xapi/activities/profile``, ``/xapi/agents/profile``
(xAPI-Communication 2.3, 2.6, 2.7).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response, request

from core.errors import BadInput
from lrs.actions import documents
from lrs.actions.deps import StoreDeps
from lrs.api import authentication
from lrs.api.xapi_protocol import http_date, is_version_2_0, json_response
from lrs.store.credentials import Caller
from lrs.xapi.documents import (
    ACTIVITY_PROFILE,
    AGENT_PROFILE,
    STATE,
    DocumentKey,
    DocumentKind,
    parse_document_key,
)

_RESOURCES = (
    ("/activities/state", STATE, "state"),
    ("/activities/profile", ACTIVITY_PROFILE, "activities_profile"),
    ("/agents/profile", AGENT_PROFILE, "agents_profile"),
)
MAX_MEDIA_TYPE_LENGTH = 200  # characters


def add_document_routes(pages: Blueprint, deps: StoreDeps) -> None:
    """Add the routes of the three document resources."""
    for path, kind, scope in _RESOURCES:
        pages.add_url_rule(
            path,
            f"{scope}_document",
            _document_view(deps, kind, scope),
            methods=["GET", "PUT", "POST", "DELETE"],
        )


def _document_view(deps: StoreDeps, kind: DocumentKind, scope: str) -> Callable[[], Response]:
    def dispatch() -> Response:
        reads = request.method in ("GET", "HEAD")
        caller = authentication.require_scope(deps, f"{scope}/read" if reads else f"{scope}/write")
        if reads:
            return _get_document(caller)
        return _delete_documents(caller) if request.method == "DELETE" else _write_document(caller)

    def _get_document(caller: Caller) -> Response:
        place, since = parse_document_key(kind, request.args, item=True, several=True)
        if place.document_id is None:
            return _get_document_ids(caller, place, since)
        if since is not None:
            raise BadInput(
                f"since belongs to the list of documents, without {kind.id_parameter}.",
                parameter="since",
            )
        result = documents.get_document(deps.unit_of_work, tenant_id=caller.tenant_id, place=place)
        response = Response(result.body, content_type=result.content_type)
        response.headers["ETag"] = f'"{result.etag}"'
        response.headers["Last-Modified"] = http_date(result.updated_at)
        return response

    def _get_document_ids(caller: Caller, place: DocumentKey, since: datetime | None) -> Response:
        result, updated_at = documents.list_document_ids(
            deps.unit_of_work, tenant_id=caller.tenant_id, place=place, since=since
        )
        response = json_response(json.dumps(result).encode())
        if updated_at is not None:
            response.headers["Last-Modified"] = http_date(updated_at)
        return response

    def _write_document(caller: Caller) -> Response:
        place, _ = parse_document_key(kind, request.args, item=True, several=False)
        body = request.get_data()
        content_type = request.headers.get("Content-Type", "application/octet-stream")
        if len(content_type) > MAX_MEDIA_TYPE_LENGTH or not content_type.isprintable():
            raise BadInput("The Content-Type is no media type.", header="Content-Type")
        strict = (
            deps.settings.state_precondition_2_0
            if is_version_2_0()
            else deps.settings.state_precondition_1_0
        )
        headers = {
            "if_match": request.headers.get("If-Match"),
            "if_none_match": request.headers.get("If-None-Match"),
        }
        if request.method == "PUT":
            must_state = strict or not kind.registration
            documents.put_document(
                deps.unit_of_work,
                tenant_id=caller.tenant_id,
                place=place,
                content_type=content_type,
                body=body,
                must_state=must_state,
                **headers,
            )
        else:
            documents.merge_document(
                deps.unit_of_work,
                tenant_id=caller.tenant_id,
                place=place,
                content_type=content_type,
                body=body,
                **headers,
            )
        return Response(status=204)

    def _delete_documents(caller: Caller) -> Response:
        place, since = parse_document_key(kind, request.args, item=True, several=kind is STATE)
        if since is not None:
            raise BadInput("DELETE takes no since.", parameter="since")
        headers = {
            "if_match": request.headers.get("If-Match"),
            "if_none_match": request.headers.get("If-None-Match"),
        }
        documents.remove_documents(
            deps.unit_of_work, tenant_id=caller.tenant_id, place=place, **headers
        )
        return Response(status=204)

    return dispatch
