"""``/api/v1``: the catalogue of metrics and their values, for pages and reporting tools alike."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from lrs.actions.deps import StoreDeps
from lrs.api import access
from lrs.ground.errors import BadInput, NotFound
from lrs.metrics.catalogue import BY_KEY, CATALOGUE, Metric
from lrs.reports import picture, values
from lrs.reports.figures import figures
from lrs.reports.values import MetricValue

_NOT_SHOWN = ("count", "parts")


def blueprint(deps: StoreDeps) -> Blueprint:
    """The routes below ``/api/v1``."""
    pages = Blueprint("metrics", __name__, url_prefix="/api/v1")

    @pages.get("/metrics")
    def catalogue() -> ResponseReturnValue:
        access.require(deps, "metrics/read")
        _allow()
        return jsonify({"metrics": [_entry(metric) for metric in CATALOGUE], "next": None})

    @pages.get("/metrics/<key>/values")
    def one(key: str) -> ResponseReturnValue:
        """The values of one metric: JSON, or CSV where Accept asks for text/csv."""
        found = _values([_metric(key)], "programme")[0]
        if request.accept_mimetypes.best_match(("application/json", "text/csv")) == "text/csv":
            name = f"attachment; filename={key}.csv"
            return Response(values.as_csv(found), content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})
        return jsonify({"metric": key, "values": values.as_json(found), "next": None})

    @pages.get("/figures")
    def page() -> ResponseReturnValue:
        """Several metrics at one moment, each with its values and its picture: what a page of figures asks for, once."""
        wanted = [_metric(key) for key in request.args.getlist("key")] or list(CATALOGUE)
        body = [
            {**_entry(metric), "values": values.as_json(found), "sentences": [picture.sentence(v) for v in found], "svg": picture.draw(metric, found)}
            for metric, found in zip(wanted, _values(wanted, "programme", "key"), strict=True)
        ]
        return jsonify({"figures": body, "next": None})

    def _values(wanted: list[Metric], *allowed: str) -> list[list[MetricValue]]:
        caller = access.require(deps, "metrics/read")
        _allow(*allowed)
        programme = request.args.get("programme") or None
        return figures(deps.unit_of_work, tenant_id=caller.tenant_id, metrics=wanted, programme=programme)

    return pages


def _metric(key: str) -> Metric:
    if key not in BY_KEY:
        raise NotFound(f"There is no metric {key!r}; GET /api/v1/metrics lists them.")
    return BY_KEY[key]


def _entry(metric: Metric) -> dict[str, Any]:
    entry = {field.name: getattr(metric, field.name) for field in fields(metric) if field.name not in _NOT_SHOWN}
    return {**entry, "parts": [{"key": key, "label": label} for key, label in metric.parts]}


def _allow(*names: str) -> None:
    for name in request.args:
        if name not in names:
            raise BadInput(f"{name} is no parameter here; allowed: {', '.join(names) or 'none'}.", parameter=name)
        if name != "key" and len(request.args.getlist(name)) > 1:
            raise BadInput(f"The parameter {name} stands twice in the address.", parameter=name)
