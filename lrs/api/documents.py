"""``/xapi/activities/state``, ``/xapi/activities/profile``, ``/xapi/agents/profile``
(xAPI-Communication 2.3, 2.6, 2.7).
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial

from flask import Response, request

from core.errors import BadInput
from lrs.actions import documents, launch_tokens
from lrs.api.authentication import StoreCall, StoreRoutes
from lrs.api.xapi_protocol import http_date, is_version_2_0, json_response
from lrs.xapi.documents import (
    ACTIVITY_PROFILE,
    AGENT_PROFILE,
    STATE,
    DocumentKey,
    DocumentKind,
    parse_document_key,
)

MAX_MEDIA_TYPE_LENGTH = 200  # characters
routes = StoreRoutes(reads_query=False)


def _get_document(call: StoreCall, kind: DocumentKind) -> Response:
    place, since = _parse_key(call, kind, item=True, several=True)
    if place.document_id is None:
        return _get_document_ids(call, place, since)
    if since is not None:
        raise BadInput(
            f"since belongs to the list of documents, without {kind.id_parameter}.",
            parameter="since",
        )
    result = documents.get_document(call.deps.reading, tenant_id=call.caller.tenant_id, place=place)
    response = Response(result.body, content_type=result.content_type)
    response.headers["ETag"] = f'"{result.etag}"'
    response.headers["Last-Modified"] = http_date(result.updated_at)
    # By its tag alone, which the standard defines: two states within a second are two.
    if request.if_none_match.contains_weak(result.etag):
        response.status_code, response.data = 304, b""
        del response.headers["Content-Type"]
    return response


def _get_document_ids(call: StoreCall, place: DocumentKey, since: datetime | None) -> Response:
    result, updated_at = documents.list_document_ids(
        call.deps.reading, tenant_id=call.caller.tenant_id, place=place, since=since
    )
    response = json_response(json.dumps(result).encode())
    if updated_at is not None:
        response.headers["Last-Modified"] = http_date(updated_at)
    return response


def _write_document(call: StoreCall, kind: DocumentKind) -> Response:
    deps, tenant_id = call.deps, call.caller.tenant_id
    place, _ = _parse_key(call, kind, item=True, several=False)
    body = request.get_data()
    content_type = request.headers.get("Content-Type", "application/octet-stream")
    if len(content_type) > MAX_MEDIA_TYPE_LENGTH or not content_type.isprintable():
        raise BadInput("The Content-Type is no media type.", header="Content-Type")
    strict = (
        deps.settings.state_precondition_2_0
        if is_version_2_0()
        else deps.settings.state_precondition_1_0
    )
    if request.method == "PUT":
        must_state = strict or not kind.registration
        documents.put_document(
            deps.unit_of_work,
            tenant_id=tenant_id,
            place=place,
            content_type=content_type,
            body=body,
            must_state=must_state,
            **_conditions(),
        )
    else:
        documents.merge_document(
            deps.unit_of_work,
            tenant_id=tenant_id,
            place=place,
            content_type=content_type,
            body=body,
            **_conditions(),
        )
    return Response(status=204)


def _delete_documents(call: StoreCall, kind: DocumentKind) -> Response:
    place, since = _parse_key(call, kind, item=True, several=kind is STATE)
    if since is not None:
        raise BadInput("DELETE takes no since.", parameter="since")
    documents.remove_documents(
        call.deps.unit_of_work, tenant_id=call.caller.tenant_id, place=place, **_conditions()
    )
    return Response(status=204)


def _parse_key(
    call: StoreCall, kind: DocumentKind, *, item: bool, several: bool
) -> tuple[DocumentKey, datetime | None]:
    """What the request names, if the caller may come near it."""
    place, since = parse_document_key(kind, request.args, item=item, several=several)
    if call.caller.launch:
        place = launch_tokens.narrow_document(call.caller.launch, place)
    return place, since


def _conditions() -> dict[str, str | None]:
    return {
        "if_match": request.headers.get("If-Match"),
        "if_none_match": request.headers.get("If-None-Match"),
    }


for _path, _kind, _scope in (
    ("/activities/state", STATE, "state"),
    ("/activities/profile", ACTIVITY_PROFILE, "activities_profile"),
    ("/agents/profile", AGENT_PROFILE, "agents_profile"),
):
    for _method, _access, _handler, _summary in (
        ("GET", "read", _get_document, "A document, or the ids of a set"),
        ("PUT", "write", _write_document, "Replace a document"),
        ("POST", "write", _write_document, "Merge JSON into a document"),
        ("DELETE", "write", _delete_documents, "Remove a document, or a set of states"),
    ):
        routes.route(
            _method,
            _path,
            scope=f"{_scope}/{_access}",
            endpoint=f"{_method.lower()}_{_scope}_document",
            summary=_summary,
        )(partial(_handler, kind=_kind))
