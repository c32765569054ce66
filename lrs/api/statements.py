"""``/xapi/statements`` (xAPI-Communication 2.1)."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

import msgspec
from flask import Response, request
from msgspec import structs

from core.clock import format_instant, from_microseconds
from core.errors import BadInput
from lrs.actions import attachments, launch_tokens, statements
from lrs.actions.scopes import scope_satisfied
from lrs.api.authentication import StoreCall, StoreRoutes
from lrs.api.middleware import fast_post
from lrs.api.xapi_protocol import (
    CONSISTENT_THROUGH_HEADER,
    MAX_BODY_BYTES,
    body_chunks,
    http_date,
    is_version_2_0,
    json_response,
)
from lrs.xapi import formats, json_codec, multipart, statement_rendering
from lrs.xapi import statement_query as queries
from lrs.xapi.actors import identity_of
from lrs.xapi.statement_parser import Authority, Incoming, collect_attachments
from lrs.xapi.statement_query import StatementQuery

MORE_LINK_SECONDS = 48 * 3_600  # xAPI-Data 3.2 requires at least 24 hours
_MORE_PURPOSE = "statement page"
routes = StoreRoutes(reads_query=False)
_PLAIN_HEADER_VALUE = re.compile(r"[\x20-\x7e]{1,200}\Z")


@routes.route("POST", "/statements", scope="statements/write")
def post_statements(call: StoreCall) -> Response:
    """Store statements: all or none."""
    for name in request.args:
        raise BadInput(f"POST takes no parameter here, and so not {name}.", parameter=name)
    reader = call.deps.readers[is_version_2_0(), call.caller.tolerant]
    authority = Authority.from_json(call.caller.authority, call.caller.authority_id)
    stored = _store_request(call, lambda body: reader.statements(body, authority))
    return json_response(json.dumps([str(item.id) for item in stored]).encode())


@routes.route("PUT", "/statements", scope="statements/write")
def put_statement(call: StoreCall) -> Response:
    """Store a statement under an id."""
    if set(request.args) != {"statementId"}:
        raise BadInput(
            "PUT takes the parameter statementId, and no other.", parameter="statementId"
        )
    statement_id = queries.parse_statement_id(request.args["statementId"], "statementId")
    reader = call.deps.readers[is_version_2_0(), call.caller.tolerant]
    authority = Authority.from_json(call.caller.authority, call.caller.authority_id)
    _store_request(call, lambda body: [reader.single(body, str(statement_id), authority)])
    return Response(status=204)


def _store_request(call: StoreCall, read: Callable[[bytes], list[Incoming]]) -> list[Incoming]:
    deps, caller = call.deps, call.caller
    if request.mimetype == "multipart/mixed":
        with attachments.multipart_body(
            deps.unit_of_work,
            deps.blobs,
            tenant_id=caller.tenant_id,
            content_type=request.headers["Content-Type"],
            pieces=body_chunks(),
            largest_first=MAX_BODY_BYTES,
            quota=deps.settings.attachments_bytes,
        ) as mixed:
            incoming = attachments.match_attachments(read(bytes(mixed.first)), mixed.arrived)
            attachments.store_attachments(
                deps.unit_of_work, deps.blobs, tenant_id=caller.tenant_id, arrived=mixed.arrived
            )
    elif request.mimetype == "application/json":
        # Statements that the fast path parsed but could not store keep the ids assigned
        # there.
        incoming = request.environ.get(
            fast_post.PARSED_STATEMENTS_KEY
        ) or attachments.match_attachments(read(request.get_data()), [])
    else:
        kind = request.mimetype or "missing"
        raise BadInput(
            f"The Content-Type is {kind}; send statements as application/json, or as "
            "multipart/mixed.",
            header="Content-Type",
        )
    if caller.launch:
        launch_tokens.require_statements(caller.launch, [item.payload for item in incoming])
    if not scope_satisfied(caller.scopes, "define"):
        incoming = [structs.replace(item, definitions=()) for item in incoming]
    if deps.writer.store(tenant_id=caller.tenant_id, incoming=incoming):
        deps.notify_stored()
    return incoming


@routes.route("GET", "/statements", scope=("statements/read", "statements/read/mine"))
def get_statements(call: StoreCall) -> Response:
    """Statements, or one."""
    deps, caller = call.deps, call.caller
    own = (
        None
        if caller.launch or scope_satisfied(caller.scopes, "statements/read")
        else identity_of(msgspec.json.decode(caller.authority))
    )
    if "statementId" in request.args or "voidedStatementId" in request.args:
        return _get_single_statement(call, own)
    if "more" in request.args:
        result = deps.secrets.verify_token(_MORE_PURPOSE, request.args["more"], MORE_LINK_SECONDS)
        if result["tenant"] != caller.tenant_id:
            raise BadInput("This more link belongs to another tenant.", parameter="more")
        query = replace(StatementQuery.from_json(result["query"]), mine=own)
    else:
        query = replace(queries.parse_statement_query(request.args), mine=own)
    if caller.launch:
        query = launch_tokens.narrow_query(caller.launch, query)
    cap = deps.settings.max_page_size
    query = replace(query, limit=min(query.limit or cap, cap))
    page = statements.statement_page(
        deps.reading,
        tenant_id=caller.tenant_id,
        query=query,
        may_read=partial(launch_tokens.is_own, caller.launch) if caller.launch else None,
    )
    more = ""
    if page.following is not None:
        token = deps.secrets.sign(
            _MORE_PURPOSE, {"tenant": caller.tenant_id, "query": page.following.to_json()}
        )
        more = f"/xapi/statements?more={token}"
    body = statement_rendering.render_statement_result(
        _format_payloads(call, query.format, page.payloads), more
    )
    response = (
        _multipart_response(call, body, page.payloads, [item.ord for item in page.found])
        if query.attachments
        else json_response(body)
    )
    if page.horizon is not None:
        response.headers[CONSISTENT_THROUGH_HEADER] = format_instant(page.horizon)
    if page.found:
        response.headers["Last-Modified"] = _last_modified_date(
            max(item.ord for item in page.found)
        )
    return response


def _get_single_statement(call: StoreCall, own: str | None) -> Response:
    others = set(request.args) - {"statementId", "voidedStatementId", "format", "attachments"}
    if others or {"statementId", "voidedStatementId"} <= set(request.args):
        raise BadInput(
            "Ask for one statement by statementId or voidedStatementId, with no filter beside it."
        )
    query = queries.parse_statement_query(
        {name: request.args[name] for name in ("format", "attachments") if name in request.args}
    )
    name = "statementId" if "statementId" in request.args else "voidedStatementId"
    wanted: uuid.UUID = queries.parse_statement_id(request.args[name], name)
    voided = name == "voidedStatementId"
    result = statements.get_statement(
        call.deps.reading,
        tenant_id=call.caller.tenant_id,
        statement_id=wanted,
        voided=voided,
        may_read=partial(launch_tokens.is_own, call.caller.launch)
        if call.caller.launch
        else StatementQuery(mine=own).may_read,
    )
    (body,) = _format_payloads(call, query.format, [result.payload])
    response = (
        _multipart_response(call, body, [result.payload], [result.ord])
        if query.attachments
        else json_response(body)
    )
    response.headers["Last-Modified"] = _last_modified_date(result.ord)
    return response


def _format_payloads(call: StoreCall, wanted: str, payloads: list[bytes]) -> list[bytes]:
    if is_version_2_0():
        payloads = [statement_rendering.with_utc_timestamps(payload) for payload in payloads]
    if wanted == "ids":
        return [formats.to_ids_format(payload) for payload in payloads]
    if wanted == "canonical":
        definitions = statements.activity_definitions(
            call.deps.reading, tenant_id=call.caller.tenant_id, payloads=payloads
        )
        languages = formats.parse_accept_language(request.headers.get("Accept-Language", ""))
        return [
            formats.to_canonical_format(payload, definitions.get, languages) for payload in payloads
        ]
    return payloads


def _multipart_response(
    call: StoreCall, body: bytes, payloads: list[bytes], ords: list[int]
) -> Response:
    deps, tenant_id = call.deps, call.caller.tenant_id
    named = {
        attachment["sha2"].lower(): attachment["contentType"]
        for payload in payloads
        for attachment in collect_attachments(json_codec.decode(payload))
    }
    hashes = attachments.attachment_hashes(deps.reading, tenant_id=tenant_id, ords=ords)
    parts: Iterable[tuple[str, str, Iterable[bytes]]] = (
        (sha2, _safe_media_type(named.get(sha2, "")), deps.blobs.read(tenant_id, sha2))
        for sha2 in hashes
        if deps.blobs.exists(tenant_id, sha2)
    )
    content_type, pieces = multipart.build_multipart(body, parts)
    return Response(pieces, content_type=content_type)


def _safe_media_type(media_type: str) -> str:
    """Return the sender's media type of an attachment if it is safe in a header."""
    return media_type if _PLAIN_HEADER_VALUE.match(media_type) else "application/octet-stream"


def _last_modified_date(ord_: int) -> str:
    return http_date(from_microseconds(ord_ >> statement_rendering.ORD_SHIFT))
