"""Requests and responses of ``/api/v1`` as OpenAPI 3.1. The schemas come from the classes
that decode requests and build responses.
"""

from __future__ import annotations

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
from core.openapi import NON_NEGATIVE, Operation, Schema, object_schema, page_schema, schema_ref

REQUEST_TYPES = (
    business.Definition,
    business.Readings,
    business.IncomingCost,
    business.Valuation,
    business_routes.Scorecard,
    identity_and_mappings.Merging,
    business_routes.Why,
    exports.Wish,
    activity_mappings.Mapped,
    baselines.NewLevel,
    OfEpisodes,
)
RESPONSE_TYPES = (MetricValue, Report, Kpi, Reading, Cost, Merge, ActivityMapping, Alarm, Level)

_TEXT_SCHEMA: Schema = {"type": "string", "maxLength": MAX_FILTER_LENGTH}
_TIME_SCHEMA: Schema = {"type": "string", "format": "date-time"}
_LIMIT_SCHEMA: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_ROWS}
_FILTER_PARAMETERS: dict[str, Schema] = {
    **dict.fromkeys(DIMENSIONS, _TEXT_SCHEMA),
    "since": _TIME_SCHEMA,
    "until": _TIME_SCHEMA,
    "people": {"type": "string", "enum": ["groups"]},
}
_PROGRAMME_PARAMETER = {"programme": _TEXT_SCHEMA}
_PAGING_PARAMETERS = {"after": NON_NEGATIVE, "limit": _LIMIT_SCHEMA}


