"""``/api/v1``: merges of persons, and mappings of activities from other systems."""

from __future__ import annotations

from typing import Any

import msgspec
from flask.typing import ResponseReturnValue

from analytics.actions import activity_mappings, person_merges
from analytics.api.request_params import (
    AFTER,
    ERASE,
    LIMIT,
    PAGING,
    READ,
    WRITE,
    AnalyticsCall,
    AnalyticsRoutes,
    json_row,
    page_response,
)
from analytics.deps import COUNT_JOB
from analytics.store.activity_mappings import ActivityMapping
from analytics.store.person_merges import Merge
from core.openapi import NON_NEGATIVE, object_schema, page_schema

routes = AnalyticsRoutes(reads_query=True)


class Merging(msgspec.Struct, forbid_unknown_fields=True):
    """``alias`` and ``agent`` are one person."""

    alias: dict[str, Any]
    agent: dict[str, Any]
    reason: str


@routes.route(
    "POST",
    "/person-merges",
    scope=ERASE,
    body=Merging,
    answer=object_schema(merge=NON_NEGATIVE),
    status=201,
    errors=(409,),
)
def post_merge(call: AnalyticsCall[Merging]) -> dict[str, Any]:
    """Count an agent as another one."""
    created = person_merges.merge_persons(
        call.deps,
        tenant_id=call.caller.tenant_id,
        alias=call.body.alias,
        agent=call.body.agent,
        reason=call.body.reason,
        who=call.caller.who,
    )
    call.deps.job_requests.request_job(COUNT_JOB)
    return {"merge": created}


@routes.route(
    "GET", "/person-merges", scope=ERASE, query=PAGING, answer=page_schema("merges", Merge)
)
def get_merges(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """Merges, also those that were undone."""
    result = person_merges.list_merges(
        call.deps, tenant_id=call.caller.tenant_id, after=call[AFTER], rows=call[LIMIT]
    )
    return page_response(call, "merges", [json_row(item) for item in result], "merge_id")


@routes.route("DELETE", "/person-merges/<int:merge_id>", scope=ERASE, status=204, errors=(404,))
def delete_merge(call: AnalyticsCall[None], merge_id: int) -> None:
    """Undo a merge."""
    person_merges.undo_merge(
        call.deps, tenant_id=call.caller.tenant_id, merge_id=merge_id, who=call.caller.who
    )
    call.deps.job_requests.request_job(COUNT_JOB)


@routes.route(
    "POST",
    "/activity-mappings",
    scope=WRITE,
    body=activity_mappings.Mapped,
    answer=object_schema(mapping=NON_NEGATIVE),
    status=201,
    errors=(409,),
)
def post_mapping(call: AnalyticsCall[activity_mappings.Mapped]) -> dict[str, Any]:
    """Say what an activity of another system counts as."""
    created = activity_mappings.add_mapping(
        call.deps, tenant_id=call.caller.tenant_id, mapped=call.body, who=call.caller.who
    )
    call.deps.job_requests.request_job(COUNT_JOB)
    return {"mapping": created}


@routes.route(
    "GET",
    "/activity-mappings",
    scope=READ,
    query=PAGING,
    answer=page_schema("mappings", ActivityMapping),
)
def get_mappings(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """What counts as what, also what was undone."""
    result = activity_mappings.list_mappings(
        call.deps, tenant_id=call.caller.tenant_id, after=call[AFTER], rows=call[LIMIT]
    )
    return page_response(call, "mappings", [json_row(item) for item in result], "mapping_id")


@routes.route(
    "DELETE", "/activity-mappings/<int:mapping_id>", scope=WRITE, status=204, errors=(404,)
)
def delete_mapping(call: AnalyticsCall[None], mapping_id: int) -> None:
    """Let it count no longer."""
    activity_mappings.undo_mapping(
        call.deps, tenant_id=call.caller.tenant_id, mapping_id=mapping_id, who=call.caller.who
    )
    call.deps.job_requests.request_job(COUNT_JOB)
