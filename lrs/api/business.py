"""``/api/v1``: business KPIs, their readings, costs and valuations; scorecard weights."""

from __future__ import annotations

from dataclasses import asdict

import msgspec
from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from core.clock import text_of
from core.errors import BadInput, NotFound
from lrs.actions import business, weighing
from lrs.actions.deps import StoreDeps
from lrs.api import access
from lrs.api.asking import allow, answer, body_as, held, history, number, programme, rows, told
from lrs.metrics.scorecards import DEFAULT, Line, faults, read
from lrs.reports.scorecard import label_of
from lrs.store import kpis, scorecards

COMPUTE_JOB = "lrs.long_worker.compute"


class Scorecard(msgspec.Struct, forbid_unknown_fields=True):
    """The lines of a programme's scorecard, as they are sent."""

    programme: str
    lines: list[Line]


class Why(msgspec.Struct, forbid_unknown_fields=True):
    """Why something is taken back."""

    why: str


def blueprint(deps: StoreDeps) -> Blueprint:
    """Routes for business KPIs and scorecards."""
    pages = Blueprint("business", __name__, url_prefix="/api/v1")

    @pages.get("/kpis")
    def every_kpi() -> ResponseReturnValue:
        caller = access.require(deps, "metrics/read")
        allow("programme")
        with deps.unit_of_work(caller.tenant_id) as connection:
            found = [asdict(one) for one in kpis.of_programme(connection, caller.tenant_id, programme())]
        return answer({"kpis": found, "next": None})

    @pages.put("/kpis/<key>")
    def define(key: str) -> ResponseReturnValue:
        caller = access.require(deps, "metrics/write")
        allow("programme")
        given = body_as(business.Definition)
        business.define(deps, tenant_id=caller.tenant_id, programme=programme(), key=key, given=given, who=f"credential {caller.key}")
        deps.nudges.nudge(COMPUTE_JOB)
        return "", 204

    @pages.put("/kpis/<key>/valuation")
    def value(key: str) -> ResponseReturnValue:
        caller = access.require(deps, "metrics/write")
        allow("programme")
        given = body_as(business.Valuation)
        made = business.value(deps, tenant_id=caller.tenant_id, programme=programme(), key=key, given=given, who=f"credential {caller.key}")
        return jsonify({"version": made})

    @pages.get("/kpis/<key>/valuation")
    def worth(key: str) -> ResponseReturnValue:
        """The valuation in force; NotFound if none was recorded."""
        caller = access.require(deps, "metrics/read")
        allow("programme")
        with deps.unit_of_work(caller.tenant_id) as connection:
            found = kpis.newest_valuation(connection, caller.tenant_id, programme(), key)
        if found is None:
            raise NotFound("Nobody has said what a unit of this figure is worth; PUT says so.")
        version, body, who, at = found
        return answer({"version": version, "valuation": body, "who": who, "at": text_of(at)})

    @pages.post("/kpi-readings")
    def take() -> ResponseReturnValue:
        caller = access.require(deps, "metrics/write")
        allow()
        told = business.take_readings(deps, tenant_id=caller.tenant_id, given=body_as(business.Readings), who=f"credential {caller.key}")
        deps.nudges.nudge(COMPUTE_JOB)
        return jsonify(told)

    @pages.get("/kpi-readings")
    def readings() -> ResponseReturnValue:
        """Readings in the order received; needs access to individual-level data;
        ``history=all``: replaced readings, too.
        """
        caller = access.require(deps, "metrics/individual")
        allow("programme", "kpi", "after", "limit", "history")
        every, limit, after = history(), rows(), number("after")
        with deps.unit_of_work(caller.tenant_id) as connection:
            found = kpis.readings(connection, caller.tenant_id, programme(), request.args.get("kpi") or None, after, limit, every)
        return answer({"readings": [told(asdict(one)) for one in found], "next": found[-1].reading_id if len(found) == limit else None})

    @pages.post("/costs")
    def add_cost() -> ResponseReturnValue:
        caller = access.require(deps, "metrics/write")
        allow()
        made = business.add_cost(deps, tenant_id=caller.tenant_id, given=body_as(business.IncomingCost), who=f"credential {caller.key}")
        return jsonify({"cost": made}), 201

    @pages.get("/costs")
    def costs() -> ResponseReturnValue:
        caller = access.require(deps, "metrics/read")
        allow("programme", "after", "limit")
        limit, after = rows(), number("after")
        with deps.unit_of_work(caller.tenant_id) as connection:
            found = kpis.costs(connection, caller.tenant_id, programme(), after, limit, every=True)
        listed = [{**told(asdict(one)), "amount": str(one.amount)} for one in found]
        return answer({"costs": listed, "next": found[-1].cost_id if len(found) == limit else None})

    @pages.delete("/costs/<int:cost_id>")
    def take_back(cost_id: int) -> ResponseReturnValue:
        caller = access.require(deps, "metrics/write")
        allow()
        why = body_as(Why).why
        business.take_back_cost(deps, tenant_id=caller.tenant_id, cost_id=held(cost_id), why=why, who=f"credential {caller.key}")
        return "", 204

    @pages.get("/scorecard")
    def weights() -> ResponseReturnValue:
        """The lines in force; version 0 without an author if they are the default."""
        caller = access.require(deps, "metrics/read")
        allow("programme")
        with deps.unit_of_work(caller.tenant_id) as connection:
            found = scorecards.newest(connection, caller.tenant_id, programme())
        version, lines, who, at = found or (0, [msgspec.structs.asdict(line) for line in DEFAULT], "", None)
        named = [{**line, "label": label_of(one)} for line, one in zip(lines, read(lines), strict=True)]
        return answer({"version": version, "lines": named, "who": who, "at": text_of(at) if at else None})

    @pages.put("/scorecard")
    def weigh() -> ResponseReturnValue:
        caller = access.require(deps, "metrics/write")
        allow()
        given = body_as(Scorecard)
        wrong = faults(given.lines)
        if wrong:
            raise BadInput(wrong, path="$.lines")
        lines = [msgspec.structs.asdict(line) for line in given.lines]
        made = weighing.weigh(deps, tenant_id=caller.tenant_id, programme=given.programme, lines=lines, who=f"credential {caller.key}")
        return jsonify({"version": made})

    return pages
