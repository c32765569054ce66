"""``/api/v1``: business KPIs, their readings, costs and valuations; scorecard weights."""

from __future__ import annotations

from typing import Any

import msgspec
from flask.typing import ResponseReturnValue

from analytics.actions import business, scorecard_weights
from analytics.api.request_params import (
    AFTER,
    GROUPS_ONLY,
    HISTORY,
    KPI,
    LIMIT,
    PAGING,
    PROGRAMME,
    READ,
    WRITE,
    AnalyticsCall,
    AnalyticsRoutes,
    json_row,
    json_with_etag,
    page_response,
    reads_live,
)
from analytics.deps import COMPUTE_JOB
from analytics.reports.builders.scorecard import line_label
from analytics.scorecards import DEFAULT_LINES, Line, describe_fault, parse_lines
from analytics.store import kpis, scorecards
from core.clock import format_instant
from core.errors import BadInput, NotFound
from core.openapi import NON_NEGATIVE, object_schema, page_schema

routes = AnalyticsRoutes(reads_query=True)


class Scorecard(msgspec.Struct, forbid_unknown_fields=True):
    """The lines of a programme's scorecard, as they are sent."""

    programme: str
    lines: list[Line]


class Why(msgspec.Struct, forbid_unknown_fields=True):
    """Why something is taken back."""

    why: str


