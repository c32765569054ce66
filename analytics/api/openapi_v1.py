"""Requests and responses of ``/api/v1`` as OpenAPI 3.1. The schemas come from the classes
that decode requests and build responses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from analytics.actions import activity_mappings, baselines, business, exports
from analytics.api import business as business_routes
from analytics.api import identity_and_mappings
from analytics.api.request_params import MAX_FILTER_LENGTH, MAX_PAGE_ROWS, OfEpisodes
from analytics.definitions import DIMENSIONS
from analytics.reports.metric_values import MetricValue
from analytics.reports.report import Report
from analytics.store.activity_mappings import ActivityMapping
from analytics.store.kpis import Cost, Kpi, Reading
from analytics.store.person_merges import Merge
from analytics.store.weekly_figures import Alarm, Level
from lrs.actions.erasure import Erased
from lrs.api.credentials import Wanted

_PREFIX = "/api/v1"
_SCHEMA_REF = "#/components/schemas/{name}"
_REQUEST_TYPES = (
    business.Definition,
    business.Readings,
    business.IncomingCost,
    business.Valuation,
    business_routes.Scorecard,
    identity_and_mappings.Merging,
    business_routes.Why,
    Wanted,
    exports.Wish,
    activity_mappings.Mapped,
    baselines.NewLevel,
    OfEpisodes,
)
_RESPONSE_TYPES = (MetricValue, Report, Kpi, Reading, Cost, Merge, ActivityMapping, Alarm, Level, Erased)

Schema = dict[str, Any]
_TEXT_SCHEMA: Schema = {"type": "string", "maxLength": MAX_FILTER_LENGTH}
_TIME_SCHEMA: Schema = {"type": "string", "format": "date-time"}
_NON_NEGATIVE: Schema = {"type": "integer", "minimum": 0}
_LIMIT_SCHEMA: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_ROWS}
_AGENT_SCHEMA: Schema = {"type": "object", "description": "An agent with one identifier (xAPI-Data 4.2.2)."}
_FILTER_PARAMETERS: dict[str, Schema] = {
    **dict.fromkeys(DIMENSIONS, _TEXT_SCHEMA),
    "since": _TIME_SCHEMA,
    "until": _TIME_SCHEMA,
    "people": {"type": "string", "enum": ["groups"]},
}
_PROGRAMME_PARAMETER = {"programme": _TEXT_SCHEMA}
_PAGING_PARAMETERS = {"after": _NON_NEGATIVE, "limit": _LIMIT_SCHEMA}
# Errors common to all operations: no credential, insufficient scope, an invalid parameter or
# body.
_COMMON_ERRORS = ("400", "401", "403")
_STATUS_DESCRIPTIONS = {
    "200": "Done",
    "201": "Made",
    "202": "On the list",
    "204": "Done, and nothing to say",
    "304": "Nothing changed since the ETag that If-None-Match names",
    "400": "Not understood; the problem document says where",
    "401": "No known credential",
    "403": "The credential lacks the scope",
    "404": "There is no such thing",
    "409": "Against what is on record",
}


@dataclass(frozen=True)
class _Operation:
    method: str
    path: str
    summary: str
    scope: str
    answer: Schema | None
    query: Mapping[str, Schema] | None = None
    required: Sequence[str] = ()
    body: Schema | None = None
    status: str = "200"
    error_statuses: Sequence[str] = ()
    extra_media_types: Sequence[str] = ()
    kind: str = "application/json"

    def to_openapi(self) -> Schema:
        names = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        number = {"type": "integer", "minimum": 0}
        parameters = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "schema": number if name in ("cost", "merge", "mapping", "export") else {"type": "string", "minLength": 1},
            }
            for name in names
        ]
        parameters += [
            {"name": name, "in": "query", "required": name in self.required, "schema": schema, **({"explode": True} if name == "key" else {})}
            for name, schema in (self.query or {}).items()
        ]
        content = {kind: {"schema": schema} for kind, schema in self._response_types()}
        answers: Schema = {self.status: {"description": _STATUS_DESCRIPTIONS[self.status], **({"content": content} if content else {})}}
        if self.method == "get" and self.kind == "application/json":
            answers["304"] = {"description": _STATUS_DESCRIPTIONS["304"]}
        problem = {"application/problem+json": {"schema": {"$ref": _SCHEMA_REF.format(name="Problem")}}}
        for status in (*(_COMMON_ERRORS if self.scope else ()), *self.error_statuses):
            answers[status] = {"description": _STATUS_DESCRIPTIONS[status], "content": problem}
        made: Schema = {"summary": self.summary, "tags": [self._tag()], "parameters": parameters, "responses": answers}
        if self.scope:
            made["description"] = f"Needs the scope {self.scope}."
        else:
            made["security"] = []
        if self.body is not None:
            made["requestBody"] = {"required": True, "content": {"application/json": {"schema": self.body}}}
        return made

    def _response_types(self) -> list[tuple[str, Schema]]:
        own = [(self.kind, self.answer)] if self.answer is not None else []
        return [*own, *((kind, {"type": "string"}) for kind in self.extra_media_types)]

    def _tag(self) -> str:
        return self.path.split("/")[1]


def api_paths() -> dict[str, dict[str, Schema]]:
    """Return the path items of every route below ``/api/v1``."""
    found: dict[str, dict[str, Schema]] = {}
    for call in _operations():
        found.setdefault(_PREFIX + call.path, {})[call.method] = call.to_openapi()
    return found


def api_schemas() -> dict[str, Schema]:
    """Return the schemas that the paths refer to."""
    _, made = msgspec.json.schema_components((*_REQUEST_TYPES, *_RESPONSE_TYPES), ref_template=_SCHEMA_REF)
    return {**made, "Problem": _problem_schema()}


def _schema_ref(shape: type) -> Schema:
    return {"$ref": _SCHEMA_REF.format(name=shape.__name__)}


def _object_schema(**properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _page_schema(name: str, entries: Schema) -> Schema:
    """A page of a list: ``next`` is the value of ``after`` for the following page, or null."""
    listed: dict[str, Schema] = {name: {"type": "array", "items": entries}, "next": {"type": ["string", "integer", "null"]}}
    return _object_schema(**listed)


def _operations() -> list[_Operation]:
    read, individual, write, erase, credentials = "metrics/read", "metrics/individual", "metrics/write", "erase", "credentials"
    entry = _object_schema(key={"type": "string"}, label={"type": "string"}, version={"type": "integer"}, parts={"type": "array"})
    keys = {"key": {"type": "array", "items": {"type": "string"}}}
    told = _object_schema(new=_NON_NEGATIVE, known=_NON_NEGATIVE, corrected=_NON_NEGATIVE, warnings={"type": "array"}, dry_run={"type": "boolean"})
    states = {"type": "string", "enum": ["waiting", "being made", "made", "failed", "expired"]}
    export = _object_schema(export=_NON_NEGATIVE, status=states, rows_done=_NON_NEGATIVE, manifest={"type": ["object", "null"]})
    episodes = _object_schema(registration={"type": "string"}, statements={"type": "array"})
    return [
        _Operation("get", "/metrics", "The catalogue of metrics", read, _page_schema("metrics", entry)),
        _Operation(
            "get",
            "/metrics/{key}/values",
            "The values of one metric, by part",
            read,
            {**_page_schema("values", _schema_ref(MetricValue))},
            _FILTER_PARAMETERS,
            error_statuses=("404",),
            extra_media_types=("text/csv",),
        ),
        _Operation("get", "/metrics/{key}/picture.png", "Its picture", read, {}, _FILTER_PARAMETERS, error_statuses=("404",), kind="image/png"),
        _Operation(
            "get",
            "/metrics/{key}/evidence",
            "The statements behind a figure, by episode",
            individual,
            _page_schema("episodes", episodes),
            {**_FILTER_PARAMETERS, "after": {"type": "string", "format": "uuid"}, "limit": _LIMIT_SCHEMA},
            error_statuses=("404",),
        ),
        _Operation(
            "get",
            "/figures",
            "Several metrics at one moment, each with its picture",
            read,
            _page_schema("figures", entry),
            {**_FILTER_PARAMETERS, **keys},
            error_statuses=("404",),
        ),
        _Operation(
            "get",
            "/reports",
            "Which reports there are, or several of them at one moment",
            read,
            _page_schema("reports", {"type": ["string", "object"]}),
            {**_FILTER_PARAMETERS, **keys},
            error_statuses=("404",),
        ),
        _Operation(
            "post",
            "/figures",
            "The same of some episodes alone",
            individual,
            _page_schema("figures", entry),
            {**_FILTER_PARAMETERS, **keys},
            body=_schema_ref(OfEpisodes),
            error_statuses=("404",),
        ),
        _Operation(
            "post",
            "/reports",
            "The same of some episodes alone",
            individual,
            _page_schema("reports", {"type": ["string", "object"]}),
            {**_FILTER_PARAMETERS, **keys},
            body=_schema_ref(OfEpisodes),
            error_statuses=("404",),
        ),
        _Operation(
            "get",
            "/reports/{key}",
            "One report",
            read,
            _schema_ref(Report),
            _FILTER_PARAMETERS,
            error_statuses=("404",),
            extra_media_types=("text/csv",),
        ),
        _Operation("get", "/reports/{key}/picture.png", "Its picture", read, {}, _FILTER_PARAMETERS, error_statuses=("404",), kind="image/png"),
        _Operation(
            "get", "/kpis", "The business figures of a programme", read, _page_schema("kpis", _schema_ref(Kpi)), _PROGRAMME_PARAMETER, ("programme",)
        ),
        _Operation(
            "put",
            "/kpis/{key}",
            "Name a business figure",
            write,
            None,
            _PROGRAMME_PARAMETER,
            ("programme",),
            _schema_ref(business.Definition),
            "204",
            error_statuses=("409",),
        ),
        _Operation(
            "put",
            "/kpis/{key}/valuation",
            "Say what one unit of it is worth; gives the version",
            write,
            _object_schema(version=_NON_NEGATIVE),
            _PROGRAMME_PARAMETER,
            ("programme",),
            _schema_ref(business.Valuation),
            error_statuses=("404", "409"),
        ),
        _Operation(
            "get",
            "/kpis/{key}/valuation",
            "What one unit of it is worth now",
            read,
            _object_schema(version=_NON_NEGATIVE, valuation=_schema_ref(business.Valuation), who={"type": "string"}, at=_TIME_SCHEMA),
            _PROGRAMME_PARAMETER,
            ("programme",),
            error_statuses=("404",),
        ),
        _Operation(
            "post", "/kpi-readings", "Store readings: all or none", write, told, body=_schema_ref(business.Readings), error_statuses=("404", "409")
        ),
        _Operation(
            "get",
            "/kpi-readings",
            "Readings in the order in which they came",
            individual,
            _page_schema("readings", _schema_ref(Reading)),
            {**_PROGRAMME_PARAMETER, "kpi": _TEXT_SCHEMA, **_PAGING_PARAMETERS, "history": {"type": "string", "enum": ["all"]}},
            ("programme",),
        ),
        _Operation(
            "post",
            "/costs",
            "Add a line to the cost ledger",
            write,
            _object_schema(cost=_NON_NEGATIVE),
            body=_schema_ref(business.IncomingCost),
            status="201",
            error_statuses=("409",),
        ),
        _Operation(
            "get",
            "/costs",
            "The cost ledger",
            read,
            _page_schema("costs", _schema_ref(Cost)),
            {**_PROGRAMME_PARAMETER, **_PAGING_PARAMETERS},
            ("programme",),
        ),
        _Operation(
            "delete", "/costs/{cost}", "Take a line back", write, None, body=_schema_ref(business_routes.Why), status="204", error_statuses=("404",)
        ),
        _Operation(
            "get",
            "/alarms",
            "Open alarms, each with its owner and level",
            read,
            _page_schema("alarms", _schema_ref(Alarm)),
            {**_PROGRAMME_PARAMETER, **_PAGING_PARAMETERS, "history": {"type": "string", "enum": ["all"]}},
        ),
        _Operation(
            "get",
            "/weeks/{key}",
            "A figure week by week, as it was published",
            read,
            {**_page_schema("weeks", {"type": "object"})},
            {**_PROGRAMME_PARAMETER, "team": _TEXT_SCHEMA, **_PAGING_PARAMETERS, "history": {"type": "string", "enum": ["all"]}},
            ("programme",),
            error_statuses=("404",),
        ),
        _Operation(
            "post",
            "/baselines",
            "Decide that a weekly figure has a new level",
            write,
            _object_schema(baseline=_NON_NEGATIVE),
            body=_schema_ref(baselines.NewLevel),
            status="201",
            error_statuses=("409",),
        ),
        _Operation(
            "get",
            "/baselines",
            "Decisions on levels; of one figure and team the last one holds",
            read,
            _page_schema("baselines", _schema_ref(Level)),
            {**_PROGRAMME_PARAMETER, **_PAGING_PARAMETERS},
            ("programme",),
        ),
        _Operation("post", "/exports", "Ask for a file", read, export, body=_schema_ref(exports.Wish), status="202", error_statuses=("409",)),
        _Operation("get", "/exports", "Files that were asked for", read, _page_schema("exports", export), _PAGING_PARAMETERS),
        _Operation("get", "/exports/{export}", "How far a file is; its manifest", read, export, error_statuses=("404",)),
        _Operation("get", "/exports/{export}/file", "The file", read, {"type": "string"}, error_statuses=("404", "409"), kind="application/zip"),
        _Operation(
            "get",
            "/scorecard",
            "What the scorecard weighs now",
            read,
            _object_schema(
                version=_NON_NEGATIVE,
                lines={"type": "array", "items": _object_schema(metric={"type": "string"}, label={"type": "string"}, weight={"type": "number"})},
                who={"type": "string"},
                at={"type": ["string", "null"]},
            ),
            _PROGRAMME_PARAMETER,
            ("programme",),
        ),
        _Operation(
            "put",
            "/scorecard",
            "Weigh the scorecard; gives the version",
            write,
            _object_schema(version=_NON_NEGATIVE),
            body=_schema_ref(business_routes.Scorecard),
        ),
        _Operation(
            "post",
            "/person-merges",
            "Count an agent as another one",
            erase,
            _object_schema(merge=_NON_NEGATIVE),
            body=_schema_ref(identity_and_mappings.Merging),
            status="201",
            error_statuses=("409",),
        ),
        _Operation(
            "get", "/person-merges", "Merges, also those that were undone", erase, _page_schema("merges", _schema_ref(Merge)), _PAGING_PARAMETERS
        ),
        _Operation("delete", "/person-merges/{merge}", "Undo a merge", erase, None, status="204", error_statuses=("404",)),
        _Operation(
            "post",
            "/activity-mappings",
            "Say what an activity of another system counts as",
            write,
            _object_schema(mapping=_NON_NEGATIVE),
            body=_schema_ref(activity_mappings.Mapped),
            status="201",
            error_statuses=("409",),
        ),
        _Operation(
            "get",
            "/activity-mappings",
            "What counts as what, also what was undone",
            read,
            _page_schema("mappings", _schema_ref(ActivityMapping)),
            _PAGING_PARAMETERS,
        ),
        _Operation("delete", "/activity-mappings/{mapping}", "Let it count no longer", write, None, status="204", error_statuses=("404",)),
        _Operation(
            "post",
            "/erasures",
            "Erase a person, or say what would be erased",
            erase,
            {"allOf": [_schema_ref(Erased), _object_schema(dry_run={"type": "boolean"})]},
            body={
                "type": "object",
                "required": ["agent"],
                "additionalProperties": False,
                "properties": {"agent": _AGENT_SCHEMA, "dry_run": {"type": "boolean", "default": True}},
            },
        ),
        _Operation("get", "/credentials", "Keys of the record store", credentials, _object_schema(credentials={"type": "array"})),
        _Operation(
            "post",
            "/credentials",
            "Make a key; its secret is told once",
            credentials,
            _object_schema(key={"type": "string"}, secret={"type": "string"}),
            body=_schema_ref(Wanted),
            status="201",
        ),
        _Operation("delete", "/credentials/{key}", "End a key", credentials, None, status="204", error_statuses=("404",)),
        _Operation("get", "/profile", "Our xAPI Profile", "", {"type": "object"}, kind="application/ld+json"),
        _Operation("get", "/openapi.json", "This document", "", {"type": "object"}),
    ]


def _problem_schema() -> Schema:
    place = {"type": "object", "description": "JSON path, index, parameter or header"}
    inner = {"code": {"type": "string"}, "message": {"type": "string"}, "where": place}
    return {
        "type": "object",
        "description": "RFC 9457; “error” is the shape that /xapi answers with, too.",
        "required": ["type", "title", "status", "detail", "error"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "error": {"type": "object", "required": ["code", "message"], "properties": inner},
        },
    }
