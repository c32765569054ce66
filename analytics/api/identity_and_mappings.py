"""``/api/v1``: merges of persons, and mappings of activities from other systems."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec
from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from analytics.actions import activity_mappings, person_merges
from analytics.api.request_params import (
    allow_parameters,
    clamp_bigint,
    decode_body,
    json_row,
    json_with_etag,
    page_cursor,
    page_limit,
)
from analytics.deps import COUNT_JOB, AnalyticsDeps, RequireScope


class Merging(msgspec.Struct, forbid_unknown_fields=True):
    """``alias`` and ``agent`` are one person."""

    alias: dict[str, Any]
    agent: dict[str, Any]
    reason: str


def blueprint(deps: AnalyticsDeps, require_scope: RequireScope) -> Blueprint:
    """Routes for person merges and activity mappings."""
    pages = Blueprint("counting", __name__, url_prefix="/api/v1")

    @pages.post("/person-merges")
    def post_merge() -> ResponseReturnValue:
        caller = require_scope("erase")
        allow_parameters()
        merging = decode_body(Merging)
        who = f"credential {caller.key}"
        created = person_merges.merge_persons(
            deps,
            tenant_id=caller.tenant_id,
            alias=merging.alias,
            agent=merging.agent,
            reason=merging.reason,
            who=who,
        )
        deps.job_requests.request_job(COUNT_JOB)
        return jsonify({"merge": created}), 201

    @pages.get("/person-merges")
    def get_merges() -> ResponseReturnValue:
        caller = require_scope("erase")
        allow_parameters("after", "limit")
        limit = page_limit()
        result = person_merges.list_merges(
            deps, tenant_id=caller.tenant_id, after=page_cursor("after"), rows=limit
        )
        return json_with_etag(
            {
                "merges": [json_row(asdict(item)) for item in result],
                "next": result[-1].merge_id if len(result) == limit else None,
            }
        )

    @pages.delete("/person-merges/<int:merge_id>")
    def delete_merge(merge_id: int) -> ResponseReturnValue:
        caller = require_scope("erase")
        allow_parameters()
        person_merges.undo_merge(
            deps,
            tenant_id=caller.tenant_id,
            merge_id=clamp_bigint(merge_id),
            who=f"credential {caller.key}",
        )
        deps.job_requests.request_job(COUNT_JOB)
        return "", 204

    @pages.post("/activity-mappings")
    def post_mapping() -> ResponseReturnValue:
        caller = require_scope("metrics/write")
        allow_parameters()
        created = activity_mappings.add_mapping(
            deps,
            tenant_id=caller.tenant_id,
            mapped=decode_body(activity_mappings.Mapped),
            who=f"credential {caller.key}",
        )
        deps.job_requests.request_job(COUNT_JOB)
        return jsonify({"mapping": created}), 201

    @pages.get("/activity-mappings")
    def get_mappings() -> ResponseReturnValue:
        caller = require_scope("metrics/read")
        allow_parameters("after", "limit")
        limit = page_limit()
        result = activity_mappings.list_mappings(
            deps, tenant_id=caller.tenant_id, after=page_cursor("after"), rows=limit
        )
        return json_with_etag(
            {
                "mappings": [json_row(asdict(item)) for item in result],
                "next": result[-1].mapping_id if len(result) == limit else None,
            }
        )

    @pages.delete("/activity-mappings/<int:mapping_id>")
    def delete_mapping(mapping_id: int) -> ResponseReturnValue:
        caller = require_scope("metrics/write")
        allow_parameters()
        activity_mappings.undo_mapping(
            deps,
            tenant_id=caller.tenant_id,
            mapping_id=clamp_bigint(mapping_id),
            who=f"credential {caller.key}",
        )
        deps.job_requests.request_job(COUNT_JOB)
        return "", 204

    return pages
