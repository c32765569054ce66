"""``/api/v1``: alarms, the weekly figures behind them with their restatements, and export
files for analysts.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from analytics.actions import baselines, exports
from analytics.api.request_params import (
    MAX_BIGINT,
    allow_parameters,
    decode_body,
    json_row,
    json_with_etag,
    page_cursor,
    page_limit,
    require_programme,
    wants_history,
)
from analytics.deps import AnalyticsDeps, RequireScope
from analytics.reports import weekly_privacy
from analytics.store import weekly_figures
from analytics.store.exports import Export
from analytics.weekly_series import WEEKLY_SERIES
from core.clock import format_instant
from core.errors import Forbidden, NotFound
from lrs.feed import Caller, scope_satisfied


def blueprint(deps: AnalyticsDeps, require_scope: RequireScope) -> Blueprint:
    """Routes for alarms, weekly figures, baselines and exports."""
    pages = Blueprint("watching", __name__, url_prefix="/api/v1")

    @pages.get("/alarms")
    def get_alarms() -> ResponseReturnValue:
        """Open alarms; ``history=all``: ended ones, too."""
        caller = require_scope("metrics/read")
        allow_parameters("programme", "after", "limit", "history")
        programme, limit, history = request.args.get("programme"), page_limit(), wants_history()
        with deps.unit_of_work(caller.tenant_id) as connection:
            result = weekly_figures.list_alarms(
                connection,
                caller.tenant_id,
                programme=programme,
                ended=history,
                after=page_cursor("after"),
                rows=limit,
            )
        return json_with_etag(
            {
                "alarms": [json_row(asdict(item)) for item in result],
                "next": result[-1].alarm_id if len(result) == limit else None,
            }
        )

    @pages.get("/weeks/<key>")
    def get_weeks(key: str) -> ResponseReturnValue:
        """A weekly figure as it was published; ``history=all``: with what was restated, by
        whom and why.
        """
        caller = require_scope("metrics/read")
        allow_parameters("programme", "team", "after", "limit", "history")
        if key not in WEEKLY_SERIES:
            raise NotFound(
                f"There is no weekly figure {key!r}; they are {', '.join(WEEKLY_SERIES)}."
            )
        limit, history = page_limit(), wants_history()
        with deps.unit_of_work(caller.tenant_id) as connection:
            result = weekly_figures.list_week_figures(
                connection,
                caller.tenant_id,
                require_programme(),
                key,
                request.args.get("team", ""),
                page_cursor("after"),
                limit,
                history,
            )
            hidden = (
                set()
                if _may_see_individuals(caller)
                else weekly_privacy.hidden_figures(
                    connection, caller.tenant_id, require_programme(), key, result
                )
            )
        listed = [_week_row(asdict(item), item.figure_id in hidden) for item in result]
        return json_with_etag(
            {
                "series": key,
                "label": WEEKLY_SERIES[key].label,
                "weeks": listed,
                "next": result[-1].figure_id if len(result) == limit else None,
            }
        )

    @pages.post("/baselines")
    def post_baseline() -> ResponseReturnValue:
        """Record a person's decision that a weekly figure has a new level from a given week."""
        caller = require_scope("metrics/write")
        allow_parameters()
        new_level = decode_body(baselines.NewLevel)
        return jsonify(
            {
                "baseline": baselines.decide_new_level(
                    deps,
                    tenant_id=caller.tenant_id,
                    new_level=new_level,
                    who=f"credential {caller.key}",
                )
            }
        ), 201

    @pages.get("/baselines")
    def get_baselines() -> ResponseReturnValue:
        """All decisions, with who made them and why; for each figure and team the last one
        is in force.
        """
        caller = require_scope("metrics/read")
        allow_parameters("programme", "after", "limit")
        limit = page_limit()
        with deps.unit_of_work(caller.tenant_id) as connection:
            result = weekly_figures.list_baseline_decisions(
                connection, caller.tenant_id, require_programme(), page_cursor("after"), limit
            )
        return json_with_etag(
            {
                "baselines": [json_row(asdict(item)) for item in result],
                "next": result[-1].baseline_id if len(result) == limit else None,
            }
        )

    @pages.post("/exports")
    def post_export() -> ResponseReturnValue:
        caller = require_scope("metrics/read")
        allow_parameters()
        wanted = decode_body(exports.Wish)
        if wanted.people and not _may_see_individuals(caller):
            raise Forbidden(
                "Rows of single people need the scope metrics/individual; ask for the file "
                "without people."
            )
        created = exports.request_export(
            deps, tenant_id=caller.tenant_id, wanted=wanted, who=f"credential {caller.key}"
        )
        return jsonify(_export_row(created)), 202

    @pages.get("/exports")
    def get_exports() -> ResponseReturnValue:
        caller = require_scope("metrics/read")
        allow_parameters("after", "limit")
        limit = page_limit()
        result = exports.list_exports(
            deps,
            tenant_id=caller.tenant_id,
            individual=_may_see_individuals(caller),
            after=page_cursor("after"),
            rows=limit,
        )
        return json_with_etag(
            {
                "exports": [_export_row(item) for item in result],
                "next": result[-1].export_id if len(result) == limit else None,
            }
        )

    @pages.get("/exports/<int:export_id>")
    def get_export(export_id: int) -> ResponseReturnValue:
        """Its progress; once it is finished, its manifest."""
        caller = require_scope("metrics/read")
        allow_parameters()
        result = exports.find_export(
            deps,
            tenant_id=caller.tenant_id,
            export_id=min(export_id, MAX_BIGINT),
            individual=_may_see_individuals(caller),
        )
        return json_with_etag(_export_row(result))

    @pages.get("/exports/<int:export_id>/file")
    def get_export_file(export_id: int) -> ResponseReturnValue:
        """The ZIP file."""
        caller = require_scope("metrics/read")
        allow_parameters()
        who = f"credential {caller.key}"
        result, pieces = exports.export_content(
            deps,
            tenant_id=caller.tenant_id,
            export_id=min(export_id, MAX_BIGINT),
            individual=_may_see_individuals(caller),
            who=who,
        )
        headers = {
            "Content-Disposition": f"attachment; filename=carryover-{result.export_id}.zip",
            "Content-Length": str(result.bytes),
        }
        return Response(pieces, content_type="application/zip", headers=headers)

    return pages


def _may_see_individuals(caller: Caller) -> bool:
    return scope_satisfied(caller.scopes, "metrics/individual")


def _week_row(row: dict[str, Any], hidden: bool) -> dict[str, Any]:
    value = row["numerator"] / row["denominator"] if row["denominator"] else None
    nothing = {"numerator": None, "denominator": None, "learners": None, "value": None}
    return json_row({**row, "value": value, "suppressed": hidden, **(nothing if hidden else {})})


def _export_row(export: Export) -> dict[str, Any]:
    status = (
        "failed"
        if export.failed
        else "made"
        if export.finished_at
        else "waiting"
        if export.rows_in_all is None
        else "being made"
    )
    return {
        "export": export.export_id,
        "key": export.key,
        "status": "expired" if status == "made" and export.sha2 is None else status,
        "programme": export.programme,
        "format": export.format,
        "people": export.individual,
        "rows_done": export.rows_done,
        "rows_in_all": export.rows_in_all,
        "failed": export.failed,
        "bytes": export.bytes,
        "sha256": export.sha2,
        "manifest": export.manifest,
        "asked_at": format_instant(export.asked_at),
        "finished_at": format_instant(export.finished_at) if export.finished_at else None,
        "expires_at": format_instant(export.expires_at) if export.expires_at else None,
    }
