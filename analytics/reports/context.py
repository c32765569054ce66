"""The request that a report is built from, and helpers that several reports share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from analytics.catalogue import Metric
from analytics.definitions import Scope, parse_part
from analytics.reports.metric_values import compute_estimates
from analytics.reports.published import PublishedScope, published_estimates
from analytics.reports.report import Report
from analytics.statistics.estimates import Estimate
from analytics.store.published import MONTH, PROGRAMME, WAVE
from lrs import feed
from lrs.vocabulary.report_names import REPORT_LABELS


@dataclass(frozen=True)
class ReportRequest:
    """What a report is built from. ``individual``: whether the caller may see individual
    people."""

    connection: Connection
    scope: Scope
    individual: bool


ReportBuilder = Callable[[ReportRequest], Report]

# Report key -> its builder, in the order of the modules; filled by ``@report``.
REPORT_BUILDERS: dict[str, ReportBuilder] = {}


# Reports that can be built from published values alone; filled by ``@report``.
PUBLISHED_REPORTS: set[str] = set()

_PUBLISHED_FILTERS = (WAVE, "team", "site", "role", MONTH)

NOT_PUBLISHED = (
    "Not shown: this report is of facts as they are now, which could tell of single people."
)


def report(key: str, published: bool = False) -> Callable[[ReportBuilder], ReportBuilder]:
    """Register a builder under the key by which readers request the report. ``published``: whether
    it takes a request without individual access, and then builds from published values alone.
    Raises RuntimeError if the key has no label in ``lrs.vocabulary.report_names`` or is taken."""

    def register(builder: ReportBuilder) -> ReportBuilder:
        if published:
            PUBLISHED_REPORTS.add(key)
        if key not in REPORT_LABELS:
            raise RuntimeError(f"The report {key!r} has no label in lrs/vocabulary/report_names.py")
        if key in REPORT_BUILDERS:
            raise RuntimeError(f"Two reports are called {key!r}")
        REPORT_BUILDERS[key] = builder
        return builder

    return register


def activity_names(requested: ReportRequest, iris: Sequence[str]) -> dict[str, str]:
    """The names of activities."""
    return feed.find_activity_names(requested.connection, requested.scope.tenant_id, iris)


def published_scope(scope: Scope) -> PublishedScope:
    """What a request without individual access reads: at most one filter beside the programme."""
    narrowed = [(name, value) for name, value in scope.by.items() if name != "programme"]
    (kind, value), *more = narrowed or [(PROGRAMME, "")]
    assert not more, "the API refuses it"
    return PublishedScope(scope.tenant_id, scope.programme, kind, value)


def is_published_scope(scope: Scope) -> bool:
    """Whether values are published over this scope: a programme, or within it a wave, a value of
    the dimension that it declares, or a month of certification; or all programmes."""
    narrowed = [name for name in scope.by if name != "programme"]
    whole = scope.since is None and scope.until is None and scope.episodes_of is None
    return (
        whole
        and len(narrowed) <= 1
        and all(name in _PUBLISHED_FILTERS for name in narrowed)
        and (scope.programme is not None or not narrowed)
    )


def estimates_of(requested: ReportRequest, metric: Metric) -> dict[str, Estimate]:
    """Part -> estimate: as of now, or for callers without individual access what is published."""
    connection, scope = requested.connection, requested.scope
    if requested.individual:
        return compute_estimates(connection, metric, scope)
    wanted = published_scope(scope)
    return published_estimates(connection, wanted, metric).get(wanted.value or "", {})


def estimates_by_value(
    requested: ReportRequest, metric: Metric, dimension: str
) -> dict[str, dict[str, Estimate]]:
    """Value of the dimension -> part -> estimate: as of now, or what is published."""
    connection, scope = requested.connection, requested.scope
    if not requested.individual:
        wanted = PublishedScope(scope.tenant_id, scope.programme, dimension, None)
        return published_estimates(connection, wanted, metric)
    result: dict[str, dict[str, Estimate]] = {}
    split = replace(scope, split=dimension)
    for label, item in compute_estimates(connection, metric, split).items():
        part, value = parse_part(label)
        result.setdefault(value, {})[part] = item
    return result


NOT_COMPUTED_YET = "It is being computed; look again in a minute."

_OF_PUBLISHED = (
    "Of the teams or sites alone of which values are published; figures of single people are not "
    "among them."
)


def published_notes(requested: ReportRequest) -> tuple[str, ...]:
    """The note on a report of business figures for callers without individual access."""
    return () if requested.individual else (_OF_PUBLISHED,)


_NOT_NARROWED = "This is of the whole programme: it is not narrowed with the rest of the page."


def not_narrowed_notes(requested: ReportRequest) -> tuple[str, ...]:
    """The note on a report that a job computes for a whole programme, if the page is
    narrowed."""
    return () if requested.scope.is_whole_programme else (_NOT_NARROWED,)
