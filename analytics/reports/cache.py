"""Reports and values of a large programme, cached by the job because they take longer than a
page may. All others are built on request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, distinct, func, select

from analytics.catalogue import CATALOGUE, Metric
from analytics.definitions import Scope
from analytics.reports import privacy
from analytics.reports.context import ReportRequest
from analytics.reports.metric_values import MetricValue, compute_metric_values, values_as_json
from analytics.reports.registry import REPORT_BUILDERS, list_dimension_values
from analytics.reports.report import Column, Report
from analytics.store import computed_reports
from analytics.store.tables import fact_episode
from core.clock import format_instant

LARGE_PROGRAMME = 3_000  # episodes; below that, the slowest report fits into the 200 ms of a page (bench/results/metrics.md)
_VALUES_KEY, _DIMENSIONS_KEY = "values", "dimensions"


def load_report(asked: ReportRequest, key: str, watermark: datetime) -> Report:
    """One report, stamped with the time it was computed and the watermark up to which
    statements were counted."""
    kept = _find_cached(asked, key)
    if kept is not None:
        return Report(**{**kept, "columns": [Column(**one) for one in kept["columns"]]})
    reason = "" if asked.individual else _explain_hidden(asked)
    if reason:
        title, now = f"{key.replace('_', ' ').capitalize()}", format_instant(asked.scope.as_of)
        return Report(
            key, title, f"Not shown: {reason}.", (), (), what_to_do="Choose a wider group.", watermark=format_instant(watermark), computed_at=now
        )
    return _build_report(asked, key, watermark)


def _explain_hidden(asked: ReportRequest) -> str:
    """Why a narrowed report is hidden from callers who may not see individual people; empty if
    it is not."""
    wider = asked.scope.parents()
    if not wider:
        return ""
    people = _count_people(asked, asked.scope)
    if 0 < people < privacy.MIN_GROUP_SIZE:
        return privacy.TOO_FEW
    return privacy.BY_DIFFERENCE if privacy.is_hidden_by_difference(people, [_count_people(asked, one) for one in wider]) else ""


def _count_people(asked: ReportRequest, scope: Scope) -> int:
    return int(asked.connection.execute(select(func.count(distinct(fact_episode.c.learner))).where(*scope.episode_conditions())).scalar_one())


def _build_report(asked: ReportRequest, key: str, watermark: datetime) -> Report:
    made = REPORT_BUILDERS[key](asked)
    return replace(made, watermark=made.watermark or format_instant(watermark), computed_at=made.computed_at or format_instant(asked.scope.as_of))


def load_metric_values(asked: ReportRequest, metrics: Sequence[Metric], watermark: datetime) -> list[list[MetricValue]]:
    """The values of each metric."""
    kept = _find_cached(asked, _VALUES_KEY)
    if kept is not None and all(metric.key in kept for metric in metrics):
        return [[MetricValue(**one) for one in kept[metric.key]] for metric in metrics]
    return [_build_metric_values(asked, metric, watermark) for metric in metrics]


def _build_metric_values(asked: ReportRequest, metric: Metric, watermark: datetime) -> list[MetricValue]:
    return compute_metric_values(asked.connection, metric, asked.scope, watermark, asked.individual)


def load_dimension_values(asked: ReportRequest) -> dict[str, list[str]]:
    """The values of each dimension by which the programme's figures can be narrowed."""
    whole = replace(asked, scope=asked.scope.widest())
    kept = _find_cached(whole, _DIMENSIONS_KEY)
    return list_dimension_values(whole) if kept is None else kept


def cache_reports(connection: Connection, scope: Scope, watermark: datetime) -> None:
    """Build and cache everything for a programme, for callers who may see individual people and
    for all others; nothing if the programme is small."""
    assert scope.programme is not None
    e = fact_episode.c
    episodes = connection.execute(select(func.count()).where(e.tenant_id == scope.tenant_id, e.programme == scope.programme)).scalar_one()
    if episodes < LARGE_PROGRAMME:
        computed_reports.discard_cached_reports(connection, scope.tenant_id, scope.programme)
        return
    made: dict[str, dict[str, Any]] = {}
    for individual in (True, False):
        asked = ReportRequest(connection, scope, individual)
        made |= {_cache_key(asked, key): _build_report(asked, key, watermark).as_json() for key in REPORT_BUILDERS}
        made[_cache_key(asked, _VALUES_KEY)] = {metric.key: values_as_json(_build_metric_values(asked, metric, watermark)) for metric in CATALOGUE}
        made[_cache_key(asked, _DIMENSIONS_KEY)] = list_dimension_values(asked)
    for name, body in made.items():  # at the end, so that a new decision does not wait for row locks in the meantime
        computed_reports.upsert_computed_report(connection, scope.tenant_id, scope.programme, name, body, watermark)


def _find_cached(asked: ReportRequest, key: str) -> dict[str, Any] | None:
    programme = asked.scope.programme
    if programme is None or not asked.scope.is_whole_programme:
        return None
    found = computed_reports.find_computed_report(asked.connection, asked.scope.tenant_id, programme, _cache_key(asked, key))
    return found[0] if found else None


def _cache_key(asked: ReportRequest, key: str) -> str:
    return f"{computed_reports.CACHE_PREFIX}{'people' if asked.individual else 'groups'}/{key}"
