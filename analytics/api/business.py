"""``/api/v1``: business KPIs, their readings, costs and valuations; scorecard weights."""

from __future__ import annotations

from dataclasses import asdict

import msgspec
from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from analytics.actions import business, scorecard_weights
from analytics.api.request_params import (
    allow_parameters,
    clamp_bigint,
    decode_body,
    json_row,
    json_with_etag,
    page_cursor,
    page_limit,
    require_programme,
    wants_history,
)
from analytics.deps import COMPUTE_JOB, AnalyticsDeps, RequireScope
from analytics.reports.builders.scorecard import line_label
from analytics.scorecards import DEFAULT_LINES, Line, describe_fault, parse_lines
from analytics.store import kpis, scorecards
from core.clock import format_instant
from core.errors import BadInput, NotFound


class Scorecard(msgspec.Struct, forbid_unknown_fields=True):
    """The lines of a programme's scorecard, as they are sent."""

    programme: str
    lines: list[Line]


class Why(msgspec.Struct, forbid_unknown_fields=True):
    """Why something is taken back."""

    why: str


def blueprint(deps: AnalyticsDeps, require_scope: RequireScope) -> Blueprint:
    """Routes for business KPIs and scorecards."""
    pages = Blueprint("business", __name__, url_prefix="/api/v1")

    @pages.get("/kpis")
    def list_kpis() -> ResponseReturnValue:
        caller = require_scope("metrics/read")
        allow_parameters("programme")
        with deps.unit_of_work(caller.tenant_id) as connection:
            result = [
                asdict(item)
                for item in kpis.list_kpis(connection, caller.tenant_id, require_programme())
            ]
        return json_with_etag({"kpis": result, "next": None})

    @pages.put("/kpis/<key>")
    def put_kpi(key: str) -> ResponseReturnValue:
        caller = require_scope("metrics/write")
        allow_parameters("programme")
        definition = decode_body(business.Definition)
        business.define_kpi(
            deps,
            tenant_id=caller.tenant_id,
            programme=require_programme(),
            key=key,
            definition=definition,
            who=f"credential {caller.key}",
        )
        deps.job_requests.request_job(COMPUTE_JOB)
        return "", 204

    @pages.put("/kpis/<key>/valuation")
    def put_valuation(key: str) -> ResponseReturnValue:
        caller = require_scope("metrics/write")
        allow_parameters("programme")
        valuation = decode_body(business.Valuation)
        created = business.value_kpi(
            deps,
            tenant_id=caller.tenant_id,
            programme=require_programme(),
            key=key,
            valuation=valuation,
            who=f"credential {caller.key}",
        )
        return jsonify({"version": created})

    @pages.get("/kpis/<key>/valuation")
    def get_valuation(key: str) -> ResponseReturnValue:
        """The valuation in force; NotFound if none was recorded."""
        caller = require_scope("metrics/read")
        allow_parameters("programme")
        with deps.unit_of_work(caller.tenant_id) as connection:
            result = kpis.find_latest_valuation(
                connection, caller.tenant_id, require_programme(), key
            )
        if result is None:
            raise NotFound("Nobody has said what a unit of this figure is worth; PUT says so.")
        version, body, who, at = result
        return json_with_etag(
            {"version": version, "valuation": body, "who": who, "at": format_instant(at)}
        )

    @pages.post("/kpi-readings")
    def post_readings() -> ResponseReturnValue:
        caller = require_scope("metrics/write")
        allow_parameters()
        summary = business.import_readings(
            deps,
            tenant_id=caller.tenant_id,
            readings=decode_body(business.Readings),
            who=f"credential {caller.key}",
        )
        deps.job_requests.request_job(COMPUTE_JOB)
        return jsonify(summary)

    @pages.get("/kpi-readings")
    def list_readings() -> ResponseReturnValue:
        """Readings in the order received; needs access to individual-level data;
        ``history=all``: replaced readings, too.
        """
        caller = require_scope("metrics/individual")
        allow_parameters("programme", "kpi", "after", "limit", "history")
        history, limit, after = wants_history(), page_limit(), page_cursor("after")
        with deps.unit_of_work(caller.tenant_id) as connection:
            result = kpis.list_readings(
                connection,
                caller.tenant_id,
                require_programme(),
                request.args.get("kpi") or None,
                after,
                limit,
                history,
            )
        return json_with_etag(
            {
                "readings": [json_row(asdict(item)) for item in result],
                "next": result[-1].reading_id if len(result) == limit else None,
            }
        )

    @pages.post("/costs")
    def post_cost() -> ResponseReturnValue:
        caller = require_scope("metrics/write")
        allow_parameters()
        created = business.record_cost(
            deps,
            tenant_id=caller.tenant_id,
            incoming_cost=decode_body(business.IncomingCost),
            who=f"credential {caller.key}",
        )
        return jsonify({"cost": created}), 201

    @pages.get("/costs")
    def list_costs() -> ResponseReturnValue:
        caller = require_scope("metrics/read")
        allow_parameters("programme", "after", "limit")
        limit, after = page_limit(), page_cursor("after")
        with deps.unit_of_work(caller.tenant_id) as connection:
            result = kpis.list_costs(
                connection, caller.tenant_id, require_programme(), after, limit, everything=True
            )
        listed = [{**json_row(asdict(item)), "amount": str(item.amount)} for item in result]
        return json_with_etag(
            {"costs": listed, "next": result[-1].cost_id if len(result) == limit else None}
        )

    @pages.delete("/costs/<int:cost_id>")
    def delete_cost(cost_id: int) -> ResponseReturnValue:
        caller = require_scope("metrics/write")
        allow_parameters()
        why = decode_body(Why).why
        business.retract_cost(
            deps,
            tenant_id=caller.tenant_id,
            cost_id=clamp_bigint(cost_id),
            why=why,
            who=f"credential {caller.key}",
        )
        return "", 204

    @pages.get("/scorecard")
    def get_scorecard() -> ResponseReturnValue:
        """The lines in force; version 0 without an author if they are the default."""
        caller = require_scope("metrics/read")
        allow_parameters("programme")
        with deps.unit_of_work(caller.tenant_id) as connection:
            result = scorecards.find_latest_scorecard(
                connection, caller.tenant_id, require_programme()
            )
        version, lines, who, at = result or (
            0,
            [msgspec.structs.asdict(line) for line in DEFAULT_LINES],
            "",
            None,
        )
        named = [
            {**line, "label": line_label(item)}
            for line, item in zip(lines, parse_lines(lines), strict=True)
        ]
        return json_with_etag(
            {
                "version": version,
                "lines": named,
                "who": who,
                "at": format_instant(at) if at else None,
            }
        )

    @pages.put("/scorecard")
    def put_scorecard() -> ResponseReturnValue:
        caller = require_scope("metrics/write")
        allow_parameters()
        scorecard = decode_body(Scorecard)
        fault = describe_fault(scorecard.lines)
        if fault:
            raise BadInput(fault, path="$.lines")
        lines = [msgspec.structs.asdict(line) for line in scorecard.lines]
        created = scorecard_weights.set_scorecard_weights(
            deps,
            tenant_id=caller.tenant_id,
            programme=scorecard.programme,
            lines=lines,
            who=f"credential {caller.key}",
        )
        return jsonify({"version": created})

    return pages
