"""Requests and responses of ``/api/v1`` as OpenAPI 3.1. The schemas come from the classes
that decode requests and build responses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from lrs.actions import business, exports, mapping
from lrs.actions.erasing import Erased
from lrs.api import business as business_routes
from lrs.api import counting
from lrs.api.asking import LONGEST_FILTER, MOST_ROWS, OfEpisodes
from lrs.api.credentials import Wanted
from lrs.metrics.definitions import DIMENSIONS
from lrs.reports import levels
from lrs.reports.shape import Report
from lrs.reports.values import MetricValue
from lrs.store.kpis import Cost, Kpi, Reading
from lrs.store.mappings import ActivityMapping
from lrs.store.merges import Merge
from lrs.store.watching import Alarm, Level

_PREFIX = "/api/v1"
_PART = "#/components/schemas/{name}"
_BODIES = (
    business.Definition,
    business.Readings,
    business.IncomingCost,
    business.Valuation,
    business_routes.Scorecard,
    counting.Merging,
    business_routes.Why,
    Wanted,
    exports.Wish,
    mapping.Mapped,
    levels.NewLevel,
    OfEpisodes,
)
_ANSWERS = (MetricValue, Report, Kpi, Reading, Cost, Merge, ActivityMapping, Alarm, Level, Erased)

Schema = dict[str, Any]
_TEXT: Schema = {"type": "string", "maxLength": LONGEST_FILTER}
_TIME: Schema = {"type": "string", "format": "date-time"}
_WHOLE: Schema = {"type": "integer", "minimum": 0}
_LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": MOST_ROWS}
_AGENT: Schema = {"type": "object", "description": "An agent with one identifier (xAPI-Data 4.2.2)."}
_FILTERS: dict[str, Schema] = {
    **dict.fromkeys(DIMENSIONS, _TEXT),
    "since": _TIME,
    "until": _TIME,
    "people": {"type": "string", "enum": ["groups"]},
}
_PROGRAMME = {"programme": _TEXT}
_PAGE = {"after": _WHOLE, "limit": _LIMIT}
# Errors common to all operations: no credential, insufficient scope, an invalid parameter or
# body.
_REFUSED = ("400", "401", "403")
_WORDS = {
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
class _Call:
    method: str
    path: str
    summary: str
    scope: str
    answer: Schema | None
    query: Mapping[str, Schema] | None = None
    required: Sequence[str] = ()
    body: Schema | None = None
    status: str = "200"
    refusals: Sequence[str] = ()
    also: Sequence[str] = ()
    kind: str = "application/json"

    def described(self) -> Schema:
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
        content = {kind: {"schema": schema} for kind, schema in self._contents()}
        answers: Schema = {self.status: {"description": _WORDS[self.status], **({"content": content} if content else {})}}
        if self.method == "get" and self.kind == "application/json":
            answers["304"] = {"description": _WORDS["304"]}
        problem = {"application/problem+json": {"schema": {"$ref": _PART.format(name="Problem")}}}
        for status in (*(_REFUSED if self.scope else ()), *self.refusals):
            answers[status] = {"description": _WORDS[status], "content": problem}
        made: Schema = {"summary": self.summary, "tags": [self._room()], "parameters": parameters, "responses": answers}
        if self.scope:
            made["description"] = f"Needs the scope {self.scope}."
        else:
            made["security"] = []
        if self.body is not None:
            made["requestBody"] = {"required": True, "content": {"application/json": {"schema": self.body}}}
        return made

    def _contents(self) -> list[tuple[str, Schema]]:
        own = [(self.kind, self.answer)] if self.answer is not None else []
        return [*own, *((kind, {"type": "string"}) for kind in self.also)]

    def _room(self) -> str:
        return self.path.split("/")[1]


def paths() -> dict[str, dict[str, Schema]]:
    """Return the path items of every route below ``/api/v1``."""
    found: dict[str, dict[str, Schema]] = {}
    for call in _calls():
        found.setdefault(_PREFIX + call.path, {})[call.method] = call.described()
    return found


def schemas() -> dict[str, Schema]:
    """Return the schemas that the paths refer to."""
    _, made = msgspec.json.schema_components((*_BODIES, *_ANSWERS), ref_template=_PART)
    return {**made, "Problem": _problem()}


def _of(shape: type) -> Schema:
    return {"$ref": _PART.format(name=shape.__name__)}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "required": list(properties), "properties": properties}


def _list_of(name: str, entries: Schema) -> Schema:
    """A page of a list: ``next`` is the value of ``after`` for the following page, or null."""
    listed: dict[str, Schema] = {name: {"type": "array", "items": entries}, "next": {"type": ["string", "integer", "null"]}}
    return _object(**listed)


def _calls() -> list[_Call]:
    read, individual, write, erase, credentials = "metrics/read", "metrics/individual", "metrics/write", "erase", "credentials"
    entry = _object(key={"type": "string"}, label={"type": "string"}, version={"type": "integer"}, parts={"type": "array"})
    keys = {"key": {"type": "array", "items": {"type": "string"}}}
    told = _object(new=_WHOLE, known=_WHOLE, corrected=_WHOLE, warnings={"type": "array"}, dry_run={"type": "boolean"})
    states = {"type": "string", "enum": ["waiting", "being made", "made", "failed", "expired"]}
    export = _object(export=_WHOLE, status=states, rows_done=_WHOLE, manifest={"type": ["object", "null"]})
    episodes = _object(registration={"type": "string"}, statements={"type": "array"})
    return [
        _Call("get", "/metrics", "The catalogue of metrics", read, _list_of("metrics", entry)),
        _Call(
            "get",
            "/metrics/{key}/values",
            "The values of one metric, by part",
            read,
            {**_list_of("values", _of(MetricValue))},
            _FILTERS,
            refusals=("404",),
            also=("text/csv",),
        ),
        _Call("get", "/metrics/{key}/picture.png", "Its picture", read, {}, _FILTERS, refusals=("404",), kind="image/png"),
        _Call(
            "get",
            "/metrics/{key}/evidence",
            "The statements behind a figure, by episode",
            individual,
            _list_of("episodes", episodes),
            {**_FILTERS, "after": {"type": "string", "format": "uuid"}, "limit": _LIMIT},
            refusals=("404",),
        ),
        _Call(
            "get",
            "/figures",
            "Several metrics at one moment, each with its picture",
            read,
            _list_of("figures", entry),
            {**_FILTERS, **keys},
            refusals=("404",),
        ),
        _Call(
            "get",
            "/reports",
            "Which reports there are, or several of them at one moment",
            read,
            _list_of("reports", {"type": ["string", "object"]}),
            {**_FILTERS, **keys},
            refusals=("404",),
        ),
        _Call(
            "post",
            "/figures",
            "The same of some episodes alone",
            individual,
            _list_of("figures", entry),
            {**_FILTERS, **keys},
            body=_of(OfEpisodes),
            refusals=("404",),
        ),
        _Call(
            "post",
            "/reports",
            "The same of some episodes alone",
            individual,
            _list_of("reports", {"type": ["string", "object"]}),
            {**_FILTERS, **keys},
            body=_of(OfEpisodes),
            refusals=("404",),
        ),
        _Call("get", "/reports/{key}", "One report", read, _of(Report), _FILTERS, refusals=("404",), also=("text/csv",)),
        _Call("get", "/reports/{key}/picture.png", "Its picture", read, {}, _FILTERS, refusals=("404",), kind="image/png"),
        _Call("get", "/kpis", "The business figures of a programme", read, _list_of("kpis", _of(Kpi)), _PROGRAMME, ("programme",)),
        _Call(
            "put",
            "/kpis/{key}",
            "Name a business figure",
            write,
            None,
            _PROGRAMME,
            ("programme",),
            _of(business.Definition),
            "204",
            refusals=("409",),
        ),
        _Call(
            "put",
            "/kpis/{key}/valuation",
            "Say what one unit of it is worth; gives the version",
            write,
            _object(version=_WHOLE),
            _PROGRAMME,
            ("programme",),
            _of(business.Valuation),
            refusals=("404", "409"),
        ),
        _Call(
            "get",
            "/kpis/{key}/valuation",
            "What one unit of it is worth now",
            read,
            _object(version=_WHOLE, valuation=_of(business.Valuation), who={"type": "string"}, at=_TIME),
            _PROGRAMME,
            ("programme",),
            refusals=("404",),
        ),
        _Call("post", "/kpi-readings", "Store readings: all or none", write, told, body=_of(business.Readings), refusals=("404", "409")),
        _Call(
            "get",
            "/kpi-readings",
            "Readings in the order in which they came",
            individual,
            _list_of("readings", _of(Reading)),
            {**_PROGRAMME, "kpi": _TEXT, **_PAGE, "history": {"type": "string", "enum": ["all"]}},
            ("programme",),
        ),
        _Call(
            "post",
            "/costs",
            "Add a line to the cost ledger",
            write,
            _object(cost=_WHOLE),
            body=_of(business.IncomingCost),
            status="201",
            refusals=("409",),
        ),
        _Call("get", "/costs", "The cost ledger", read, _list_of("costs", _of(Cost)), {**_PROGRAMME, **_PAGE}, ("programme",)),
        _Call("delete", "/costs/{cost}", "Take a line back", write, None, body=_of(business_routes.Why), status="204", refusals=("404",)),
        _Call(
            "get",
            "/alarms",
            "Open alarms, each with its owner and level",
            read,
            _list_of("alarms", _of(Alarm)),
            {**_PROGRAMME, **_PAGE, "history": {"type": "string", "enum": ["all"]}},
        ),
        _Call(
            "get",
            "/weeks/{key}",
            "A figure week by week, as it was published",
            read,
            {**_list_of("weeks", {"type": "object"})},
            {**_PROGRAMME, "team": _TEXT, **_PAGE, "history": {"type": "string", "enum": ["all"]}},
            ("programme",),
            refusals=("404",),
        ),
        _Call(
            "post",
            "/baselines",
            "Decide that a weekly figure has a new level",
            write,
            _object(baseline=_WHOLE),
            body=_of(levels.NewLevel),
            status="201",
            refusals=("409",),
        ),
        _Call(
            "get",
            "/baselines",
            "Decisions on levels; of one figure and team the last one holds",
            read,
            _list_of("baselines", _of(Level)),
            {**_PROGRAMME, **_PAGE},
            ("programme",),
        ),
        _Call("post", "/exports", "Ask for a file", read, export, body=_of(exports.Wish), status="202", refusals=("409",)),
        _Call("get", "/exports", "Files that were asked for", read, _list_of("exports", export), _PAGE),
        _Call("get", "/exports/{export}", "How far a file is; its manifest", read, export, refusals=("404",)),
        _Call("get", "/exports/{export}/file", "The file", read, {"type": "string"}, refusals=("404", "409"), kind="application/zip"),
        _Call(
            "get",
            "/scorecard",
            "What the scorecard weighs now",
            read,
            _object(
                version=_WHOLE,
                lines={"type": "array", "items": _object(metric={"type": "string"}, label={"type": "string"}, weight={"type": "number"})},
                who={"type": "string"},
                at={"type": ["string", "null"]},
            ),
            _PROGRAMME,
            ("programme",),
        ),
        _Call("put", "/scorecard", "Weigh the scorecard; gives the version", write, _object(version=_WHOLE), body=_of(business_routes.Scorecard)),
        _Call(
            "post",
            "/person-merges",
            "Count an agent as another one",
            erase,
            _object(merge=_WHOLE),
            body=_of(counting.Merging),
            status="201",
            refusals=("409",),
        ),
        _Call("get", "/person-merges", "Merges, also those that were undone", erase, _list_of("merges", _of(Merge)), _PAGE),
        _Call("delete", "/person-merges/{merge}", "Undo a merge", erase, None, status="204", refusals=("404",)),
        _Call(
            "post",
            "/activity-mappings",
            "Say what an activity of another system counts as",
            write,
            _object(mapping=_WHOLE),
            body=_of(mapping.Mapped),
            status="201",
            refusals=("409",),
        ),
        _Call("get", "/activity-mappings", "What counts as what, also what was undone", read, _list_of("mappings", _of(ActivityMapping)), _PAGE),
        _Call("delete", "/activity-mappings/{mapping}", "Let it count no longer", write, None, status="204", refusals=("404",)),
        _Call(
            "post",
            "/erasures",
            "Erase a person, or say what would be erased",
            erase,
            {"allOf": [_of(Erased), _object(dry_run={"type": "boolean"})]},
            body={
                "type": "object",
                "required": ["agent"],
                "additionalProperties": False,
                "properties": {"agent": _AGENT, "dry_run": {"type": "boolean", "default": True}},
            },
        ),
        _Call("get", "/credentials", "Keys of the record store", credentials, _object(credentials={"type": "array"})),
        _Call(
            "post",
            "/credentials",
            "Make a key; its secret is told once",
            credentials,
            _object(key={"type": "string"}, secret={"type": "string"}),
            body=_of(Wanted),
            status="201",
        ),
        _Call("delete", "/credentials/{key}", "End a key", credentials, None, status="204", refusals=("404",)),
        _Call("get", "/profile", "Our xAPI Profile", "", {"type": "object"}, kind="application/ld+json"),
        _Call("get", "/openapi.json", "This document", "", {"type": "object"}),
    ]


def _problem() -> Schema:
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
