"""``/api/v1``: alarms, the weekly figures behind them with their restatements, and export
files for analysts.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from core.clock import text_of
from core.errors import Forbidden, NotFound
from lrs.actions import exports
from lrs.actions.deps import StoreDeps
from lrs.actions.scopes import satisfies
from lrs.api import access
from lrs.api.asking import LARGEST, allow, answer, body_as, history, number, programme, rows, told
from lrs.metrics.weekly import SERIES
from lrs.reports import levels, weekly
from lrs.store import watching
from lrs.store.credentials import Caller
from lrs.store.exports import Export


def blueprint(deps: StoreDeps) -> Blueprint:
    """Routes for alarms, weekly figures, baselines and exports."""
    pages = Blueprint("watching", __name__, url_prefix="/api/v1")

    @pages.get("/alarms")
    def alarms() -> ResponseReturnValue:
        """Open alarms; ``history=all``: ended ones, too."""
        caller = access.require(deps, "metrics/read")
        allow("programme", "after", "limit", "history")
        asked, limit, every = request.args.get("programme"), rows(), history()
        with deps.unit_of_work(caller.tenant_id) as connection:
            found = watching.alarms(connection, caller.tenant_id, programme=asked, ended=every, after=number("after"), rows=limit)
        return answer({"alarms": [told(asdict(one)) for one in found], "next": found[-1].alarm_id if len(found) == limit else None})

    @pages.get("/weeks/<key>")
    def weeks(key: str) -> ResponseReturnValue:
        """A weekly figure as it was published; ``history=all``: with what was restated, by
        whom and why.
        """
        caller = access.require(deps, "metrics/read")
        allow("programme", "team", "after", "limit", "history")
        if key not in SERIES:
            raise NotFound(f"There is no weekly figure {key!r}; they are {', '.join(SERIES)}.")
        limit, every = rows(), history()
        with deps.unit_of_work(caller.tenant_id) as connection:
            found = watching.figures(connection, caller.tenant_id, programme(), key, request.args.get("team", ""), number("after"), limit, every)
            hidden = set() if _may_see_people(caller) else weekly.hidden(connection, caller.tenant_id, programme(), key, found)
        listed = [_week(asdict(one), one.figure_id in hidden) for one in found]
        return answer({"series": key, "label": SERIES[key].label, "weeks": listed, "next": found[-1].figure_id if len(found) == limit else None})

    @pages.post("/baselines")
    def decide() -> ResponseReturnValue:
        """Record a person's decision that a weekly figure has a new level from a given week."""
        caller = access.require(deps, "metrics/write")
        allow()
        given = body_as(levels.NewLevel)
        return jsonify({"baseline": levels.decide(deps, tenant_id=caller.tenant_id, given=given, who=f"credential {caller.key}")}), 201

    @pages.get("/baselines")
    def decided() -> ResponseReturnValue:
        """All decisions, with who made them and why; for each figure and team the last one
        is in force.
        """
        caller = access.require(deps, "metrics/read")
        allow("programme", "after", "limit")
        limit = rows()
        with deps.unit_of_work(caller.tenant_id) as connection:
            found = watching.levels(connection, caller.tenant_id, programme(), number("after"), limit)
        return answer({"baselines": [told(asdict(one)) for one in found], "next": found[-1].baseline_id if len(found) == limit else None})

    @pages.post("/exports")
    def ask() -> ResponseReturnValue:
        caller = access.require(deps, "metrics/read")
        allow()
        wish = body_as(exports.Wish)
        if wish.people and not _may_see_people(caller):
            raise Forbidden("Rows of single people need the scope metrics/individual; ask for the file without people.")
        made = exports.ask(deps, tenant_id=caller.tenant_id, wish=wish, who=f"credential {caller.key}")
        return jsonify(_export(made)), 202

    @pages.get("/exports")
    def every() -> ResponseReturnValue:
        caller = access.require(deps, "metrics/read")
        allow("after", "limit")
        limit = rows()
        found = exports.listed(deps, tenant_id=caller.tenant_id, individual=_may_see_people(caller), after=number("after"), rows=limit)
        return answer({"exports": [_export(one) for one in found], "next": found[-1].export_id if len(found) == limit else None})

    @pages.get("/exports/<int:export_id>")
    def one(export_id: int) -> ResponseReturnValue:
        """Its progress; once it is finished, its manifest."""
        caller = access.require(deps, "metrics/read")
        allow()
        found = exports.find(deps, tenant_id=caller.tenant_id, export_id=min(export_id, LARGEST), individual=_may_see_people(caller))
        return answer(_export(found))

    @pages.get("/exports/<int:export_id>/file")
    def content(export_id: int) -> ResponseReturnValue:
        """The ZIP file."""
        caller = access.require(deps, "metrics/read")
        allow()
        who = f"credential {caller.key}"
        found, pieces = exports.content(
            deps, tenant_id=caller.tenant_id, export_id=min(export_id, LARGEST), individual=_may_see_people(caller), who=who
        )
        headers = {"Content-Disposition": f"attachment; filename=carryover-{found.export_id}.zip", "Content-Length": str(found.bytes)}
        return Response(pieces, content_type="application/zip", headers=headers)

    return pages


def _may_see_people(caller: Caller) -> bool:
    return satisfies(caller.scopes, "metrics/individual")


def _week(row: dict[str, Any], hidden: bool) -> dict[str, Any]:
    value = row["numerator"] / row["denominator"] if row["denominator"] else None
    nothing = {"numerator": None, "denominator": None, "learners": None, "value": None}
    return told({**row, "value": value, "suppressed": hidden, **(nothing if hidden else {})})


def _export(one: Export) -> dict[str, Any]:
    status = "failed" if one.failed else "made" if one.finished_at else "waiting" if one.rows_in_all is None else "being made"
    return {
        "export": one.export_id,
        "key": one.key,
        "status": "expired" if status == "made" and one.sha2 is None else status,
        "programme": one.programme,
        "format": one.format,
        "people": one.individual,
        "rows_done": one.rows_done,
        "rows_in_all": one.rows_in_all,
        "failed": one.failed,
        "bytes": one.bytes,
        "sha256": one.sha2,
        "manifest": one.manifest,
        "asked_at": text_of(one.asked_at),
        "finished_at": text_of(one.finished_at) if one.finished_at else None,
        "expires_at": text_of(one.expires_at) if one.expires_at else None,
    }