@routes.route("GET", "/kpis", scope=READ, query=(PROGRAMME,), answer=page_schema("kpis", kpis.Kpi))
def list_kpis(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """The business figures of a programme."""
    with call.deps.unit_of_work(call.caller.tenant_id) as connection:
        result = kpis.list_kpis(connection, call.caller.tenant_id, call[PROGRAMME])
    return json_with_etag({"kpis": [json_row(item) for item in result], "next": None})


@routes.route(
    "PUT",
    "/kpis/<key>",
    scope=WRITE,
    query=(PROGRAMME,),
    body=business.Definition,
    status=204,
    errors=(409,),
)
def put_kpi(call: AnalyticsCall[business.Definition], key: str) -> None:
    """Name a business figure."""
    business.define_kpi(
        call.deps,
        tenant_id=call.caller.tenant_id,
        programme=call[PROGRAMME],
        key=key,
        definition=call.body,
        who=call.caller.who,
    )
    call.deps.job_requests.request_job(COMPUTE_JOB)


@routes.route(
    "PUT",
    "/kpis/<key>/valuation",
    scope=WRITE,
    query=(PROGRAMME,),
    body=business.Valuation,
    answer=object_schema(version=NON_NEGATIVE),
    errors=(404, 409),
)
def put_valuation(call: AnalyticsCall[business.Valuation], key: str) -> dict[str, Any]:
    """Say what one unit of it is worth; gives the version."""
    created = business.value_kpi(
        call.deps,
        tenant_id=call.caller.tenant_id,
        programme=call[PROGRAMME],
        key=key,
        valuation=call.body,
        who=call.caller.who,
    )
    return {"version": created}


@routes.route(
    "GET",
    "/kpis/<key>/valuation",
    scope=READ,
    query=(PROGRAMME,),
    answer=object_schema(
        version=NON_NEGATIVE,
        valuation=business.Valuation,
        who=str,
        at={"type": "string", "format": "date-time"},
    ),
    errors=(404,),
)
def get_valuation(call: AnalyticsCall[None], key: str) -> ResponseReturnValue:
    """What one unit of it is worth now."""
    with call.deps.unit_of_work(call.caller.tenant_id) as connection:
        result = kpis.find_latest_valuation(connection, call.caller.tenant_id, call[PROGRAMME], key)
    if result is None:
        raise NotFound("Nobody has said what a unit of this figure is worth; PUT says so.")
    version, body, who, at = result
    return json_with_etag(
        {"version": version, "valuation": body, "who": who, "at": format_instant(at)}
    )


@routes.route(
    "POST",
    "/kpi-readings",
    scope=WRITE,
    body=business.Readings,
    answer=object_schema(
        new=NON_NEGATIVE, known=NON_NEGATIVE, corrected=NON_NEGATIVE, warnings=list, dry_run=bool
    ),
    errors=(404, 409),
)
def post_readings(call: AnalyticsCall[business.Readings]) -> dict[str, Any]:
    """Store readings: all or none."""
    summary = business.import_readings(
        call.deps, tenant_id=call.caller.tenant_id, readings=call.body, who=call.caller.who
    )
    call.deps.job_requests.request_job(COMPUTE_JOB)
    return summary


@routes.route(
    "GET",
    "/kpi-readings",
    scope=READ,
    query=(PROGRAMME, KPI, *PAGING, HISTORY, GROUPS_ONLY),
    answer=page_schema("readings", kpis.Reading),
)
def list_readings(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """Readings in the order in which they came.

    ``history=all``: replaced readings, too. For callers who may not see single people, and with
    ``people=groups``, those alone of teams and sites of which values are published.
    """
    with call.deps.unit_of_work(call.caller.tenant_id) as connection:
        result = kpis.list_readings(
            connection,
            call.caller.tenant_id,
            call[PROGRAMME],
            call[KPI],
            call[AFTER],
            call[LIMIT],
            call[HISTORY],
            reads_live(call),
        )
    return page_response(call, "readings", [json_row(item) for item in result], "reading_id")


@routes.route(
    "POST",
    "/costs",
    scope=WRITE,
    body=business.IncomingCost,
    answer=object_schema(cost=NON_NEGATIVE),
    status=201,
    errors=(409,),
)
def post_cost(call: AnalyticsCall[business.IncomingCost]) -> dict[str, Any]:
    """Add a line to the cost ledger."""
    created = business.record_cost(
        call.deps, tenant_id=call.caller.tenant_id, incoming_cost=call.body, who=call.caller.who
    )
    return {"cost": created}


@routes.route(
    "GET", "/costs", scope=READ, query=(PROGRAMME, *PAGING), answer=page_schema("costs", kpis.Cost)
)
def list_costs(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """The cost ledger."""
    with call.deps.unit_of_work(call.caller.tenant_id) as connection:
        result = kpis.list_costs(
            connection,
            call.caller.tenant_id,
            call[PROGRAMME],
            call[AFTER],
            call[LIMIT],
            everything=True,
        )
    rows = [{**json_row(item), "amount": str(item.amount)} for item in result]
    return page_response(call, "costs", rows, "cost_id")


@routes.route("DELETE", "/costs/<int:cost_id>", scope=WRITE, body=Why, status=204, errors=(404,))
def delete_cost(call: AnalyticsCall[Why], cost_id: int) -> None:
    """Take a line back."""
    business.retract_cost(
        call.deps,
        tenant_id=call.caller.tenant_id,
        cost_id=cost_id,
        why=call.body.why,
        who=call.caller.who,
    )


@routes.route(
    "GET",
    "/scorecard",
    scope=READ,
    query=(PROGRAMME,),
    answer=object_schema(
        version=NON_NEGATIVE,
        lines={"type": "array", "items": object_schema(metric=str, label=str, weight=float)},
        who=str,
        at={"type": ["string", "null"]},
    ),
)
def get_scorecard(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """What the scorecard weighs now.

    Version 0 without an author if the lines are the default.
    """
    with call.deps.unit_of_work(call.caller.tenant_id) as connection:
        result = scorecards.find_latest_scorecard(
            connection, call.caller.tenant_id, call[PROGRAMME]
        )
    default = [msgspec.structs.asdict(line) for line in DEFAULT_LINES]
    version, lines, who, at = result or (0, default, "", None)
    named = [
        {**line, "label": line_label(item)}
        for line, item in zip(lines, parse_lines(lines), strict=True)
    ]
    return json_with_etag(
        {"version": version, "lines": named, "who": who, "at": format_instant(at) if at else None}
    )


@routes.route(
    "PUT", "/scorecard", scope=WRITE, body=Scorecard, answer=object_schema(version=NON_NEGATIVE)
)
def put_scorecard(call: AnalyticsCall[Scorecard]) -> dict[str, Any]:
    """Weigh the scorecard; gives the version."""
    fault = describe_fault(call.body.lines)
    if fault:
        raise BadInput(fault, path="$.lines")
    created = scorecard_weights.set_scorecard_weights(
        call.deps,
        tenant_id=call.caller.tenant_id,
        programme=call.body.programme,
        lines=[msgspec.structs.asdict(line) for line in call.body.lines],
        who=call.caller.who,
    )
    return {"version": created}
