"""``/api/v1``: merges of persons, mappings of activities from other systems, and what does not
count.
"""

from __future__ import annotations

from typing import Any

import msgspec
from flask.typing import ResponseReturnValue

from analytics.actions import (
    activity_mappings,
    mapped_actors,
    merge_suggestions,
    person_merges,
    set_aside,
)
from analytics.actions.mapped_actors import MappingReach
from analytics.actions.merge_suggestions import MergeSuggestion
from analytics.api.request_params import (
    AFTER,
    AFTER_LEARNER,
    INDIVIDUAL,
    LIMIT,
    MERGE,
    PAGING,
    PROGRAMME,
    READ,
    REASON,
    WRITE,
    AnalyticsCall,
    AnalyticsRoutes,
    json_row,
    json_with_etag,
    page_response,
)
from analytics.deps import COUNT_JOB
from analytics.store.activity_mappings import ActivityMapping
from analytics.store.facts import SetAside, SetAsideStatement
from analytics.store.mapped_actors import UnknownActor
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
    scope=MERGE,
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
    "GET", "/person-merges", scope=MERGE, query=PAGING, answer=page_schema("merges", Merge)
)
def get_merges(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """Merges, also those that were undone."""
    result = person_merges.list_merges(
        call.deps, tenant_id=call.caller.tenant_id, after=call[AFTER], rows=call[LIMIT]
    )
    return page_response(call, "merges", [json_row(item) for item in result], "merge_id")


@routes.route("DELETE", "/person-merges/<int:merge_id>", scope=MERGE, status=204, errors=(404,))
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


@routes.route(
    "GET",
    "/activity-mappings/reach",
    scope=INDIVIDUAL,
    query=(PROGRAMME,),
    answer=page_schema("mappings", MappingReach),
)
def get_reach(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """What reached the activities of other systems that count in a programme, and of whom."""
    found = mapped_actors.list_reach(
        call.deps, tenant_id=call.caller.tenant_id, programme=call[PROGRAMME]
    )
    return json_with_etag({"mappings": [json_row(item) for item in found], "next": None})


@routes.route(
    "GET",
    "/unknown-actors",
    scope=INDIVIDUAL,
    query=(AFTER_LEARNER, LIMIT),
    answer=page_schema("actors", UnknownActor),
)
def get_unknown_actors(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """Who did something in such activities, and nobody knows who they are."""
    found = mapped_actors.list_unknown_actors(
        call.deps, tenant_id=call.caller.tenant_id, after=call[AFTER_LEARNER], rows=call[LIMIT]
    )
    rows = [json_row(item) for item in found]
    return page_response(call, "actors", rows, "agent")


class Pair(msgspec.Struct, forbid_unknown_fields=True):
    """Two agents."""

    alias: dict[str, Any]
    agent: dict[str, Any]


@routes.route(
    "GET",
    "/merge-suggestions",
    scope=MERGE,
    query=(AFTER_LEARNER, LIMIT),
    answer=page_schema("suggestions", MergeSuggestion),
)
def get_merge_suggestions(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """Identifiers that look like one person."""
    page = merge_suggestions.list_suggestions(
        call.deps, tenant_id=call.caller.tenant_id, after=call[AFTER_LEARNER], rows=call[LIMIT]
    )
    return json_with_etag(
        {"suggestions": [json_row(item) for item in page.suggestions], "next": page.following}
    )


@routes.route("POST", "/person-separations", scope=MERGE, body=Pair, status=204)
def post_separation(call: AnalyticsCall[Pair]) -> None:
    """Say that two agents are two people."""
    merge_suggestions.keep_apart(
        call.deps,
        tenant_id=call.caller.tenant_id,
        alias=call.body.alias,
        agent=call.body.agent,
        who=call.caller.who,
    )


@routes.route("GET", "/set-aside", scope=READ, answer=page_schema("reasons", SetAside))
def get_set_aside(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """What does not count, by reason."""
    found = set_aside.list_set_aside(call.deps, tenant_id=call.caller.tenant_id)
    return json_with_etag({"reasons": [json_row(item) for item in found], "next": None})


@routes.route(
    "GET",
    "/set-aside/statements",
    scope=INDIVIDUAL,
    query=(REASON, *PAGING),
    answer=page_schema("statements", SetAsideStatement),
)
def get_set_aside_statements(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """Statements that do not count for a reason."""
    found = set_aside.list_statements(
        call.deps,
        tenant_id=call.caller.tenant_id,
        reason=call[REASON],
        after=call[AFTER],
        rows=call[LIMIT],
    )
    return page_response(call, "statements", [json_row(item) for item in found], "ord")


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Why statements do not count, as the list of reasons has it."""

    reason: str


@routes.route(
    "POST",
    "/set-aside/recounts",
    scope=WRITE,
    body=Reason,
    answer=object_schema(statements=NON_NEGATIVE),
    status=202,
)
def post_recount(call: AnalyticsCall[Reason]) -> dict[str, Any]:
    """Count again what is set aside for a reason."""
    queued = set_aside.count_again(
        call.deps,
        tenant_id=call.caller.tenant_id,
        reason=call.body.reason,
        who=call.caller.who,
    )
    return {"statements": queued}
