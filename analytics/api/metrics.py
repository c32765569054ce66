"""``/api/v1``: the catalogue of metrics, their values, reports and the evidence behind them,
for pages and reporting tools alike.
"""

from __future__ import annotations

import uuid
from dataclasses import fields
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from analytics.api.request_params import (
    FILTERS,
    allow_parameters,
    json_with_etag,
    page_limit,
    request_filters,
)
from analytics.catalogue import CATALOGUE, METRICS_BY_KEY, Metric
from analytics.deps import AnalyticsDeps, RequireScope
from analytics.reports import cache, evidence, metric_values, pictures
from analytics.reports.context import ReportRequest
from analytics.reports.figures import counted_up_to, load_figures
from analytics.reports.metric_values import MetricValue
from analytics.reports.registry import REPORT_BUILDERS
from analytics.reports.report import Report
from core.errors import BadInput, NotFound
from lrs.feed import Caller
from lrs.vocabulary.report_names import SUBSET_REPORTS

_INTERNAL_FIELDS = ("count", "estimate", "parts")
_VOLATILE_KEYS = ("computed_at", "watermark")


def blueprint(deps: AnalyticsDeps, require_scope: RequireScope) -> Blueprint:
    """Routes for metrics and reports below ``/api/v1``."""
    pages = Blueprint("metrics", __name__, url_prefix="/api/v1")

    @pages.get("/metrics")
    def get_catalogue() -> ResponseReturnValue:
        require_scope("metrics/read")
        allow_parameters()
        return json_with_etag(
            {"metrics": [_catalogue_entry(metric) for metric in CATALOGUE], "next": None}
        )

    @pages.get("/metrics/<key>/values")
    def get_metric_values(key: str) -> ResponseReturnValue:
        """The values of one metric: JSON, or CSV where Accept asks for text/csv."""
        result = _compute_values([_require_metric(key)], *FILTERS)[0]
        if _wants_csv():
            return _csv_response(metric_values.values_as_csv(result), key)
        return json_with_etag(
            {"metric": key, "values": metric_values.values_as_json(result), "next": None},
            *_VOLATILE_KEYS,
        )

    @pages.get("/metrics/<key>/picture.png")
    def get_metric_picture(key: str) -> ResponseReturnValue:
        """The picture of one metric, for an e-mail or a document."""
        metric = _require_metric(key)
        return Response(
            pictures.render_png(
                pictures.interval_chart(metric, _compute_values([metric], *FILTERS)[0])
            ),
            content_type="image/png",
        )

    @pages.get("/metrics/<key>/evidence")
    def get_evidence(key: str) -> ResponseReturnValue:
        """The statements behind a figure, by episode and page by page; needs access to
        individual-level data.
        """
        caller = require_scope("metrics/individual")
        allow_parameters(*FILTERS, "after", "limit")
        metric, filters = _require_metric(key), request_filters(caller)
        try:
            after = uuid.UUID(request.args["after"]) if request.args.get("after") else None
        except ValueError:
            raise BadInput(
                "after is the registration that the page before ended with.", parameter="after"
            ) from None
        limit = page_limit()
        with deps.unit_of_work(caller.tenant_id) as connection:
            result = evidence.list_evidence(connection, filters.scope, metric, after, limit)
        following = result[-1]["registration"] if len(result) == limit else None
        return json_with_etag({"metric": key, "episodes": result, "next": following})

    @pages.route("/figures", methods=["GET", "POST"])
    def get_figures() -> ResponseReturnValue:
        """Several metrics at one moment, each with its values and its picture: everything a
        page of figures needs in one request. POST: for selected episodes.
        """
        wanted = [_require_metric(key) for key in request.args.getlist("key")] or list(CATALOGUE)
        body = [
            {
                **_catalogue_entry(metric),
                "values": metric_values.values_as_json(result),
                "sentences": [metric_values.describe_value(v) for v in result],
                "shown": [metric_values.format_value(v.value, v.unit) for v in result],
                "svg": pictures.draw_metric(metric, result),
            }
            for metric, result in zip(wanted, _compute_values(wanted, *FILTERS, "key"), strict=True)
        ]
        return json_with_etag({"figures": body, "next": None}, *_VOLATILE_KEYS)

    @pages.route("/reports", methods=["GET", "POST"])
    def get_reports() -> ResponseReturnValue:
        """The list of reports, or several of them at one moment (``key``, repeated). POST:
        for selected episodes.
        """
        caller = require_scope("metrics/read")
        allow_parameters(*FILTERS, "key")
        wanted = request.args.getlist("key")
        request_filters(
            caller
        )  # invalid or forbidden filters are refused even if they have no effect
        if not wanted:
            return json_with_etag({"reports": sorted(REPORT_BUILDERS), "next": None})
        result, narrow = _compute_reports(caller, wanted, narrow=True)
        return json_with_etag(
            {"reports": [item.as_json() for item in result], "dimensions": narrow, "next": None},
            *_VOLATILE_KEYS,
        )

    @pages.get("/reports/<key>")
    def get_report(key: str) -> ResponseReturnValue:
        """One report: JSON, or its table as CSV where Accept asks for text/csv."""
        caller = require_scope("metrics/read")
        allow_parameters(*FILTERS)
        ((result,), _) = _compute_reports(caller, [key], narrow=False)
        return (
            _csv_response(result.as_csv(), key)
            if _wants_csv()
            else json_with_etag(result.as_json(), *_VOLATILE_KEYS)
        )

    @pages.get("/reports/<key>/picture.png")
    def get_report_picture(key: str) -> ResponseReturnValue:
        """The picture of one report, for an e-mail or a document: the same as on its page."""
        caller = require_scope("metrics/read")
        allow_parameters(*FILTERS)
        ((result,), _) = _compute_reports(caller, [key], narrow=False)
        if not result.svg:
            raise NotFound("This report has no picture now: there is too little to draw.")
        return Response(pictures.svg_to_png(result.svg), content_type="image/png")

    def _compute_reports(
        caller: Caller, keys: list[str], narrow: bool
    ) -> tuple[list[Report], dict[str, list[str]]]:
        """Compute reports at one moment and, if requested, the dimensions by which they can
        be narrowed.
        """
        for key in keys:
            _require_report(key)
        filters = request_filters(caller)
        if filters.scope.episodes_of is not None and not set(keys) <= set(SUBSET_REPORTS):
            raise BadInput(
                f"Of chosen episodes there are these reports alone: {', '.join(SUBSET_REPORTS)}.",
                parameter="key",
            )
        with deps.unit_of_work(caller.tenant_id) as connection:
            watermark = counted_up_to(connection, caller.tenant_id)
            whole = ReportRequest(connection, filters.scope, filters.individual)
            return [
                cache.load_report(whole, key, watermark) for key in keys
            ], cache.load_dimension_values(whole) if narrow else {}

    def _compute_values(wanted: list[Metric], *allowed: str) -> list[list[MetricValue]]:
        caller = require_scope("metrics/read")
        allow_parameters(*allowed)
        filters = request_filters(caller)
        return load_figures(deps.unit_of_work, wanted, filters.scope, filters.individual)

    return pages


def _wants_csv() -> bool:
    return request.accept_mimetypes.best_match(("application/json", "text/csv")) == "text/csv"


def _csv_response(text: str, name: str) -> Response:
    return Response(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename={name}.csv"},
    )


def _require_metric(key: str) -> Metric:
    if key not in METRICS_BY_KEY:
        raise NotFound(f"There is no metric {key!r}; GET /api/v1/metrics lists them.")
    return METRICS_BY_KEY[key]


def _require_report(key: str) -> None:
    if key not in REPORT_BUILDERS:
        raise NotFound(f"There is no report {key!r}; GET /api/v1/reports lists them.")


def _catalogue_entry(metric: Metric) -> dict[str, Any]:
    entry = {
        field.name: getattr(metric, field.name)
        for field in fields(metric)
        if field.name not in _INTERNAL_FIELDS
    }
    return {**entry, "parts": [{"key": key, "label": label} for key, label in metric.parts]}