def operations() -> list[Operation]:
    """Return the routes of analytics below ``/api/v1``."""
    read, individual, write, erase = "metrics/read", "metrics/individual", "metrics/write", "erase"
    entry = object_schema(
        key={"type": "string"},
        label={"type": "string"},
        version={"type": "integer"},
        parts={"type": "array"},
    )
    keys = {"key": {"type": "array", "items": {"type": "string"}}}
    import_summary = object_schema(
        new=NON_NEGATIVE,
        known=NON_NEGATIVE,
        corrected=NON_NEGATIVE,
        warnings={"type": "array"},
        dry_run={"type": "boolean"},
    )
    states = {"type": "string", "enum": ["waiting", "being made", "made", "failed", "expired"]}
    export = object_schema(
        export=NON_NEGATIVE,
        status=states,
        rows_done=NON_NEGATIVE,
        manifest={"type": ["object", "null"]},
    )
    episodes = object_schema(registration={"type": "string"}, statements={"type": "array"})
    return [
        Operation(
            "get", "/metrics", "The catalogue of metrics", read, page_schema("metrics", entry)
        ),
        Operation(
            "get",
            "/metrics/{key}/values",
            "The values of one metric, by part",
            read,
            {**page_schema("values", schema_ref(MetricValue))},
            _FILTER_PARAMETERS,
            error_statuses=("404",),
            extra_media_types=("text/csv",),
        ),
        Operation(
            "get",
            "/metrics/{key}/picture.png",
            "Its picture",
            read,
            {},
            _FILTER_PARAMETERS,
            error_statuses=("404",),
            kind="image/png",
        ),
        Operation(
            "get",
            "/metrics/{key}/evidence",
            "The statements behind a figure, by episode",
            individual,
            page_schema("episodes", episodes),
            {
                **_FILTER_PARAMETERS,
                "after": {"type": "string", "format": "uuid"},
                "limit": _LIMIT_SCHEMA,
            },
            error_statuses=("404",),
        ),
        Operation(
            "get",
            "/figures",
            "Several metrics at one moment, each with its picture",
            read,
            page_schema("figures", entry),
            {**_FILTER_PARAMETERS, **keys},
            error_statuses=("404",),
        ),
        Operation(
            "get",
            "/reports",
            "Which reports there are, or several of them at one moment",
            read,
            page_schema("reports", {"type": ["string", "object"]}),
            {**_FILTER_PARAMETERS, **keys},
            error_statuses=("404",),
        ),
        Operation(
            "post",
            "/figures",
            "The same of some episodes alone",
            individual,
            page_schema("figures", entry),
            {**_FILTER_PARAMETERS, **keys},
            body=schema_ref(OfEpisodes),
            error_statuses=("404",),
        ),
        Operation(
            "post",
            "/reports",
            "The same of some episodes alone",
            individual,
            page_schema("reports", {"type": ["string", "object"]}),
            {**_FILTER_PARAMETERS, **keys},
            body=schema_ref(OfEpisodes),
            error_statuses=("404",),
        ),
        Operation(
            "get",
            "/reports/{key}",
            "One report",
            read,
            schema_ref(Report),
            _FILTER_PARAMETERS,
            error_statuses=("404",),
            extra_media_types=("text/csv",),
        ),
        Operation(
            "get",
            "/reports/{key}/picture.png",
            "Its picture",
            read,
            {},
            _FILTER_PARAMETERS,
            error_statuses=("404",),
            kind="image/png",
        ),
        Operation(
            "get",
            "/kpis",
            "The business figures of a programme",
            read,
            page_schema("kpis", schema_ref(Kpi)),
            _PROGRAMME_PARAMETER,
            ("programme",),
        ),
        Operation(
            "put",
            "/kpis/{key}",
            "Name a business figure",
            write,
            None,
            _PROGRAMME_PARAMETER,
            ("programme",),
            schema_ref(business.Definition),
            "204",
            error_statuses=("409",),
        ),
        Operation(
            "put",
            "/kpis/{key}/valuation",
            "Say what one unit of it is worth; gives the version",
            write,
            object_schema(version=NON_NEGATIVE),
            _PROGRAMME_PARAMETER,
            ("programme",),
            schema_ref(business.Valuation),
            error_statuses=("404", "409"),
        ),
        Operation(
            "get",
            "/kpis/{key}/valuation",
            "What one unit of it is worth now",
            read,
            object_schema(
                version=NON_NEGATIVE,
                valuation=schema_ref(business.Valuation),
                who={"type": "string"},
                at=_TIME_SCHEMA,
            ),
            _PROGRAMME_PARAMETER,
            ("programme",),
            error_statuses=("404",),
        ),
        Operation(
            "post",
            "/kpi-readings",
            "Store readings: all or none",
            write,
            import_summary,
            body=schema_ref(business.Readings),
            error_statuses=("404", "409"),
        ),
        Operation(
            "get",
            "/kpi-readings",
            "Readings in the order in which they came",
            individual,
            page_schema("readings", schema_ref(Reading)),
            {
                **_PROGRAMME_PARAMETER,
                "kpi": _TEXT_SCHEMA,
                **_PAGING_PARAMETERS,
                "history": {"type": "string", "enum": ["all"]},
            },
            ("programme",),
        ),
        Operation(
            "post",
            "/costs",
            "Add a line to the cost ledger",
            write,
            object_schema(cost=NON_NEGATIVE),
            body=schema_ref(business.IncomingCost),
            status="201",
            error_statuses=("409",),
        ),
        Operation(
            "get",
            "/costs",
            "The cost ledger",
            read,
            page_schema("costs", schema_ref(Cost)),
            {**_PROGRAMME_PARAMETER, **_PAGING_PARAMETERS},
            ("programme",),
        ),
        Operation(
            "delete",
            "/costs/{cost}",
            "Take a line back",
            write,
            None,
            body=schema_ref(business_routes.Why),
            status="204",
            error_statuses=("404",),
        ),
        Operation(
            "get",
            "/alarms",
            "Open alarms, each with its owner and level",
            read,
            page_schema("alarms", schema_ref(Alarm)),
            {
                **_PROGRAMME_PARAMETER,
                **_PAGING_PARAMETERS,
                "history": {"type": "string", "enum": ["all"]},
            },
        ),
        Operation(
            "get",
            "/weeks/{key}",
            "A figure week by week, as it was published",
            read,
            {**page_schema("weeks", {"type": "object"})},
            {
                **_PROGRAMME_PARAMETER,
                "team": _TEXT_SCHEMA,
                **_PAGING_PARAMETERS,
                "history": {"type": "string", "enum": ["all"]},
            },
            ("programme",),
            error_statuses=("404",),
        ),
        Operation(
            "post",
            "/baselines",
            "Decide that a weekly figure has a new level",
            write,
            object_schema(baseline=NON_NEGATIVE),
            body=schema_ref(baselines.NewLevel),
            status="201",
            error_statuses=("409",),
        ),
        Operation(
            "get",
            "/baselines",
            "Decisions on levels; of one figure and team the last one holds",
            read,
            page_schema("baselines", schema_ref(Level)),
            {**_PROGRAMME_PARAMETER, **_PAGING_PARAMETERS},
            ("programme",),
        ),
        Operation(
            "post",
            "/exports",
            "Ask for a file",
            read,
            export,
            body=schema_ref(exports.Wish),
            status="202",
            error_statuses=("409",),
        ),
        Operation(
            "get",
            "/exports",
            "Files that were asked for",
            read,
            page_schema("exports", export),
            _PAGING_PARAMETERS,
        ),
        Operation(
            "get",
            "/exports/{export}",
            "How far a file is; its manifest",
            read,
            export,
            error_statuses=("404",),
        ),
        Operation(
            "get",
            "/exports/{export}/file",
            "The file",
            read,
            {"type": "string"},
            error_statuses=("404", "409"),
            kind="application/zip",
        ),
        Operation(
            "get",
            "/scorecard",
            "What the scorecard weighs now",
            read,
            object_schema(
                version=NON_NEGATIVE,
                lines={
                    "type": "array",
                    "items": object_schema(
                        metric={"type": "string"},
                        label={"type": "string"},
                        weight={"type": "number"},
                    ),
                },
                who={"type": "string"},
                at={"type": ["string", "null"]},
            ),
            _PROGRAMME_PARAMETER,
            ("programme",),
        ),
        Operation(
            "put",
            "/scorecard",
            "Weigh the scorecard; gives the version",
            write,
            object_schema(version=NON_NEGATIVE),
            body=schema_ref(business_routes.Scorecard),
        ),
        Operation(
            "post",
            "/person-merges",
            "Count an agent as another one",
            erase,
            object_schema(merge=NON_NEGATIVE),
            body=schema_ref(identity_and_mappings.Merging),
            status="201",
            error_statuses=("409",),
        ),
        Operation(
            "get",
            "/person-merges",
            "Merges, also those that were undone",
            erase,
            page_schema("merges", schema_ref(Merge)),
            _PAGING_PARAMETERS,
        ),
        Operation(
            "delete",
            "/person-merges/{merge}",
            "Undo a merge",
            erase,
            None,
            status="204",
            error_statuses=("404",),
        ),
        Operation(
            "post",
            "/activity-mappings",
            "Say what an activity of another system counts as",
            write,
            object_schema(mapping=NON_NEGATIVE),
            body=schema_ref(activity_mappings.Mapped),
            status="201",
            error_statuses=("409",),
        ),
        Operation(
            "get",
            "/activity-mappings",
            "What counts as what, also what was undone",
            read,
            page_schema("mappings", schema_ref(ActivityMapping)),
            _PAGING_PARAMETERS,
        ),
        Operation(
            "delete",
            "/activity-mappings/{mapping}",
            "Let it count no longer",
            write,
            None,
            status="204",
            error_statuses=("404",),
        ),
    ]
