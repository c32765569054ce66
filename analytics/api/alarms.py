"""``/api/v1``: alarms, the weekly figures behind them with their restatements, and export
files for analysts.
"""

from __future__ import annotations

from typing import Any

from flask import Response
from flask.typing import ResponseReturnValue

from analytics.actions import baselines, exports
from analytics.api.request_params import (
    AFTER,
    GROUPS_ONLY,
    HISTORY,
    LIMIT,
    ONE_PROGRAMME,
    PAGING,
    PROGRAMME,
    READ,
    TEAM,
    WRITE,
    AnalyticsCall,
    AnalyticsRoutes,
    json_row,
    json_with_etag,
    may_see_individuals,
    page_response,
    reads_live,
)
from analytics.reports.metric_values import LIVE
from analytics.reports.published_weeks import load_week_figures
from analytics.store import weekly_figures
from analytics.store.exports import Export
from analytics.store.published import SHOWN
from analytics.store.weekly_figures import Alarm, Level, WeekFigure
from analytics.weekly_series import WEEKLY_SERIES
from core.clock import format_instant
from core.errors import Forbidden, NotFound
from core.openapi import NON_NEGATIVE, object_schema, page_schema

routes = AnalyticsRoutes(reads_query=True)
_EXPORT_SCHEMA = object_schema(
    export=NON_NEGATIVE,
    status={"type": "string", "enum": ["waiting", "being made", "made", "failed", "expired"]},
    rows_done=NON_NEGATIVE,
    manifest={"type": ["object", "null"]},
)


@routes.route(
    "GET",
    "/alarms",
    scope=READ,
    query=(ONE_PROGRAMME, *PAGING, HISTORY, GROUPS_ONLY),
    answer=page_schema("alarms", Alarm),
)
def get_alarms(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """Open alarms, each with its owner and level.

    ``history=all``: ended ones, too. Callers who may see single people get those of live figures;
    others, and with ``people=groups``, those of published ones.
    """
    with call.deps.unit_of_work(call.caller.tenant_id) as connection:
        result = weekly_figures.list_alarms(
            connection,
            call.caller.tenant_id,
            programme=call[ONE_PROGRAMME],
            ended=call[HISTORY],
            after=call[AFTER],
            rows=call[LIMIT],
            published=not reads_live(call),
        )
    return page_response(call, "alarms", [json_row(item) for item in result], "alarm_id")


@routes.route(
    "GET",
    "/weeks/<key>",
    scope=READ,
    query=(PROGRAMME, TEAM, *PAGING, HISTORY, GROUPS_ONLY),
    answer=page_schema("weeks", dict),
    errors=(404,),
)
def get_weeks(call: AnalyticsCall[None], key: str) -> ResponseReturnValue:
    """A figure week by week.

    Live, by calendar week, for callers who may see single people (``history=all``: with what was
    restated, by whom and why); for others, and with ``people=groups``, by the week in which it was
    published.
    """
    if key not in WEEKLY_SERIES:
        raise NotFound(f"There is no weekly figure {key!r}; they are {', '.join(WEEKLY_SERIES)}.")
    tenant_id, programme = call.caller.tenant_id, call[PROGRAMME]
    live = reads_live(call)
    with call.deps.unit_of_work(tenant_id) as connection:
        if live:
            result = weekly_figures.list_week_figures(
                connection,
                tenant_id,
                programme,
                key,
                call[TEAM],
                call[AFTER],
                call[LIMIT],
                call[HISTORY],
            )
        else:
            result = [
                item
                for item in load_week_figures(connection, tenant_id, programme, key)
                if item.team == call[TEAM] and item.figure_id > call[AFTER]
            ][: call[LIMIT]]
    rows = [_week_row(item, LIVE if live else SHOWN) for item in result]
    label = WEEKLY_SERIES[key].label
    return page_response(call, "weeks", rows, "figure_id", series=key, label=label)


@routes.route(
    "POST",
    "/baselines",
    scope=WRITE,
    body=baselines.NewLevel,
    answer=object_schema(baseline=NON_NEGATIVE),
    status=201,
    errors=(409,),
)
def post_baseline(call: AnalyticsCall[baselines.NewLevel]) -> dict[str, Any]:
    """Decide that a weekly figure has a new level."""
    created = baselines.decide_new_level(
        call.deps, tenant_id=call.caller.tenant_id, new_level=call.body, who=call.caller.who
    )
    return {"baseline": created}


@routes.route(
    "GET",
    "/baselines",
    scope=READ,
    query=(PROGRAMME, *PAGING),
    answer=page_schema("baselines", Level),
)
def get_baselines(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """Decisions on levels; of one figure and team the last one holds."""
    with call.deps.unit_of_work(call.caller.tenant_id) as connection:
        result = weekly_figures.list_baseline_decisions(
            connection, call.caller.tenant_id, call[PROGRAMME], call[AFTER], call[LIMIT]
        )
    return page_response(call, "baselines", [json_row(item) for item in result], "baseline_id")


@routes.route(
    "POST",
    "/exports",
    scope=READ,
    body=exports.Wish,
    answer=_EXPORT_SCHEMA,
    status=202,
    errors=(409,),
)
def post_export(call: AnalyticsCall[exports.Wish]) -> dict[str, Any]:
    """Ask for a file."""
    if call.body.people and not may_see_individuals(call.caller):
        raise Forbidden(
            "Rows of single people need the scope metrics/individual; ask for the file "
            "without people."
        )
    created = exports.request_export(
        call.deps, tenant_id=call.caller.tenant_id, wanted=call.body, who=call.caller.who
    )
    return _export_row(created)


@routes.route(
    "GET", "/exports", scope=READ, query=PAGING, answer=page_schema("exports", _EXPORT_SCHEMA)
)
def get_exports(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """Files that were asked for."""
    result = exports.list_exports(
        call.deps,
        tenant_id=call.caller.tenant_id,
        individual=may_see_individuals(call.caller),
        after=call[AFTER],
        rows=call[LIMIT],
    )
    return page_response(call, "exports", [_export_row(item) for item in result], "export")


@routes.route("GET", "/exports/<int:export_id>", scope=READ, answer=_EXPORT_SCHEMA, errors=(404,))
def get_export(call: AnalyticsCall[None], export_id: int) -> ResponseReturnValue:
    """How far a file is; its manifest."""
    result = exports.find_export(
        call.deps,
        tenant_id=call.caller.tenant_id,
        export_id=export_id,
        individual=may_see_individuals(call.caller),
    )
    return json_with_etag(_export_row(result))


@routes.route(
    "GET",
    "/exports/<int:export_id>/file",
    scope=READ,
    answer=str,
    errors=(404, 409),
    media_type="application/zip",
)
def get_export_file(call: AnalyticsCall[None], export_id: int) -> ResponseReturnValue:
    """The file."""
    result, pieces = exports.export_content(
        call.deps,
        tenant_id=call.caller.tenant_id,
        export_id=export_id,
        individual=may_see_individuals(call.caller),
        who=call.caller.who,
    )
    headers = {
        "Content-Disposition": f"attachment; filename=carryover-{result.export_id}.zip",
        "Content-Length": str(result.bytes),
    }
    return Response(pieces, content_type="application/zip", headers=headers)


def _week_row(figure: WeekFigure, status: str) -> dict[str, Any]:
    value = figure.numerator / figure.denominator if figure.denominator else None
    return {**json_row(figure), "value": value, "status": status}


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
