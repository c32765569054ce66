"""``/api/v1``: the catalogue of metrics, their values, reports and the evidence behind them,
for pages and reporting tools alike.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flask import Response, request
from flask.typing import ResponseReturnValue

from analytics.api.request_params import (
    AFTER_REGISTRATION,
    FILTERS,
    INDIVIDUAL,
    KEYS,
    LIMIT,
    READ,
    AnalyticsCall,
    AnalyticsRoutes,
    OfEpisodes,
    json_with_etag,
    page_response,
    request_filters,
)
from analytics.catalogue import CATALOGUE, METRICS_BY_KEY, PUBLISHED_METRICS, Metric
from analytics.reports import cache, evidence, metric_values, pictures
from analytics.reports.context import ReportRequest
from analytics.reports.figures import (
    Figure,
    counted_up_to,
    load_figures,
    load_figures_and_published,
)
from analytics.reports.metric_values import MetricValue
from analytics.reports.published import last_shown
from analytics.reports.registry import REPORT_BUILDERS
from analytics.reports.report import Report
from core.errors import BadInput, NotFound
from core.openapi import object_schema, page_schema
from lrs.vocabulary.report_names import SUBSET_REPORTS

routes = AnalyticsRoutes(reads_query=True)
FilteredCall = AnalyticsCall[OfEpisodes | None]
_INTERNAL_FIELDS = ("count", "estimate", "parts", "published")
_VOLATILE_KEYS = ("computed_at", "watermark")
_ENTRY_SCHEMA = object_schema(key=str, label=str, version=int, parts=list)
_FIGURES_SCHEMA = page_schema("figures", _ENTRY_SCHEMA)
_REPORTS_SCHEMA = page_schema("reports", {"type": ["string", "object"]})


@routes.route("GET", "/metrics", scope=READ, answer=page_schema("metrics", _ENTRY_SCHEMA))
def get_catalogue(call: AnalyticsCall[None]) -> ResponseReturnValue:
    """The catalogue of metrics."""
    return json_with_etag(
        {"metrics": [_catalogue_entry(metric) for metric in CATALOGUE], "next": None}
    )


@routes.route(
    "GET",
    "/metrics/<key>/values",
    scope=READ,
    query=FILTERS,
    answer=page_schema("values", MetricValue),
    errors=(404,),
    extra_media_types=("text/csv",),
)
def get_metric_values(call: FilteredCall, key: str) -> ResponseReturnValue:
    """The values of one metric, by part.

    JSON, or CSV where Accept asks for text/csv.
    """
    (result,) = _compute_values(call, [_require_metric_or_detail(call, key)])
    if _wants_csv():
        return _csv_response(metric_values.values_as_csv(result), key)
    return json_with_etag(
        {"metric": key, "values": metric_values.values_as_json(result), "next": None},
        *_VOLATILE_KEYS,
    )


@routes.route(
    "GET",
    "/metrics/<key>/picture.png",
    scope=READ,
    query=FILTERS,
    answer={},
    errors=(404,),
    media_type="image/png",
)
def get_metric_picture(call: FilteredCall, key: str) -> ResponseReturnValue:
    """Its picture.

    For an e-mail or a document.
    """
    metric = _require_metric(key)
    (result,) = _compute_values(call, [metric])
    shown = last_shown(result)
    drawn = pictures.draw_metric(metric, shown)
    if not drawn:
        raise NotFound("This metric has no picture now: there is too little to draw.")
    return Response(pictures.svg_to_png(drawn), content_type="image/png")


@routes.route(
    "GET",
    "/metrics/<key>/evidence",
    scope=INDIVIDUAL,
    query=(*FILTERS, AFTER_REGISTRATION, LIMIT),
    answer=page_schema("episodes", object_schema(registration=str, statements=list)),
    errors=(404,),
)
def get_evidence(call: FilteredCall, key: str) -> ResponseReturnValue:
    """The statements behind a figure, by episode.

    Page by page.
    """
    metric, filters = _require_metric(key), request_filters(call)
    with call.deps.unit_of_work(call.caller.tenant_id) as connection:
        result = evidence.list_evidence(
            connection, filters.scope, metric, call[AFTER_REGISTRATION], call[LIMIT]
        )
    return page_response(call, "episodes", result, "registration", metric=key)


@routes.route(
    "GET", "/figures", scope=READ, query=(*FILTERS, KEYS), answer=_FIGURES_SCHEMA, errors=(404,)
)
def get_figures(call: FilteredCall) -> ResponseReturnValue:
    """Several metrics at one moment, each with its picture.

    Everything a page of figures needs in one request. With access to individual people each live
    figure carries what is published of the same: ``published``, ``published_sentences``. ``goals``
    are floor and target of the scorecard, ``next_step`` is chosen by the numbers.
    """
    wanted = [_require_metric(key) for key in call[KEYS]] or list(CATALOGUE)
    filters = request_filters(call)
    found = load_figures_and_published(
        call.deps.unit_of_work, wanted, filters.scope, filters.individual
    )
    body = [_figure(item) for item in found]
    return json_with_etag({"figures": body, "next": None}, *_VOLATILE_KEYS)


def _figure(item: Figure) -> dict[str, Any]:
    metric, result = item.metric, last_shown(item.values)
    figure = {
        **_catalogue_entry(metric),
        "values": metric_values.values_as_json(result),
        "sentences": [metric_values.describe_value(v) for v in result],
        "shown": [metric_values.format_value(v.value, v.unit) for v in result],
        "svg": pictures.draw_metric(metric, result),
        "goals": [
            {"part": line.part, "floor": line.floor, "target": line.target} for line in item.goals
        ],
        "next_step": {
            "text": item.next_step.text,
            "kind": item.next_step.kind,
            "numbers": dict(item.next_step.numbers),
        },
    }
    if item.published is None:
        return figure
    beside = last_shown(item.published)
    return {
        **figure,
        "published": metric_values.values_as_json(beside),
        "published_sentences": [metric_values.describe_value(v) for v in beside],
    }


@routes.route(
    "GET", "/reports", scope=READ, query=(*FILTERS, KEYS), answer=_REPORTS_SCHEMA, errors=(404,)
)
def get_reports(call: FilteredCall) -> ResponseReturnValue:
    """Which reports there are, or several of them at one moment."""
    request_filters(call)  # invalid or forbidden filters are refused even if they have no effect
    if not call[KEYS]:
        return json_with_etag({"reports": sorted(REPORT_BUILDERS), "next": None})
    result, narrow = _compute_reports(call, call[KEYS], narrow=True)
    return json_with_etag(
        {"reports": [item.as_json() for item in result], "dimensions": narrow, "next": None},
        *_VOLATILE_KEYS,
    )


@routes.route(
    "POST",
    "/figures",
    scope=INDIVIDUAL,
    query=(*FILTERS, KEYS),
    body=OfEpisodes,
    answer=_FIGURES_SCHEMA,
    errors=(404,),
)
def post_figures(call: FilteredCall) -> ResponseReturnValue:
    """The same of some episodes alone."""
    return get_figures(call)


@routes.route(
    "POST",
    "/reports",
    scope=INDIVIDUAL,
    query=(*FILTERS, KEYS),
    body=OfEpisodes,
    answer=_REPORTS_SCHEMA,
    errors=(404,),
)
def post_reports(call: FilteredCall) -> ResponseReturnValue:
    """The same of some episodes alone."""
    return get_reports(call)


@routes.route(
    "GET",
    "/reports/<key>",
    scope=READ,
    query=FILTERS,
    answer=Report,
    errors=(404,),
    extra_media_types=("text/csv",),
)
def get_report(call: FilteredCall, key: str) -> ResponseReturnValue:
    """One report.

    JSON, or its table as CSV where Accept asks for text/csv.
    """
    ((result,), _) = _compute_reports(call, [key], narrow=False)
    return (
        _csv_response(result.as_csv(), key)
        if _wants_csv()
        else json_with_etag(result.as_json(), *_VOLATILE_KEYS)
    )


@routes.route(
    "GET",
    "/reports/<key>/picture.png",
    scope=READ,
    query=FILTERS,
    answer={},
    errors=(404,),
    media_type="image/png",
)
def get_report_picture(call: FilteredCall, key: str) -> ResponseReturnValue:
    """Its picture.

    For an e-mail or a document: the same as on its page.
    """
    ((result,), _) = _compute_reports(call, [key], narrow=False)
    if not result.svg:
        raise NotFound("This report has no picture now: there is too little to draw.")
    return Response(pictures.svg_to_png(result.svg), content_type="image/png")


def _compute_reports(
    call: FilteredCall, keys: list[str], narrow: bool
) -> tuple[list[Report], dict[str, list[str]]]:
    """Compute reports at one moment and, if requested, the dimensions by which they can be
    narrowed.
    """
    for key in keys:
        _require_report(key)
    filters = request_filters(call)
    if filters.scope.episodes_of is not None and not set(keys) <= set(SUBSET_REPORTS):
        raise BadInput(
            f"Of chosen episodes there are these reports alone: {', '.join(SUBSET_REPORTS)}.",
            parameter="key",
        )
    with call.deps.unit_of_work(call.caller.tenant_id) as connection:
        watermark = counted_up_to(connection, call.caller.tenant_id)
        whole = ReportRequest(connection, filters.scope, filters.individual)
        return [
            cache.load_report(whole, key, watermark) for key in keys
        ], cache.load_dimension_values(whole) if narrow else {}


def _compute_values(call: FilteredCall, wanted: list[Metric]) -> list[list[MetricValue]]:
    filters = request_filters(call)
    return load_figures(call.deps.unit_of_work, wanted, filters.scope, filters.individual)


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


def _require_metric_or_detail(call: FilteredCall, key: str) -> Metric:
    """Of competencies and questions there are published values alone."""
    if key in PUBLISHED_METRICS and not request_filters(call).individual:
        return PUBLISHED_METRICS[key]
    return _require_metric(key)


def _require_report(key: str) -> None:
    if key not in REPORT_BUILDERS:
        raise NotFound(f"There is no report {key!r}; GET /api/v1/reports lists them.")


def _catalogue_entry(metric: Metric) -> dict[str, Any]:
    entry = {
        field.name: getattr(metric, field.name)
        for field in fields(metric)
        if field.name not in _INTERNAL_FIELDS
    }
    parts = [
        {
            "key": key,
            "label": label,
            "published_after_days": metric.published.days_of(key) if metric.published else (),
        }
        for key, label in metric.parts
    ]
    return {**entry, "parts": parts}
